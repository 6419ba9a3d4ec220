"""What is promised of the database, its secrets, and what is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from pcistack.account.aws import Call, flag, number, objects, part, text, texts
from pcistack.account.verify.deployed import CLUSTER, INSTANCE, KEY, TOPIC, Deployed
from pcistack.account.verify.promise import Promise

_LOGS: Final = "AWS::Logs::LogGroup"
_SECRET: Final = "AWS::SecretsManager::Secret"
_LATE: Final = timedelta(days=1)
"""A rotation may begin within the day on which it is due."""


def _serverless_v2(stack: Deployed) -> Iterator[str]:
    for name, cluster in stack.clusters.items():
        capacity = part(cluster, "ServerlessV2ScalingConfiguration")
        low, high = number(capacity, "MinCapacity"), number(capacity, "MaxCapacity")
        mode = text(cluster, "EngineMode")
        if mode != "provisioned":
            yield f"{name}: has the engine mode {mode}"
        if low is None or high is None or not 0 <= low <= high:
            yield f"{name}: has no Serverless v2 capacity range, but {dict(capacity)}"
    for name, instance in stack.instances.items():
        kind = text(instance, "DBInstanceClass")
        if kind != "db.serverless":
            yield f"{name}: is a {kind}, not db.serverless"


def _instance_name(stack: Deployed) -> Iterator[str]:
    wanted = f"-instance-{stack.suffix}"
    names = [text(instance, "DBInstanceIdentifier") for instance in stack.instances.values()]
    if not any(name.endswith(wanted) for name in names):
        yield f"*{wanted}: is missing; there is {', '.join(names) or 'none'}"


def _private(stack: Deployed) -> Iterator[str]:
    for name, instance in stack.instances.items():
        if flag(instance, "PubliclyAccessible"):
            yield f"{name}: {text(instance, 'DBInstanceIdentifier')} is publicly accessible"
    for name, cluster in stack.clusters.items():
        group = text(cluster, "DBSubnetGroup")
        asked = {"DBSubnetGroupName": group}
        groups = stack.aws.items(Call.DATABASE_SUBNETS, "DBSubnetGroups", asked)
        subnets = [text(item, "SubnetIdentifier") for item in objects(groups[0], "Subnets")]
        described = stack.aws.items(Call.SUBNETS, "Subnets", {"SubnetIds": subnets})
        if len({text(subnet, "AvailabilityZone") for subnet in described}) < 2:
            yield f"{name}: its subnets lie in one zone"
        for subnet in stack.with_route_out(subnets):
            yield f"{name}: its subnet {subnet} has a route to the internet"


def _encrypted(stack: Deployed) -> Iterator[str]:
    for name, cluster in stack.clusters.items():
        if not flag(cluster, "StorageEncrypted"):
            yield f"{name}: its storage is not encrypted"
        elif not stack.is_own_key(text(cluster, "KmsKeyId")):
            yield f"{name}: its storage is not encrypted with a key of this stack"
    for name, group in stack.of_type(_LOGS).items():
        if not stack.is_own_key(text(_log_group(stack, group), "kmsKeyId")):
            yield f"{name}: {group} is not encrypted with a key of this stack"
    for name, topic in stack.of_type(TOPIC).items():
        if not stack.topic_key(topic):
            yield f"{name}: the topic is not encrypted"


def _expiring(stack: Deployed) -> Iterator[str]:
    for name, group in stack.of_type(_LOGS).items():
        if not number(_log_group(stack, group), "retentionInDays"):
            yield f"{name}: {group} keeps its events for ever"


def _log_group(stack: Deployed, name: str) -> dict[str, object]:
    found = stack.aws.items(Call.LOG_GROUPS, "logGroups", {"logGroupNamePrefix": name})
    return next((dict(item) for item in found if text(item, "logGroupName") == name), {})


def _rotating_keys(stack: Deployed) -> Iterator[str]:
    for name, key in stack.of_type(KEY).items():
        if stack.aws.items(Call.KEY_ROTATION, "KeyRotationEnabled", {"KeyId": key}) != [{"": True}]:
            yield f"{name}: the key does not rotate"


def _secrets(stack: Deployed) -> Iterator[str]:
    for name, arn in stack.of_type(_SECRET).items():
        found = stack.aws.items(Call.SECRET, "KmsKeyId", {"SecretId": arn})
        if not stack.is_own_key(text(found[0], "") if found else ""):
            yield f"{name}: is not encrypted with a key of this stack"


def _rotating_secrets(stack: Deployed) -> Iterator[str]:
    schedules = {
        str(reference.get("Ref"))
        for resource in stack.resources.values()
        if resource.type == "AWS::SecretsManager::RotationSchedule"
        and isinstance(reference := resource.properties.get("SecretId"), dict)
    }
    for name, arn in stack.of_type(_SECRET).items():
        if name not in schedules:
            continue
        asked = {"SecretId": arn}
        if stack.aws.items(Call.SECRET, "RotationEnabled", asked) != [{"": True}]:
            yield f"{name}: its rotation is switched off"
            continue
        due = [item[""] for item in stack.aws.items(Call.SECRET, "NextRotationDate", asked)]
        if due and isinstance(due[0], datetime) and due[0] + _LATE < _now(due[0]):
            yield f"{name}: its rotation was due on {due[0].date()} and did not happen"


def _now(like: datetime) -> datetime:
    return datetime.now(UTC) if like.tzinfo else datetime.now()


def _audited(stack: Deployed) -> Iterator[str]:
    for name, cluster in stack.clusters.items():
        if "audit" not in texts(cluster, "EnabledCloudwatchLogsExports"):
            yield f"{name}: does not deliver its audit log"


PROMISES: Final = (
    Promise(
        id="serverless-v2",
        says="Aurora Serverless v2: no engine mode, capacity range, db.serverless",
        types=(CLUSTER, INSTANCE),
        problems=_serverless_v2,
    ),
    Promise(
        id="writer-name",
        says="The writer is named ...-instance-<suffix>",
        types=(INSTANCE,),
        problems=_instance_name,
    ),
    Promise(
        id="database-private",
        says="The database is private: not public, isolated subnets, two zones",
        requirement="1.4.4",
        types=(CLUSTER, INSTANCE),
        problems=_private,
    ),
    Promise(
        id="encrypted",
        says="Storage, logs and topics are encrypted",
        requirement="3.5.1",
        types=(CLUSTER, _LOGS, TOPIC),
        problems=_encrypted,
    ),
    Promise(
        id="logs-expire",
        says="Logs expire when their retention ends",
        requirement="3.2.1",
        types=(_LOGS,),
        problems=_expiring,
    ),
    Promise(
        id="keys-rotate",
        says="Customer-managed keys rotate",
        requirement="3.7.4",
        types=(KEY,),
        problems=_rotating_keys,
    ),
    Promise(
        id="secrets-own-key",
        says="Secrets are encrypted with a key of the stack",
        requirement="8.3.2",
        types=(_SECRET,),
        problems=_secrets,
    ),
    Promise(
        id="secrets-rotate",
        says="Secrets with a schedule are rotated when they are due",
        requirement="8.6.3",
        types=("AWS::SecretsManager::RotationSchedule",),
        problems=_rotating_secrets,
    ),
    Promise(
        id="database-audited",
        says="The database delivers its audit log",
        requirement="10.2.1",
        types=(CLUSTER,),
        problems=_audited,
    ),
)
