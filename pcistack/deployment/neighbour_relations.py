"""What settings of user pools, CDNs, builds, batch jobs and other neighbours ask of each other.

See :mod:`pcistack.deployment.relations`.
"""

from __future__ import annotations

from typing import Final

from pcistack.deployment.relations import ON, Relation

_CACHED: Final = "DistributionConfig"
_FIREHOSE: Final = "ExtendedS3DestinationConfiguration"
_EXEC: Final = "Configuration.ExecuteCommandConfiguration"
_POLICY: Final = "FirewallPolicy"
_HELD: Final = ("GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "BITBUCKET", "CODECOMMIT", "S3")
_CHECKED: Final = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
_ENDPOINT: Final = "HealthCheckConfig.FullyQualifiedDomainName|HealthCheckConfig.IPAddress"
_OF_EC2: Final = (
    "ComputeResources.MinvCpus|ComputeResources.DesiredvCpus|ComputeResources.InstanceTypes"
    "|ComputeResources.InstanceRole|ComputeResources.Ec2KeyPair|ComputeResources.LaunchTemplate"
    "|ComputeResources.ImageId|ComputeResources.BidPercentage|ComputeResources.PlacementGroup"
)


def _behavior(prefix: str, at: str) -> tuple[Relation, ...]:
    return (
        Relation(f"{prefix}CachePolicyId", excludes=f"{prefix}ForwardedValues", at=at),
        Relation(
            f"{prefix}TargetOriginId", needs=f"{prefix}CachePolicyId|{prefix}ForwardedValues", at=at
        ),
    )


NEIGHBOUR_RELATIONS: Final[dict[str, tuple[Relation, ...]]] = {
    "AWS::ApiGatewayV2::Api": (
        Relation("ProtocolType", ("WEBSOCKET",), needs="RouteSelectionExpression"),
        Relation("ProtocolType", ("WEBSOCKET",), excludes="CorsConfiguration"),
    ),
    "AWS::ApiGatewayV2::Authorizer": (
        Relation("AuthorizerType", ("JWT",), needs="JwtConfiguration"),
        Relation("AuthorizerType", ("JWT",), needs="IdentitySource"),
        Relation("AuthorizerType", ("JWT",), excludes="AuthorizerUri"),
        Relation("AuthorizerType", ("REQUEST",), needs="AuthorizerUri"),
    ),
    "AWS::ApiGatewayV2::Integration": (
        Relation("ConnectionType", ("VPC_LINK",), needs="ConnectionId"),
        Relation("IntegrationType", ("HTTP", "HTTP_PROXY"), needs="IntegrationMethod"),
    ),
    "AWS::ApiGatewayV2::Route": (
        Relation("AuthorizationType", ("JWT", "CUSTOM"), needs="AuthorizerId"),
    ),
    "AWS::ApiGatewayV2::Stage": (
        Relation("AccessLogSettings.DestinationArn", needs="AccessLogSettings.Format"),
    ),
    "AWS::Backup::BackupVault": (
        Relation("Notifications.BackupVaultEvents", needs="Notifications.SNSTopicArn"),
    ),
    "AWS::Batch::ComputeEnvironment": (
        Relation("ComputeResources.Type", ("FARGATE", "FARGATE_SPOT"), excludes=_OF_EC2),
        Relation("ComputeResources.Type", ("FARGATE", "FARGATE_SPOT"),
                 needs="ComputeResources.SecurityGroupIds"),
    ),
    "AWS::CloudFront::Distribution": (
        *_behavior("DistributionConfig.DefaultCacheBehavior.", ""),
        *_behavior("", f"{_CACHED}.CacheBehaviors.*"),
        Relation("ResponsePagePath", needs="ResponseCode", at=f"{_CACHED}.CustomErrorResponses.*"),
        Relation("ResponseCode", needs="ResponsePagePath", at=f"{_CACHED}.CustomErrorResponses.*"),
        Relation("Id", needs="S3OriginConfig|CustomOriginConfig|VpcOriginConfig",
                 at=f"{_CACHED}.Origins.*"),
        Relation("S3OriginConfig", excludes="CustomOriginConfig", at=f"{_CACHED}.Origins.*"),
        Relation(f"{_CACHED}.ViewerCertificate.AcmCertificateArn",
                 needs=f"{_CACHED}.ViewerCertificate.SslSupportMethod"),
        Relation(f"{_CACHED}.ViewerCertificate.IamCertificateId",
                 needs=f"{_CACHED}.ViewerCertificate.SslSupportMethod"),
        Relation(f"{_CACHED}.ViewerCertificate.CloudFrontDefaultCertificate", ON,
                 excludes=f"{_CACHED}.Aliases"),
        Relation(f"{_CACHED}.Aliases", needs=f"{_CACHED}.ViewerCertificate"),
    ),
    "AWS::CloudTrail::Trail": (
        Relation("EventSelectors", excludes="AdvancedEventSelectors"),
    ),
    "AWS::CodeBuild::Project": (
        Relation("Source.Type", _HELD, needs="Source.Location"),
        Relation("Source.Type", ("NO_SOURCE",), needs="Source.BuildSpec"),
        Relation("Source.Type", ("CODEPIPELINE",), needs="Artifacts.Type", of=("CODEPIPELINE",)),
        Relation("Artifacts.Type", ("CODEPIPELINE",), needs="Source.Type", of=("CODEPIPELINE",)),
        Relation("Artifacts.Type", ("S3",), needs="Artifacts.Location"),
        Relation("VpcConfig.VpcId", needs="VpcConfig.Subnets"),
        Relation("VpcConfig.VpcId", needs="VpcConfig.SecurityGroupIds"),
    ),
    "AWS::Cognito::UserPool": (
        Relation("UsernameAttributes", excludes="AliasAttributes"),
        Relation("EmailConfiguration.EmailSendingAccount", ("DEVELOPER",),
                 needs="EmailConfiguration.SourceArn"),
        Relation("MfaConfiguration", ("ON", "OPTIONAL"), needs="EnabledMfas|SmsConfiguration"),
    ),
    "AWS::Cognito::UserPoolClient": (
        Relation("AllowedOAuthFlowsUserPoolClient", ON, needs="AllowedOAuthFlows"),
        Relation("AllowedOAuthFlowsUserPoolClient", ON, needs="AllowedOAuthScopes"),
    ),
    "AWS::Config::ConfigRule": (
        Relation("Source.Owner", ("CUSTOM_LAMBDA",), needs="Source.SourceDetails"),
        Relation("Source.Owner", ("CUSTOM_POLICY",), needs="Source.CustomPolicyDetails"),
        Relation("Source.Owner", ("AWS", "CUSTOM_LAMBDA"), needs="Source.SourceIdentifier"),
    ),
    "AWS::Config::ConfigurationRecorder": (
        Relation("RecordingGroup.AllSupported", ON, excludes="RecordingGroup.ResourceTypes"),
        Relation("RecordingGroup.IncludeGlobalResourceTypes", ON,
                 needs="RecordingGroup.AllSupported", of=ON),
    ),
    "AWS::DynamoDB::GlobalTable": (
        Relation("BillingMode", ("PROVISIONED",), needs="WriteProvisionedThroughputSettings"),
    ),
    "AWS::EC2::VPC": (
        Relation("EnableDnsHostnames", ON, excludes="EnableDnsSupport", of=("false",)),
    ),
    "AWS::EC2::VPCEndpoint": (
        Relation("VpcEndpointType", ("Gateway",), excludes="SubnetIds|SecurityGroupIds"),
    ),
    "AWS::ECS::Cluster": (
        Relation(f"{_EXEC}.Logging", ("OVERRIDE",), needs=f"{_EXEC}.LogConfiguration"),
        Relation(f"{_EXEC}.Logging", ("NONE", "DEFAULT"), excludes=f"{_EXEC}.LogConfiguration"),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        Relation("TargetType", ("alb", "instance", "ip"), excludes="HealthCheckEnabled",
                 of=("false",)),
    ),
    "AWS::EFS::FileSystem": (
        Relation("ThroughputMode", ("provisioned",), needs="ProvisionedThroughputInMibps"),
        Relation("ThroughputMode", ("bursting", "elastic"),
                 excludes="ProvisionedThroughputInMibps"),
        Relation("PerformanceMode", ("maxIO",), excludes="ThroughputMode", of=("elastic",)),
        Relation("PerformanceMode", ("maxIO",), excludes="AvailabilityZoneName"),
        Relation("KmsKeyId", needs="Encrypted", of=ON),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        Relation("UserGroupIds", needs="TransitEncryptionEnabled", of=ON),
        Relation("UserGroupIds", excludes="AuthToken"),
        Relation("TransitEncryptionMode", ("required",), needs="TransitEncryptionEnabled", of=ON),
    ),
    "AWS::ElastiCache::User": (
        Relation("AuthenticationMode.Type", ("iam", "no-password-required"),
                 excludes="Passwords|AuthenticationMode.Passwords"),
        Relation("NoPasswordRequired", ON, excludes="Passwords"),
    ),
    "AWS::Events::Connection": (
        Relation("AuthorizationType", ("API_KEY",), needs="AuthParameters.ApiKeyAuthParameters"),
        Relation("AuthorizationType", ("BASIC",), needs="AuthParameters.BasicAuthParameters"),
        Relation("AuthorizationType", ("OAUTH_CLIENT_CREDENTIALS",),
                 needs="AuthParameters.OAuthParameters"),
    ),
    "AWS::GuardDuty::Detector": (Relation("DataSources", excludes="Features"),),
    "AWS::KinesisFirehose::DeliveryStream": (
        Relation("DeliveryStreamType", ("KinesisStreamAsSource",),
                 excludes="DeliveryStreamEncryptionConfigurationInput"),
        Relation(_FIREHOSE, excludes="S3DestinationConfiguration"),
        Relation(f"{_FIREHOSE}.S3BackupMode", ("Enabled",),
                 needs=f"{_FIREHOSE}.S3BackupConfiguration"),
        Relation(f"{_FIREHOSE}.ProcessingConfiguration.Enabled", ON,
                 needs=f"{_FIREHOSE}.ProcessingConfiguration.Processors"),
        Relation(f"{_FIREHOSE}.DynamicPartitioningConfiguration.Enabled", ON,
                 needs=f"{_FIREHOSE}.Prefix"),
        Relation(f"{_FIREHOSE}.DataFormatConversionConfiguration.SchemaConfiguration",
                 excludes=f"{_FIREHOSE}.CompressionFormat",
                 of=("GZIP", "HADOOP_SNAPPY", "Snappy", "ZIP")),
        Relation("DeliveryStreamEncryptionConfigurationInput.KeyType", ("CUSTOMER_MANAGED_CMK",),
                 needs="DeliveryStreamEncryptionConfigurationInput.KeyARN"),
    ),
    "AWS::NetworkFirewall::FirewallPolicy": (
        Relation(f"{_POLICY}.StatefulDefaultActions",
                 needs=f"{_POLICY}.StatefulEngineOptions.RuleOrder", of=("STRICT_ORDER",)),
    ),
    "AWS::NetworkFirewall::RuleGroup": (
        Relation("Type", ("STATELESS",),
                 needs="RuleGroup.RulesSource.StatelessRulesAndCustomActions|RuleGroup.Fn::Transform"
                 ),
        Relation("Type", ("STATEFUL",),
                 excludes="RuleGroup.RulesSource.StatelessRulesAndCustomActions"),
    ),
    "AWS::RDS::DBCluster": (
        Relation("Domain", needs="DomainIAMRoleName"),
        Relation("SnapshotIdentifier", excludes="SourceDBClusterIdentifier"),
    ),
    "AWS::RDS::DBInstance": (Relation("Domain", needs="DomainIAMRoleName"),),
    "AWS::Route53::HealthCheck": (
        Relation("HealthCheckConfig.Type", _CHECKED, needs=_ENDPOINT),
        Relation("HealthCheckConfig.Type", ("HTTP_STR_MATCH", "HTTPS_STR_MATCH"),
                 needs="HealthCheckConfig.SearchString"),
        Relation("HealthCheckConfig.Type", ("TCP",), needs="HealthCheckConfig.Port"),
        Relation("HealthCheckConfig.Type", ("CLOUDWATCH_METRIC",),
                 needs="HealthCheckConfig.AlarmIdentifier"),
        Relation("HealthCheckConfig.Type", ("CALCULATED",),
                 needs="HealthCheckConfig.ChildHealthChecks"),
    ),
    "AWS::Route53::RecordSet": (
        Relation("Weight", excludes="Failover|Region|GeoLocation|MultiValueAnswer"),
        Relation("Failover", excludes="Region|GeoLocation|MultiValueAnswer"),
        Relation("HostedZoneId", excludes="HostedZoneName"),
    ),
    "AWS::Route53::RecordSetGroup": (
        Relation("AliasTarget", excludes="TTL|ResourceRecords", at="RecordSets.*"),
        Relation("ResourceRecords", needs="TTL", at="RecordSets.*"),
        Relation("Weight", needs="SetIdentifier", at="RecordSets.*"),
        Relation("Failover", needs="SetIdentifier", at="RecordSets.*"),
    ),
    "AWS::Route53Resolver::FirewallRuleGroup": (
        Relation("Action", ("BLOCK",), needs="BlockResponse", at="FirewallRules.*"),
        Relation("BlockResponse", ("OVERRIDE",), needs="BlockOverrideDomain",
                 at="FirewallRules.*"),
        Relation("Action", ("ALLOW", "ALERT"), excludes="BlockResponse", at="FirewallRules.*"),
    ),
    "AWS::S3::Bucket": (
        Relation("ExpirationInDays", excludes="ExpirationDate", at="LifecycleConfiguration.Rules.*"
                 ),
    ),
    "AWS::ServiceDiscovery::Service": (
        Relation("HealthCheckConfig", excludes="HealthCheckCustomConfig"),
    ),
    "AWS::SSM::Parameter": (
        Relation("Policies", needs="Tier", of=("Advanced", "Intelligent-Tiering")),
    ),
    "AWS::StepFunctions::StateMachine": (
        Relation("LoggingConfiguration.Level", ("ALL", "ERROR", "FATAL"),
                 needs="LoggingConfiguration.Destinations"),
        Relation("Definition", excludes="DefinitionString|DefinitionS3Location"),
        Relation("DefinitionString", excludes="DefinitionS3Location"),
    ),
}  # fmt: skip
