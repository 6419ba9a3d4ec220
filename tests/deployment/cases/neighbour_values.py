"""Values that neighbours of the stack do not take: type, path, a bad value, a good one."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_EDGE = "arn:aws:lambda:us-east-1:111111111111:function:f"
_ACL = "arn:aws:wafv2:us-east-1:111111111111"
_AT = "DistributionConfig.DefaultCacheBehavior"
_RULE = "BackupPlan.BackupPlanRule.0"
_HEALTH = "HealthCheckConfig"
_VALUES = (
    ("ApiGatewayV2::Authorizer", "JwtConfiguration.Issuer", "http://a.io", "https://a.io"),
    ("ApiGatewayV2::Integration", "TimeoutInMillis", "30001", "30000"),
    ("ApiGatewayV2::Route", "Target", "abc", "integrations/abc"),
    ("Backup::BackupPlan", f"{_RULE}.CopyActions.0.DestinationBackupVaultArn", "other",
     "arn:aws:backup:eu-west-1:111111111111:backup-vault:other"),
    ("Backup::BackupSelection", "BackupSelection.ListOfTags.0.ConditionType", "EQUALS",
     "STRINGEQUALS"),
    ("Backup::BackupVault", "LockConfiguration.ChangeableForDays", "2", "3"),
    ("Batch::JobDefinition", "Timeout.AttemptDurationSeconds", "59", "60"),
    ("Batch::JobDefinition", "RetryStrategy.Attempts", "11", "10"),
    ("CloudFront::Distribution", "DistributionConfig.CustomErrorResponses.0.ErrorCode", "418",
     "404"),
    ("CloudFront::Distribution", "DistributionConfig.Origins.0.DomainName", "https://a.example",
     "a.example"),
    ("CloudFront::Distribution", "DistributionConfig.WebACLId", f"{_ACL}:regional/webacl/a/b",
     f"{_ACL}:global/webacl/a/b"),
    ("CloudFront::Distribution", f"{_AT}.FunctionAssociations.0.EventType", "origin-request",
     "viewer-request"),
    ("CloudFront::Distribution", f"{_AT}.LambdaFunctionAssociations.0.LambdaFunctionARN",
     f"{_EDGE}:$LATEST", f"{_EDGE}:3"),
    ("CloudTrail::Trail", "TrailName", "my..trail", "my.trail"),
    ("CodeBuild::Project", "Environment.Type", "ARM_CONTAINERS", "ARM_CONTAINER"),
    ("Cognito::UserPool", "Policies.PasswordPolicy.MinimumLength", "5", "6"),
    ("Cognito::UserPoolClient", "CallbackURLs.0", "http://a.example/b", "http://localhost:3000/b"),
    ("Cognito::UserPoolClient", "LogoutURLs.0", "https://a.example/#b", "app://b"),
    ("Cognito::UserPool", "AccountRecoverySetting.RecoveryMechanisms.0.Name", "email",
     "verified_email"),
    ("Cognito::UserPoolIdentityProvider", "ProviderType", "SAML2", "SAML"),
    ("Route53Resolver::FirewallRuleGroupAssociation", "Priority", "100", "101"),
    ("ServiceDiscovery::Service", "DnsConfig.DnsRecords.0.Type", "MX", "SRV"),
    ("Synthetics::Canary", "Schedule.Expression", "rate(90 minutes)", "rate(1 hour)"),
    ("Cognito::UserPoolDomain", "Domain", "pay-aws", "pay"),
    ("Config::ConfigRule", "MaximumExecutionFrequency", "Daily", "TwentyFour_Hours"),
    ("DynamoDB::Table", "TableClass", "INFREQUENT", "STANDARD_INFREQUENT_ACCESS"),
    ("EC2::TransitGateway", "AmazonSideAsn", "65535", "65534"),
    ("EC2::TransitGateway", "AmazonSideAsn", "64511", "4200000000"),
    ("ECS::Service", "DeploymentConfiguration.MinimumHealthyPercent", "-1", "50"),
    ("ElasticLoadBalancingV2::Listener", "LoadBalancerArn", "my-lb",
     "arn:aws:elasticloadbalancing:eu-central-2:111111111111:loadbalancer/app/a/b"),
    ("Lambda::Function", "LoggingConfig.LogGroup", "a b", "/a/b"),
    ("RDS::DBCluster", "RestoreType", "fast", "copy-on-write"),
    ("S3::Bucket", "LoggingConfiguration.DestinationBucketName", "Logs_1", "logs-1"),
    ("S3::Bucket",
     "LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation", "0", "7"),
    ("SecretsManager::Secret", "ReplicaRegions.0.Region", "mars-1", "eu-west-1"),
    ("ECS::TaskDefinition", "Volumes.0.EFSVolumeConfiguration.FilesystemId", "efs-1",
     "fs-0123456789abcdef0"),
    ("ElastiCache::ReplicationGroup", "Engine", "memcached", "valkey"),
    ("ElastiCache::ParameterGroup", "Properties.maxmemory-policy", "allkeys", "allkeys-lru"),
    ("ElastiCache::SubnetGroup", "CacheSubnetGroupName", "my pay", "my-pay"),
    ("ElasticLoadBalancingV2::Listener", "MutualAuthentication.Mode", "strict", "passthrough"),
    ("Events::ApiDestination", "InvocationEndpoint", "http://a.example", "https://a.example"),
    ("Events::EventBus", "Name", "default", "pay"),
    ("GuardDuty::Filter", "Name", "low risk", "low-risk"),
    ("NetworkFirewall::FirewallPolicy", "FirewallPolicy.StatelessDefaultActions.0", "aws:alert",
     "aws:drop"),
    ("NetworkFirewall::RuleGroup", "RuleGroup.RulesSource.RulesSourceList.Targets.0",
     "https://a.example", ".a.example"),
    ("Route53::HealthCheck", f"{_HEALTH}.RequestInterval", "20", "10"),
    ("Route53::RecordSetGroup", "RecordSets.0.Weight", "256", "255"),
    ("S3::Bucket", "LifecycleConfiguration.Rules.0.Transitions.0.StorageClass", "ARCHIVE",
     "GLACIER"),
    ("SNS::TopicPolicy", "Topics.0", "alarms", "arn:aws:sns:eu-central-2:111111111111:alarms"),
    ("SNS::Topic", "DisplayName", "x" * 101, "x" * 100),
    ("SSM::Document", "Name", "AWS-run", "pay-run"),
    ("SSM::Parameter", "Name", "/aws/url", "/pay/url"),
    ("SSM::Parameter", "Name", "pay/url", "/awsome/url"),
    ("SSM::Parameter", "Type", "SecureString", "StringList"),
    ("StepFunctions::StateMachine", "StateMachineType", "FAST", "EXPRESS"),
)  # fmt: skip
# type, properties that are refused, the property of the finding, properties that are taken
_PAIRS = (
    ("ApiGatewayV2::Api", "{ProtocolType: WEBSOCKET}", "RouteSelectionExpression",
     "{ProtocolType: HTTP}"),
    ("ApiGatewayV2::Authorizer", "{AuthorizerType: REQUEST}", "AuthorizerUri",
     "{AuthorizerType: REQUEST, AuthorizerUri: !Ref U}"),
    ("ApiGatewayV2::Route", "{AuthorizationType: JWT}", "AuthorizerId",
     "{AuthorizationType: AWS_IAM}"),
    ("Batch::ComputeEnvironment",
     "{ComputeResources: {Type: FARGATE, SecurityGroupIds: [a], MinvCpus: 1}}",
     "ComputeResources.MinvCpus", "{ComputeResources: {Type: FARGATE, SecurityGroupIds: [a]}}"),
    ("CloudFront::Distribution", "{DistributionConfig: {Origins: [{Id: o, DomainName: a.io}]}}",
     "DistributionConfig.Origins.0.S3OriginConfig",
     "{DistributionConfig: {Origins: [{Id: o, DomainName: a.io, VpcOriginConfig: {A: b}}]}}"),
    ("CloudFront::Distribution",
     "{DistributionConfig: {ViewerCertificate: {AcmCertificateArn: !Ref C}}}",
     "DistributionConfig.ViewerCertificate.SslSupportMethod",
     "{DistributionConfig: {ViewerCertificate: {AcmCertificateArn: !Ref C,"
     " SslSupportMethod: vip}}}"),
    ("CloudTrail::Trail", "{EventSelectors: [{}], AdvancedEventSelectors: [{}]}",
     "AdvancedEventSelectors", "{EventSelectors: [{}]}"),
    ("CodeBuild::Project", "{Source: {Type: GITHUB}}", "Source.Location",
     "{Source: {Type: GITHUB, Location: 'https://github.com/a/b'}}"),
    ("Cognito::UserPool", "{MfaConfiguration: 'ON'}", "EnabledMfas",
     "{MfaConfiguration: 'ON', EnabledMfas: [EMAIL_OTP]}"),
    ("Config::ConfigurationRecorder",
     "{RecordingGroup: {AllSupported: false, IncludeGlobalResourceTypes: true}}",
     "RecordingGroup.AllSupported", "{RecordingGroup: {AllSupported: true}}"),
    ("EC2::VPC", "{EnableDnsHostnames: true, EnableDnsSupport: false}", "EnableDnsSupport",
     "{EnableDnsHostnames: true, EnableDnsSupport: true}"),
    ("ECS::Cluster", "{Configuration: {ExecuteCommandConfiguration: {Logging: OVERRIDE}}}",
     "Configuration.ExecuteCommandConfiguration.LogConfiguration",
     "{Configuration: {ExecuteCommandConfiguration: {Logging: DEFAULT}}}"),
    ("ElasticLoadBalancingV2::TargetGroup", "{TargetType: ip, HealthCheckEnabled: false}",
     "HealthCheckEnabled", "{TargetType: lambda, HealthCheckEnabled: false}"),
    ("EFS::FileSystem", "{ThroughputMode: provisioned}", "ProvisionedThroughputInMibps",
     "{ThroughputMode: provisioned, ProvisionedThroughputInMibps: 10}"),
    ("EFS::FileSystem", "{PerformanceMode: maxIO, ThroughputMode: elastic}", "ThroughputMode",
     "{PerformanceMode: maxIO, ThroughputMode: bursting}"),
    ("ElastiCache::ReplicationGroup", "{UserGroupIds: [g]}", "TransitEncryptionEnabled",
     "{UserGroupIds: [g], TransitEncryptionEnabled: true}"),
    ("Events::Connection", "{AuthorizationType: BASIC, AuthParameters: {ApiKeyAuthParameters: {}}}",
     "AuthParameters.BasicAuthParameters",
     "{AuthorizationType: BASIC, AuthParameters: {BasicAuthParameters: {Username: !Ref U}}}"),
    ("KinesisFirehose::DeliveryStream",
     "{ExtendedS3DestinationConfiguration: {S3BackupMode: Enabled}}",
     "ExtendedS3DestinationConfiguration.S3BackupConfiguration",
     "{ExtendedS3DestinationConfiguration: {S3BackupMode: Disabled}}"),
    ("NetworkFirewall::FirewallPolicy",
     "{FirewallPolicy: {StatefulDefaultActions: ['aws:drop_strict']}}",
     "FirewallPolicy.StatefulEngineOptions.RuleOrder",
     "{FirewallPolicy: {StatefulDefaultActions: ['aws:drop_strict'],"
     " StatefulEngineOptions: {RuleOrder: STRICT_ORDER}}}"),
    ("RDS::DBCluster", "{Domain: d-1234567890}", "DomainIAMRoleName",
     "{Domain: d-1234567890, DomainIAMRoleName: r}"),
    ("Route53::HealthCheck", "{HealthCheckConfig: {Type: TCP, IPAddress: 192.0.2.1}}",
     f"{_HEALTH}.Port", "{HealthCheckConfig: {Type: TCP, IPAddress: 192.0.2.1, Port: 443}}"),
    ("Route53::RecordSetGroup", "{RecordSets: [{ResourceRecords: [a]}]}", "RecordSets.0.TTL",
     "{RecordSets: [{ResourceRecords: [a], TTL: '60'}]}"),
    ("Route53Resolver::FirewallRuleGroup", "{FirewallRules: [{Action: BLOCK}]}",
     "FirewallRules.0.BlockResponse",
     "{FirewallRules: [{Action: BLOCK, BlockResponse: NODATA}, {Action: ALLOW}]}"),
    ("ServiceDiscovery::Service", "{HealthCheckConfig: {A: b}, HealthCheckCustomConfig: {A: b}}",
     "HealthCheckCustomConfig", "{HealthCheckCustomConfig: {A: b}}"),
    ("SSM::Parameter", "{Policies: '[]', Tier: Standard}", "Tier",
     "{Policies: '[]', Tier: Advanced}"),
    ("StepFunctions::StateMachine", "{LoggingConfiguration: {Level: ERROR}}",
     "LoggingConfiguration.Destinations", "{LoggingConfiguration: {Level: 'OFF'}}"),
)  # fmt: skip


def _whole(kind: str, properties: str) -> str:
    return template(f"Thing:\n  Type: AWS::{kind}\n  Properties: {properties}")


def _nested(path: str, value: str) -> str:
    text = f"'{value}'"
    for step in reversed(path.split(".")):
        text = f"[{text}]" if step == "0" else f"{{{step}: {text}}}"
    return text


CASES = (
    *(
        Case(
            rule="DEPLOY-LIMIT",
            name=f"{kind} {path} {good}"[:80],
            severity=Severity.FATAL,
            property=path,
            bad=_whole(kind, _nested(path, bad)),
            good=_whole(kind, _nested(path, good)),
        )
        for kind, path, bad, good in _VALUES
    ),
    *(
        Case(
            rule="DEPLOY-RELATION",
            name=f"{kind} {path}",
            severity=Severity.FATAL,
            property=path,
            bad=_whole(kind, bad),
            good=_whole(kind, good),
        )
        for kind, bad, path, good in _PAIRS
    ),
)
