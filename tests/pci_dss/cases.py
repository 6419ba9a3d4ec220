"""For every rule a bad template and its good twin: they differ in what the rule is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pcistack.checks.findings import Severity

Resources = dict[str, dict[str, object]]


def res(kind: str, **properties: object) -> dict[str, object]:
    """A resource of a type, without ``AWS::``."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, object]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, object]:
    return {"Fn::GetAtt": [name, attribute]}


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


OWN_ACCOUNT: Final = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
ROOT: Final = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}


def vpc() -> Resources:
    """A VPC with a public, a private and an isolated subnet."""
    found: Resources = {
        "Vpc": res("EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Igw": res("EC2::InternetGateway"),
        "Nat": res("EC2::NatGateway", SubnetId=ref("Public"), AllocationId="eipalloc-1"),
    }
    for index, tier in enumerate(("Public", "Private", "Isolated")):
        found[tier] = res("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=f"10.0.{index}.0/24")
        found[f"{tier}Table"] = res("EC2::RouteTable", VpcId=ref("Vpc"))
        found[f"{tier}Link"] = res(
            "EC2::SubnetRouteTableAssociation",
            SubnetId=ref(tier),
            RouteTableId=ref(f"{tier}Table"),
        )
    found["PublicRoute"] = res(
        "EC2::Route",
        RouteTableId=ref("PublicTable"),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=ref("Igw"),
    )
    found["PrivateRoute"] = res(
        "EC2::Route",
        RouteTableId=ref("PrivateTable"),
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=ref("Nat"),
    )
    return found


def group(
    ingress: Sequence[object] = (), egress: Sequence[object] | None = None
) -> dict[str, object]:
    nobody = {"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "Description": "none"}
    return res(
        "EC2::SecurityGroup",
        GroupDescription="a group",
        VpcId=ref("Vpc"),
        SecurityGroupIngress=list(ingress),
        SecurityGroupEgress=[nobody] if egress is None else list(egress),
    )


def tcp(port: int, **peer: object) -> dict[str, object]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "Description": "for customers",
        **peer,
    }


def database(
    subnet: str = "Isolated", security_group: str = "StoreGroup", **more: object
) -> Resources:
    """A database in a subnet, with its subnet group."""
    return {
        "Subnets": res("RDS::DBSubnetGroup", DBSubnetGroupDescription="s", SubnetIds=[ref(subnet)]),
        "Db": res(
            "RDS::DBCluster",
            **{
                "Engine": "aurora-mysql",
                "Port": 6603,
                "DBSubnetGroupName": ref("Subnets"),
                "VpcSecurityGroupIds": [att("StoreGroup", "GroupId")],
                "StorageEncrypted": True,
                **more,
            },
        ),
    }


def balancer(**more: object) -> dict[str, object]:
    return res(
        "ElasticLoadBalancingV2::LoadBalancer",
        **{
            "Scheme": "internet-facing",
            "Subnets": [ref("Public")],
            "SecurityGroups": [att("WebGroup", "GroupId")],
            **more,
        },
    )


def listener(
    port: int, protocol: str, action: Mapping[str, object], **more: object
) -> dict[str, object]:
    return res(
        "ElasticLoadBalancingV2::Listener",
        LoadBalancerArn=ref("Lb"),
        Port=port,
        Protocol=protocol,
        DefaultActions=[action],
        **more,
    )


REDIRECT: Final = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443"}}
FORWARD: Final = {"Type": "forward", "TargetGroupArn": "arn:tg"}
WORLD: Final = {"CidrIp": "0.0.0.0/0"}


def service(
    subnet: str = "Private", security_group: str = "AppGroup", public: str = "DISABLED"
) -> dict[str, object]:
    return res(
        "ECS::Service",
        NetworkConfiguration={
            "AwsvpcConfiguration": {
                "Subnets": [ref(subnet)],
                "SecurityGroups": [att(security_group, "GroupId")],
                "AssignPublicIp": public,
            }
        },
    )


def task(container: dict[str, object] | None = None, **more: object) -> Resources:
    return {
        "Task": res(
            "ECS::TaskDefinition",
            **{
                "NetworkMode": "awsvpc",
                "ContainerDefinitions": [{"Name": "app", **(container or {})}],
                **more,
            },
        )
    }


def attributes(**pairs: object) -> dict[str, object]:
    return {
        "LoadBalancerAttributes": [
            {"Key": key.replace("__", "."), "Value": value} for key, value in pairs.items()
        ]
    }


def one(kind: str, **properties: object) -> Resources:
    return {"It": res(kind, **properties)}


def parameters(**values: object) -> Resources:
    """An Aurora MySQL cluster with a parameter group."""
    return {
        "Parameters": res("RDS::DBClusterParameterGroup", Parameters=values),
        "Db": res(
            "RDS::DBCluster",
            Engine="aurora-mysql",
            DBClusterParameterGroupName=ref("Parameters"),
        ),
    }


def key(*statements: dict[str, object], **more: object) -> Resources:
    return one("KMS::Key", KeyPolicy=document(*statements), **more)


def role(*statements: dict[str, object], trust: dict[str, object] | None = None) -> Resources:
    return one(
        "IAM::Role",
        AssumeRolePolicyDocument=document(
            trust
            or {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ),
        Policies=[{"PolicyName": "p", "PolicyDocument": document(*statements)}],
    )


def trusting(service_name: str, **more: object) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service_name},
        "Action": "sts:AssumeRole",
        **more,
    }


FOREIGN: Final = "arn:aws:iam::222222222222:root"
GITHUB: Final = "token.actions.githubusercontent.com"
STRONG_PASSWORD: Final = {"PasswordPolicy": {"MinimumLength": 14, "RequireNumbers": True}}


def assumed_by(principal: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def federated(condition: object, provider: str = GITHUB) -> dict[str, object]:
    """A statement that lets an identity provider's users assume a role."""
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }


def acl(*rules: dict[str, object], **more: object) -> Resources:
    return {
        "Acl": res("WAFv2::WebACL", DefaultAction={"Allow": {}}, Rules=list(rules), **more),
    }


def managed(name: str, override: str = "None") -> dict[str, object]:
    return {
        "Name": name,
        "OverrideAction": {override: {}},
        "Statement": {"ManagedRuleGroupStatement": {"Name": name, "VendorName": "AWS"}},
        "VisibilityConfig": {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True},
    }


def rate(limit: int, action: str = "Block") -> dict[str, object]:
    return {
        "Name": "Rate",
        "Action": {action: {}},
        "Statement": {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}},
        "VisibilityConfig": {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True},
    }


ALL_COVERED: Final = (
    managed("AWSManagedRulesCommonRuleSet"),
    managed("AWSManagedRulesKnownBadInputsRuleSet"),
    managed("AWSManagedRulesSQLiRuleSet"),
    rate(2000),
)

SSL_ONLY: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [att("Bucket", "Arn"), {"Fn::Sub": "${Bucket.Arn}/*"}],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def log_bucket(**properties: object) -> Resources:
    """A bucket that a load balancer logs to."""
    return {
        "Bucket": res("S3::Bucket", **properties),
        "Lb": res(
            "ElasticLoadBalancingV2::LoadBalancer",
            Scheme="internal",
            **attributes(access_logs__s3__enabled="true", access_logs__s3__bucket=ref("Bucket")),
        ),
    }


def expire(days: int) -> dict[str, object]:
    return {"Rules": [{"Status": "Enabled", "ExpirationInDays": days}]}


def alarm_topic(key_services: list[str], topic_services: list[str] | None = None) -> Resources:
    """An alarm that is sent to an encrypted topic."""
    found: Resources = {
        "Alarm": res("CloudWatch::Alarm", AlarmActions=[ref("Topic")]),
        "Topic": res("SNS::Topic", KmsMasterKeyId=att("Key", "Arn")),
        "Key": res(
            "KMS::Key",
            KeyPolicy=document(
                allow(
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    Principal={"Service": key_services},
                    Condition=OWN_ACCOUNT,
                )
            ),
        ),
    }
    if topic_services is not None:
        found["Policy"] = res(
            "SNS::TopicPolicy",
            Topics=[ref("Topic")],
            PolicyDocument=document(
                allow("sns:Publish", ref("Topic"), Principal={"Service": topic_services})
            ),
        )
    return found


def silent_flow_log(**alarm: object) -> Resources:
    """A flow log, and an alarm for when it falls silent."""
    return {
        "Log": res(
            "EC2::FlowLog",
            ResourceType="VPC",
            ResourceId="vpc-1",
            TrafficType="ALL",
            LogGroupName=ref("Group"),
            DeliverLogsPermissionArn="arn:role",
        ),
        "Group": res("Logs::LogGroup"),
        "Alarm": res(
            "CloudWatch::Alarm",
            **{
                "Namespace": "AWS/Logs",
                "MetricName": "IncomingLogEvents",
                "Dimensions": [{"Name": "LogGroupName", "Value": ref("Group")}],
                "Statistic": "Sum",
                "Period": 3600,
                "EvaluationPeriods": 1,
                "ComparisonOperator": "LessThanThreshold",
                "Threshold": 1,
                "TreatMissingData": "breaching",
                "AlarmActions": ["arn:topic"],
                **alarm,
            },
        ),
    }


def events(**subscription: object) -> Resources:
    """A database instance with subscriptions to all of its events."""
    return {
        "Db": res("RDS::DBInstance", Engine="mysql"),
        "Instance": res(
            "RDS::EventSubscription", SnsTopicArn="t", SourceType="db-instance", **subscription
        ),
        "Group": res("RDS::EventSubscription", SnsTopicArn="t", SourceType="db-parameter-group"),
    }


def acl_entries(*entries: dict[str, object]) -> Resources:
    found: Resources = {"Acl": res("EC2::NetworkAcl", VpcId="vpc-1")}
    for number, entry in enumerate(entries, start=1):
        found[f"Entry{number}"] = res(
            "EC2::NetworkAclEntry",
            **{
                "NetworkAclId": ref("Acl"),
                "RuleNumber": number,
                "Protocol": 6,
                "CidrBlock": "0.0.0.0/0",
                **entry,
            },
        )
    return found


def secret(schedule: str | None) -> Resources:
    found = one("SecretsManager::Secret", GenerateSecretString={})
    if schedule is not None:
        found["Schedule"] = res(
            "SecretsManager::RotationSchedule",
            SecretId=ref("It"),
            RotationLambdaARN="arn:aws:lambda:eu-central-2:111111111111:function:rotate",
            RotationRules={"ScheduleExpression": schedule},
        )
    return found


def web(*rules: dict[str, object], port: int = 443) -> Resources:
    """A public load balancer behind a group with some inbound rules."""
    return {
        **vpc(),
        "WebGroup": group(rules),
        "Lb": balancer(),
        "Listener": listener(port, "HTTPS", FORWARD),
    }


FULL_BLOCK: Final = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
PRIVATE_KEY: Final = "-----BEGIN " + "RSA PRIVATE KEY-----"
FROM_APP: Final = {"SourceSecurityGroupId": att("AppGroup", "GroupId")}
FROM_WEB: Final = {"SourceSecurityGroupId": att("WebGroup", "GroupId")}
TO_STORE: Final = {"DestinationSecurityGroupId": att("StoreGroup", "GroupId")}


def function(
    *statements: Mapping[str, object],
    managed: Sequence[str] = (),
    name: str = "It",
    group: object = "/pay/function",
) -> Resources:
    """A function with its log group, and a role with some statements and policies of AWS."""
    return {
        "It": res(
            "Lambda::Function",
            FunctionName=name,
            Role=att("Role", "Arn"),
            LoggingConfig={"LogGroup": group},
        ),
        "Group": res("Logs::LogGroup", LogGroupName="/pay/function"),
        "Role": res(
            "IAM::Role",
            ManagedPolicyArns=[
                {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/service-role/{name}"}
                for name in managed
            ],
            Policies=[{"PolicyName": "p", "PolicyDocument": document(*statements)}],
        ),
    }


def lattice(domain: object) -> Resources:
    """A configuration of VPC Lattice that publishes an address."""
    return one(
        "VpcLattice::ResourceConfiguration",
        ResourceConfigurationType="SINGLE",
        ResourceConfigurationDefinition={"DnsResource": {"DomainName": domain}},
    )


def accelerated(scheme: str) -> Resources:
    """A load balancer behind a global accelerator."""
    return {
        **one(
            "GlobalAccelerator::EndpointGroup", EndpointConfigurations=[{"EndpointId": ref("Lb")}]
        ),
        "Lb": balancer(Scheme=scheme),
    }


def exec_cluster(**settings: object) -> Resources:
    return one("ECS::Cluster", Configuration={"ExecuteCommandConfiguration": settings})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule's bad template and its good twin.

    Attributes:
        at: Resource and property of every finding that the rule has in the bad template, sorted.
        bad: What the rule refuses.
        good: The same without what the rule is about.
        severity: That of each finding.
        sections: Other sections of the bad template, such as ``Parameters``.
    """

    at: Sequence[tuple[str, str]]
    bad: Resources
    good: Resources
    severity: Severity = Severity.ERROR
    sections: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


LISTED = {
    "Action": "ALLOW",
    "FirewallDomainListId": att("Some", "Id"),
    "Priority": 100,
}
OTHERS = {
    "Action": "BLOCK",
    "BlockResponse": "NXDOMAIN",
    "FirewallDomainListId": att("All", "Id"),
    "Priority": 200,
}
NAMES: Resources = {
    "Some": res("Route53Resolver::FirewallDomainList", Domains=["api.processor.example"]),
    "All": res("Route53Resolver::FirewallDomainList", Domains=["*"]),
    "Names": res("Route53Resolver::FirewallRuleGroup", FirewallRules=[LISTED, OTHERS]),
    "Firewall": res(
        "Route53Resolver::FirewallRuleGroupAssociation",
        FirewallRuleGroupId=att("Names", "Id"),
        VpcId="vpc-1",
        Priority=101,
    ),
}


def _logs_of_kept_data(policy: str) -> Resources:
    group = res("Logs::LogGroup", RetentionInDays=400)
    return {
        "Cluster": res("RDS::DBCluster") | {"DeletionPolicy": "Snapshot"},
        "Group": group | {"DeletionPolicy": policy, "UpdateReplacePolicy": policy},
    }


def _logging(**options: object) -> Resources:
    options |= {"awslogs-group": "g", "mode": "non-blocking"}
    return task({"Name": "app", "LogConfiguration": {"LogDriver": "awslogs", "Options": options}})


CASES: Final[Mapping[str, Case]] = {
    "PCI-10.5.1-LOGS-DESTROYED": Case(
        at=[("Group", "")],
        severity=Severity.WARNING,
        bad=_logs_of_kept_data("Delete"),
        good=_logs_of_kept_data("RetainExceptOnCreate"),
    ),
    "PCI-10.2.1-LOG-BUFFER": Case(
        at=[("Task", "ContainerDefinitions.0.LogConfiguration.Options")],
        severity=Severity.WARNING,
        bad=_logging(),
        good=_logging(**{"max-buffer-size": "25m"}),
    ),
    # 1 Network
    "PCI-1.4.4-STORE-PUBLISHED": Case(
        at=[("It", "ResourceConfigurationDefinition.DnsResource.DomainName")],
        bad=lattice(att("Db", "Endpoint.Address")) | {"Db": res("RDS::DBCluster")},
        good={"Db": res("RDS::DBCluster")},
    ),
    "PCI-1.4.2-SERVICE-PUBLISHED": Case(
        at=[("It", "EndpointConfigurations.0.EndpointId")],
        bad=accelerated("internal"),
        good=accelerated("internet-facing"),
    ),
    "PCI-1.4.1-OTHER-NETWORK": Case(
        at=[("It", "PeerVpcId")],
        severity=Severity.WARNING,
        bad=one("EC2::VPCPeeringConnection", VpcId=ref("Vpc"), PeerVpcId="vpc-1"),
        good=one("EC2::VPCPeeringConnection", VpcId="vpc-1", PeerVpcId=ref("Vpc"))
        | {"Vpc": res("EC2::VPC", CidrBlock="10.0.0.0/16")},
    ),
    "PCI-1.3.1-GROUP-ELSEWHERE": Case(
        at=[("WebGroup", "SecurityGroupIngress.0.SourceSecurityGroupOwnerId")],
        severity=Severity.WARNING,
        bad=web(
            tcp(
                443,
                SourceSecurityGroupId="sg-0123456789abcdef0",
                SourceSecurityGroupOwnerId="222222222222",
            )
        ),
        good=web(tcp(443, **WORLD)),
    ),
    "PCI-1.3.1-CLIENT-VPN": Case(
        at=[("It", "TargetNetworkCidr")],
        bad=one(
            "EC2::ClientVpnAuthorizationRule",
            TargetNetworkCidr="0.0.0.0/0",
            AuthorizeAllGroups=True,
        ),
        good=one(
            "EC2::ClientVpnAuthorizationRule",
            TargetNetworkCidr="10.0.1.0/24",
            AccessGroupId="operators",
        ),
    ),
    "PCI-1.2.4-TRAFFIC-MIRROR": Case(
        at=[("It", "TrafficMirrorTargetId")],
        severity=Severity.WARNING,
        bad=one("EC2::TrafficMirrorSession", NetworkInterfaceId="eni-1"),
        good=one("EC2::TrafficMirrorFilter"),
    ),
    "PCI-2.2.6-HOST-MOUNT": Case(
        at=[("Task", "Volumes.0.Host.SourcePath")],
        bad=task(Volumes=[{"Name": "d", "Host": {"SourcePath": "/var/run/docker.sock"}}]),
        good=task(Volumes=[{"Name": "d", "EFSVolumeConfiguration": {"FilesystemId": "fs-1"}}]),
    ),
    "PCI-10.2.1-EXEC-LOGGED": Case(
        at=[("It", "Configuration.ExecuteCommandConfiguration.Logging")],
        severity=Severity.WARNING,
        bad=exec_cluster(Logging="NONE"),
        good=exec_cluster(
            Logging="OVERRIDE",
            LogConfiguration={"CloudWatchLogGroupName": "g", "CloudWatchEncryptionEnabled": True},
        ),
    ),
    "PCI-1.3.1-INGRESS-WORLD": Case(
        at=[("WebGroup", "SecurityGroupIngress.0")],
        bad=web(tcp(22, **WORLD)),
        good=web(tcp(443, **WORLD)),
    ),
    "PCI-1.3.1-INGRESS-PUBLIC-RANGE": Case(
        at=[("WebGroup", "SecurityGroupIngress.0")],
        severity=Severity.WARNING,
        bad=web(tcp(8443, CidrIp="198.51.100.0/24")),
        good=web(tcp(443, CidrIp="198.51.100.0/24")),
    ),
    "PCI-1.3.1-INGRESS-UNKNOWN": Case(
        at=[("WebGroup", "SecurityGroupIngress.0")],
        severity=Severity.WARNING,
        bad=web(tcp(443, CidrIp={"Fn::ImportValue": "range"})),
        good=web(tcp(443, **WORLD)),
    ),
    "PCI-1.3.1-CIDR-BETWEEN-TIERS": Case(
        at=[("AppGroup", "SecurityGroupIngress.0")],
        bad={**vpc(), "AppGroup": group([tcp(8080, CidrIp="10.0.0.0/16")])},
        good={**vpc(), "WebGroup": group(), "AppGroup": group([tcp(8080, **FROM_WEB)])},
    ),
    "PCI-1.3.2-EGRESS-ANYWHERE": Case(
        at=[("AppGroup", "SecurityGroupEgress.0")],
        bad={**vpc(), "AppGroup": group(egress=[{"IpProtocol": "-1", **WORLD}])},
        good={**vpc(), "AppGroup": group()},
    ),
    "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE": Case(
        at=[("AppGroup", "SecurityGroupEgress.0")],
        bad={**vpc(), "AppGroup": group(egress=[tcp(443, **WORLD)]), "App": service()},
        good={**vpc(), "AppGroup": group(egress=[tcp(443, **WORLD)]), "App": service("Isolated")},
    ),
    "PCI-1.3.2-EGRESS-CIDR": Case(
        at=[("AppGroup", "SecurityGroupEgress.0")],
        severity=Severity.WARNING,
        bad={**vpc(), "AppGroup": group(egress=[tcp(6603, CidrIp="10.0.0.0/16")])},
        good={**vpc(), "StoreGroup": group(), "AppGroup": group(egress=[tcp(6603, **TO_STORE)])},
    ),
    "PCI-1.2.5-BUSINESS-NEED": Case(
        at=[("WebGroup", "SecurityGroupIngress.0")],
        severity=Severity.WARNING,
        bad=web({**tcp(443, **WORLD), "Description": ""}),
        good=web(tcp(443, **WORLD)),
    ),
    "PCI-1.3.1-PORTS-WIDE": Case(
        at=[("StoreGroup", "SecurityGroupIngress.0")],
        bad={**vpc(), "AppGroup": group(), "StoreGroup": group([{"IpProtocol": "-1", **FROM_APP}])},
        good={**vpc(), "AppGroup": group(), "StoreGroup": group([tcp(6603, **FROM_APP)])},
    ),
    "PCI-1.2.7-RULE-IDLE": Case(
        at=[("StoreGroup", "SecurityGroupIngress.0")],
        severity=Severity.WARNING,
        bad={**vpc(), "AppGroup": group(), "StoreGroup": group([tcp(6603, **FROM_APP)])},
        good={
            **vpc(),
            "AppGroup": group(egress=[tcp(6603, **TO_STORE)]),
            "StoreGroup": group([tcp(6603, **FROM_APP)]),
        },
    ),
    "PCI-1.4.1-GROUP-SHARED": Case(
        at=[("Db", "")],
        bad={
            **vpc(),
            **database(),
            "StoreGroup": group(),
            "App": service(security_group="StoreGroup"),
        },
        good={**vpc(), **database(), "StoreGroup": group(), "AppGroup": group(), "App": service()},
    ),
    "PCI-1.4.1-TIER-SHARED": Case(
        at=[("App", "")],
        severity=Severity.WARNING,
        bad={**vpc(), "AppGroup": group(), "App": service("Public")},
        good={**vpc(), "AppGroup": group(), "App": service("Private")},
    ),
    "PCI-1.3.1-GROUP-MISSING": Case(
        at=[("Db", "VpcSecurityGroupIds")],
        bad={**vpc(), **database(VpcSecurityGroupIds=[])},
        good={**vpc(), **database(), "StoreGroup": group()},
    ),
    "PCI-1.3.1-DEFAULT-GROUP": Case(
        at=[("Vpc", "")],
        severity=Severity.WARNING,
        bad=vpc(),
        good={
            **vpc(),
            "Closed": {
                "Type": "Custom::Close",
                "Properties": {
                    "ServiceToken": "arn",
                    "DefaultSecurityGroupId": att("Vpc", "DefaultSecurityGroup"),
                },
            },
        },
    ),
    "PCI-1.4.4-STORE-REACHABLE": Case(
        at=[("Db", "")],
        bad={
            **vpc(),
            **database("Public", PubliclyAccessible=True),
            "StoreGroup": group([tcp(6603, **WORLD)]),
        },
        good={**vpc(), **database(), "StoreGroup": group([tcp(6603, **WORLD)])},
    ),
    "PCI-1.4.4-STORE-TIER": Case(
        at=[("Db", "")],
        bad={**vpc(), **database("Public"), "StoreGroup": group()},
        good={**vpc(), **database("Isolated"), "StoreGroup": group()},
    ),
    "PCI-1.3.2-STORE-EGRESS": Case(
        at=[("Db", "")],
        bad={**vpc(), **database("Private"), "StoreGroup": group(egress=[tcp(443, **WORLD)])},
        good={**vpc(), **database("Private"), "StoreGroup": group()},
    ),
    "PCI-1.3.2-ISOLATED-ROUTE": Case(
        at=[("PrivateRoute", "")],
        severity=Severity.WARNING,
        bad={**vpc(), **database("Private"), "StoreGroup": group()},
        good={**vpc(), **database("Isolated"), "StoreGroup": group()},
    ),
    "PCI-1.4.1-NO-TIER-BETWEEN": Case(
        at=[("Db", "")],
        bad={
            **web(tcp(443, **WORLD)),
            **database(),
            "WebGroup": group([tcp(443, **WORLD)], [tcp(6603, **TO_STORE)]),
            "StoreGroup": group([tcp(6603, **FROM_WEB)]),
        },
        good={
            **web(tcp(443, **WORLD)),
            **database(),
            "AppGroup": group(egress=[tcp(6603, **TO_STORE)]),
            "App": service(),
            "StoreGroup": group([tcp(6603, **FROM_APP)]),
        },
    ),
    "PCI-1.4.2-INTERNET-REACHES": Case(
        at=[("App", "")],
        bad={
            **vpc(),
            "AppGroup": group([tcp(443, **WORLD)]),
            "App": service("Public", public="ENABLED"),
        },
        good={**vpc(), "AppGroup": group([tcp(443, **WORLD)]), "App": service("Private")},
    ),
    "PCI-1.4.4-DATABASE-PUBLIC": Case(
        at=[("It", "PubliclyAccessible")],
        bad=one("RDS::DBInstance", Engine="mysql"),
        good=one("RDS::DBInstance", Engine="mysql", PubliclyAccessible=False),
    ),
    "PCI-1.4.4-DATA-API": Case(
        at=[("It", "EnableHttpEndpoint")],
        severity=Severity.WARNING,
        bad=one("RDS::DBCluster", EnableHttpEndpoint=True),
        good=one("RDS::DBCluster", EnableHttpEndpoint=False),
    ),
    "PCI-1.4.2-PUBLIC-ADDRESS": Case(
        at=[("App", "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp")],
        bad={**vpc(), "AppGroup": group(), "App": service(public="ENABLED")},
        good={**vpc(), "AppGroup": group(), "App": service(public="DISABLED")},
    ),
    "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES": Case(
        at=[("It", "MapPublicIpOnLaunch")],
        bad=one("EC2::Subnet", MapPublicIpOnLaunch=True),
        good=one("EC2::Subnet", MapPublicIpOnLaunch=False),
    ),
    "PCI-1.3.1-ACL-ADMINISTRATION": Case(
        at=[("Entry1", "PortRange")],
        bad=acl_entries({"RuleAction": "allow", "PortRange": {"From": 20, "To": 30}}),
        good=acl_entries(
            {"RuleAction": "deny", "PortRange": {"From": 22, "To": 22}},
            {"RuleAction": "allow", "PortRange": {"From": 20, "To": 30}},
        ),
    ),
    "PCI-1.2.8-ACL-UNUSED": Case(
        at=[("Acl", "")],
        severity=Severity.WARNING,
        bad=acl_entries(),
        good={
            **acl_entries(),
            "Link": res(
                "EC2::SubnetNetworkAclAssociation", NetworkAclId=ref("Acl"), SubnetId="subnet-1"
            ),
        },
    ),
    "PCI-1.4.3-SOURCE-CHECK": Case(
        at=[("It", "SourceDestCheck")],
        bad=one("EC2::Instance", SourceDestCheck=False),
        good=one("EC2::Instance", SourceDestCheck=True),
    ),
    # 2 Configuration
    "PCI-2.2.4-EXEC": Case(
        at=[("It", "EnableExecuteCommand")],
        bad=one("ECS::Service", EnableExecuteCommand=True),
        good=one("ECS::Service", EnableExecuteCommand=False),
    ),
    "PCI-2.2.4-FAULT-INJECTION": Case(
        at=[("Task", "EnableFaultInjection")],
        severity=Severity.WARNING,
        bad=task(EnableFaultInjection=True),
        good=task(),
    ),
    "PCI-2.2.6-PRIVILEGED": Case(
        at=[("Task", "ContainerDefinitions.0.Privileged")],
        bad=task({"Privileged": True}),
        good=task({"Privileged": False}),
    ),
    "PCI-2.2.4-ROOT-FILESYSTEM": Case(
        at=[("Task", "ContainerDefinitions.0.ReadonlyRootFilesystem")],
        bad=task(),
        good=task({"ReadonlyRootFilesystem": True}),
    ),
    "PCI-2.2.4-ROOT-USER": Case(
        at=[("Task", "ContainerDefinitions.0.User")],
        bad=task({"User": "0:0"}),
        good=task({"User": "101"}),
    ),
    "PCI-2.2.4-CAPABILITIES": Case(
        at=[("Task", "ContainerDefinitions.0.LinuxParameters.Capabilities")],
        severity=Severity.WARNING,
        bad=task({"LinuxParameters": {"Capabilities": {"Drop": ["ALL"], "Add": ["SYS_PTRACE"]}}}),
        good=task({"LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}}}),
    ),
    "PCI-2.2.6-SCRATCH": Case(
        at=[("Task", "ContainerDefinitions.0.LinuxParameters.Tmpfs.0.MountOptions")],
        severity=Severity.WARNING,
        bad=task(
            {"LinuxParameters": {"Tmpfs": [{"ContainerPath": "/tmp", "MountOptions": ["nodev"]}]}}
        ),
        good=task(
            {
                "LinuxParameters": {
                    "Tmpfs": [
                        {"ContainerPath": "/tmp", "MountOptions": ["nodev", "noexec", "nosuid"]}
                    ]
                }
            }
        ),
    ),
    "PCI-2.2.6-HOST-NAMESPACES": Case(
        at=[("Task", "PidMode")],
        bad=task(PidMode="host"),
        good=task(),
    ),
    "PCI-2.2.6-METADATA": Case(
        at=[("It", "MetadataOptions.HttpTokens")],
        bad=one("EC2::Instance"),
        good=one("EC2::Instance", MetadataOptions={"HttpTokens": "required"}),
    ),
    "PCI-2.2.2-MASTER-USERNAME": Case(
        at=[("It", "MasterUsername")],
        bad=one("RDS::DBCluster", MasterUsername="admin"),
        good=one("RDS::DBCluster", MasterUsername="txowner"),
    ),
    # 3 Stored data
    "PCI-3.5.1-DATABASE-ENCRYPTED": Case(
        at=[("It", "StorageEncrypted")],
        bad=one("RDS::DBCluster", Engine="aurora-mysql"),
        good=one("RDS::DBCluster", Engine="aurora-mysql", StorageEncrypted=True),
    ),
    "PCI-3.6.1-DATABASE-KEY": Case(
        at=[("It", "KmsKeyId")],
        severity=Severity.WARNING,
        bad=one("RDS::DBCluster", StorageEncrypted=True),
        good=one("RDS::DBCluster", StorageEncrypted=True, KmsKeyId="arn:aws:kms:r:1:key/k"),
    ),
    "PCI-3.6.1-INSIGHTS-KEY": Case(
        at=[("It", "PerformanceInsightsKmsKeyId")],
        severity=Severity.WARNING,
        bad=one("RDS::DBCluster", PerformanceInsightsEnabled=True),
        good=one(
            "RDS::DBCluster", PerformanceInsightsEnabled=True, PerformanceInsightsKmsKeyId="k"
        ),
    ),
    "PCI-3.3.1-STATEMENTS-LOGGED": Case(
        at=[("Parameters", "Parameters.server_audit_events")],
        bad=parameters(server_audit_events="CONNECT,QUERY"),
        good=parameters(server_audit_events="CONNECT,QUERY_DCL,QUERY_DDL"),
    ),
    "PCI-3.3.1-BODIES-LOGGED": Case(
        at=[("It", "MethodSettings.0.DataTraceEnabled")],
        bad=one("ApiGateway::Stage", MethodSettings=[{"DataTraceEnabled": True}]),
        good=one("ApiGateway::Stage", MethodSettings=[{"DataTraceEnabled": False}]),
    ),
    "PCI-3.5.1-BUCKET-KEY": Case(
        at=[("It", "BucketEncryption.ServerSideEncryptionConfiguration")],
        severity=Severity.WARNING,
        bad=one("S3::Bucket"),
        good=one(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": "arn:aws:kms:r:1:key/k",
                        }
                    }
                ]
            },
        ),
    ),
    "PCI-3.5.1-STORE-ENCRYPTED": Case(
        at=[("It", "Encrypted")],
        bad=one("EC2::Volume", Encrypted=False),
        good=one("EC2::Volume", Encrypted=True),
    ),
    "PCI-3.5.1-STORE-KEY": Case(
        at=[("It", "KmsMasterKeyId")],
        severity=Severity.WARNING,
        bad=one("SNS::Topic", KmsMasterKeyId="alias/aws/sns"),
        good=one("SNS::Topic", KmsMasterKeyId="arn:aws:kms:r:1:key/k"),
    ),
    "PCI-3.5.1-QUEUE-CLEAR": Case(
        at=[("It", "SqsManagedSseEnabled")],
        bad=one("SQS::Queue", SqsManagedSseEnabled=False),
        good=one("SQS::Queue", SqsManagedSseEnabled=True),
    ),
    "PCI-3.7.4-KEY-ROTATION": Case(
        at=[("It", "EnableKeyRotation")],
        bad=key(),
        good=key(EnableKeyRotation=True),
    ),
    "PCI-3.7.5-KEY-DELETION": Case(
        at=[("It", "PendingWindowInDays")],
        severity=Severity.WARNING,
        bad={
            "It": {
                **res("KMS::Key", PendingWindowInDays=7),
                "DeletionPolicy": "RetainExceptOnCreate",
            }
        },
        good={"It": {**res("KMS::Key", PendingWindowInDays=7), "DeletionPolicy": "Delete"}},
    ),
    "PCI-3.6.1-KEY-POLICY-PUBLIC": Case(
        at=[("It", "KeyPolicy.Statement.0")],
        bad=key(allow("kms:Decrypt", Principal="*")),
        good=key(
            allow(
                "kms:Decrypt",
                Principal="*",
                Condition={"StringEquals": {"kms:CallerAccount": "111111111111"}},
            )
        ),
    ),
    "PCI-3.6.1-KEY-USE": Case(
        at=[("It", "KeyPolicy.Statement.0")],
        severity=Severity.WARNING,
        bad=key(allow("kms:*", Principal=ROOT)),
        good=key(
            allow(
                "kms:Decrypt",
                Principal=ROOT,
                Condition={"StringEquals": {"kms:ViaService": "rds.eu-central-2.amazonaws.com"}},
            )
        ),
    ),
    "PCI-3.6.1-KEY-GRANTS": Case(
        at=[("It", "KeyPolicy.Statement.0")],
        severity=Severity.WARNING,
        bad=key(allow("kms:CreateGrant", Principal=ROOT)),
        good=key(
            allow(
                "kms:CreateGrant",
                Principal=ROOT,
                Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
            )
        ),
    ),
    "PCI-3.6.1-KEY-REGIONS": Case(
        at=[("It", "MultiRegion")],
        severity=Severity.WARNING,
        bad=key(MultiRegion=True),
        good=key(),
    ),
    "PCI-3.2.1-LOG-END": Case(
        at=[("It", "RetentionInDays")],
        severity=Severity.WARNING,
        bad=one("Logs::LogGroup"),
        good=one("Logs::LogGroup", RetentionInDays=400),
    ),
    # 4 Transmission
    "PCI-4.2.1-DATABASE-TLS": Case(
        at=[("Parameters", "Parameters.require_secure_transport")],
        bad=parameters(require_secure_transport="OFF"),
        good=parameters(require_secure_transport="ON"),
    ),
    "PCI-4.2.1-DATABASE-TLS-VERSION": Case(
        at=[("Parameters", "Parameters.tls_version")],
        bad=parameters(tls_version="TLSv1.1,TLSv1.2"),
        good=parameters(tls_version="TLSv1.2,TLSv1.3"),
    ),
    "PCI-4.2.1-LISTENER-PLAIN": Case(
        at=[("Listener", "DefaultActions.0")],
        bad={**web(), "Listener": listener(80, "HTTP", FORWARD)},
        good={**web(), "Listener": listener(80, "HTTP", REDIRECT)},
    ),
    "PCI-4.2.1-LISTENER-POLICY": Case(
        at=[("Listener", "SslPolicy")],
        bad=web(),
        good={
            **web(),
            "Listener": listener(
                443, "HTTPS", FORWARD, SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
            ),
        },
    ),
    "PCI-4.2.1-EDGE-TLS": Case(
        at=[
            ("It", "DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy"),
            ("It", "DistributionConfig.ViewerCertificate"),
        ],
        bad=one(
            "CloudFront::Distribution",
            DistributionConfig={
                "DefaultCacheBehavior": {"ViewerProtocolPolicy": "allow-all"},
                "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
            },
        ),
        good=one(
            "CloudFront::Distribution",
            DistributionConfig={
                "DefaultCacheBehavior": {"ViewerProtocolPolicy": "https-only"},
                "ViewerCertificate": {
                    "AcmCertificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/1",
                    "MinimumProtocolVersion": "TLSv1.2_2021",
                },
            },
        ),
    ),
    "PCI-4.2.1-PLAIN-REQUESTS": Case(
        at=[("Bucket", "")],
        bad={"Bucket": res("S3::Bucket")},
        good={
            "Bucket": res("S3::Bucket"),
            "Policy": res(
                "S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument=document(SSL_ONLY)
            ),
        },
    ),
    "PCI-4.2.1-CERTIFICATE-KEY": Case(
        at=[("It", "KeyAlgorithm")],
        bad=one("CertificateManager::Certificate", KeyAlgorithm="RSA_1024"),
        good=one("CertificateManager::Certificate", KeyAlgorithm="EC_prime256v1"),
    ),
    "PCI-4.2.1-STORE-TLS": Case(
        at=[("It", "TransitEncryptionEnabled")],
        bad=one("ElastiCache::ReplicationGroup"),
        good=one("ElastiCache::ReplicationGroup", TransitEncryptionEnabled=True),
    ),
    "PCI-1.4.4-SEARCH-PUBLIC": Case(
        at=[("It", "VPCOptions")],
        bad=one("OpenSearchService::Domain", AdvancedSecurityOptions={"Enabled": True}),
        good=one(
            "OpenSearchService::Domain",
            AdvancedSecurityOptions={"Enabled": True},
            VPCOptions={"SubnetIds": ["subnet-1"]},
        ),
    ),
    "PCI-1.4.4-BUCKET-PUBLIC": Case(
        at=[("It", "PublicAccessBlockConfiguration.BlockPublicAcls")],
        bad=one(
            "S3::Bucket", PublicAccessBlockConfiguration={**FULL_BLOCK, "BlockPublicAcls": False}
        ),
        good=one("S3::Bucket", PublicAccessBlockConfiguration=FULL_BLOCK),
    ),
    # 6 Software
    "PCI-6.2.4-INVALID-HEADERS": Case(
        at=[("Lb", "LoadBalancerAttributes")],
        bad={"Lb": balancer()},
        good={
            "Lb": balancer(**attributes(routing__http__drop_invalid_header_fields__enabled="true"))
        },
    ),
    "PCI-6.2.4-DESYNC": Case(
        at=[("Lb", "LoadBalancerAttributes")],
        bad={"Lb": balancer(**attributes(routing__http__desync_mitigation_mode="monitor"))},
        good={"Lb": balancer(**attributes(routing__http__desync_mitigation_mode="strictest"))},
    ),
    "PCI-6.3.3-PLATFORM": Case(
        at=[("It", "PlatformVersion")],
        bad=one("ECS::Service", PlatformVersion="1.3.0"),
        good=one("ECS::Service", PlatformVersion="LATEST"),
    ),
    "PCI-6.3.3-RUNTIME": Case(
        at=[("It", "Runtime")],
        bad=one("Lambda::Function", Runtime="python3.8"),
        good=one("Lambda::Function", Runtime="python3.13"),
    ),
    "PCI-6.3.3-DATABASE-PATCHES": Case(
        at=[("It", "AutoMinorVersionUpgrade")],
        bad=one("RDS::DBInstance", AutoMinorVersionUpgrade=False, EngineVersion="8.0.40"),
        good=one(
            "RDS::DBInstance",
            AutoMinorVersionUpgrade=False,
            EngineVersion="8.0.mysql_aurora.3.10.4",
        ),
    ),
    "PCI-6.4.2-FIREWALL-MISSING": Case(
        at=[("Lb", "")],
        bad=web(),
        good={
            **web(),
            "Link": res("WAFv2::WebACLAssociation", ResourceArn=ref("Lb"), WebACLArn="arn:acl"),
        },
    ),
    "PCI-6.4.2-FIREWALL-BLOCKS": Case(
        at=[("Acl", "Rules.0.OverrideAction")],
        bad=acl(managed("AWSManagedRulesCommonRuleSet", "Count")),
        good=acl(*ALL_COVERED),
    ),
    "PCI-6.4.2-FIREWALL-COVER": Case(
        at=[("Acl", "Rules")],
        bad=acl(*ALL_COVERED[:3]),
        good=acl(*ALL_COVERED),
    ),
    "PCI-6.4.2-RATE-LIMIT": Case(
        at=[("Acl", "Rules.0.Statement.RateBasedStatement.Limit")],
        severity=Severity.WARNING,
        bad=acl(rate(1_000_000)),
        good=acl(rate(2000)),
    ),
    "PCI-3.3.1-FIREWALL-LOG-REDACTED": Case(
        at=[("It", "RedactedFields")],
        severity=Severity.WARNING,
        bad=one("WAFv2::LoggingConfiguration", ResourceArn="arn", LogDestinationConfigs=["arn"]),
        good=one(
            "WAFv2::LoggingConfiguration",
            ResourceArn="arn",
            LogDestinationConfigs=["arn"],
            RedactedFields=[
                {"SingleHeader": {"Name": "authorization"}},
                {"SingleHeader": {"Name": "cookie"}},
            ],
        ),
    ),
    # 7 Access
    "PCI-7.2.5-ACTION-WILDCARD": Case(
        at=[("It", "Policies.0.PolicyDocument.Statement.0")],
        bad=role(allow("s3:*")),
        good=role(allow("s3:GetObject", "arn:b/*")),
    ),
    "PCI-7.2.5-RESOURCE-WILDCARD": Case(
        at=[("It", "Policies.0.PolicyDocument.Statement.0")],
        bad=role(allow("secretsmanager:GetSecretValue")),
        good=role(allow("secretsmanager:GetRandomPassword")),
    ),
    "PCI-7.2.5-BROAD-POLICY": Case(
        at=[("It", "ManagedPolicyArns.0")],
        bad=one("IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
        good=one(
            "IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"]
        ),
    ),
    "PCI-7.2.5-CONFUSED-DEPUTY": Case(
        at=[("It", "AssumeRolePolicyDocument.Statement.0")],
        severity=Severity.WARNING,
        bad=role(trust=trusting("vpc-flow-logs.amazonaws.com")),
        good=role(trust=trusting("vpc-flow-logs.amazonaws.com", Condition=OWN_ACCOUNT)),
    ),
    "PCI-7.2.5-FOREIGN-ACCOUNT": Case(
        at=[("It", "AssumeRolePolicyDocument.Statement.0")],
        severity=Severity.WARNING,
        bad=role(trust=assumed_by({"AWS": FOREIGN})),
        good=role(
            trust=assumed_by(
                {"AWS": FOREIGN}, Condition={"StringEquals": {"sts:ExternalId": "a1b2c3"}}
            )
        ),
    ),
    "PCI-7.2.5-PROVIDER-SUBJECT": Case(
        at=[("It", "AssumeRolePolicyDocument.Statement.0")],
        bad=role(trust=federated({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}})),
        good=role(trust=federated({"StringLike": {f"{GITHUB}:sub": "repo:owner/app:*"}})),
    ),
    "PCI-8.3.6-USER-POOL": Case(
        at=[("It", "MfaConfiguration")],
        bad=one("Cognito::UserPool", Policies=STRONG_PASSWORD, MfaConfiguration="OFF"),
        good=one("Cognito::UserPool", Policies=STRONG_PASSWORD, MfaConfiguration="ON"),
    ),
    "PCI-7.2.5-ENDPOINT-POLICY": Case(
        at=[("It", "PolicyDocument")],
        severity=Severity.WARNING,
        bad=one("EC2::VPCEndpoint", ServiceName="com.amazonaws.r.s3"),
        good=one(
            "EC2::VPCEndpoint",
            ServiceName="com.amazonaws.r.s3",
            PolicyDocument=document(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*")),
        ),
    ),
    "PCI-7.2.5-ROLE-SHARED": Case(
        at=[("Task", "TaskRoleArn")],
        bad=task(TaskRoleArn=att("Role", "Arn"), ExecutionRoleArn=att("Role", "Arn"))
        | {"Role": res("IAM::Role")},
        good=task(ExecutionRoleArn=att("Role", "Arn")) | {"Role": res("IAM::Role")},
    ),
    "PCI-7.2.5-DATABASE-IAM": Case(
        at=[("It", "EnableIAMDatabaseAuthentication")],
        severity=Severity.WARNING,
        bad=one("RDS::DBCluster", Engine="aurora-mysql"),
        good=one("RDS::DBCluster", Engine="aurora-mysql", EnableIAMDatabaseAuthentication=True),
    ),
    "PCI-7.2.2-USER-POLICY": Case(
        at=[("It", "ManagedPolicyArns")],
        severity=Severity.WARNING,
        bad=one("IAM::User", ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        good=one("IAM::User", Groups=["readers"]),
    ),
    "PCI-7.2.1-POLICY-READABLE": Case(
        at=[("It", "PolicyDocument")],
        severity=Severity.WARNING,
        bad=one("IAM::ManagedPolicy", PolicyDocument={"Fn::ImportValue": "policy"}),
        good=one("IAM::ManagedPolicy", PolicyDocument=document()),
    ),
    "PCI-7.3.3-POLICY-PUBLIC": Case(
        at=[("It", "PolicyDocument.Statement.0")],
        bad=one(
            "SQS::QueuePolicy",
            PolicyDocument=document(allow("sqs:SendMessage", Principal={"AWS": "*"})),
        ),
        good=one(
            "SQS::QueuePolicy",
            PolicyDocument=document(
                allow("sqs:SendMessage", Principal={"AWS": "*"}, Condition=OWN_ACCOUNT)
            ),
        ),
    ),
    "PCI-7.3.3-BUCKET-ACLS": Case(
        at=[("It", "OwnershipControls.Rules.0.ObjectOwnership")],
        severity=Severity.WARNING,
        bad=one("S3::Bucket", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        good=one(
            "S3::Bucket", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        ),
    ),
    "PCI-7.3.3-FUNCTION-PUBLIC": Case(
        at=[("It", "AuthType")],
        bad=one("Lambda::Url", AuthType="NONE"),
        good=one("Lambda::Url", AuthType="AWS_IAM"),
    ),
    # 8 Authentication
    "PCI-8.6.3-SECRET-ROTATION": Case(
        at=[("It", "")],
        bad=secret(None),
        good=secret("rate(30 days)"),
    ),
    "PCI-8.3.2-SECRET-KEY": Case(
        at=[("It", "KmsKeyId")],
        severity=Severity.WARNING,
        bad=one("SecretsManager::Secret"),
        good=one("SecretsManager::Secret", KmsKeyId="arn:aws:kms:r:1:key/k"),
    ),
    "PCI-8.3.6-PASSWORD-STRENGTH": Case(
        at=[("It", "GenerateSecretString.PasswordLength")],
        bad=one("SecretsManager::Secret", GenerateSecretString={"PasswordLength": 8}),
        good=one("SecretsManager::Secret", GenerateSecretString={"PasswordLength": 32}),
    ),
    "PCI-8.6.2-ENVIRONMENT": Case(
        at=[("It", "Environment.Variables.DB_PASSWORD")],
        bad=one("Lambda::Function", Environment={"Variables": {"DB_PASSWORD": "hunter22"}}),
        good=one(
            "Lambda::Function", Environment={"Variables": {"DB_PASSWORD_ARN": "arn:aws:s:secret"}}
        ),
    ),
    "PCI-8.6.2-PASSWORD-LITERAL": Case(
        at=[("It", "MasterUserPassword")],
        bad=one("RDS::DBCluster", MasterUserPassword="hunter22"),
        good=one(
            "RDS::DBCluster",
            MasterUserPassword="{{resolve:secretsmanager:db:SecretString:password}}",
        ),
    ),
    "PCI-8.6.2-KEY-LITERAL": Case(
        at=[("It", "UserData")],
        bad=one("EC2::Instance", UserData=PRIVATE_KEY),
        good=one("EC2::Instance", UserData="-----BEGIN CERTIFICATE-----"),
    ),
    "PCI-8.6.2-TEXT": Case(
        at=[("Task", "ContainerDefinitions.0.Command")],
        bad=task({"Command": ["serve", "--password", "hunter22"]}),
        good=task({"Command": ["serve", "--password-file", "/run/secrets/password"]}),
    ),
    "PCI-8.6.2-LOOKS-RANDOM": Case(
        at=[("It", "Environment.Variables.BLOB")],
        bad=one(
            "Lambda::Function",
            Environment={"Variables": {"BLOB": "kJ8sQ2vLx0Zp4Rt7Wn1Yb6Mc3Hd9Fg5A"}},
        ),
        good=one(
            "Lambda::Function",
            Environment={"Variables": {"BLOB_ID": "kJ8sQ2vLx0Zp4Rt7Wn1Yb6Mc3Hd9Fg5A"}},
        ),
    ),
    "PCI-8.6.2-PARAMETER": Case(
        at=[("", "Parameters.DbPassword.Default")],
        bad=one("SNS::Topic"),
        sections={"Parameters": {"DbPassword": {"Type": "String", "Default": "hunter22"}}},
        good=one("SNS::Topic"),
    ),
    "PCI-8.6.2-OUTPUT": Case(
        at=[("", "Outputs.Password.Value")],
        bad=one("SNS::Topic"),
        sections={
            "Parameters": {"Hidden": {"Type": "String", "NoEcho": True}},
            "Outputs": {"Password": {"Value": ref("Hidden")}},
        },
        good=one("SNS::Topic"),
    ),
    "PCI-8.6.1-LONG-LIVED-KEY": Case(
        at=[("It", "")],
        bad=one("IAM::AccessKey", UserName="u"),
        good=one("IAM::Role"),
    ),
    "PCI-8.6.2-CONTAINER-SECRETS": Case(
        at=[("Task", "ContainerDefinitions.0.Secrets.0.ValueFrom")],
        bad=task({"Secrets": [{"Name": "PASSWORD"}]}),
        good=task({"Secrets": [{"Name": "PASSWORD", "ValueFrom": "arn:aws:secretsmanager:r:1:s"}]}),
    ),
    "PCI-7.2.5-MASTER-USER": Case(
        at=[("Task", "ContainerDefinitions.0.Secrets.0.ValueFrom")],
        bad={
            **one("RDS::DBCluster", ManageMasterUserPassword=True),
            **task(
                {"Secrets": [{"Name": "P", "ValueFrom": att("It", "MasterUserSecret.SecretArn")}]}
            ),
        },
        good={
            **one("RDS::DBCluster", ManageMasterUserPassword=True),
            "Own": res("SecretsManager::Secret"),
            **task({"Secrets": [{"Name": "P", "ValueFrom": ref("Own")}]}),
        },
    ),
    # 10 Logs
    "PCI-10.2.1-DATABASE-AUDIT": Case(
        at=[("Parameters", "Parameters.server_audit_events")],
        bad=parameters(server_audit_logging="1", server_audit_events="CONNECT"),
        good=parameters(
            server_audit_logging="1", server_audit_events="CONNECT,QUERY_DCL,QUERY_DDL"
        ),
    ),
    "PCI-10.2.1-DATABASE-EXPORTS": Case(
        at=[("It", "EnableCloudwatchLogsExports")],
        bad=one("RDS::DBCluster", Engine="aurora-mysql", EnableCloudwatchLogsExports=["error"]),
        good=one(
            "RDS::DBCluster", Engine="aurora-mysql", EnableCloudwatchLogsExports=["audit", "error"]
        ),
    ),
    "PCI-10.5.1-LOG-RETENTION": Case(
        at=[("It", "RetentionInDays")],
        bad=one("Logs::LogGroup", RetentionInDays=180),
        good=one("Logs::LogGroup", RetentionInDays=365),
    ),
    "PCI-10.3.1-LOG-ENCRYPTED": Case(
        at=[("It", "KmsKeyId")],
        bad=one("Logs::LogGroup"),
        good=one("Logs::LogGroup", KmsKeyId="arn:aws:kms:r:1:key/k"),
    ),
    "PCI-10.3.1-LOG-GROUP-IMPLICIT": Case(
        at=[("It", "LoggingConfig.LogGroup")],
        severity=Severity.WARNING,
        bad=one("Lambda::Function", FunctionName="pay"),
        good=one("Lambda::Function", FunctionName="pay")
        | {"Group": res("Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${It}"})},
    ),
    "PCI-10.3.1-LOG-GROUP-RETURNS": Case(
        at=[("Role", "ManagedPolicyArns.0")],
        severity=Severity.WARNING,
        bad=function(managed=("AWSLambdaBasicExecutionRole",)),
        good=function(allow(["logs:CreateLogStream", "logs:PutLogEvents"], att("Group", "Arn"))),
    ),
    "PCI-10.3.2-LOG-TOKEN": Case(
        at=[("It", "BearerTokenAuthenticationEnabled")],
        bad=one("Logs::LogGroup", BearerTokenAuthenticationEnabled=True),
        good=one("Logs::LogGroup"),
    ),
    "PCI-10.4.1.1-LOG-CLASS": Case(
        at=[("It", "LogGroupClass")],
        severity=Severity.WARNING,
        bad=one("Logs::LogGroup", LogGroupClass="INFREQUENT_ACCESS"),
        good=one("Logs::LogGroup", LogGroupClass="STANDARD"),
    ),
    "PCI-10.2.1-FLOW-LOGS": Case(
        at=[("Vpc", "")],
        bad={"Vpc": res("EC2::VPC", CidrBlock="10.0.0.0/16")},
        good={
            "Vpc": res("EC2::VPC", CidrBlock="10.0.0.0/16"),
            "Log": res(
                "EC2::FlowLog",
                ResourceType="VPC",
                ResourceId=ref("Vpc"),
                TrafficType="ALL",
                LogDestinationType="s3",
                LogDestination="arn:aws:s3:::flow-logs",
            ),
        },
    ),
    "PCI-10.2.1-BALANCER-LOGS": Case(
        at=[("Lb", "LoadBalancerAttributes")],
        bad={"Lb": balancer()},
        good=log_bucket(),
    ),
    "PCI-10.2.1-BALANCER-LOG-BUCKET": Case(
        at=[
            (
                "Bucket",
                "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm",
            )
        ],
        bad=log_bucket(
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                ]
            }
        ),
        good=log_bucket(),
    ),
    "PCI-10.3.2-LOG-BUCKET-VERSIONED": Case(
        at=[("Bucket", "VersioningConfiguration.Status")],
        bad=log_bucket(),
        good=log_bucket(VersioningConfiguration={"Status": "Enabled"}),
    ),
    "PCI-10.5.1-LOG-BUCKET-RETENTION": Case(
        at=[("Bucket", "LifecycleConfiguration.Rules")],
        bad=log_bucket(
            LifecycleConfiguration={"Rules": [{"Status": "Enabled", "ExpirationInDays": 90}]}
        ),
        good=log_bucket(
            LifecycleConfiguration={"Rules": [{"Status": "Enabled", "ExpirationInDays": 365}]}
        ),
    ),
    "PCI-10.2.1-CONTAINER-LOGS": Case(
        at=[("Task", "ContainerDefinitions.0.LogConfiguration")],
        bad=task(),
        good=task(
            {"LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "g"}}}
        ),
    ),
    "PCI-10.3.2-LOG-DELETION": Case(
        at=[("It", "Policies.0.PolicyDocument.Statement.0")],
        severity=Severity.WARNING,
        bad=role(allow("logs:DeleteLogStream", "arn:g")),
        good=role(allow("logs:PutLogEvents", "arn:g")),
    ),
    "PCI-10.3.2-TRAIL": Case(
        at=[("It", "EnableLogFileValidation"), ("It", "IsMultiRegionTrail"), ("It", "KMSKeyId")],
        bad=one("CloudTrail::Trail", IsLogging=True),
        good=one(
            "CloudTrail::Trail",
            IsLogging=True,
            EnableLogFileValidation=True,
            IsMultiRegionTrail=True,
            KMSKeyId="arn:aws:kms:r:1:key/k",
        ),
    ),
    "PCI-10.2.1-SERVICE-LOGS": Case(
        at=[("It", "AccessLogSettings.DestinationArn")],
        bad=one("ApiGatewayV2::Stage"),
        good=one("ApiGatewayV2::Stage", AccessLogSettings={"DestinationArn": "arn:g"}),
    ),
    "PCI-10.2.1-BUCKET-LOGS": Case(
        at=[("It", "LoggingConfiguration")],
        severity=Severity.WARNING,
        bad=one("S3::Bucket"),
        good=one("S3::Bucket", LoggingConfiguration={"DestinationBucketName": "logs"}),
    ),
    "PCI-1.3.2-DNS-FIREWALL": Case(
        at=[("Names", "FirewallRules")],
        bad={**NAMES, "Names": res("Route53Resolver::FirewallRuleGroup", FirewallRules=[LISTED])},
        good={
            **NAMES,
            "Names": res("Route53Resolver::FirewallRuleGroup", FirewallRules=[LISTED, OTHERS]),
        },
    ),
    "PCI-10.2.1-DNS-LOG": Case(
        at=[("Firewall", "VpcId")],
        bad=NAMES,
        good={
            **NAMES,
            "Log": res("Route53Resolver::ResolverQueryLoggingConfig", DestinationArn="arn:aws:x"),
            "Logged": res(
                "Route53Resolver::ResolverQueryLoggingConfigAssociation",
                ResourceId="vpc-1",
                ResolverQueryLogConfigId=ref("Log"),
            ),
        },
    ),
    "PCI-10.4.2-FIREWALL-LOG": Case(
        at=[("Acl", "")],
        bad=acl(*ALL_COVERED),
        good={
            **acl(*ALL_COVERED),
            "Log": res(
                "WAFv2::LoggingConfiguration",
                ResourceArn=att("Acl", "Arn"),
                LogDestinationConfigs=["arn:aws:logs:r:1:log-group:aws-waf-logs-x"],
            ),
        },
    ),
    "PCI-10.4.1.1-FIREWALL-METRICS": Case(
        at=[
            ("Acl", "Rules.0.VisibilityConfig.CloudWatchMetricsEnabled"),
            ("Acl", "VisibilityConfig.CloudWatchMetricsEnabled"),
        ],
        severity=Severity.WARNING,
        bad=acl({**rate(2000), "VisibilityConfig": {"CloudWatchMetricsEnabled": False}}),
        good=acl(rate(2000), VisibilityConfig={"CloudWatchMetricsEnabled": True}),
    ),
    "PCI-10.4.2-CONTAINER-INSIGHTS": Case(
        at=[("It", "ClusterSettings")],
        severity=Severity.WARNING,
        bad=one("ECS::Cluster"),
        good=one(
            "ECS::Cluster", ClusterSettings=[{"Name": "containerInsights", "Value": "enabled"}]
        ),
    ),
    "PCI-10.7.2-ALARM-ACTIONS": Case(
        at=[("It", "AlarmActions")],
        bad=one("CloudWatch::Alarm"),
        good=one("CloudWatch::Alarm", AlarmActions=["arn:topic"]),
    ),
    "PCI-10.7.2-CONTROL-FAILURE": Case(
        at=[("Log", "")],
        severity=Severity.WARNING,
        bad=silent_flow_log(TreatMissingData="notBreaching"),
        good=silent_flow_log(),
    ),
    "PCI-10.7.2-ALARM-ARRIVES": Case(
        at=[("Key", "KeyPolicy"), ("Key", "KeyPolicy")],
        bad=alarm_topic(["events.rds.amazonaws.com"]),
        good=alarm_topic(["cloudwatch.amazonaws.com"], ["cloudwatch.amazonaws.com"]),
    ),
    # 11 Testing
    "PCI-11.3.1-IMAGE-SCAN": Case(
        at=[("It", "ImageScanningConfiguration.ScanOnPush")],
        bad=one("ECR::Repository", ImageTagMutability="IMMUTABLE"),
        good=one(
            "ECR::Repository",
            ImageTagMutability="IMMUTABLE",
            ImageScanningConfiguration={"ScanOnPush": True},
        ),
    ),
    "PCI-11.5.2-IMAGE": Case(
        at=[("Task", "ContainerDefinitions.0.Image")],
        severity=Severity.WARNING,
        bad=task({"Image": "public.ecr.aws/nginx/nginx:latest"}),
        good=task({"Image": "public.ecr.aws/nginx/nginx:1.29"}),
    ),
    "PCI-11.5.2-DATABASE-EVENTS": Case(
        at=[("Db", "")],
        severity=Severity.WARNING,
        bad=events(EventCategories=["failure"]),
        good=events(),
    ),
}
