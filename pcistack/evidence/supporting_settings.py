"""The exact settings of a template that support a requirement of PCI DSS v4.0.1.

A setting is listed only when its value is the one that supports the requirement. The rules of
``pcistack.pci_dss`` judge what is missing or wrong; this table shows what is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pcistack.evidence.values import shown
from pcistack.pci_dss.accepted import LOG_DAYS
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View

Accepts: TypeAlias = Callable[[Value], bool]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Setting:
    """One value in the template that supports a requirement.

    Attributes:
        resource: Logical id.
        type: CloudFormation type.
        property: Path of the property.
        value: Its value, as text.
    """

    resource: str
    type: str
    property: str
    value: str


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


def _like(pattern: str) -> Accepts:
    known = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(known.search(value))


def _without(*banned: str) -> Accepts:
    return lambda value: (
        _there(value) and not any(word in shown(value).split(", ") for word in banned)
    )


def _named_actions(value: Value) -> bool:
    return _there(value) and "*" not in shown(value).split(", ")


def _having(wanted: str) -> Accepts:
    return lambda value: isinstance(value, list) and wanted in value


def _own_name(value: Value) -> bool:
    """Whether a master user, written out or in a secret's template, is no vendor default."""
    if not isinstance(value, str) or isinstance(value, Partial):
        return False
    named = re.search(r'"username"\s*:\s*"([^"]+)"', value)
    name = named.group(1) if named else value
    return name.isidentifier() and name.lower() not in ("admin", "root", "postgres", "mysql")


def _not_root(value: Value) -> bool:
    return _there(value) and str(value).split(":")[0] not in ("0", "root")


def _at_least(least: float) -> Accepts:
    def accepts(value: Value) -> bool:
        if isinstance(value, bool | Unknown | Reference) or not isinstance(
            value, int | float | str
        ):
            return False
        try:
            return float(value) >= least
        except ValueError:
            return False

    return accepts


_DB: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_ELB: Final = "AWS::ElasticLoadBalancingV2"
_ATTRIBUTE: Final = "LoadBalancerAttributes[Key={}].Value"
_DEFAULT_KEY: Final = (
    "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault"
)


_TABLE: Final[Mapping[tuple[str, ...], Sequence[tuple[str, str, Accepts]]]] = {
    ("AWS::EC2::SecurityGroupIngress",): (
        ("SourceSecurityGroupId", "1.2.5 1.3.1 1.4.1 1.4.2 1.4.4 7.2.6", _reference),
    ),
    ("AWS::EC2::SecurityGroupEgress",): (
        ("DestinationSecurityGroupId", "1.2.5 1.3.2 1.4.1", _reference),
    ),
    ("AWS::EC2::SecurityGroup",): (
        ("SecurityGroupEgress.*.CidrIp", "1.2.8 1.3.2", _is("255.255.255.255/32")),
    ),
    ("Custom::VpcRestrictDefaultSG",): (("DefaultSecurityGroupId", "1.2.8 1.3.1 1.3.2", _there),),
    (f"{_ELB}::LoadBalancer",): (
        ("Scheme", "1.4.1 1.4.2", _there),
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
        ("AvailabilityZone", "resilience", _there),
    ),
    ("AWS::RDS::DBCluster",): (
        ("PubliclyAccessible", "1.4.2 1.4.4 1.4.5", _false),
        ("EnableCloudwatchLogsExports", "3.2.1 3.3.1", _without("general")),
        ("EnableCloudwatchLogsExports", "10.2.1 10.3.3", _having("audit")),
    ),
    ("AWS::RDS::DBSubnetGroup",): (("SubnetIds", "1.3.2 1.4.4 1.4.1", _there),),
    ("AWS::ECS::Service",): (
        (
            "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
            "1.4.2 1.4.5 1.3.1",
            _is("DISABLED"),
        ),
        ("EnableExecuteCommand", "2.2.4 2.2.7 8.6.1", _false),
        ("PlatformVersion", "6.3.3", _there),
        ("LaunchType", "10.6.1", _is("FARGATE")),
        ("DeploymentConfiguration.DeploymentCircuitBreaker.Rollback", "resilience", _true),
    ),
    ("AWS::EC2::Subnet",): (("MapPublicIpOnLaunch", "1.4.2 1.4.5", _false),),
    ("AWS::S3::Bucket",): (
        ("PublicAccessBlockConfiguration.BlockPublicAcls", "1.4.4 10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.BlockPublicPolicy", "1.4.4 10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.IgnorePublicAcls", "1.4.4 10.3.1 7.3.3", _true),
        ("PublicAccessBlockConfiguration.RestrictPublicBuckets", "1.4.4 10.3.1 7.3.3", _true),
        (f"{_DEFAULT_KEY}.SSEAlgorithm", "3.5.1", _there),
        ("VersioningConfiguration.Status", "10.3.2", _is("Enabled")),
        ("ObjectLockEnabled", "10.3.2", _true),
        ("LifecycleConfiguration.Rules.*.ExpirationInDays", "10.5.1", _at_least(LOG_DAYS)),
    ),
    _DB: (
        ("MasterUsername", "2.2.2", _own_name),
        ("Tags[Key=DataClassification].Value", "7.2.1", _there),
        ("Tags[Key=EnvironmentSuffix].Value", "6.5.3", _there),
        ("StorageEncrypted", "3.5.1", _true),
        ("KmsKeyId", "3.5.1", _reference),
        ("PerformanceInsightsKMSKeyId", "3.5.1", _reference),
        ("PerformanceInsightsKmsKeyId", "3.5.1", _reference),
        ("MasterUserSecret.KmsKeyId", "3.5.1", _reference),
        ("EngineVersion", "6.3.3", _there),
        ("DeletionProtection", "6.5.1", _true),
        ("EnableIAMDatabaseAuthentication", "7.3.1 7.2.6", _true),
        ("ManageMasterUserPassword", "8.6.2 8.6.3 8.3.9", _true),
        ("BackupRetentionPeriod", "resilience", _at_least(7)),
        ("CopyTagsToSnapshot", "resilience", _true),
        ("DeletionProtection", "resilience", _true),
    ),
    ("AWS::ECS::TaskDefinition",): (
        ("ContainerDefinitions.*.ReadonlyRootFilesystem", "2.2.4 2.2.6", _true),
        ("ContainerDefinitions.*.User", "2.2.4 2.2.6", _not_root),
        ("ContainerDefinitions.*.LinuxParameters.Capabilities.Drop", "2.2.4 2.2.6", _there),
        ("ContainerDefinitions.*.Privileged", "2.2.4 2.2.6", _false),
        ("TaskRoleArn", "7.2.1 7.2.2 7.2.5", _reference),
        ("ExecutionRoleArn", "7.2.1 7.2.5", _reference),
        ("ContainerDefinitions.*.Secrets.*.Name", "8.6.2", _there),
        ("ContainerDefinitions.*.LogConfiguration.Options.awslogs-group", "10.2.1 10.3.3", _there),
        ("RequiresCompatibilities", "10.6.1", _there),
    ),
    ("AWS::WAFv2::LoggingConfiguration",): (
        ("RedactedFields", "3.3.1 3.2.1", _there),
        ("LogDestinationConfigs", "6.4.2 10.2.1 10.3.3 10.4.2", _there),
    ),
    ("AWS::Logs::LogGroup",): (
        ("RetentionInDays", "3.2.1", _there),
        ("KmsKeyId", "3.5.1 10.3.1", _reference),
        ("RetentionInDays", "10.5.1", _at_least(LOG_DAYS)),
    ),
    ("AWS::SecretsManager::Secret",): (
        ("KmsKeyId", "3.5.1 8.3.2", _reference),
        ("GenerateSecretString.PasswordLength", "8.6.2 8.3.6", _at_least(12)),
        ("GenerateSecretString.SecretStringTemplate", "2.2.2", _own_name),
    ),
    ("AWS::SNS::Topic",): (("KmsMasterKeyId", "3.5.1", _reference),),
    ("AWS::SQS::Queue",): (("KmsMasterKeyId", "3.5.1", _reference),),
    ("AWS::KMS::Key",): (
        ("EnableKeyRotation", "3.7.4 3.6.1 3.6.1.2", _true),
        ("RotationPeriodInDays", "3.7.4", _there),
        ("PendingWindowInDays", "3.6.1 3.7.5", _at_least(7)),
        ("KeyPolicy.Statement.*.Condition", "3.6.1", _there),
    ),
    (f"{_ELB}::Listener",): (
        ("SslPolicy", "4.2.1 2.2.5 2.2.7", _like("TLS13-1-[23]|FS-1-2|TLS-1-2")),
        ("DefaultActions.*.RedirectConfig.Protocol", "4.2.1 1.2.6 2.2.5", _is("HTTPS")),
        ("Certificates.*.CertificateArn", "4.2.1 4.2.1.1", _there),
    ),
    (f"{_ELB}::TargetGroup",): (("Protocol", "4.2.1", _is("HTTPS", "TLS")),),
    ("AWS::RDS::DBClusterParameterGroup",): (
        ("Parameters.require_secure_transport", "4.2.1 2.2.5 2.2.7", _true),
        ("Parameters.tls_version", "4.2.1 2.2.7", _without("TLSv1", "TLSv1.1")),
        ("Parameters.server_audit_logging", "10.2.1", _true),
        ("Parameters.server_audit_events", "3.3.1 10.2.1 10.2.2", _without("QUERY")),
    ),
    ("AWS::S3::BucketPolicy",): (
        ("PolicyDocument.Statement.*.Condition.Bool.aws:SecureTransport", "4.2.1", _false),
    ),
    ("AWS::SNS::TopicPolicy",): (
        ("PolicyDocument.Statement.*.Condition.Bool.aws:SecureTransport", "4.2.1", _false),
    ),
    ("AWS::SQS::QueuePolicy",): (
        ("PolicyDocument.Statement.*.Condition.Bool.aws:SecureTransport", "4.2.1", _false),
    ),
    ("AWS::ECR::Repository",): (("ImageScanningConfiguration.ScanOnPush", "6.3.3 11.3.1", _true),),
    ("AWS::WAFv2::WebACLAssociation",): (("WebACLArn", "6.4.2", _there),),
    ("AWS::WAFv2::WebACL",): (("Rules.*.Name", "6.4.2", _there),),
    ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"): (
        ("PolicyDocument.Statement.*.Action", "7.2.2 7.2.5", _named_actions),
        ("PolicyDocument.Statement.*.Resource", "7.2.5 7.3.1", _reference),
    ),
    # AWS drops packets with a forged source inside every VPC
    ("AWS::EC2::VPC",): (("CidrBlock", "1.4.3", _there),),
    ("AWS::EC2::Instance",): (
        ("SourceDestCheck", "1.4.3", _true),
        ("MetadataOptions.HttpTokens", "2.2.6", _is("required")),
    ),
    ("AWS::IAM::Role",): (
        ("AssumeRolePolicyDocument.Statement.*.Principal.Service", "7.2.5 7.3.1 7.3.3", _there),
    ),
    ("AWS::SecretsManager::RotationSchedule",): (
        ("RotationRules.AutomaticallyAfterDays", "8.6.3 8.3.9", _there),
        ("RotationRules.ScheduleExpression", "8.6.3 8.3.9", _there),
    ),
    ("AWS::EC2::FlowLog",): (("TrafficType", "10.2.1 10.2.2", _is("ALL", "REJECT", "ACCEPT")),),
    ("AWS::Logs::MetricFilter",): (("FilterPattern", "10.4.1.1 10.4.2 10.7.2", _there),),
    ("AWS::CloudWatch::Alarm",): (("AlarmActions", "10.4.1.1 10.7.2 12.10.1", _there),),
    ("AWS::RDS::EventSubscription",): (("SourceType", "11.5.2", _there),),
    ("AWS::Events::Rule",): (("EventPattern.detail-type", "11.5.2 10.7.2", _there),),
    ("AWS::SNS::Subscription",): (("Protocol", "10.7.2 12.10.1", _there),),
    ("AWS::ApplicationAutoScaling::ScalableTarget",): (("MinCapacity", "resilience", _there),),
}


def supporting_settings(view: View) -> Mapping[str, tuple[Setting, ...]]:
    """Return the settings that support each requirement, by the requirement's number."""
    found: dict[str, set[Setting]] = {}
    for types, proofs in _TABLE.items():
        for resource in view.of_type(*types):
            for wanted, numbers, accepts in proofs:
                for setting in _accepted(resource, wanted, accepts):
                    for number in numbers.split():
                        found.setdefault(number, set()).add(setting)
    return {number: tuple(sorted(settings)) for number, settings in sorted(found.items())}


def _accepted(resource: Resource, path: str, accepts: Accepts) -> Iterator[Setting]:
    for where, value in _select(resource, path):
        if accepts(value):
            yield Setting(
                resource=resource.logical_id,
                type=resource.type,
                property=where,
                value=shown(value),
            )


_PICK: Final = re.compile(r"^(?P<name>[^\[]+)\[(?P<key>[^=]+)=(?P<value>[^\]]+)\]$")


def _steps(path: str) -> list[str]:
    """Split a path at its dots, but not inside brackets or a condition key."""
    return re.findall(r"[^.\[]+\[[^\]]+\]|[^.]+", path)


def _select(resource: Resource, path: str) -> Iterator[tuple[str, Value]]:
    """Yield the values at a path in which ``*`` is any list item and ``[Key=x]`` picks one."""
    yield from _below(dict(resource.properties), _steps(path), "")


def _below(value: Value, steps: Sequence[str], path: str) -> Iterator[tuple[str, Value]]:
    if not steps:
        if value is not None:
            yield path, value
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            yield from _below(item, rest, f"{path}.{index}" if isinstance(value, list) else path)
        return
    if not isinstance(value, dict):
        return
    pick = _PICK.match(step)
    if pick is None:
        yield from _below(value.get(step), rest, f"{path}.{step}" if path else step)
        return
    items = value.get(pick["name"])
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and str(item.get(pick["key"])) == pick["value"]:
            yield from _below(item, rest, f"{pick['name']}[{pick['value']}]")
