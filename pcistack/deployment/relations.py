"""Properties that need or exclude each other, by type; each refusal is the service's own.

``|`` separates properties of which one is enough. A path beginning with the place of an item stands
in the same item of a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Relation:
    """What a property asks of another.

    Attributes:
        path: The property that asks.
        values: Its values that ask; empty for whichever it has.
        needs: A property that must be set then; several with ``|`` between them.
        excludes: A property that must not be set then.
        of: Values that the other property must have, or must not have; empty for any.
        at: List whose items both stand in, such as ``Volumes.*``; empty for the resource itself.
    """

    path: str
    values: tuple[str, ...] = ()
    needs: str = ""
    excludes: str = ""
    of: tuple[str, ...] = ()
    at: str = ""


ON: Final = ("true",)
_EFS: Final = "Volumes.*.EFSVolumeConfiguration"
_RULES: Final = "ReplicationConfiguration.Rules.*"
_ENCRYPTION: Final = "BucketEncryption.ServerSideEncryptionConfiguration.*"
_ASYMMETRIC: Final = (
    *("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"),
    *("ECC_SECG_P256K1", "SM2", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"),
)
_ROUTING: Final = (
    "Weight|Failover|Region|GeoLocation|GeoProximityLocation|MultiValueAnswer|CidrRoutingConfig"
)
_CALLED: Final = ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY")

RELATIONS: Final[dict[str, tuple[Relation, ...]]] = {
    "AWS::ApiGateway::Method": (
        Relation("AuthorizationType", ("CUSTOM", "COGNITO_USER_POOLS"), needs="AuthorizerId"),
        Relation("Integration.Type", _CALLED, needs="Integration.IntegrationHttpMethod"),
        Relation("Integration.Type", _CALLED, needs="Integration.Uri"),
    ),
    "AWS::AutoScaling::AutoScalingGroup": (
        Relation(
            "MaxSize",
            needs="VPCZoneIdentifier|AvailabilityZones|AvailabilityZoneIds",
        ),
    ),
    "AWS::Backup::BackupSelection": (
        Relation(
            "BackupSelection.SelectionName",
            needs="BackupSelection.Resources|BackupSelection.ListOfTags|BackupSelection.Conditions",
        ),
    ),
    "AWS::CloudTrail::Trail": (
        Relation("CloudWatchLogsLogGroupArn", needs="CloudWatchLogsRoleArn"),
        Relation("CloudWatchLogsRoleArn", needs="CloudWatchLogsLogGroupArn"),
        Relation("IsMultiRegionTrail", ON, excludes="IncludeGlobalServiceEvents", of=("false",)),
    ),
    "AWS::DynamoDB::Table": (
        Relation("BillingMode", ("PAY_PER_REQUEST",), excludes="ProvisionedThroughput"),
        Relation("Projection.ProjectionType", ("INCLUDE",), needs="Projection.NonKeyAttributes",
                 at="GlobalSecondaryIndexes.*"),
        Relation("Projection.ProjectionType", ("ALL", "KEYS_ONLY"),
                 excludes="Projection.NonKeyAttributes", at="GlobalSecondaryIndexes.*"),
    ),
    "AWS::EC2::NetworkAclEntry": (
        Relation("Protocol", ("6", "17"), needs="PortRange"),
        Relation("Protocol", ("1", "58"), needs="Icmp"),
        Relation("CidrBlock", excludes="Ipv6CidrBlock"),
    ),
    "AWS::EC2::Volume": (
        Relation("VolumeType", ("io1", "io2"), needs="Iops"),
        Relation("VolumeType", ("gp2", "st1", "sc1", "standard", "io1", "io2"),
                 excludes="Throughput"),
        Relation("VolumeType", ("gp2", "st1", "sc1", "standard"), excludes="Iops"),
    ),
    "AWS::ECS::Service": (
        Relation("DeploymentConfiguration.Alarms.Enable", ON,
                 needs="DeploymentConfiguration.Alarms.AlarmNames"),
        Relation("AvailabilityZoneRebalancing", ("ENABLED",),
                 excludes="DeploymentConfiguration.MaximumPercent", of=("100",)),
        Relation("DeploymentController.Type", ("EXTERNAL",),
                 excludes="TaskDefinition|LoadBalancers|NetworkConfiguration|LaunchType"),
        Relation("TargetGroupArn", excludes="LoadBalancerName", at="LoadBalancers.*"),
    ),
    "AWS::ECS::TaskDefinition": (
        Relation("AuthorizationConfig.IAM", ("ENABLED",), needs="TransitEncryption",
                 of=("ENABLED",), at=_EFS),
        Relation("AuthorizationConfig.AccessPointId", needs="TransitEncryption", of=("ENABLED",),
                 at=_EFS),
        Relation("LogConfiguration.Options.awslogs-datetime-format",
                 excludes="LogConfiguration.Options.awslogs-multiline-pattern",
                 at="ContainerDefinitions.*"),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        Relation("AuthToken", needs="TransitEncryptionEnabled", of=ON),
        Relation("MultiAZEnabled", ON, needs="AutomaticFailoverEnabled", of=ON),
        Relation("AutomaticFailoverEnabled", ON, excludes="NumCacheClusters", of=("1",)),
        Relation("NumNodeGroups", excludes="NumCacheClusters"),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": (
        Relation("Protocol", ("HTTP", "HTTPS", "TCP", "UDP", "TCP_UDP"), excludes="AlpnPolicy"),
        Relation("MutualAuthentication.Mode", ("verify",),
                 needs="MutualAuthentication.TrustStoreArn"),
    ),
    "AWS::IAM::Policy": (Relation("PolicyName", needs="Roles|Users|Groups"),),
    "AWS::Kinesis::Stream": (
        Relation("StreamModeDetails.StreamMode", ("ON_DEMAND",), excludes="ShardCount"),
        Relation("StreamModeDetails.StreamMode", ("PROVISIONED",), needs="ShardCount"),
        Relation("StreamEncryption.EncryptionType", ("KMS",), needs="StreamEncryption.KeyId"),
    ),
    "AWS::KinesisFirehose::DeliveryStream": (
        Relation("DeliveryStreamType", ("KinesisStreamAsSource",),
                 needs="KinesisStreamSourceConfiguration"),
        Relation("DeliveryStreamType", ("DirectPut",),
                 excludes="KinesisStreamSourceConfiguration"),
    ),
    "AWS::KMS::Key": (
        Relation("KeySpec", _ASYMMETRIC, excludes="EnableKeyRotation", of=ON),
        Relation("KeySpec", _ASYMMETRIC, needs="KeyUsage"),
        Relation("KeyUsage", ("SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
                 needs="KeySpec"),
        Relation("Origin", ("EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"),
                 excludes="EnableKeyRotation", of=ON),
        Relation("RotationPeriodInDays", needs="EnableKeyRotation", of=ON),
    ),
    "AWS::Lambda::Function": (
        Relation("FileSystemConfigs", needs="VpcConfig.SubnetIds"),
        Relation("LoggingConfig.ApplicationLogLevel", needs="LoggingConfig.LogFormat",
                 of=("JSON",)),
        Relation("LoggingConfig.SystemLogLevel", needs="LoggingConfig.LogFormat", of=("JSON",)),
    ),
    "AWS::Lambda::Permission": (
        Relation("FunctionUrlAuthType", needs="Action", of=("lambda:InvokeFunctionUrl",)),
    ),
    "AWS::RDS::DBCluster": (
        Relation("KmsKeyId", excludes="StorageEncrypted", of=("false",)),
    ),
    "AWS::RDS::DBInstance": (
        Relation("KmsKeyId", excludes="StorageEncrypted", of=("false",)),
        Relation("StorageType", ("io1", "io2"), needs="Iops"),
    ),
    "AWS::Route53::RecordSet": (
        Relation("AliasTarget", excludes="TTL"),
        Relation("AliasTarget", excludes="ResourceRecords"),
        Relation("ResourceRecords", needs="TTL"),
        *(
            Relation(policy, needs="SetIdentifier")
            for policy in ("Weight", "Failover", "GeoLocation", "Region")
        ),
        Relation("SetIdentifier", needs=_ROUTING),
    ),
    "AWS::S3::Bucket": (
        Relation("ServerSideEncryptionByDefault.SSEAlgorithm", ("AES256",),
                 excludes="ServerSideEncryptionByDefault.KMSMasterKeyID", at=_ENCRYPTION),
        Relation("WebsiteConfiguration.RedirectAllRequestsTo",
                 excludes="WebsiteConfiguration.IndexDocument"),
        Relation("ObjectLockConfiguration.Rule.DefaultRetention.Days",
                 excludes="ObjectLockConfiguration.Rule.DefaultRetention.Years"),
        Relation("Filter", needs="DeleteMarkerReplication", at=_RULES),
        Relation("Filter", needs="Priority", at=_RULES),
    ),
    "AWS::Scheduler::Schedule": (
        Relation("FlexibleTimeWindow.Mode", ("FLEXIBLE",),
                 needs="FlexibleTimeWindow.MaximumWindowInMinutes"),
        Relation("FlexibleTimeWindow.Mode", ("OFF",),
                 excludes="FlexibleTimeWindow.MaximumWindowInMinutes"),
    ),
    "AWS::SNS::Topic": (
        Relation("ContentBasedDeduplication", ON, needs="FifoTopic", of=ON),
        Relation("ArchivePolicy", needs="FifoTopic", of=ON),
    ),
    "AWS::SNS::Subscription": (
        Relation("FilterPolicyScope", needs="FilterPolicy"),
        Relation("Protocol", ("email", "email-json", "sms", "lambda", "application"),
                 excludes="RawMessageDelivery", of=ON),
        Relation("Protocol", ("email", "email-json", "sms", "lambda", "sqs", "firehose"),
                 excludes="DeliveryPolicy"),
    ),
    "AWS::SQS::Queue": (
        Relation("ContentBasedDeduplication", ON, needs="FifoQueue", of=ON),
        Relation("DeduplicationScope", needs="FifoQueue", of=ON),
        Relation("FifoThroughputLimit", needs="FifoQueue", of=ON),
        Relation("FifoThroughputLimit", ("perMessageGroupId",), needs="DeduplicationScope",
                 of=("messageGroup",)),
        Relation("SqsManagedSseEnabled", ON, excludes="KmsMasterKeyId"),
        Relation("RedrivePolicy.deadLetterTargetArn", needs="RedrivePolicy.maxReceiveCount"),
    ),
}  # fmt: skip
"""What AWS refuses, by the reference of the type and the service's API reference."""
