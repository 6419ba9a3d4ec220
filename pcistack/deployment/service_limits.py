"""Values that the services around the stack's own take; see :mod:`pcistack.deployment.limits`."""

from __future__ import annotations

from typing import Final

from pcistack.deployment.limit_kinds import Between, Form, ItemCount, Limit, OneOf

_DOMAIN: Final = Form(
    r"(?=.{1,64}$)(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}",
    "a domain name of at most 64 characters, *. at its beginning only",
)
_ALTERNATIVE: Final = Form(
    r"(?=.{1,253}$)(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}",
    "a domain name, *. at its beginning only",
)
_METHOD: Final = Form(
    r"(?i:DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|ANY)", "a method such as GET, or ANY"
)
_LEVEL: Final = OneOf(("OFF", "ERROR", "INFO"))
_SECONDS: Final = Form(r"[0-9]+", "a number of seconds")
_BLOCK_V4: Final = Form(
    r"\d{1,3}(?:\.\d{1,3}){3}/(?:\d|[12]\d|3[0-2])", "a block such as 10.0.0.0/16"
)
_MOUNT: Final = Form(r"/mnt/[A-Za-z0-9_.-]+", "a path below /mnt/, such as /mnt/data")
_ID: Final = Form(
    r"[A-Za-z](?!.*--)(?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?",
    "1 to 40 letters, digits and hyphens, a letter first, no hyphen at the end or two in a row",
)
_BUCKET_ARN: Final = Form(r"arn:[\w-]+:s3:::.+", "the ARN of a bucket")
_FAMILY: Final = OneOf(
    (
        *("memcached1.4", "memcached1.5", "memcached1.6", "redis2.6", "redis2.8", "redis3.2"),
        *("redis4.0", "redis5.0", "redis6.x", "redis7", "valkey7", "valkey8", "valkey9"),
    )
)
_EVENT: Final = Form(
    r"s3:(?:ObjectCreated:(?:\*|Put|Post|Copy|CompleteMultipartUpload)"
    r"|ObjectRemoved:(?:\*|Delete|DeleteMarkerCreated)"
    r"|ObjectRestore:(?:\*|Post|Completed|Delete)|ReducedRedundancyLostObject"
    r"|Replication:(?:\*|OperationFailedReplication|OperationNotTracked"
    r"|OperationMissedThreshold|OperationReplicatedAfterThreshold)"
    r"|LifecycleTransition|IntelligentTiering"
    r"|LifecycleExpiration:(?:\*|Delete|DeleteMarkerCreated)"
    r"|ObjectTagging:(?:\*|Put|Delete)|ObjectAcl:Put|ObjectAnnotation:.+)",
    "an event of S3, such as s3:ObjectCreated:*",
)
_NOTIFICATIONS: Final = "NotificationConfiguration"
_NAME: Final = Form(r"[A-Za-z0-9._-]{1,128}", "1 to 128 letters, digits and . - _")

SERVICE_LIMITS: Final[dict[str, dict[str, Limit]]] = {
    "AWS::ApiGateway::RestApi": {
        "EndpointConfiguration.Types.*": OneOf(("EDGE", "PRIVATE", "REGIONAL")),
        "ApiKeySourceType": OneOf(("AUTHORIZER", "HEADER")),
        "MinimumCompressionSize": Between(0, 10485760),
    },
    "AWS::ApiGateway::Method": {
        "HttpMethod": _METHOD,
        "AuthorizationType": Form(
            r"(?i:NONE|AWS_IAM|CUSTOM|COGNITO_USER_POOLS)",
            "NONE, AWS_IAM, CUSTOM or COGNITO_USER_POOLS",
        ),
        "Integration.TimeoutInMillis": Between(50, 900000),
        "Integration.Uri": Form(r"arn:[\w-]+:apigateway:.+|https?://.+|\{.+|\$.+",
                                "an ARN of API Gateway or a URL"),
    },
    "AWS::ApiGateway::Resource": {
        "PathPart": Form(r"[A-Za-z0-9._:$~-]+|\{[A-Za-z0-9._-]+\+?\}",
                         "letters, digits and ._-:, or one parameter in braces, without a slash"),
    },
    "AWS::ApiGateway::Stage": {
        "StageName": Form(r"[A-Za-z0-9_-]{1,128}|\$default", "letters, digits, hyphens and _"),
        "MethodSettings.*.LoggingLevel": _LEVEL,
    },
    "AWS::AutoScaling::AutoScalingGroup": {
        "HealthCheckGracePeriod": Between(0, 1e9),
    },
    "AWS::Backup::BackupPlan": {
        "BackupPlan.BackupPlanRule.*.StartWindowMinutes": Between(60, 43200),
    },
    "AWS::CertificateManager::Certificate": {
        "DomainName": _DOMAIN,
        "SubjectAlternativeNames.*": _ALTERNATIVE,
        "ValidationMethod": OneOf(("DNS", "EMAIL", "HTTP")),
        "KeyAlgorithm": Form(r"RSA_\d+|EC_(?:prime256v1|secp\d+r1)", "such as RSA_2048"),
    },
    "AWS::CloudFormation::CustomResource": {
        "ServiceTimeout": Between(1, 3600),
    },
    "AWS::DynamoDB::Table": {
        "TableName": Form(r"[A-Za-z0-9_.-]{3,255}|arn:.+", "3 to 255 letters, digits and _.-"),
        "AttributeDefinitions.*.AttributeType": OneOf(("B", "N", "S")),
        "StreamSpecification.StreamViewType": OneOf(
            ("KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE")
        ),
        "KeySchema": ItemCount(1, 2),
        "LocalSecondaryIndexes": ItemCount(0, 5),
        "ProvisionedThroughput.ReadCapacityUnits": Between(1, 1e9),
        "ProvisionedThroughput.WriteCapacityUnits": Between(1, 1e9),
    },
    "AWS::EC2::FlowLog": {
        "ResourceType": OneOf(
            (
                *("NetworkInterface", "RegionalNatGateway", "Subnet", "TransitGateway"),
                *("TransitGatewayAttachment", "VPC"),
            )
        ),
        "LogDestination": Form(r"arn:[\w-]+:(?:s3|logs|firehose):.+",
                               "the ARN of a bucket, log group or delivery stream"),
    },
    "AWS::EC2::NetworkAclEntry": {
        "RuleNumber": Between(1, 32766),
        "Protocol": Between(-1, 255),
        "CidrBlock": _BLOCK_V4,
        "RuleAction": OneOf(("allow", "deny")),
    },
    "AWS::EC2::SecurityGroup": {
        "SecurityGroupIngress.*.CidrIp": _BLOCK_V4,
        "SecurityGroupEgress.*.CidrIp": _BLOCK_V4,
    },
    "AWS::EC2::SecurityGroupEgress": {"CidrIp": _BLOCK_V4},
    "AWS::EC2::SecurityGroupIngress": {"CidrIp": _BLOCK_V4},
    "AWS::EC2::Subnet": {"MapPublicIpOnLaunch": Form(r"(?i:true|false)", "true or false")},
    "AWS::EC2::Volume": {
        "Size": Between(1, 65536),
        "Iops": Between(100, 256000),
        "Throughput": Between(125, 2000),
    },
    "AWS::ECS::TaskDefinition": {
        "ContainerDefinitions.*.PortMappings.*.AppProtocol": OneOf(("grpc", "http", "http2")),
        "ContainerDefinitions.*.PortMappings.*.Name": Form(
            r"[a-z0-9][a-z0-9_-]{0,63}", "1 to 64 lower-case letters, digits, hyphens and _"
        ),
        "ContainerDefinitions.*.EnvironmentFiles.*.Type": OneOf(("s3",)),
        "ContainerDefinitions.*.EnvironmentFiles.*.Value": Form(
            r"arn:[\w-]+:s3:::.+\.env", "the ARN of an object whose name ends in .env"
        ),
        "ContainerDefinitions.*.RestartPolicy.RestartAttemptPeriod": Between(60, 1800),
        "ContainerDefinitions.*.Memory": Between(6, 1e9),
        "ContainerDefinitions.*.MemoryReservation": Between(6, 1e9),
        "ContainerDefinitions.*.FirelensConfiguration.Type": OneOf(("fluentbit", "fluentd")),
        "ContainerDefinitions.*.LogConfiguration.Options.max-buffer-size": Form(
            r"\d+[bkmgBKMG]?", "a number of bytes, or of k, m or g"
        ),
        "ContainerDefinitions.*.LinuxParameters.Tmpfs.*.MountOptions.*": Form(
            r"defaults|ro|rw|r?suid|nosuid|dev|nodev|exec|noexec|sync|async|dirsync|remount"
            r"|mand|nomand|atime|noatime|diratime|nodiratime|r?bind|unbindable|runbindable"
            r"|r?private|r?shared|r?slave|(?:no)?relatime|(?:no)?strictatime"
            r"|(?:mode|uid|gid|nr_inodes|nr_blocks|mpol)=?.*",
            "an option such as noexec, nosuid or nodev",
        ),
        "Volumes.*.EFSVolumeConfiguration.TransitEncryption": OneOf(("ENABLED", "DISABLED")),
    },
    "AWS::ElastiCache::ParameterGroup": {"CacheParameterGroupFamily": _FAMILY},
    "AWS::ElastiCache::ReplicationGroup": {
        "ReplicationGroupId": _ID,
        "NumCacheClusters": Between(1, 6),
        "ReplicasPerNodeGroup": Between(0, 5),
        "SnapshotRetentionLimit": Between(0, 35),
        "AuthToken": Form(r"(?!.*[/@\"])[!-~]{16,128}|\{\{.+", "16 to 128 characters"),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        "Certificates.*.CertificateArn": Form(
            r"arn:[\w-]+:acm:.+|arn:[\w-]+:iam::.+:server-certificate/.+",
            "the ARN of a certificate of ACM or IAM",
        ),
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "HealthCheckPath": Form(r"(?s).{1,1024}", "at most 1024 characters"),
        "ProtocolVersion": OneOf(("GRPC", "HTTP1", "HTTP2")),
    },
    "AWS::Kinesis::Stream": {
        "RetentionPeriodHours": Between(24, 8760),
        "ShardCount": Between(1, 100000),
    },
    "AWS::KinesisFirehose::DeliveryStream": {
        "ExtendedS3DestinationConfiguration.BucketARN": _BUCKET_ARN,
        "S3DestinationConfiguration.BucketARN": _BUCKET_ARN,
        "ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds": Between(0, 900),
        "ExtendedS3DestinationConfiguration.BufferingHints.SizeInMBs": Between(1, 128),
        "ExtendedS3DestinationConfiguration.CompressionFormat": OneOf(
            ("GZIP", "HADOOP_SNAPPY", "Snappy", "UNCOMPRESSED", "ZIP")
        ),
    },
    "AWS::Lambda::EventSourceMapping": {
        "BatchSize": Between(1, 10000),
        "MaximumBatchingWindowInSeconds": Between(0, 300),
        "ParallelizationFactor": Between(1, 10),
        "ScalingConfig.MaximumConcurrency": Between(2, 1000),
        "StartingPosition": OneOf(("AT_TIMESTAMP", "LATEST", "TRIM_HORIZON")),
    },
    "AWS::Lambda::Function": {
        "FileSystemConfigs.*.LocalMountPath": _MOUNT,
        "SnapStart.ApplyOn": OneOf(("None", "PublishedVersions")),
    },
    "AWS::Lambda::Url": {"AuthType": OneOf(("AWS_IAM", "NONE"))},
    "AWS::Logs::MetricFilter": {
        "MetricTransformations.*.MetricName": Form(r"[^:*$]{1,255}", "characters without : * $"),
        "MetricTransformations.*.MetricNamespace": Form(
            r"[^:*$]{1,255}", "characters without : * $"
        ),
    },
    "AWS::Logs::SubscriptionFilter": {
        "Distribution": OneOf(("ByLogStream", "Random")),
    },
    "AWS::RDS::DBProxy": {
        "DBProxyName": Form(r"[A-Za-z](?:-?[A-Za-z0-9]+){0,62}",
                            "at most 63 letters, digits and hyphens, a letter first"),
        "EngineFamily": OneOf(("MYSQL", "POSTGRESQL", "SQLSERVER")),
        "IdleClientTimeout": Between(1, 28800),
        "VpcSubnetIds": ItemCount(2, 1000),
        "Auth.*.IAMAuth": OneOf(("DISABLED", "ENABLED", "REQUIRED")),
    },
    "AWS::RDS::DBProxyTargetGroup": {
        "TargetGroupName": OneOf(("default",)),
        "ConnectionPoolConfigurationInfo.MaxConnectionsPercent": Between(1, 100),
        "ConnectionPoolConfigurationInfo.MaxIdleConnectionsPercent": Between(0, 100),
        "ConnectionPoolConfigurationInfo.ConnectionBorrowTimeout": Between(0, 300),
    },
    "AWS::Route53::RecordSet": {
        "Failover": OneOf(("PRIMARY", "SECONDARY")),
        "TTL": _SECONDS,
    },
    "AWS::S3::Bucket": {
        "AccessControl": OneOf(
            (
                *("AuthenticatedRead", "AwsExecRead", "BucketOwnerFullControl", "BucketOwnerRead"),
                *("LogDeliveryWrite", "Private", "PublicRead", "PublicReadWrite"),
            )
        ),
        "CorsConfiguration.CorsRules.*.AllowedMethods.*": OneOf(
            ("DELETE", "GET", "HEAD", "POST", "PUT")
        ),
        "CorsConfiguration.CorsRules.*.AllowedOrigins.*": Form(
            r"[^*]*\*?[^*]*", "an origin with one * at most"
        ),
        f"{_NOTIFICATIONS}.LambdaConfigurations.*.Event": _EVENT,
        f"{_NOTIFICATIONS}.QueueConfigurations.*.Event": _EVENT,
        f"{_NOTIFICATIONS}.TopicConfigurations.*.Event": _EVENT,
        "ReplicationConfiguration.Rules.*.Destination.Bucket": _BUCKET_ARN,
    },
    "AWS::SNS::Subscription": {
        "FilterPolicyScope": OneOf(("MessageAttributes", "MessageBody")),
    },
    "AWS::SQS::Queue": {
        "RedrivePolicy.deadLetterTargetArn": Form(r"arn:[\w-]+:sqs:.+", "the ARN of a queue"),
    },
    "AWS::Scheduler::Schedule": {
        "GroupName": Form(r"[.\w-]{1,64}", "1 to 64 letters, digits and . - _"),
        "Target.Arn": Form(r"arn:[\w-]+:.+", "an ARN"),
    },
    "AWS::WAFv2::LoggingConfiguration": {
        "LoggingFilter.Filters.*.Conditions.*.ActionCondition.Action": OneOf(
            ("ALLOW", "BLOCK", "CAPTCHA", "CHALLENGE", "COUNT", "EXCLUDED_AS_COUNT")
        ),
        "LoggingFilter.Filters.*.Behavior": OneOf(("DROP", "KEEP")),
        "LoggingFilter.Filters.*.Requirement": OneOf(("MEETS_ALL", "MEETS_ANY")),
    },
    "AWS::WAFv2::WebACLAssociation": {
        "ResourceArn": Form(
            r"arn:[\w-]+:(?:elasticloadbalancing:.+:loadbalancer/app/.+|apigateway:.+|appsync:.+"
            r"|cognito-idp:.+|apprunner:.+|ec2:.+|amplify:.+|bedrock-agentcore:.+)",
            "the ARN of an application load balancer, an API, a user pool or another resource "
            "that takes a web ACL",
        ),
        "WebACLArn": Form(r"arn:[\w-]+:wafv2:.+", "the ARN of a web ACL"),
    },
}  # fmt: skip
