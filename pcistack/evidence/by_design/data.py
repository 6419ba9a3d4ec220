"""Sentences on requirements 2, 3 and 4: configuration, stored data, transmission."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.by_design.sentence import every, listed, name_in, says
from pcistack.evidence.channels import redirects
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.plain_requests import POLICY_OWNERS, refuses_plain
from pcistack.pci_dss.settings_table import own_name
from pcistack.template.view import Partial, Resource, Value

_CLUSTER: Final = "AWS::RDS::DBCluster"
_LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
_TASK: Final = "AWS::ECS::TaskDefinition"
_WITH_GENERAL_LOG: Final = ("aurora-mysql", "mysql", "mariadb")
_KEY: Final = "AWS::KMS::Key"


def containers(context: Context) -> list[tuple[Resource, str]]:
    """Return every container with its task definition and its path there."""
    return [
        (task, f"ContainerDefinitions.{index}")
        for task in context.of_type(_TASK)
        for index, _ in enumerate(task.items("ContainerDefinitions"))
    ]


def databases(context: Context) -> list[Resource]:
    """Return clusters, and instances that belong to none."""
    alone = [
        one
        for one in context.of_type("AWS::RDS::DBInstance")
        if one.get("DBClusterIdentifier") is None
    ]
    return [*context.of_type(_CLUSTER), *alone]


def parameters(context: Context, database: Resource) -> dict[str, Value] | None:
    """Return the parameters of a database's group; None if that is not in the template."""
    cluster = database.type == _CLUSTER
    path = "DBClusterParameterGroupName" if cluster else "DBParameterGroupName"
    group = context.target(database.get(path))
    if group is None:
        return {} if database.get(path) is None else None
    found = group.get("Parameters")
    return dict(found) if isinstance(found, dict) else {} if found is None else None


def own_key(context: Context, value: Value) -> bool:
    """Whether a value is a key of the template."""
    key = context.target(value)
    return key is not None and key.type == _KEY


@says("2.2.2")
def master_user_is_no_default(context: Context) -> str:
    def own(database: Resource) -> bool:
        name = database.get("MasterUsername")
        secret = context.target(name)
        if secret is not None:
            name = secret.get("GenerateSecretString.SecretStringTemplate")
        return isinstance(name, str) and not isinstance(name, Partial) and own_name(name)

    if not every(databases(context), own):
        return ""
    return "The master user of the database has a name of its own."


@says("2.2.4")
def containers_are_confined(context: Context) -> str:
    found = containers(context)
    if not found or not all(_confined(task, path) for task, path in found):
        return ""
    return (
        "Containers run as a user other than root, cannot write their root file system and drop "
        "every capability of the kernel."
    )


def _confined(task: Resource, path: str) -> bool:
    user, dropped = (
        task.get(f"{path}.User"),
        task.items(f"{path}.LinuxParameters.Capabilities.Drop"),
    )
    return (
        isinstance(user, str)
        and not accepted.root(user)
        and task.flag(f"{path}.ReadonlyRootFilesystem") is True
        and "ALL" in dropped
    )


@says("2.2.4 8.6.1 8.4.2")
def no_shell_into_tasks(context: Context) -> str:
    services = context.of_type("AWS::ECS::Service")
    if not every(services, lambda one: one.flag("EnableExecuteCommand") is False):
        return ""
    return "Nobody can open a shell in a task from outside."


@says("2.2.5 4.2.1")
def listeners_speak_tls(context: Context) -> str:
    def strong(one: Resource) -> bool:
        return redirects(one) or (
            one.get("Protocol") in ("HTTPS", "TLS")
            and accepted.strong_tls_policy(one.text("SslPolicy") or "")
        )

    if not every(context.of_type(_LISTENER), strong):
        return ""
    return "Load balancers take TLS 1.2 and later, with strong ciphers only."


@says("2.2.6")
def no_container_is_privileged(context: Context) -> str:
    found = containers(context)
    if not found or any(task.flag(f"{path}.Privileged") for task, path in found):
        return ""
    return "No container is privileged."


@says("2.2.6")
def metadata_in_version_2(context: Context) -> str:
    instances = context.of_type("AWS::EC2::Instance")
    if not every(instances, lambda one: one.get("MetadataOptions.HttpTokens") == "required"):
        return ""
    return "The metadata service of instances answers in version 2 only."


@says("2.2.7 4.2.1 8.3.2")
def database_refuses_clear_text(context: Context) -> str:
    def on(database: Resource) -> bool:
        known = parameters(context, database) or {}
        forced = known.get("require_secure_transport", known.get("rds.force_ssl"))
        return forced is not None and accepted.parameter_on(forced)

    return "The database refuses connections without TLS." if every(databases(context), on) else ""


@says("3.2.1")
def logs_end(context: Context) -> str:
    groups = context.of_type("AWS::Logs::LogGroup")
    days = [one.number("RetentionInDays") for one in groups]
    known = [day for day in days if day is not None]
    if not known or len(known) != len(days):
        return ""
    least, most = min(known), max(known)
    span = counted(most, "day") if least == most else f"{least:g} to {counted(most, 'day')}"
    return f"Every log group of the template ends its logs after {span}."


@says("3.2.1 3.3.1")
def slow_statements_are_kept(context: Context) -> str:
    """Tell what is against the requirement, too."""
    found = [
        name_in(context, one.logical_id)
        for one in databases(context)
        if "slowquery" in one.items("EnableCloudwatchLogsExports")
    ]
    if not found:
        return ""
    return (
        f"The slow query log of {listed(found)} is exported: it holds whole statements with their "
        "values, card numbers among them if your application writes such."
    )


@says("3.3.1")
def general_log_is_off(context: Context) -> str:
    def off(database: Resource) -> bool:
        known = parameters(context, database)
        exported = database.items("EnableCloudwatchLogsExports")
        return (
            known is not None
            and (database.text("Engine") or "").startswith(_WITH_GENERAL_LOG)
            and str(known.get("general_log", "0")).lower() in ("0", "off", "false")
            and accepted.STATEMENT_LOG not in exported
        )

    return "The general query log is off." if every(databases(context), off) else ""


@says("3.3.1")
def audit_log_leaves_statements_out(context: Context) -> str:
    def without(database: Resource) -> bool:
        events = (parameters(context, database) or {}).get("server_audit_events")
        return isinstance(events, str) and accepted.without_statements(events)

    if not every(databases(context), without):
        return ""
    return "The audit log of the database leaves statements that read or write rows out."


@says("3.3.1")
def web_acl_log_is_redacted(context: Context) -> str:
    logs = context.of_type("AWS::WAFv2::LoggingConfiguration")
    if not every(logs, lambda one: bool(one.items("RedactedFields"))):
        return ""
    return "The log of the web ACL leaves credentials out."


@says("3.5.1")
def stores_use_own_keys(context: Context) -> str:
    def own(one: Resource) -> bool:
        return one.flag("StorageEncrypted") is True and own_key(context, one.get("KmsKeyId"))

    if not every(databases(context), own):
        return ""
    return (
        "Volumes, backups and snapshots of the database are encrypted with a key of this template."
    )


@says("3.5.1")
def log_bucket_uses_s3_keys(context: Context) -> str:
    default = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"
    found = [
        name_in(context, one.logical_id)
        for one in context.of_type("AWS::S3::Bucket")
        if one.get(f"{default}.SSEAlgorithm") == "AES256"
    ]
    return f"{listed(found)} is encrypted with S3's own keys." if found else ""


@says("3.6.1")
def no_key_is_for_everyone(context: Context) -> str:
    keys = context.of_type(_KEY)
    if not keys or any(
        statement.allows and statement.everyone
        for key in keys
        for statement in context.statements.get(key.logical_id, ())
    ):
        return ""
    return f"{counted(len(keys), 'key')} of its own; no key policy is for everyone."


@says("3.7.4")
def keys_rotate(context: Context) -> str:
    def rotates(key: Resource) -> bool:
        period = key.number("RotationPeriodInDays")
        in_time = period is None or period <= accepted.KEY_DAYS
        return key.flag("EnableKeyRotation") is True and in_time

    if not every(context.of_type(_KEY), rotates):
        return ""
    return "Every key of the template rotates, once a year or more often."


@says("3.7.5")
def key_deletion_waits(context: Context) -> str:
    keys = context.of_type(_KEY)
    days = [
        30.0 if one.get("PendingWindowInDays") is None else one.number("PendingWindowInDays")
        for one in keys
    ]
    known = [day for day in days if day is not None]
    if not known or len(known) != len(days):
        return ""
    return f"The deletion of a key waits for at least {counted(min(known), 'day')}."


@says("4.2.1")
def who_refuses_clear_text(context: Context) -> str:
    found = [
        f"{kind.rpartition(':')[2].lower()}s"
        for kind in POLICY_OWNERS
        if every(context.of_type(kind), lambda one: refuses_plain(context, one) is not None)
    ]
    return f"All {listed(found)} of the template refuse requests without TLS." if found else ""


@says("4.2.1")
def way_to_the_tasks_is_plain(context: Context) -> str:
    plain = [
        one
        for one in context.of_type("AWS::ElasticLoadBalancingV2::TargetGroup")
        if one.get("Protocol") == "HTTP"
    ]
    if not plain:
        return ""
    return "Between load balancer and what it serves the requests are HTTP, not TLS."
