"""Values that a service takes: ranges, choices and forms, by type and path.

Only what a reference states as a limit of the API stands here; each refusal is certain. ``*`` in a
path stands for every item of a list.
"""

from __future__ import annotations

from typing import Final

from pcistack.deployment.limit_kinds import ROLE_ARN, Between, Form, ItemCount, Limit, OneOf


def _numbers(*values: int) -> OneOf:
    return OneOf(tuple(str(value) for value in values))


_RETENTION: Final = _numbers(
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
)
_MONITORING: Final = _numbers(0, 1, 5, 10, 15, 30, 60)
_INSIGHTS: Final = _numbers(7, *(31 * month for month in range(1, 24)), 731)
_IDENTIFIER: Final = Form(
    r"[A-Za-z](?!.*--)(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    "1 to 63 letters, digits and hyphens, beginning with a letter, no hyphen at the end or two in "
    "a row",
)
_DAY: Final = "(?:mon|tue|wed|thu|fri|sat|sun)"
_TIME: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_BACKUP_WINDOW: Final = Form(f"(?i:{_TIME}-{_TIME})", "hh24:mi-hh24:mi, in UTC")
_WEEKLY: Final = Form(
    f"(?i:{_DAY}:{_TIME}-{_DAY}:{_TIME})", "ddd:hh24:mi-ddd:hh24:mi, such as sun:03:00-sun:04:00"
)
_ROLE_NAME: Final = Form(r"[\w+=,.@-]{1,64}", "1 to 64 letters, digits and +=,.@-_")
_POLICY_NAME: Final = Form(r"[\w+=,.@-]{1,128}", "1 to 128 letters, digits and +=,.@-_")
_PATH: Final = Form(r"/|/[!-~]{0,510}/", "a path that begins and ends with /")
_BUCKET: Final = Form(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)(?!.*-s3alias$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "3 to 63 lower-case letters, digits, hyphens and dots, a letter or digit at both ends",
)
_KEY_ARN: Final = Form(r"arn:[\w-]+:kms:[^:]+:\d{12}:(?:key|alias)/.+", "the ARN of a key")
_KEY: Final = Form(
    r"arn:[\w-]+:kms:.+|alias/.+|[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}|alias:.+",
    "the ARN, the id or the alias of a key",
)
_ROLE_OR_NAME: Final = Form(rf"{ROLE_ARN.pattern}|(?!arn:).+", str(ROLE_ARN))
_POLICY_ARN: Final = Form(r"arn:[\w-]+:iam::(?:\d{12}|aws):policy/.+", "the ARN of a policy")
_ARN: Final = Form(r"arn:[\w-]+:.+", "an ARN")
_ACTION: Final = Form(
    r"arn:[\w-]+:(?!sqs:|events:|states:|logs:|s3:|kinesis:|firehose:|ecs:).+",
    "the ARN of a topic, a function or another action of an alarm",
)
_PROVIDER: Final = Form(
    r"(?!FARGATE).+|FARGATE|FARGATE_SPOT",
    "FARGATE, FARGATE_SPOT or the name of a capacity provider",
)
_SOME: Final = ItemCount(1, 1000)
_UNITS: Final = OneOf(
    (
        *("Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes"),
        *("Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"),
        *("Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second"),
        *("Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second"),
        *("Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None"),
    )
)
_PROTOCOL: Final = Form(r"(?i:tcp|udp|icmp|icmpv6|all|-1|\d{1,3})", "tcp, udp, icmp, icmpv6 or -1")
_PORT: Final = Between(1150, 65535)

LIMITS: Final[dict[str, dict[str, Limit]]] = {
    "AWS::SecretsManager::SecretTargetAttachment": {
        "TargetType": OneOf(
            (
                *("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::DocDB::DBCluster"),
                *("AWS::DocDB::DBInstance", "AWS::Redshift::Cluster"),
                *("AWS::RedshiftServerless::Namespace", "AWS::DocDBElastic::Cluster"),
            )
        ),
    },
    "AWS::SNS::TopicPolicy": {
        "Topics": _SOME,
    },
    "AWS::RDS::EventSubscription": {
        "SnsTopicArn": Form(r"arn:[\w-]+:sns:.+", "the ARN of a topic"),
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "ProtocolVersion": OneOf(("GRPC", "HTTP1", "HTTP2")),
        "TargetType": OneOf(("instance", "ip", "lambda", "alb")),
        "HealthCheckPort": Form(
            r"traffic-port|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]",
            "traffic-port, or a port",
        ),
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "Scheme": OneOf(("internal", "internet-facing")),
        "IpAddressType": OneOf(("ipv4", "dualstack", "dualstack-without-public-ipv4")),
        "Type": OneOf(("application", "network", "gateway")),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        "DefaultActions": _SOME,
    },
    "AWS::EC2::SecurityGroupEgress": {
        "IpProtocol": _PROTOCOL,
    },
    "AWS::EC2::SecurityGroupIngress": {
        "IpProtocol": _PROTOCOL,
    },
    "AWS::EC2::VPCEndpoint": {
        "VpcEndpointType": OneOf(
            (*("Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),)
        ),
    },
    "AWS::EC2::VPC": {
        "InstanceTenancy": OneOf(("default", "dedicated", "host")),
    },
    "AWS::EC2::EIP": {
        "Domain": Form(r"(?i:vpc|standard)", "vpc or standard"),
    },
    "AWS::CloudWatch::Dashboard": {
        "DashboardName": Form(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, hyphens and _"),
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "MinCapacity": Between(0, 1e9),
        "MaxCapacity": Between(0, 1e9),
        "ServiceNamespace": OneOf(
            (
                "appstream",
                "cassandra",
                "comprehend",
                "custom-resource",
                "dynamodb",
                "ec2",
                "ecs",
                "elasticache",
                "elasticmapreduce",
                "kafka",
                "lambda",
                "neptune",
                "rds",
                "sagemaker",
                "workspaces",
            )
        ),
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "PolicyType": OneOf(("TargetTrackingScaling", "StepScaling", "PredictiveScaling")),
        "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown": Between(0, 1e9),
        "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown": Between(0, 1e9),
    },
    "AWS::CloudWatch::Alarm": {
        "AlarmActions.*": _ACTION,
        "OKActions.*": _ACTION,
        "InsufficientDataActions.*": _ACTION,
        "Unit": _UNITS,
        "AlarmActions": ItemCount(0, 5),
        "ComparisonOperator": OneOf(
            (
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanThreshold",
                "LessThanOrEqualToThreshold",
                "LessThanLowerOrGreaterThanUpperThreshold",
                "LessThanLowerThreshold",
                "GreaterThanUpperThreshold",
            )
        ),
        "Dimensions": ItemCount(0, 30),
        "InsufficientDataActions": ItemCount(0, 5),
        "OKActions": ItemCount(0, 5),
        "Statistic": OneOf(("Average", "Maximum", "Minimum", "SampleCount", "Sum")),
        "TreatMissingData": OneOf(("breaching", "notBreaching", "ignore", "missing")),
        "AlarmName": Form(r"(?s).{1,255}", "1 to 255 characters"),
        "AlarmDescription": Form(r"(?s).{0,1024}", "at most 1024 characters"),
    },
    "AWS::EC2::FlowLog": {
        "MaxAggregationInterval": _numbers(60, 600),
        "TrafficType": OneOf(("ACCEPT", "ALL", "REJECT")),
        "LogDestinationType": OneOf(("cloud-watch-logs", "s3", "kinesis-data-firehose")),
    },
    "AWS::EC2::SecurityGroup": {
        "SecurityGroupIngress.*.IpProtocol": _PROTOCOL,
        "SecurityGroupEgress.*.IpProtocol": _PROTOCOL,
        "GroupDescription": Form(
            r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}",
            "at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
        ),
        "GroupName": Form(
            r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
            "at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, not beginning with sg-",
        ),
    },
    "AWS::ECR::Repository": {
        "RepositoryName": Form(
            r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*",
            "2 to 256 lower-case letters and digits, with . _ - / between them",
        ),
        "ImageTagMutability": OneOf(
            (
                "MUTABLE",
                "IMMUTABLE",
                "MUTABLE_WITH_EXCLUSION",
                "IMMUTABLE_WITH_EXCLUSION",
            )
        ),
    },
    "AWS::ECS::Cluster": {
        "ClusterSettings.*.Name": OneOf(("containerInsights",)),
        "ClusterSettings.*.Value": OneOf(("enabled", "disabled", "enhanced")),
        "CapacityProviders.*": _PROVIDER,
        "ClusterName": Form(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, hyphens and _"),
    },
    "AWS::ECS::Service": {
        "NetworkConfiguration.AwsvpcConfiguration.Subnets": ItemCount(1, 16),
        "CapacityProviderStrategy.*.CapacityProvider": _PROVIDER,
        "DesiredCount": Between(0, 1e6),
        "HealthCheckGracePeriodSeconds": Between(0, 2147483647),
        "LaunchType": OneOf(("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")),
        "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp": OneOf(("ENABLED", "DISABLED")),
        "PropagateTags": OneOf(("SERVICE", "TASK_DEFINITION", "NONE")),
        "SchedulingStrategy": OneOf(("REPLICA", "DAEMON")),
        "ServiceName": Form(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, hyphens and _"),
        "CapacityProviderStrategy.*.Base": Between(0, 100000),
        "CapacityProviderStrategy.*.Weight": Between(0, 1000),
    },
    "AWS::ECS::TaskDefinition": {
        "ExecutionRoleArn": _ROLE_OR_NAME,
        "TaskRoleArn": _ROLE_OR_NAME,
        "ContainerDefinitions.*.LinuxParameters.Tmpfs.*.Size": Between(1, 1e9),
        "Family": Form(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, hyphens and _"),
        "NetworkMode": OneOf(("awsvpc", "bridge", "default", "host", "none")),
        "RequiresCompatibilities.*": OneOf(("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")),
        "ContainerDefinitions.*.PortMappings.*.ContainerPort": Between(0, 65535),
        "ContainerDefinitions.*.PortMappings.*.Protocol": OneOf(("tcp", "udp")),
        "ContainerDefinitions.*.StopTimeout": Between(0, 120),
        "ContainerDefinitions.*.StartTimeout": Between(2, 120),
        "ContainerDefinitions.*.Ulimits.*.SoftLimit": Between(-1, 2**31),
        "RuntimePlatform.CpuArchitecture": OneOf(("X86_64", "ARM64")),
    },
    "AWS::Events::Rule": {
        "Name": Form(r"[.\w-]{1,64}", "1 to 64 letters, digits and . - _"),
        "State": OneOf(
            (
                "DISABLED",
                "ENABLED",
                "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            )
        ),
        "Targets": ItemCount(0, 5),
        "Targets.*.RetryPolicy.MaximumRetryAttempts": Between(0, 185),
        "Targets.*.RetryPolicy.MaximumEventAgeInSeconds": Between(60, 86400),
    },
    "AWS::IAM::ManagedPolicy": {"ManagedPolicyName": _POLICY_NAME, "Path": _PATH},
    "AWS::IAM::Policy": {"PolicyName": _POLICY_NAME},
    "AWS::IAM::Role": {
        "ManagedPolicyArns.*": _POLICY_ARN,
        "PermissionsBoundary": _POLICY_ARN,
        "Description": Form(r"(?s).{0,1000}", "at most 1000 characters"),
        "MaxSessionDuration": Between(3600, 43200),
        "Path": _PATH,
        "RoleName": _ROLE_NAME,
    },
    "AWS::KMS::Alias": {
        "TargetKeyId": Form(
            r"arn:[\w-]+:kms:[^:]+:\d{12}:key/.+|[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}",
            "the ARN or the id of a key",
        ),
        "AliasName": Form(
            r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}",
            "alias/ and letters, digits, / - _, not beginning with alias/aws/",
        ),
    },
    "AWS::KMS::Key": {
        "KeySpec": Form(
            r"SYMMETRIC_DEFAULT|RSA_(?:2048|3072|4096)|ECC_(?:NIST_P(?:256|384|521)|SECG_P256K1"
            r"|NIST_EDWARDS25519)|HMAC_(?:224|256|384|512)|SM2|ML_DSA_(?:44|65|87)",
            "SYMMETRIC_DEFAULT, or RSA, ECC, HMAC, ML_DSA or SM2 of a size that KMS has",
        ),
        "Description": Form(r"(?s).{0,8192}", "at most 8192 characters"),
        "PendingWindowInDays": Between(7, 30),
        "RotationPeriodInDays": Between(90, 2560),
        "KeyUsage": OneOf(
            ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")
        ),
    },
    "AWS::Lambda::Function": {
        "KmsKeyArn": _KEY_ARN,
        "Role": ROLE_ARN,
        "DeadLetterConfig.TargetArn": _ARN,
        "Layers.*": _ARN,
        "Description": Form(r"(?s).{0,256}", "at most 256 characters"),
        "EphemeralStorage.Size": Between(512, 10240),
        "FunctionName": Form(
            r"(?:arn:.+|[A-Za-z0-9_-]{1,64})", "1 to 64 letters, digits, hyphens and _"
        ),
        "Layers": ItemCount(0, 5),
        "MemorySize": Between(128, 10240),
        "ReservedConcurrentExecutions": Between(0, 1e9),
        "Timeout": Between(1, 900),
        "Architectures.*": OneOf(("arm64", "x86_64")),
        "Architectures": ItemCount(1, 1),
        "TracingConfig.Mode": OneOf(("Active", "PassThrough")),
        "PackageType": OneOf(("Zip", "Image")),
        "LoggingConfig.LogFormat": OneOf(("JSON", "Text")),
        "LoggingConfig.ApplicationLogLevel": OneOf(
            ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
        ),
        "LoggingConfig.SystemLogLevel": OneOf(("DEBUG", "INFO", "WARN")),
        "VpcConfig.SecurityGroupIds": ItemCount(0, 5),
        "VpcConfig.SubnetIds": ItemCount(0, 16),
    },
    "AWS::Lambda::EventInvokeConfig": {
        "MaximumEventAgeInSeconds": Between(60, 21600),
        "MaximumRetryAttempts": Between(0, 2),
    },
    "AWS::Logs::LogGroup": {
        "KmsKeyId": _KEY_ARN,
        "RetentionInDays": _RETENTION,
        "LogGroupClass": OneOf(("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")),
        "LogGroupName": Form(
            r"(?!aws/)[A-Za-z0-9._/#-]{1,512}",
            "1 to 512 letters, digits and ._/#-, not beginning with aws/",
        ),
    },
    "AWS::Logs::MetricFilter": {
        "MetricTransformations": ItemCount(1, 1),
        "FilterName": Form(r"[^:*]{1,512}", "1 to 512 characters without : and *"),
        "FilterPattern": Form(r"(?s).{0,1024}", "at most 1024 characters"),
    },
    "AWS::RDS::DBCluster": {
        "KmsKeyId": _KEY,
        "MonitoringRoleArn": ROLE_ARN,
        "BackupRetentionPeriod": Between(1, 35),
        "DBClusterIdentifier": _IDENTIFIER,
        "MonitoringInterval": _MONITORING,
        "PerformanceInsightsRetentionPeriod": _INSIGHTS,
        "Port": _PORT,
        "PreferredBackupWindow": _BACKUP_WINDOW,
        "PreferredMaintenanceWindow": _WEEKLY,
        "BacktrackWindow": Between(0, 259200),
        "DatabaseInsightsMode": OneOf(("standard", "advanced")),
        "EngineLifecycleSupport": OneOf(
            (
                "open-source-rds-extended-support",
                "open-source-rds-extended-support-disabled",
            )
        ),
        "NetworkType": OneOf(("IPV4", "DUAL")),
    },
    "AWS::RDS::DBInstance": {
        "KmsKeyId": _KEY,
        "MonitoringRoleArn": ROLE_ARN,
        "BackupRetentionPeriod": Between(0, 35),
        "DBInstanceIdentifier": _IDENTIFIER,
        "MonitoringInterval": _MONITORING,
        "PerformanceInsightsRetentionPeriod": _INSIGHTS,
        "Port": _PORT,
        "PreferredBackupWindow": _BACKUP_WINDOW,
        "PreferredMaintenanceWindow": _WEEKLY,
        "PromotionTier": Between(0, 15),
        "StorageType": OneOf(("standard", "gp2", "gp3", "io1", "io2", "aurora", "aurora-iopt1")),
        "LicenseModel": OneOf(
            (
                "license-included",
                "bring-your-own-license",
                "general-public-license",
                "postgresql-license",
                "marketplace-license",
            )
        ),
        "NetworkType": OneOf(("IPV4", "DUAL")),
    },
    "AWS::RDS::DBSubnetGroup": {
        "DBSubnetGroupName": Form(
            r"(?i:(?!default$)[a-z0-9._ -]{1,255})",
            "1 to 255 letters, digits and ._ -, not default",
        ),
    },
    "AWS::S3::Bucket": {
        "BucketName": _BUCKET,
        "VersioningConfiguration.Status": OneOf(("Enabled", "Suspended")),
        "OwnershipControls.Rules.*.ObjectOwnership": OneOf(
            ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
        ),
        "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault"
        ".SSEAlgorithm": OneOf(("AES256", "aws:kms", "aws:kms:dsse")),
        "LifecycleConfiguration.Rules.*.Status": OneOf(("Enabled", "Disabled")),
        "ObjectLockConfiguration.Rule.DefaultRetention.Mode": OneOf(("COMPLIANCE", "GOVERNANCE")),
    },
    "AWS::Scheduler::Schedule": {
        "State": OneOf(("ENABLED", "DISABLED")),
        "FlexibleTimeWindow.Mode": OneOf(("OFF", "FLEXIBLE")),
        "FlexibleTimeWindow.MaximumWindowInMinutes": Between(1, 1440),
        "Name": Form(r"[.\w-]{1,64}", "1 to 64 letters, digits and . - _"),
        "Target.RetryPolicy.MaximumRetryAttempts": Between(0, 185),
        "Target.RetryPolicy.MaximumEventAgeInSeconds": Between(60, 86400),
    },
    "AWS::SecretsManager::RotationSchedule": {
        "RotationLambdaARN": Form(r"arn:[\w-]+:lambda:.+", "the ARN of a function"),
        "RotationRules.AutomaticallyAfterDays": Between(1, 1000),
        "RotationRules.Duration": Form("[1-9]h|1[0-9]h|2[0-4]h", "1h to 24h"),
    },
    "AWS::SecretsManager::Secret": {
        "KmsKeyId": _KEY,
        "Name": Form(r"[A-Za-z0-9/_+=.@-]{1,512}", "1 to 512 letters, digits and /_+=.@-"),
        "Description": Form(r"(?s).{0,2048}", "at most 2048 characters"),
        "GenerateSecretString.PasswordLength": Between(1, 4096),
        "GenerateSecretString.ExcludeCharacters": Form(r"(?s).{0,4096}", "at most 4096 characters"),
    },
    "AWS::SNS::Topic": {
        "TopicName": Form(
            r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo",
            "1 to 256 letters, digits, hyphens and _, and .fifo at the end of a FIFO topic",
        ),
    },
    "AWS::SNS::Subscription": {
        "Protocol": OneOf(
            (
                "application",
                "email",
                "email-json",
                "firehose",
                "http",
                "https",
                "lambda",
                "sms",
                "sqs",
            )
        ),
    },
    "AWS::SQS::Queue": {
        "DelaySeconds": Between(0, 900),
        "MaximumMessageSize": Between(1024, 1048576),
        "MessageRetentionPeriod": Between(60, 1209600),
        "ReceiveMessageWaitTimeSeconds": Between(0, 20),
        "VisibilityTimeout": Between(0, 43200),
        "KmsDataKeyReusePeriodSeconds": Between(60, 86400),
        "QueueName": Form(
            r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo",
            "1 to 80 letters, digits, hyphens and _, and .fifo at the end of a FIFO queue",
        ),
    },
    "AWS::WAFv2::IPSet": {
        "IPAddressVersion": OneOf(("IPV4", "IPV6")),
        "Scope": OneOf(("REGIONAL", "CLOUDFRONT")),
    },
    "AWS::WAFv2::WebACL": {
        "Name": Form(r"[\w-]{1,128}", "1 to 128 letters, digits, hyphens and _"),
        "Scope": OneOf(("REGIONAL", "CLOUDFRONT")),
    },
    "AWS::WAFv2::RuleGroup": {
        "Name": Form(r"[\w-]{1,128}", "1 to 128 letters, digits, hyphens and _"),
        "Scope": OneOf(("REGIONAL", "CLOUDFRONT")),
        "Capacity": Between(1, 5000),
    },
}

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("PolicyName", "PolicyType"),
    "AWS::CloudWatch::Alarm": ("ComparisonOperator", "EvaluationPeriods"),
    "AWS::EC2::SecurityGroup": ("GroupDescription",),
    "AWS::EC2::Subnet": ("VpcId",),
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions.*.Image", "ContainerDefinitions.*.Name"),
    "AWS::ElasticLoadBalancingV2::Listener": ("DefaultActions", "LoadBalancerArn"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("Actions", "Conditions", "Priority"),
    "AWS::CloudFormation::CustomResource": ("ServiceToken",),
    "AWS::IAM::Policy": ("PolicyDocument", "PolicyName"),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument",),
    "AWS::KMS::Alias": ("AliasName", "TargetKeyId"),
    "AWS::Lambda::Function": ("Code", "Role"),
    "AWS::Lambda::Permission": ("Action", "FunctionName", "Principal"),
    "AWS::RDS::DBSubnetGroup": ("DBSubnetGroupDescription", "SubnetIds"),
    "AWS::RDS::EventSubscription": ("SnsTopicArn",),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::WAFv2::LoggingConfiguration": ("LogDestinationConfigs", "ResourceArn"),
    "AWS::WAFv2::WebACLAssociation": ("ResourceArn", "WebACLArn"),
}
"""What a resource cannot be without; more than this is asked by CloudFormation's own schemas."""
