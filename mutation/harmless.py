"""Why a mutant of the production template may live: classes of changes that weaken nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mutation.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Harmless:
    """A class of harmless mutants.

    Attributes:
        reason: Why they weaken no requirement.
        type: Regular expression of the CloudFormation type without ``AWS::``.
        where: Regular expression of the path; list items are named by what they are about.
        change: Regular expression of the change and its new value.
        resource: Regular expression of the logical id.
    """

    reason: str
    type: str
    where: str
    change: str = ".*"
    resource: str = ".*"

    def __str__(self) -> str:
        return f"{self.reason!r} for {self.change!r} of {self.where!r} in {self.type}"

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant is of this class; every expression matches all of its text."""
        return (
            _pattern(self.type).fullmatch(mutant.type.removeprefix("AWS::")) is not None
            and _pattern(self.where).fullmatch(mutant.where) is not None
            and _pattern(self.change).fullmatch(f"{mutant.change} {mutant.value}") is not None
            and _pattern(self.resource).fullmatch(mutant.resource) is not None
        )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


_LABEL: Final = "a name, label or description"
_DEFAULT: Final = "AWS's default is the same"
_TIGHTER: Final = "it allows less, not more"
_REFUSED: Final = "CloudFormation or the service refuses the deployment"
_SERVICE: Final = "capacity, cost, speed or availability, which PCI DSS does not ask for"
_BROKEN: Final = "the stack stops working, and nothing opens"
_OPERATIONS: Final = "an alarm on load, not on the failure of a security control"
_ACCOUNT: Final = "another condition or principal of the statement still keeps it to this account"
_IPV4: Final = "it is about IPv6, which the VPC does not have"
_TLS: Final = "S3 takes TLS 1.2 and later only, by itself; another statement refuses clear text"

_ANY: Final = ".*"
_REMOVE: Final = "remove None"
_DROP: Final = "drop None"
_ADD_FALSE: Final = "add False"
_CONTROL_ALARM: Final = r"(?!Monitoring(FlowLogSilent|AuditLogSilent|RotationFailed|WafBlocked)).*"
_STATEMENT: Final = r".*Statement\.[^.]+"

HARMLESS: Final[tuple[Harmless, ...]] = (
    # Everywhere
    Harmless(_LABEL, _ANY, r"Tags(\..*)?"),
    Harmless(_LABEL, _ANY, r"(.*\.)?(AlarmDescription|Description|Sid|DisplayName|Label)", _REMOVE),
    Harmless(_LABEL, _ANY, "(AlarmName|DashboardName|Family)", _REMOVE),
    Harmless(
        _LABEL,
        r"(ECS::Service|RDS::.*|WAFv2::WebACL)",
        r"(ServiceName|DBInstanceIdentifier|DatabaseName|Name)",
        _REMOVE,
    ),
    # Policies: what is missing is refused, what is left out is not allowed
    Harmless(_REFUSED, _ANY, r".*Statement", _REMOVE),
    Harmless(_REFUSED, _ANY, _STATEMENT + r"\.(Action|Effect|Principal|Resource)", _REMOVE),
    Harmless(_REFUSED, _ANY, _STATEMENT + r"\.Principal\.(AWS|Service)", _REMOVE),
    Harmless(
        "the older policy language lacks variables, and no policy uses one",
        "(IAM|KMS|S3|SNS|EC2|Logs)::.*",
        r".*(Document|Policy)\.Version",
        _REMOVE,
    ),
    Harmless(_TIGHTER, _ANY, _STATEMENT + r"\.Effect", "flip Deny"),
    Harmless(_TIGHTER, "(IAM|KMS)::.*", _STATEMENT, _DROP),
    Harmless(_TIGHTER, "(IAM|KMS)::.*", _STATEMENT + r"\.Action\.\[.*\]", _DROP),
    Harmless(
        "the role has no managed policy either way",
        "IAM::Role",
        "ManagedPolicyArns",
        _REMOVE,
        "ServiceTaskRole.*",
    ),
    Harmless(_TIGHTER, "IAM::Role", r"(Policies|ManagedPolicyArns)", _REMOVE),
    Harmless(_REFUSED, "IAM::Role", r"AssumeRolePolicyDocument\..*\.Action", r"open \*"),
    Harmless(_ACCOUNT, "IAM::Role", r"AssumeRole.*\.Condition\.(ArnLike|StringEquals)(\..*)?"),
    Harmless(_ACCOUNT, "IAM::Role", r"AssumeRolePolicyDocument.*\.Service", r"open \*"),
    # Keys
    Harmless(
        "the encryption context keeps it to the log groups of the stack",
        "KMS::Key",
        r"KeyPolicy\.Statement\.\[CloudWatchLogs.*\]\.Principal\.Service",
        r"open \*",
    ),
    Harmless(_LABEL, "KMS::Alias", "", "delete None"),
    Harmless(_TIGHTER, "KMS::Key", r".*\.Condition\.ArnEquals\.kms:EncryptionContext.*\.\*", _DROP),
    Harmless(_ACCOUNT, "KMS::Key", r".*\.Condition\.StringEquals\.kms:CallerAccount", _REMOVE),
    Harmless(
        "kms:CallerAccount keeps it to this account, and kms:ViaService to the service",
        "KMS::Key",
        r"KeyPolicy\.Statement\.\[(AccountUses|ServiceGrants).*\]\.Principal\.AWS",
        r"open \*",
    ),
    Harmless(
        "the account's administrators keep the key by another statement",
        "KMS::Key",
        "BypassPolicyLockoutSafetyCheck",
    ),
    Harmless(_DEFAULT, "KMS::Key", "Enabled", "add True"),
    Harmless(_BROKEN, "KMS::Key", "Enabled", _ADD_FALSE),
    Harmless(_REFUSED, "KMS::Key", "KeySpec", r"add (ECC|HMAC|ML|RSA|SM2).*"),
    Harmless(_DEFAULT, "KMS::Key", "KeySpec", "add SYMMETRIC_DEFAULT"),
    Harmless(_DEFAULT, "KMS::Key", "KeyUsage", "add ENCRYPT_DECRYPT"),
    Harmless(_REFUSED, "KMS::Key", "KeyUsage", r"add (GENERATE|KEY|SIGN).*"),
    Harmless(_DEFAULT, "KMS::Key", "MultiRegion", _ADD_FALSE),
    Harmless(_DEFAULT, "KMS::Key", "Origin", "add AWS_KMS"),
    Harmless(_DEFAULT, "KMS::Key", "PendingWindowInDays", _REMOVE),
    # Network
    Harmless(
        _BROKEN, "EC2::(VPCGatewayAttachment|Route|RouteTable|NatGateway|EIP)", "", "delete.*"
    ),
    Harmless(_DEFAULT, "EC2::EIP", "Domain", _REMOVE),
    Harmless(_REFUSED, "EC2::NatGateway", "(AllocationId|SubnetId)", _REMOVE),
    Harmless(_SERVICE, "EC2::NatGateway", "SubnetId", "swap.*Public.*"),
    Harmless(_BROKEN, "EC2::NatGateway", "SubnetId", "swap.*(Private|Isolated).*"),
    Harmless(_DEFAULT, "EC2::NatGateway", ".*(Mode|Type)", "add (zonal|public)"),
    Harmless(_REFUSED, "EC2::NatGateway", ".*(Mode|Type)", "add (regional|private)"),
    Harmless(_REFUSED, "EC2::Route", "(DestinationCidrBlock|GatewayId|NatGatewayId)", _REMOVE),
    Harmless(
        "the table has a default route already, so EC2 refuses a second",
        "EC2::Route",
        "RouteTableId",
        r"swap .*(Public|Private).*",
    ),
    Harmless(_REFUSED, "EC2::VPCGatewayAttachment", "InternetGatewayId", _REMOVE),
    Harmless(
        "CloudFormation drops AWS's allow-all rule, as another outbound rule is in the template",
        "EC2::SecurityGroup",
        "SecurityGroupEgress",
        _REMOVE,
        "(ServiceSecurityGroup|DatabaseIdentitiesSecurityGroup).*",
    ),
    Harmless(
        "it is the rule to an address that no machine has",
        "EC2::SecurityGroup",
        r"SecurityGroupEgress\.\*\.(FromPort|ToPort|IpProtocol)",
        _ANY,
        "DatabaseSecurityGroup.*",
    ),
    Harmless(_REFUSED, "EC2::SecurityGroup.*", r"(.*\.)?FromPort", r"highest \d{5,}"),
    Harmless(_REFUSED, "EC2::SecurityGroup.*", r"(.*\.)?ToPort", r"(lowest -1|highest \d{6,})"),
    Harmless(_TIGHTER, "EC2::SecurityGroup", r"SecurityGroupIngress(\.\*)?", "(remove|drop) None"),
    Harmless(_REFUSED, "EC2::SecurityGroup", "VpcId", _REMOVE),
    Harmless(_DEFAULT, "EC2::Subnet", "(AssignIpv6AddressOnCreation|Ipv6Native)", _ADD_FALSE),
    Harmless(_DEFAULT, "EC2::Subnet", "MapPublicIpOnLaunch", _REMOVE),
    Harmless(_SERVICE, "EC2::Subnet", "(AvailabilityZone|EnableDns64)"),
    Harmless(_REFUSED, "EC2::Subnet", "CidrBlock", _REMOVE),
    Harmless(
        "a table of the same tier or a tighter one, or a second one, which EC2 refuses",
        "EC2::SubnetRouteTableAssociation",
        "(RouteTableId|SubnetId)",
        "swap.*",
    ),
    Harmless(_SERVICE, "EC2::VPC", "(EnableDnsHostnames|EnableDnsSupport|InstanceTenancy)"),
    Harmless(_REFUSED, "EC2::VPC", "CidrBlock", _REMOVE),
    Harmless(
        "the subnet gets the VPC's main table, which leads nowhere, so nothing opens",
        "EC2::SubnetRouteTableAssociation",
        "",
        "delete None",
    ),
    Harmless(
        "S3 is reached as everything on port 443 is, through NAT",
        "EC2::VPCEndpoint",
        "(RouteTableIds)?",
        "(delete|remove) None",
    ),
    Harmless(_IPV4, "EC2::VPCEndpoint", "IpAddressType"),
    Harmless(_REFUSED, "EC2::VPCEndpoint", "ServiceName", _REMOVE),
    Harmless(_DEFAULT, "EC2::VPCEndpoint", "VpcEndpointType", _REMOVE),
    Harmless(
        "a gateway endpoint takes neither a name server nor another type",
        "EC2::VPCEndpoint",
        "(PrivateDnsEnabled|VpcEndpointType)",
        "(add|choose).*",
    ),
    Harmless(
        "the endpoint's policy opens one bucket, to read, to whichever subnet",
        "EC2::VPCEndpoint",
        r"RouteTableIds\.\*",
    ),
    Harmless(_DEFAULT, "EC2::FlowLog", "LogDestinationType", _REMOVE),
    Harmless(
        "the same records, minutes later, or refused: it is one minute or ten",
        "EC2::FlowLog",
        "MaxAggregationInterval",
    ),
    # Secrets Manager tries the function before it takes a schedule
    Harmless(_REFUSED, "Lambda::Permission", "", "delete None"),
    # The log group of the web ACL: what lets log delivery write to it
    Harmless(_REFUSED, "Logs::LogGroup", "", "delete None", r"IngressWebAcl.*"),
    Harmless(
        "AWS WAF writes such a policy by itself when its logging begins",
        "Logs::LogGroup",
        "ResourcePolicyDocument",
        _REMOVE,
    ),
    Harmless(_TIGHTER, "Logs::LogGroup", r"ResourcePolicyDocument.*\.Action\..*", _DROP),
    Harmless(
        "a log group's policy is for the log group",
        "Logs::LogGroup",
        r"ResourcePolicyDocument.*\.Resource",
        r"open \*",
    ),
    Harmless(
        _ACCOUNT,
        "Logs::LogGroup",
        r"ResourcePolicyDocument.*\.(Principal\.Service|Condition\..*)",
        r"(open \*|remove None)",
    ),
    # Tasks
    Harmless(
        _SERVICE,
        "ECS::Service",
        r"(AvailabilityZoneRebalancing|Deployment.*|DesiredCount|EnableECSManagedTags"
        r"|HealthCheckGracePeriodSeconds|PropagateTags|SchedulingStrategy)",
    ),
    Harmless(_BROKEN, "ECS::Service", r"(Cluster|LoadBalancers(\..*)?|TaskDefinition)"),
    Harmless(_REFUSED, "ECS::Service", "LaunchType", "(choose|remove).*"),
    Harmless(_REFUSED, "ECS::Service", r"NetworkConfiguration(\..*Subnets)?", _REMOVE),
    Harmless(_DEFAULT, "ECS::Service", "(EnableExecuteCommand|PlatformVersion)", _REMOVE),
    Harmless(_DEFAULT, "ECS::Service", r".*\.AssignPublicIp", _REMOVE),
    Harmless("a private subnet", "ECS::Service", r".*\.Subnets\.\*", "drop.*|swap.*Private.*"),
    Harmless(
        _SERVICE,
        "ECS::TaskDefinition",
        r"ContainerDefinitions\.\[service\]\.(Essential|HealthCheck(\..*)?|Memory"
        r"|PortMappings(\..*)?|LinuxParameters\.InitProcessEnabled)",
    ),
    Harmless(
        "nothing is attached to a Fargate task's terminal",
        "ECS::TaskDefinition",
        r".*\.(Interactive|PseudoTerminal)",
    ),
    Harmless(_TIGHTER, "ECS::TaskDefinition", r".*\.DisableNetworking", "add.*"),
    Harmless(_TIGHTER, "ECS::TaskDefinition", r".*\.Secrets(\.\[\w+\])?", "(remove|drop) None"),
    Harmless(_TIGHTER, "ECS::TaskDefinition", "TaskRoleArn", _REMOVE),
    Harmless(_REFUSED, "ECS::TaskDefinition", "(ContainerDefinitions|ExecutionRoleArn)", _REMOVE),
    Harmless(_TIGHTER, "ECS::TaskDefinition", r".*\.Tmpfs", _REMOVE),
    Harmless(_SERVICE, "ECS::TaskDefinition", r".*\.Tmpfs\.\*\.(ContainerPath|Size)"),
    Harmless(
        "the mode of /tmp, not one of noexec, nosuid, nodev",
        "ECS::TaskDefinition",
        r".*\.MountOptions\.\[mode=1777\]",
        _DROP,
    ),
    Harmless(
        _REFUSED,
        "ECS::TaskDefinition",
        r".*\.Options\.(awslogs-region|awslogs-stream-prefix)",
        _REMOVE,
    ),
    Harmless(_DEFAULT, "ECS::TaskDefinition", r".*\.Options\.mode", _REMOVE),
    Harmless("another user without rights", "ECS::TaskDefinition", r".*\.User", "highest.*"),
    Harmless(_DEFAULT, "ECS::TaskDefinition", r".*\.VersionConsistency", "add enabled"),
    Harmless(_DEFAULT, "ECS::TaskDefinition", "EnableFaultInjection", _ADD_FALSE),
    Harmless(
        "processes of one task see each other; it has one container",
        "ECS::TaskDefinition",
        "(IpcMode|PidMode)",
        "add (none|task)",
    ),
    Harmless(_DEFAULT, "ECS::TaskDefinition", r".*\.Privileged", _REMOVE),
    Harmless(_REFUSED, "ECS::TaskDefinition", "NetworkMode", "choose none"),
    Harmless(
        _SERVICE,
        "ECS::TaskDefinition",
        r"(Cpu|Memory|RuntimePlatform(\.CpuArchitecture)?)",
    ),
    Harmless(
        _REFUSED,
        "ECS::TaskDefinition",
        r"(RequiresCompatibilities(\..*)?|RuntimePlatform\.OperatingSystemFamily)",
    ),
    # Load balancer
    Harmless(_BROKEN, "ElasticLoadBalancingV2::TargetGroup", "(Protocol|TargetType|VpcId)"),
    Harmless(
        _SERVICE,
        "ElasticLoadBalancingV2::TargetGroup",
        r"((Unh|H)ealth.*|Matcher.*|Port|TargetGroupAttributes.*|IpAddressType)",
    ),
    Harmless(
        _REFUSED,
        "ElasticLoadBalancingV2::Listener",
        r"Certificates(\.\*\.CertificateArn)?",
        "rem.*",
    ),
    Harmless(
        _BROKEN,
        "ElasticLoadBalancingV2::Listener",
        r"DefaultActions\.\*\.(RedirectConfig\.Port|TargetGroupArn)",
    ),
    Harmless(
        "a redirect for now leads to HTTPS as one for ever does",
        "ElasticLoadBalancingV2::Listener",
        r"DefaultActions\.\*\.RedirectConfig\.StatusCode",
        "choose HTTP_302",
    ),
    Harmless(_REFUSED, "ElasticLoadBalancingV2::Listener", r"DefaultActions\.\*\.Type", "choose.*"),
    Harmless(
        "the security group admits 443 and 80 only",
        "ElasticLoadBalancingV2::Listener",
        "Port",
    ),
    Harmless(
        _REFUSED,
        "ElasticLoadBalancingV2::Listener",
        "Protocol",
        "(choose (GENEVE|QUIC|TCP_QUIC|TLS|TCP|UDP|TCP_UDP)|remove None)",
    ),
    Harmless(
        _SERVICE,
        "ElasticLoadBalancingV2::LoadBalancer",
        "EnableCapacityReservation.*",
        "add.*",
    ),
    Harmless(
        _IPV4, "ElasticLoadBalancingV2::LoadBalancer", "(EnablePrefix.*|IpAddressType)", "add.*"
    ),
    Harmless(
        _SERVICE,
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[deletion_protection.enabled\].*",
    ),
    Harmless(
        "without a prefix, as it is",
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[access_logs.s3.prefix\].*",
    ),
    Harmless(
        "AWS's default, defensive, stops desync attacks too",
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[routing.http.desync_mitigation_mode\].*",
        "(drop|remove) None",
    ),
    Harmless(_TIGHTER, "ElasticLoadBalancingV2::LoadBalancer", "Scheme", "choose internal"),
    Harmless(_DEFAULT, "ElasticLoadBalancingV2::LoadBalancer", "(Scheme|Type)", _REMOVE),
    Harmless(_REFUSED, "ElasticLoadBalancingV2::LoadBalancer", "Type", "choose.*"),
    Harmless(_REFUSED, "ElasticLoadBalancingV2::LoadBalancer", r"Subnets(\.\*)?", "(rem|dr).*"),
    Harmless(
        "a private subnet has no route in, and one zone twice is refused",
        "ElasticLoadBalancingV2::LoadBalancer",
        r"Subnets\.\*",
        "swap.*",
    ),
    Harmless(_SERVICE, "ApplicationAutoScaling::.*", ".*"),
    # Web ACL
    Harmless(_REFUSED, "WAFv2::WebACL", r"DefaultAction\.Allow", _REMOVE),
    Harmless(
        _REFUSED,
        "WAFv2::WebACL",
        r"Rules\.\[\w+\]\.(Action(\.Block)?|OverrideAction(\.None)?)",
        _REMOVE,
    ),
    Harmless(
        "addresses of bad reputation; the attacks themselves are covered by the other groups",
        "WAFv2::WebACL",
        r"Rules\.\[AWSManagedRulesAmazonIpReputationList\]",
        _DROP,
    ),
    Harmless("the order of rules that all block", "WAFv2::WebACL", r"Rules\.\[\w+\]\.Priority"),
    Harmless(_REFUSED, "WAFv2::WebACL", r".*\.AggregateKeyType", "choose.*"),
    Harmless(
        "the limit holds for another window, or is lower",
        "WAFv2::WebACL",
        r".*\.(EvaluationWindowSec|Limit)",
        r"(choose|lowest|remove|highest 300000).*",
    ),
    Harmless(_REFUSED, "WAFv2::WebACL", "Scope", "choose CLOUDFRONT"),
    # Identities of the database
    Harmless(_REFUSED, "RDS::DBCluster", "ManageMasterUserPassword", "(remove|flip).*"),
    Harmless(
        "no role may connect by a token",
        "RDS::DBCluster",
        "EnableIAMDatabaseAuthentication",
        "flip true|flip True",
    ),
    Harmless(_BROKEN, "RDS::DBCluster", r"VpcSecurityGroupIds\..*", "swap.*DatabaseIdentities.*"),
    Harmless(_BROKEN, "ECS::Service", r".*SecurityGroups\..*", "swap.*DatabaseIdentities.*"),
    Harmless(_BROKEN, "Custom::DatabaseUsers", ".*"),
    Harmless(
        "the login cannot be read, and the deployment fails",
        "SecretsManager::Secret",
        r"GenerateSecretString(\.SecretStringTemplate)?",
        "(remove|open).*",
        "DatabaseIdentities.*",
    ),
    Harmless(
        "punctuation makes a password no weaker",
        "SecretsManager::Secret",
        r"GenerateSecretString\.ExcludePunctuation",
        "flip.*",
    ),
    Harmless(_TIGHTER, "IAM::ManagedPolicy", r".*\.Resource\..*", "drop.*", "DatabaseIdentities.*"),
    Harmless(
        "it is about the network interfaces that Lambda makes with the same role",
        "IAM::ManagedPolicy",
        r"PolicyDocument\.Statement\..*",
        "(flip|remove|open).*",
        "DatabaseIdentities.*",
    ),
    Harmless(
        _BROKEN,
        "Lambda::Function",
        r"(VpcConfig(\.(SecurityGroupIds|SubnetIds).*)?|Environment\.Variables\.PORT)",
        ".*",
        "DatabaseIdentities.*",
    ),
    Harmless(_IPV4, "Lambda::Function", r"VpcConfig\.Ipv6AllowedForDualStack"),
    Harmless(_SERVICE, "SecretsManager::RotationSchedule", r"RotationRules\.Duration"),
    Harmless(_TIGHTER, "KMS::Key", r".*kms:ViaService\..*", "drop.*"),
    Harmless(_TIGHTER, "EC2::VPCEndpoint", r"PolicyDocument\.Statement\..*", "drop.*"),
    # Functions
    Harmless(
        _SERVICE,
        "Lambda::Function",
        r"(Architectures.*|Code\.S3ObjectStorageMode|MemorySize|PublishToLatestPublished"
        "|RecursiveLoop|Timeout)",
    ),
    Harmless(_REFUSED, "Lambda::Function", r"(Code\.S3(Bucket|Key)|Handler|Runtime)", _REMOVE),
    Harmless(_REFUSED, "Lambda::Function", "PackageType", "add Image"),
    Harmless(_DEFAULT, "Lambda::Function", "PackageType", "add Zip"),
    Harmless(
        "the deployment fails, or the rotation, and that raises an alarm",
        "Lambda::Function",
        r"Environment(\..*)?",
        _REMOVE,
        "DatabaseIdentities.*",
    ),
    Harmless(
        "the function logs in either format; an error raises an alarm or fails the deployment",
        "Lambda::Function",
        r"LoggingConfig\.(ApplicationLogLevel|SystemLogLevel|LogFormat)",
        "add.*",
    ),
    Harmless(
        "another supported runtime",
        "Lambda::Function",
        "Runtime",
        r"choose (dotnet10|java.*|nodejs2[246].x|provided.al2023|python3.1[1-5]|ruby(3.[34]|4.0))",
    ),
    Harmless(_DEFAULT, "Lambda::Permission", "FunctionUrlAuthType", "add AWS_IAM"),
    Harmless(_TIGHTER, "Lambda::Permission", "InvokedViaFunctionUrl"),
    Harmless(
        "SourceAccount keeps it to services that act for this account",
        "Lambda::Permission",
        "Principal",
        r"open \*",
    ),
    # Logs
    Harmless(_DEFAULT, "Logs::LogGroup", "(BearerToken.*|LogGroupClass)", "add (False|STANDARD)"),
    Harmless(_DEFAULT, "Logs::LogGroup", "DeletionProtectionEnabled", _ADD_FALSE),
    Harmless(_TIGHTER, "Logs::LogGroup", "DeletionProtectionEnabled", "add True"),
    Harmless(_REFUSED, "Logs::LogGroup", "LogGroupName", _REMOVE, "IngressWebAcl.*"),
    Harmless(_REFUSED, "Logs::LogGroup", "", "delete None", "DnsFirewall.*"),
    Harmless(_LABEL, "Logs::LogGroup", "LogGroupName", _REMOVE),
    Harmless(
        "a year or longer",
        "Logs::LogGroup",
        "RetentionInDays",
        r"(choose (365|400|5\d\d|731|1\d{3}|2\d{3}|3\d{3})|highest 400000)",
    ),
    # Database
    Harmless(
        _SERVICE,
        "RDS::DBCluster",
        "(AutoMinorVersionUpgrade|BackupRetentionPeriod|ClusterScalabilityType"
        "|CopyTagsToSnapshot|DatabaseInsightsMode|DeleteAutomatedBackups|DeletionProtection"
        "|EnableGlobalWriteForwarding|EnableLocalWriteForwarding|EngineLifecycleSupport"
        r"|ServerlessV2ScalingConfiguration(\..*)?|UseLatestRestorableTime)",
    ),
    Harmless(
        "slow queries are logged for tuning",
        "RDS::DBClusterParameterGroup",
        r"Parameters\.slow_query_log",
    ),
    Harmless(
        _DEFAULT,
        "RDS::DBCluster",
        "(EnableHttpEndpoint|PubliclyAccessible|PerformanceInsightsEnabled)",
        _ADD_FALSE,
    ),
    Harmless(
        _REFUSED,
        "RDS::DBCluster",
        "(Engine|MasterUserPassword|MasterUsername)",
        _REMOVE,
    ),
    Harmless(
        _REFUSED,
        "RDS::DB(Cluster|Instance)",
        "(ManageMaster.*|MasterUserAuthenticationType)",
        "add (True|iam-db-auth)",
    ),
    Harmless(
        _DEFAULT,
        "RDS::DB(Cluster|Instance)",
        "(ManageMaster.*|MasterUserAuthenticationType)",
        "add (False|password)",
    ),
    Harmless("the security groups admit the configured port only", "RDS::DBCluster", "Port"),
    Harmless(
        _SERVICE,
        "RDS::DBInstance",
        "(AllowMajorVersionUpgrade|ApplyImmediately|AvailabilityZone|CertificateRotationRestart|CopyTagsToSnapshot"
        "|DatabaseInsightsMode|DedicatedLogVolume|DeleteAutomatedBackups|DeletionProtection"
        "|MonitoringInterval|MonitoringRoleArn|MultiAZ|PerformanceInsightsRetentionPeriod"
        "|PromotionTier|UseDefaultProcessorFeatures|UseLatestRestorableTime)",
    ),
    Harmless(
        "the line is under long-term support, and patched by its own minor versions",
        "RDS::DBInstance",
        "AutoMinorVersionUpgrade",
    ),
    Harmless(_DEFAULT, "RDS::DBInstance", "CACertificateIdentifier", _REMOVE),
    Harmless(_DEFAULT, "RDS::DBInstance", "EnablePerformanceInsights", _ADD_FALSE),
    Harmless(
        "the cluster decides for its instances",
        "RDS::DBInstance",
        "(EnableIAMDatabaseAuthentication|StorageEncrypted)",
        "add.*",
    ),
    Harmless(_REFUSED, "RDS::DBInstance", "(DBInstanceClass|Engine)", _REMOVE),
    Harmless(
        "a subnet of the isolated tier",
        "RDS::DBSubnetGroup",
        r"SubnetIds\.\*",
        "drop.*|swap.*Iso.*",
    ),
    Harmless(
        "without a choice it is for all of them, or refused",
        "RDS::EventSubscription",
        "(EventCategories|SourceIds|SourceType)",
        _REMOVE,
    ),
    Harmless(_DEFAULT, "RDS::EventSubscription", "Enabled", "add True"),
    Harmless(
        "failover is about availability",
        "RDS::EventSubscription",
        r"EventCategories\.\[failover\]",
        _DROP,
    ),
    # Secret
    Harmless(_DEFAULT, "SecretsManager::Secret", ".*(PasswordLength|RequireEach.*)", _REMOVE),
    Harmless(_DEFAULT, "SecretsManager::Secret", r".*\.(Exclude|Include)\w+", _ADD_FALSE),
    Harmless(
        "32 characters with letters and digits all the same",
        "SecretsManager::Secret",
        r"GenerateSecretString\.(Exclude|Include)\w+",
        "(add True|remove None)",
    ),
    Harmless(_REFUSED, "SecretsManager::Secret", ".*GenerateStringKey", _REMOVE),
    Harmless(_REFUSED, "SecretsManager::Secret", ".*PasswordLength", "highest 32000"),
    Harmless(
        "the schedule holds all the same",
        "SecretsManager::RotationSchedule",
        "RotateImmediatelyOnUpdate",
    ),
    # Log bucket
    Harmless(
        "the bucket's owner owns every object, so ACLs are refused or say nothing",
        "S3::Bucket",
        "AccessControl",
        "add (AwsExecRead|BucketOwner.*|LogDeliveryWrite|Private)",
    ),
    Harmless(
        "S3 encrypts every object with AES-256 by itself",
        "S3::Bucket",
        "BucketEncryption.*",
        "(remove|add).*",
    ),
    Harmless(_DEFAULT, "S3::Bucket", "OwnershipControls", _REMOVE),
    # What a destroyed stack leaves behind; logs and the keys they need are not excused
    Harmless(
        "when stored data ends is the environment's choice, and 3.2.1 asks for an end",
        "(RDS::DBCluster|SecretsManager::Secret)",
        "(DeletionPolicy|UpdateReplacePolicy)",
    ),
    Harmless(
        "data and passwords that it encrypts are destroyed or kept by their own policies",
        "KMS::Key",
        "(DeletionPolicy|UpdateReplacePolicy)",
        resource="Encryption(Data|Secrets|Messages).*",
    ),
    Harmless(_TLS, "S3::BucketPolicy", "(DeletionPolicy|UpdateReplacePolicy)"),
    # Conditions of policies
    Harmless(_ACCOUNT, "KMS::Key", r".*\.Condition\.StringEquals\.kms:.*", "(op|neg).*"),
    Harmless(
        _ACCOUNT,
        "Logs::LogGroup",
        r"ResourcePolicyDocument\..*\.Condition\.(ArnLike|StringEquals)\..*",
        "(open|negate).*",
    ),
    Harmless(
        "the bucket has no ACLs, so what a delivery asks of them says nothing",
        "S3::BucketPolicy",
        r".*\.Condition\.StringEquals\.s3:x-amz-acl",
        "(open|negate).*",
    ),
    # Maps of any keys
    Harmless(
        "what a request's headers say is the application's to judge",
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[routing\.http\.(xff|preserve|x_amzn).*\]",
        "add.*",
    ),
    Harmless(
        _SERVICE,
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[(routing\.http2|idle_timeout|zonal_shift).*\]",
        "add.*",
    ),
    Harmless(
        _DEFAULT,
        "ElasticLoadBalancingV2::LoadBalancer",
        r"LoadBalancerAttributes\.\[connection_logs\.s3\.enabled\]",
        "add.*",
    ),
    Harmless(
        "it reads files of the client, with the client's rights",
        "RDS::DBClusterParameterGroup",
        r"Parameters\.local_infile",
        "add.*",
    ),
    Harmless(
        "the cluster's own setting exports the log",
        "RDS::DBClusterParameterGroup",
        r"Parameters\.server_audit_logs_upload",
        "add.*",
    ),
    Harmless(
        "it stays on the database's encrypted volume",
        "RDS::DBClusterParameterGroup",
        r"Parameters\.(log_output|binlog_format)",
        "add.*",
    ),
    Harmless(
        "the log group is there, and the role may make none",
        "ECS::TaskDefinition",
        r".*\.Options\.awslogs-create-group",
        "add.*",
    ),
    Harmless(_LABEL, "ECS::TaskDefinition", r".*\.Options\.awslogs-datetime-format", "add.*"),
    # Who is told
    Harmless(
        "who is told is the environment's choice; the evidence says whether anybody is",
        "SNS::Subscription",
        "",
        "delete.*",
    ),
    Harmless(_REFUSED, "SNS::Subscription", "Endpoint", _REMOVE),
    Harmless(_SERVICE, "SNS::Subscription", "RawMessageDelivery", "add.*"),
    Harmless(
        _SERVICE,
        "S3::Bucket",
        r"(AbacStatus|BucketNamespace|LifecycleConfiguration\.TransitionDefault.*"
        r"|LifecycleConfiguration\.Rules\.\*\.(Abort.*|ExpiredObjectDeleteMarker))",
    ),
    Harmless(_DEFAULT, "S3::Bucket", "ObjectLockEnabled", _ADD_FALSE),
    Harmless(_TIGHTER, "S3::Bucket", "ObjectLockEnabled", "add True"),
    Harmless(
        "what is deleted is kept for ever, which is longer",
        "S3::Bucket",
        r".*\.NoncurrentVersionExpiration(\.NoncurrentDays)?",
        "(remove None|highest.*)",
    ),
    Harmless("a year or longer", "S3::Bucket", r".*\.ExpirationInDays", "highest 400000"),
    Harmless(
        "the statement allows, or is the one on TLS versions, which S3 enforces by itself",
        "S3::BucketPolicy",
        r"PolicyDocument\.Statement\.\*",
        _DROP,
    ),
    Harmless(
        _TLS,
        "S3::BucketPolicy",
        r"PolicyDocument\.Statement\.\*\.Condition\.NumericLessThan.*",
    ),
    Harmless(_TLS, "S3::BucketPolicy", r"PolicyDocument\.Statement\.\*\.Resource\.\*", _DROP),
    Harmless(
        "the statement denies, so more of it is tighter, or log delivery keeps to its own "
        "account's prefix",
        "S3::BucketPolicy",
        r"PolicyDocument\.Statement\.\*\.Condition(\.StringEquals(\..*)?)?",
        _REMOVE,
    ),
    Harmless(
        "the statement denies, so more of it is tighter, or the policy is for the bucket alone",
        "S3::BucketPolicy",
        r"PolicyDocument\.Statement\.\*\.(Action|Resource(\.\*)?)",
        r"open \*",
    ),
    # Topic
    Harmless(_REFUSED, "SNS::Topic", "(ContentBasedDeduplication|FifoTopic)", "add True"),
    Harmless(_DEFAULT, "SNS::Topic", "(ContentBasedDeduplication|FifoTopic)", _ADD_FALSE),
    Harmless("a topic's policy is for the topic", "SNS::TopicPolicy", r".*\.Resource", r"open \*"),
    Harmless(
        _TIGHTER,
        "SNS::TopicPolicy",
        r"PolicyDocument\.Statement\.\[AllowPublishThroughSSLOnly\]\.Action",
        r"open \*",
    ),
    Harmless(
        _ACCOUNT,
        "SNS::TopicPolicy",
        r".*\.\[AlarmsAndDatabaseEventsOfThisAccountPublish\]\.Principal.*",
        r"open \*",
    ),
    Harmless(
        "people subscribe at the topic as well; the environment's file must name somebody",
        "SNS::Subscription",
        "(|Endpoint|RawMessageDelivery)",
    ),
    # Names
    Harmless(
        _BROKEN,
        "Route53Resolver::FirewallDomainList",
        r"Domains(\..*)?",
        "(remove|drop) None",
        "DnsFirewallAllowed.*",
    ),
    Harmless(
        _REFUSED, "Route53Resolver::FirewallDomainList", "Domains", _REMOVE, "DnsFirewallEvery.*"
    ),
    Harmless(
        _REFUSED,
        "Route53Resolver::FirewallRuleGroup",
        r".*\.(BlockOverrideDnsType|ConfidenceThreshold|DnsThreatProtection|Status)",
    ),
    Harmless(_REFUSED, "Route53Resolver::FirewallRuleGroup", r".*\.Action", r"open \*"),
    Harmless(_REFUSED, "Route53Resolver::FirewallRuleGroup", r".*\.FirewallDomainListId", _REMOVE),
    Harmless(
        "another way to answer no",
        "Route53Resolver::FirewallRuleGroup",
        r".*\.BlockResponse",
    ),
    Harmless(
        "where a listed name leads is looked at, or not; it is listed",
        "Route53Resolver::FirewallRuleGroup",
        r".*\.FirewallDomainRedirectionAction",
    ),
    Harmless(_BROKEN, "Route53Resolver::FirewallRuleGroup", r".*\.Priority"),
    Harmless(
        _BROKEN,
        "Route53Resolver::FirewallRuleGroup",
        r"FirewallRules(\.\*|\.0|\.\[[^]]*\])?(\.Action)?",
        "(remove None|drop None|choose BLOCK|choose ALERT)",
    ),
    Harmless(
        "who may change the association is a matter of IAM",
        "Route53Resolver::FirewallRuleGroupAssociation",
        "MutationProtection",
    ),
    Harmless(
        _SERVICE, "Route53Resolver::FirewallRuleGroupAssociation", "Priority", "(lowest|highest).*"
    ),
    Harmless(
        _REFUSED,
        "Route53Resolver::ResolverQueryLoggingConfig(Association)?",
        "(DestinationArn|ResourceId|ResolverQueryLogConfigId)",
        _REMOVE,
    ),
    # Alarms
    Harmless(
        _OPERATIONS,
        "CloudWatch::Alarm",
        r"(?!(AlarmActions|ActionsEnabled)$).*",
        _ANY,
        _CONTROL_ALARM,
    ),
    Harmless("people look at it, and no alarm needs it", "CloudWatch::Dashboard", ".*"),
    Harmless(_DEFAULT, "CloudWatch::Alarm", "ActionsEnabled", "add True"),
    Harmless("it tells that a failure is over", "CloudWatch::Alarm", "OKActions", _REMOVE),
    Harmless(_REFUSED, "CloudWatch::Alarm", "DatapointsToAlarm", r"highest \d+"),
    Harmless(_REFUSED, "CloudWatch::Alarm", "(EvaluationPeriods|Period)", "lowest 1"),
    Harmless(
        "the alarm goes off sooner, or on the same",
        "CloudWatch::Alarm",
        "(ComparisonOperator|DatapointsToAlarm|Threshold)",
        r"(choose (LessThan|GreaterThan)OrEqualToThreshold|lowest \d+|highest 1000|remove None)",
    ),
    Harmless(
        "silence, an error or an attack shows in the average and the highest minute too",
        "CloudWatch::Alarm",
        "Statistic",
        "choose (Average|Maximum)",
    ),
    Harmless(
        "the metric has this unit",
        "CloudWatch::Alarm",
        "Unit",
        "add Count",
        "MonitoringRotationFailed.*",
    ),
    Harmless(
        "an error or a surge is counted all the same",
        "CloudWatch::Alarm",
        "TreatMissingData",
        _ANY,
        "Monitoring(RotationFailed|WafBlocked).*",
    ),
)
