"""Which value of which property supports which requirement of PCI DSS v4.0.1.

The rules of ``pcistack.pci_dss`` judge what is missing or wrong; this table shows what is there,
by the values that the rules accept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from pcistack.pci_dss import accepted
from pcistack.template.view import Partial, Reference, Value, number

Accepts: TypeAlias = Callable[[Value], bool]


def _true(value: Value) -> bool:
    return str(value).lower() in ("true", "1", "on", "enabled", "enhanced")


def _false(value: Value) -> bool:
    return str(value).lower() in ("false", "0", "off", "disabled")


def _there(value: Value) -> bool:
    return value is not None and value not in ("", [], {})


def _reference(value: Value) -> bool:
    return isinstance(value, Reference | Partial)


def _is(*allowed: str) -> Accepts:
    return lambda value: str(value) in allowed


def _text(accepts: Callable[[str], bool]) -> Accepts:
    """Accept a text that is known before the deployment, and only one that the rules accept."""
    return lambda value: _written(value) and accepts(str(value))


def _has(wanted: str) -> Accepts:
    return lambda value: isinstance(value, list) and wanted in value


def _written(value: Value) -> bool:
    """Whether a text is known before the deployment."""
    return isinstance(value, str) and not isinstance(value, Partial) and bool(value)


def _no_card_data(value: Value) -> bool:
    return _written(value) and str(value) != "cardholder-data"


def _reference_list(value: Value) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_reference, value))


def _service(value: Value) -> bool:
    """Whether a principal is a service of AWS; its domain may depend on the partition."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(".amazonaws.com" in str(item) for item in items)


def _no_statements(value: Value) -> bool:
    return isinstance(value, list) and not accepted.STATEMENT_LOGS & {str(item) for item in value}


def _named_actions(value: Value) -> bool:
    actions = value if isinstance(value, list) else [value]
    return _there(value) and all(
        isinstance(action, str) and "*" not in action for action in actions
    )


def own_name(value: str) -> bool:
    """Whether a master user, written out or in a secret's template, is no vendor default."""
    named = re.search(r'"username"\s*:\s*"([^"]+)"', value)
    name = named[1] if named else value
    return name.isidentifier() and not accepted.default_user(name)


def _at_least(least: float) -> Accepts:
    return lambda value: (known := number(value)) is not None and known >= least


def _at_most(most: float) -> Accepts:
    return lambda value: (known := number(value)) is not None and 0 < known <= most


def _often(expression: str) -> bool:
    days = accepted.rotation_days(expression)
    return days is not None and days <= accepted.PASSWORD_DAYS


_DB: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_ELB: Final = "AWS::ElasticLoadBalancingV2"
_ATTRIBUTE: Final = "LoadBalancerAttributes[Key={}].Value"
_DEFAULT_KEY: Final = (
    "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault"
)


TABLE: Final[Mapping[tuple[str, ...], Sequence[tuple[str, str, Accepts]]]] = {
    ("AWS::EC2::SecurityGroupIngress",): (
        ("SourceSecurityGroupId", "1.2.5 1.3.1 1.4.1 1.4.2", _reference),
    ),
    ("AWS::EC2::SecurityGroupEgress",): (
        ("DestinationSecurityGroupId", "1.2.5 1.3.2 1.4.1", _reference),
    ),
    ("AWS::EC2::SecurityGroup",): (
        ("SecurityGroupEgress.*.CidrIp", "1.2.8 1.3.2", _is("255.255.255.255/32")),
    ),
    ("Custom::VpcRestrictDefaultSG",): (
        ("DefaultSecurityGroupId", "1.2.8 1.3.1 1.3.2", _reference),
    ),
    (f"{_ELB}::LoadBalancer",): (
        (_ATTRIBUTE.format("routing.http.drop_invalid_header_fields.enabled"), "6.2.4", _true),
        (
            _ATTRIBUTE.format("routing.http.desync_mitigation_mode"),
            "6.2.4",
            _is("defensive", "strictest"),
        ),
        (_ATTRIBUTE.format("deletion_protection.enabled"), "6.5.1", _true),
        (_ATTRIBUTE.format("access_logs.s3.enabled"), "10.2.1 10.3.3", _true),
    ),
    ("AWS::RDS::DBInstance",): (
        ("PubliclyAccessible", "1.4.2 1.4.4 1.4.5", _false),
        ("AutoMinorVersionUpgrade", "6.3.3", _true),
    ),
    ("AWS::RDS::DBCluster",): (
        ("PubliclyAccessible", "1.4.2 1.4.4 1.4.5", _false),
        (
            "EnableCloudwatchLogsExports",
            "3.2.1 3.3.1",
            _no_statements,
        ),
        ("EnableCloudwatchLogsExports", "10.2.1 10.3.3", _has("audit")),
    ),
    ("AWS::ECS::Service",): (
        (
            "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
            "1.4.2 1.4.5 1.3.1",
            _is("DISABLED"),
        ),
        ("EnableExecuteCommand", "2.2.4 2.2.7 8.6.1", _false),
        ("PlatformVersion", "6.3.3", _is("LATEST", "1.4.0")),
        ("LaunchType", "10.6.1", _is("FARGATE")),
    ),
    ("AWS::EC2::Subnet",): (("MapPublicIpOnLaunch", "1.4.2 1.4.5", _false),),
    ("AWS::S3::Bucket",): (
        ("PublicAccessBlockConfiguration.BlockPublicAcls", "10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.BlockPublicPolicy", "10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.IgnorePublicAcls", "10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.RestrictPublicBuckets", "10.3.1 7.3.3", _true),
        (f"{_DEFAULT_KEY}.SSEAlgorithm", "3.5.1", _is("aws:kms", "aws:kms:dsse")),
        ("VersioningConfiguration.Status", "10.3.2", _is("Enabled")),
        ("ObjectLockEnabled", "10.3.2", _true),
        ("LifecycleConfiguration.Rules.*.ExpirationInDays", "10.5.1", _at_least(accepted.LOG_DAYS)),
    ),
    _DB: (
        ("MasterUsername", "2.2.2", _text(own_name)),
        ("Tags[Key=DataClassification].Value", "7.2.1", _written),
        ("Tags[Key=DataClassification].Value", "6.5.5", _no_card_data),
        ("Tags[Key=EnvironmentSuffix].Value", "6.5.3", _written),
        ("StorageEncrypted", "3.5.1", _true),
        ("KmsKeyId", "3.5.1", _reference),
        ("PerformanceInsightsKMSKeyId", "3.5.1", _reference),
        ("PerformanceInsightsKmsKeyId", "3.5.1", _reference),
        ("MasterUserSecret.KmsKeyId", "3.5.1", _reference),
        ("EngineVersion", "6.3.3 6.3.2 12.3.4", _written),
        ("DeletionProtection", "6.5.1", _true),
        ("ManageMasterUserPassword", "7.2.5 8.2.2 8.6.1 8.6.2 8.6.3 8.3.9", _true),
    ),
    ("AWS::ECS::TaskDefinition",): (
        ("ContainerDefinitions.*.ReadonlyRootFilesystem", "2.2.4 2.2.6", _true),
        ("ContainerDefinitions.*.User", "2.2.4 2.2.6", _text(lambda user: not accepted.root(user))),
        ("ContainerDefinitions.*.LinuxParameters.Capabilities.Drop", "2.2.4 2.2.6", _has("ALL")),
        ("ContainerDefinitions.*.Privileged", "2.2.4 2.2.6", _false),
        ("TaskRoleArn", "7.2.1 7.2.2 7.2.5", _reference),
        ("ExecutionRoleArn", "7.2.1 7.2.5", _reference),
        ("ContainerDefinitions.*.Secrets.*.ValueFrom", "8.6.2", _reference),
        ("ContainerDefinitions.*.LogConfiguration.Options.awslogs-group", "10.2.1 10.3.3", _there),
        ("RequiresCompatibilities", "10.6.1", _has("FARGATE")),
    ),
    ("AWS::WAFv2::LoggingConfiguration",): (
        ("RedactedFields", "3.3.1 3.2.1", _there),
        ("LogDestinationConfigs", "10.3.3", _reference_list),
    ),
    ("AWS::Logs::LogGroup",): (
        ("RetentionInDays", "3.2.1", _at_least(1)),
        ("KmsKeyId", "3.5.1 10.3.1", _reference),
        ("RetentionInDays", "10.5.1", _at_least(accepted.LOG_DAYS)),
    ),
    ("AWS::SecretsManager::Secret",): (
        ("KmsKeyId", "3.5.1 8.3.2", _reference),
        ("GenerateSecretString.PasswordLength", "8.6.2 8.3.6", _at_least(accepted.PASSWORD_LENGTH)),
        ("GenerateSecretString.SecretStringTemplate", "2.2.2", _text(own_name)),
    ),
    ("AWS::SNS::Topic",): (("KmsMasterKeyId", "3.5.1", _reference),),
    ("AWS::SQS::Queue",): (("KmsMasterKeyId", "3.5.1", _reference),),
    ("AWS::KMS::Key",): (
        ("EnableKeyRotation", "3.7.4 3.6.1", _true),
        ("RotationPeriodInDays", "3.7.4", _at_most(accepted.KEY_DAYS)),
        ("PendingWindowInDays", "3.6.1 3.7.5", _at_least(7)),
        ("KeyPolicy.Statement.*.Condition", "3.6.1", _there),
    ),
    (f"{_ELB}::Listener",): (
        ("SslPolicy", "4.2.1 2.2.5 2.2.7", _text(accepted.strong_tls_policy)),
        ("DefaultActions.*.RedirectConfig.Protocol", "4.2.1 1.2.6 2.2.5", _is("HTTPS")),
    ),
    (f"{_ELB}::TargetGroup",): (("Protocol", "4.2.1", _is("HTTPS", "TLS")),),
    ("AWS::RDS::DBClusterParameterGroup",): (
        ("Parameters.require_secure_transport", "4.2.1 2.2.5 2.2.7", accepted.parameter_on),
        ("Parameters.tls_version", "4.2.1 2.2.7", _text(accepted.strong_tls_versions)),
        ("Parameters.server_audit_logging", "10.2.1", accepted.parameter_on),
        ("Parameters.server_audit_events", "3.3.1", _text(accepted.without_statements)),
    ),
    ("AWS::ECR::Repository",): (("ImageScanningConfiguration.ScanOnPush", "6.3.3 11.3.1", _true),),
    ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"): (
        ("PolicyDocument.Statement.*.Action", "7.2.2 7.2.5", _named_actions),
        ("PolicyDocument.Statement.*.Resource", "7.2.5 7.3.1", _reference),
    ),
    ("AWS::EC2::Instance",): (
        ("SourceDestCheck", "1.4.3", _true),
        ("MetadataOptions.HttpTokens", "2.2.6", _is("required")),
    ),
    ("AWS::IAM::Role",): (
        ("AssumeRolePolicyDocument.Statement.*.Principal.Service", "7.2.5 7.3.1 7.3.3", _service),
    ),
    ("AWS::SecretsManager::RotationSchedule",): (
        ("RotationRules.AutomaticallyAfterDays", "8.6.3 8.3.9", _at_most(accepted.PASSWORD_DAYS)),
        ("RotationRules.ScheduleExpression", "8.6.3 8.3.9", _text(_often)),
    ),
    ("AWS::EC2::FlowLog",): (("TrafficType", "10.2.1 10.2.1.4 10.2.2", _is("ALL", "REJECT")),),
    ("AWS::Logs::MetricFilter",): (("FilterPattern", "10.4.1.1 10.4.2 10.7.2", _there),),
    ("AWS::RDS::EventSubscription",): (("SourceType", "11.5.2", _there),),
    ("AWS::Events::Rule",): (("EventPattern.detail-type", "11.5.2 10.7.2", _there),),
}
