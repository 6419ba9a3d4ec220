"""Values that user pools, CDNs, builds, batch jobs and other neighbours of the stack take.

See :mod:`pcistack.deployment.limits`.
"""

from __future__ import annotations

from typing import Final

from pcistack.deployment.limit_kinds import ROLE_ARN, Between, Form, ItemCount, Limit, OneOf

_CALLBACK: Final = Form(
    r"(?!http:)[^#\s]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/][^#\s]*)?",
    "https, or a scheme of an app, without a fragment; http for localhost only",
)
_HOST: Final = Form(r"[A-Za-z0-9._-]+", "the name of a host, without a scheme or a path")
_HTTPS: Final = Form(r"https://.+", "a URL of https")
_REGION: Final = Form(r"[a-z]{2}(?:-[a-z]+){1,3}-\d+", "the name of a region, such as eu-west-1")
_BUCKET_NAME: Final = Form(
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket: 3 to 63 lower-case characters"
)
_BEHAVIORS: Final = ("DefaultCacheBehavior", "CacheBehaviors.*")
_EDGE: Final = Form(
    r"arn:[\w-]+:lambda:us-east-1:\d{12}:function:[^:]+:\d+",
    "a numbered version of a function of us-east-1",
)
_STATELESS: Final = Form(
    r"aws:(?:pass|drop|forward_to_sfe)|(?!aws:).+", "aws:pass, aws:drop or aws:forward_to_sfe"
)

NEIGHBOUR_LIMITS: Final[dict[str, dict[str, Limit]]] = {
    "AWS::ApiGatewayV2::Api": {"ProtocolType": OneOf(("HTTP", "WEBSOCKET"))},
    "AWS::ApiGatewayV2::Authorizer": {
        "AuthorizerType": OneOf(("JWT", "REQUEST")),
        "JwtConfiguration.Issuer": _HTTPS,
    },
    "AWS::ApiGatewayV2::Integration": {
        "TimeoutInMillis": Between(50, 30000),
        "PayloadFormatVersion": OneOf(("1.0", "2.0")),
        "IntegrationType": OneOf(("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")),
    },
    "AWS::ApiGatewayV2::Route": {
        "AuthorizationType": OneOf(("NONE", "AWS_IAM", "CUSTOM", "JWT")),
        "Target": Form(r"integrations/.+", "integrations/ and the id of an integration"),
    },
    "AWS::Backup::BackupPlan": {
        "BackupPlan.BackupPlanRule.*.CopyActions.*.DestinationBackupVaultArn": Form(
            r"arn:[\w-]+:backup:.+", "the ARN of a vault"
        ),
    },
    "AWS::Backup::BackupSelection": {
        "BackupSelection.IamRoleArn": ROLE_ARN,
        "BackupSelection.ListOfTags.*.ConditionType": OneOf(("STRINGEQUALS",)),
    },
    "AWS::Backup::BackupVault": {"LockConfiguration.ChangeableForDays": Between(3, 36500)},
    "AWS::Batch::ComputeEnvironment": {
        "Type": OneOf(("MANAGED", "UNMANAGED", "managed", "unmanaged")),
    },
    "AWS::Batch::JobDefinition": {
        "Type": OneOf(("container", "multinode")),
        "Timeout.AttemptDurationSeconds": Between(60, 1e9),
        "RetryStrategy.Attempts": Between(1, 10),
    },
    "AWS::Batch::JobQueue": {"ComputeEnvironmentOrder": ItemCount(0, 3)},
    "AWS::CloudFront::Distribution": {
        "DistributionConfig.CustomErrorResponses.*.ErrorCode": OneOf(
            tuple(map(str, (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)))
        ),
        "DistributionConfig.Origins.*.DomainName": _HOST,
        "DistributionConfig.Origins.*.CustomOriginConfig.OriginReadTimeout": Between(1, 300),
        "DistributionConfig.WebACLId": Form(
            r"arn:[\w-]+:wafv2:us-east-1:\d{12}:global/webacl/.+|[0-9a-fA-F-]{36}",
            "the ARN of a web ACL of the scope CLOUDFRONT",
        ),
        **{
            f"DistributionConfig.{at}.FunctionAssociations.*.EventType": OneOf(
                ("viewer-request", "viewer-response")
            )
            for at in _BEHAVIORS
        },
        **{
            f"DistributionConfig.{at}.LambdaFunctionAssociations.*.LambdaFunctionARN": _EDGE
            for at in _BEHAVIORS
        },
    },
    "AWS::CloudTrail::Trail": {
        "TrailName": Form(
            r"(?!.*[._-]{2})(?!\d+\.\d+\.\d+\.\d+$)[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
            "3 to 128 letters, digits and . - _, no two signs in a row or at an end",
        ),
        "EventSelectors.*.ReadWriteType": OneOf(("All", "ReadOnly", "WriteOnly")),
        "InsightSelectors.*.InsightType": OneOf(("ApiCallRateInsight", "ApiErrorRateInsight")),
    },
    "AWS::CodeBuild::Project": {
        "Name": Form(r"[A-Za-z0-9][A-Za-z0-9_-]{1,254}", "2 to 255 letters, digits, - and _"),
        "Environment.Type": Form(
            r"(?:ARM|LINUX|LINUX_GPU|WINDOWS|LINUX_LAMBDA|ARM_LAMBDA|WINDOWS_SERVER_\d{4})"
            r"_CONTAINER|(?:ARM|LINUX|WINDOWS)_EC2|MAC_ARM|[a-z]\w*",
            "such as LINUX_CONTAINER or ARM_CONTAINER",
        ),
        "Environment.ComputeType": Form(
            r"BUILD_GENERAL1_(?:SMALL|MEDIUM|X?LARGE|2XLARGE)|BUILD_LAMBDA_\d+GB|[ACa-z].+",
            "such as BUILD_GENERAL1_SMALL",
        ),
        "Environment.EnvironmentVariables.*.Type": OneOf(
            ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
        ),
    },
    "AWS::Cognito::UserPool": {
        "Policies.PasswordPolicy.MinimumLength": Between(6, 99),
        "Policies.PasswordPolicy.TemporaryPasswordValidityDays": Between(0, 365),
        "Policies.PasswordPolicy.PasswordHistorySize": Between(0, 24),
        "MfaConfiguration": OneOf(("OFF", "ON", "OPTIONAL")),
        "AccountRecoverySetting.RecoveryMechanisms.*.Name": OneOf(
            ("admin_only", "verified_email", "verified_phone_number")
        ),
        "EnabledMfas.*": OneOf(("SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP")),
        "DeletionProtection": OneOf(("ACTIVE", "INACTIVE")),
    },
    "AWS::Cognito::UserPoolClient": {
        "CallbackURLs.*": _CALLBACK,
        "LogoutURLs.*": _CALLBACK,
        "AllowedOAuthFlows.*": OneOf(("client_credentials", "code", "implicit")),
    },
    "AWS::Cognito::UserPoolDomain": {
        "Domain": Form(
            r"(?!.*(?:aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|.+\..+",
            "lower-case letters, digits and hyphens, without aws, amazon or cognito",
        ),
    },
    "AWS::Cognito::UserPoolIdentityProvider": {
        "ProviderType": OneOf(
            ("Facebook", "Google", "LoginWithAmazon", "OIDC", "SAML", "SignInWithApple")
        ),
    },
    "AWS::Config::ConfigRule": {
        "Source.Owner": OneOf(("AWS", "CUSTOM_LAMBDA", "CUSTOM_POLICY")),
        "MaximumExecutionFrequency": OneOf(
            ("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")
        ),
    },
    "AWS::Config::DeliveryChannel": {
        "ConfigSnapshotDeliveryProperties.DeliveryFrequency": OneOf(
            ("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")
        ),
    },
    "AWS::DynamoDB::GlobalTable": {
        "Replicas.*.Region": _REGION,
        "StreamSpecification.StreamViewType": OneOf(
            ("KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE")
        ),
    },
    "AWS::DynamoDB::Table": {"TableClass": OneOf(("STANDARD", "STANDARD_INFREQUENT_ACCESS"))},
    "AWS::EC2::TransitGateway": {
        "AmazonSideAsn": Form(
            r"64(?:51[2-9]|5[2-9]\d|[6-9]\d\d)|65[0-4]\d\d|655[0-2]\d|6553[0-4]"
            r"|4(?:[2-9]\d{8})",
            "64512 to 65534, or 4200000000 to 4294967294",
        ),
    },
    "AWS::ECS::Service": {
        "ServiceRegistries.*.Port": Between(0, 65535),
        "ServiceRegistries.*.ContainerPort": Between(0, 65535),
        "DeploymentConfiguration.MinimumHealthyPercent": Between(0, 1000),
        "DeploymentConfiguration.MaximumPercent": Between(1, 10000),
        "Cluster": Form(r"arn:.+|[A-Za-z0-9_-]{1,255}", "the name or the ARN of a cluster"),
    },
    "AWS::ECS::TaskDefinition": {
        "ContainerDefinitions": ItemCount(1, 1000),
        "Volumes.*.EFSVolumeConfiguration.FilesystemId": Form(
            r"fs-[0-9a-f]{8,40}|arn:.+", "the id of a file system, fs- and hexadecimal digits"
        ),
    },
    "AWS::EFS::FileSystem": {
        "PerformanceMode": OneOf(("generalPurpose", "maxIO")),
        "ThroughputMode": OneOf(("bursting", "elastic", "provisioned")),
    },
    "AWS::ElastiCache::ReplicationGroup": {
        "Engine": Form(r"(?i:redis|valkey)", "redis or valkey"),
        "LogDeliveryConfigurations.*.LogType": OneOf(("slow-log", "engine-log")),
        "TransitEncryptionMode": OneOf(("preferred", "required")),
    },
    "AWS::ElastiCache::ParameterGroup": {
        "Properties.maxmemory-policy": OneOf(
            (
                *("allkeys-lfu", "allkeys-lru", "allkeys-random", "noeviction", "volatile-lfu"),
                *("volatile-lru", "volatile-random", "volatile-ttl"),
            )
        ),
    },
    "AWS::ElastiCache::ServerlessCache": {
        "ServerlessCacheName": Form(
            r"[A-Za-z](?!.*--)(?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?",
            "1 to 40 letters, digits and hyphens, a letter first",
        ),
    },
    "AWS::ElastiCache::SubnetGroup": {
        "CacheSubnetGroupName": Form(
            r"(?i:(?!default$)[a-z0-9-]{1,255})", "1 to 255 letters, digits and hyphens"
        ),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        "LoadBalancerArn": Form(
            r"arn:[\w-]+:elasticloadbalancing:.+:loadbalancer/.+", "the ARN of a load balancer"
        ),
        "MutualAuthentication.Mode": OneOf(("off", "passthrough", "verify")),
    },
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": {"Certificates": ItemCount(1, 1000)},
    "AWS::Events::ApiDestination": {
        "InvocationEndpoint": _HTTPS,
        "InvocationRateLimitPerSecond": Between(1, 1e9),
    },
    "AWS::Events::Archive": {
        "ArchiveName": Form(r"[.\w-]{1,48}", "1 to 48 letters, digits and . - _"),
    },
    "AWS::Events::EventBus": {
        "Name": Form(
            r"aws\.partner/.+|(?!default$)[.\w-]{1,256}",
            "1 to 256 letters, digits and . - _, not default",
        ),
    },
    "AWS::GuardDuty::Filter": {
        "Name": Form(r"[.\w-]{3,64}", "3 to 64 letters, digits and . - _"),
        "Action": OneOf(("ARCHIVE", "NOOP")),
    },
    "AWS::KinesisFirehose::DeliveryStream": {
        "DeliveryStreamName": Form(r"[.\w-]{1,64}", "1 to 64 letters, digits and . - _"),
    },
    "AWS::Kinesis::Stream": {"StreamEncryption.EncryptionType": OneOf(("KMS", "NONE"))},
    "AWS::Lambda::Function": {
        "LoggingConfig.LogGroup": Form(
            r"[A-Za-z0-9._/#-]{1,512}", "1 to 512 letters, digits and ._/#-"
        ),
    },
    "AWS::NetworkFirewall::FirewallPolicy": {
        "FirewallPolicy.StatelessDefaultActions.*": _STATELESS,
        "FirewallPolicy.StatelessFragmentDefaultActions.*": _STATELESS,
    },
    "AWS::NetworkFirewall::RuleGroup": {
        "Capacity": Between(1, 30000),
        "RuleGroup.RulesSource.RulesSourceList.Targets.*": Form(
            r"\.?[A-Za-z0-9_.-]+|@.+", "a domain, such as .example.com"
        ),
    },
    "AWS::RDS::DBCluster": {"RestoreType": OneOf(("copy-on-write", "full-copy"))},
    "AWS::Route53::HealthCheck": {
        "HealthCheckConfig.RequestInterval": OneOf(("10", "30")),
        "HealthCheckConfig.FailureThreshold": Between(1, 10),
        "HealthCheckConfig.Type": OneOf(
            (
                *("CALCULATED", "CLOUDWATCH_METRIC", "HTTP", "HTTPS", "HTTPS_STR_MATCH"),
                *("HTTP_STR_MATCH", "RECOVERY_CONTROL", "TCP"),
            )
        ),
    },
    "AWS::Route53::RecordSet": {"Weight": Between(0, 255)},
    "AWS::Route53::RecordSetGroup": {"RecordSets.*.Weight": Between(0, 255)},
    "AWS::Route53Resolver::FirewallRuleGroupAssociation": {"Priority": Between(101, 9899)},
    "AWS::Route53Resolver::ResolverQueryLoggingConfig": {
        "DestinationArn": Form(
            r"arn:[\w-]+:(?:logs|s3|firehose):.+", "the ARN of a log group, bucket or stream"
        ),
    },
    "AWS::S3::Bucket": {
        "LoggingConfiguration.DestinationBucketName": _BUCKET_NAME,
        "LifecycleConfiguration.Rules.*.AbortIncompleteMultipartUpload.DaysAfterInitiation": (
            Between(1, 1e9)
        ),
        "LifecycleConfiguration.Rules.*.NoncurrentVersionExpiration.NoncurrentDays": (
            Between(1, 1e9)
        ),
        "LifecycleConfiguration.Rules.*.Transitions.*.StorageClass": OneOf(
            (
                *("DEEP_ARCHIVE", "GLACIER", "Glacier", "GLACIER_IR", "INTELLIGENT_TIERING"),
                *("ONEZONE_IA", "STANDARD_IA"),
            )
        ),
        "ReplicationConfiguration.Rules.*.Destination.StorageClass": OneOf(
            (
                *("DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA"),
                *("OUTPOSTS", "REDUCED_REDUNDANCY", "SNOW", "STANDARD", "STANDARD_IA"),
            )
        ),
    },
    "AWS::SNS::Topic": {
        "DisplayName": Form(r"(?s).{0,100}", "at most 100 characters"),
        "SignatureVersion": OneOf(("1", "2")),
        "TracingConfig": OneOf(("Active", "PassThrough")),
    },
    "AWS::SecretsManager::Secret": {"ReplicaRegions.*.Region": _REGION},
    "AWS::SNS::TopicPolicy": {
        "Topics.*": Form(r"arn:[\w-]+:sns:.+", "the ARN of a topic"),
    },
    "AWS::SSM::Document": {
        "Name": Form(
            r"(?!(?i:aws|amazon|amzn))[A-Za-z0-9_.-]{3,128}",
            "3 to 128 letters, digits and . - _, not beginning with aws, amazon or amzn",
        ),
    },
    "AWS::SSM::MaintenanceWindow": {"Duration": Between(1, 24), "Cutoff": Between(0, 23)},
    "AWS::SSM::Parameter": {
        "Name": Form(
            r"(?!(?i:/?aws(?:/|$)|aws|ssm))(?:/[A-Za-z0-9_.-]+){1,15}|(?!(?i:aws|ssm))"
            r"[A-Za-z0-9_.-]{1,1010}",
            "letters, digits and _.-, or a path of 15 parts at most that begins with /, "
            "not beginning with aws or ssm",
        ),
        "Type": OneOf(("String", "StringList")),
        "Tier": OneOf(("Advanced", "Intelligent-Tiering", "Standard")),
    },
    "AWS::StepFunctions::StateMachine": {"StateMachineType": OneOf(("EXPRESS", "STANDARD"))},
    "AWS::ServiceDiscovery::Service": {
        "DnsConfig.DnsRecords.*.Type": OneOf(("A", "AAAA", "CNAME", "SRV")),
    },
    "AWS::Synthetics::Canary": {
        "Schedule.Expression": Form(
            r"rate\((?:[1-9]|[1-5]\d|60) minutes?\)|rate\(0 (?:minute|hour)s?\)|rate\(1 hour\)"
            r"|cron\(.+\)",
            "rate(1 minute) to rate(60 minutes), rate(1 hour) or cron(...)",
        ),
    },
    "AWS::WAFv2::RegexPatternSet": {"RegularExpressionList": ItemCount(0, 10)},
    "AWS::WAFv2::LoggingConfiguration": {"LogDestinationConfigs": ItemCount(1, 100)},
}  # fmt: skip
