"""Rotation of secrets: its times, and a function that may change the secret and reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import key_of_secret, refused, refused_on_key, secret_refused
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields
from pcistack.deployment.secret_values import attachments
from pcistack.deployment.ways import admits, obstacle
from pcistack.network.model import Kind, NetworkWorkload, Ports
from pcistack.policies.arns import ACCOUNT
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource, Value

_SCHEDULE: Final = "AWS::SecretsManager::RotationSchedule"
_GUIDE: Final = "Secrets Manager user guide: "
_STEPS: Final = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_THROUGH_AN_API: Final = (
    "rds:ModifyDBCluster",
    "rds:ModifyDBInstance",
    "rds-data:ExecuteStatement",
    "lambda:InvokeFunction",
    "ecs:RunTask",
)
"""Ways to set a password for whoever has no connection to the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rotation:
    """A rotation by a function of the template."""

    schedule: Resource
    secret: Resource
    function: Resource
    role: Resource | None


def _rotations(context: Context) -> Iterator[_Rotation]:
    for schedule in context.of_type(_SCHEDULE):
        secret = context.access.names.target(schedule.get("SecretId"))
        function = context.access.names.target(schedule.get("RotationLambdaARN"))
        if secret is None or function is None or function.type != "AWS::Lambda::Function":
            continue
        role = context.access.role(function.get("Role"))
        yield _Rotation(schedule=schedule, secret=secret, function=function, role=role)


@rule(
    "DEPLOY-ROTATION-ACCESS",
    "A rotation function whose role may not rotate the secret",
    types=(_SCHEDULE,),
    severity=Severity.WARNING,
    source=_GUIDE + "Lambda rotation function execution role permissions",
)
def access_rule(context: Context) -> Iterator[Hit]:
    for one in _rotations(context):
        if one.role is None:
            continue
        missing = secret_refused(context, one.role, one.secret, _STEPS)
        missing += refused(context, one.role, ("secretsmanager:GetRandomPassword",), "*")
        missing += _elsewhere(context, one)
        key = key_of_secret(context, one.secret)
        if key is not None:
            used = ("kms:Decrypt", "kms:GenerateDataKey")
            missing += refused_on_key(context, one.role, key, "secretsmanager", used)
        if missing:
            yield hit(
                one.schedule,
                "RotationLambdaARN",
                f"{one.role.logical_id} may not call {', '.join(missing)} for "
                f"{one.secret.logical_id}: every rotation fails",
                f"in a policy of {one.role.logical_id} allow {', '.join(missing)}"
                + (f", and in KeyPolicy of {key.logical_id}" if key else ""),
            )


def _elsewhere(context: Context, one: _Rotation) -> list[str]:
    """Return what a role may do to another cluster or service only than the rotation's own."""
    role, names = one.role, context.access.names
    asked: dict[str, tuple[str, str]] = {}
    database = _database(context, one.secret)
    if database is not None:
        kind = "Cluster" if database.type == "AWS::RDS::DBCluster" else "Instance"
        asked[f"rds:ModifyDB{kind}"] = (database.logical_id, names.arn(database) or "")
    for value in fields(one.function.get("Environment.Variables")).values():
        for service in context.of_type("AWS::ECS::Service"):
            if type(value) is str and value == service.get("ServiceName"):
                cluster = context.target(service.get("Cluster"))
                place = names.name(cluster) if cluster else names.text(service.get("Cluster"))
                arn = context.placed("arn:{p}:ecs:{r}:") + f"{ACCOUNT}:service/{place}/{value}"
                asked["ecs:UpdateService"] = (service.logical_id, arn)
    return [
        f"{action} on {name}"
        for action, (name, arn) in asked.items()
        if role is not None
        and not refused(context, role, (action,))
        and refused(context, role, (action,), arn)
    ]


@rule(
    "DEPLOY-ROTATION-DATABASE",
    "A rotation function that can neither connect to the database nor change it by an API",
    types=(_SCHEDULE,),
    severity=Severity.WARNING,
    source=_GUIDE + "Network access for the rotation function; RDS API reference: ModifyDBCluster",
)
def database_rule(context: Context) -> Iterator[Hit]:
    for one in _rotations(context):
        database = _database(context, one.secret)
        if database is None or one.role is None or _changes(context, one.role):
            continue
        workload = context.network.workloads.get(one.function.logical_id)
        if workload is None and _is_public(context, database) is not False:
            continue
        if workload is not None and _reaches(context, workload, database):
            continue
        why = "is in no VPC" if workload is None else "has no way to it"
        yield hit(
            one.schedule,
            "RotationLambdaARN",
            f"{one.function.logical_id} {why}, and {one.role.logical_id} may call none of "
            f"{', '.join(_THROUGH_AN_API[:3])}: no rotation can change the password of "
            f"{database.logical_id}",
            f"place the function into the VPC of {database.logical_id} with a group that it lets "
            f"in, or let {one.role.logical_id} call rds:ModifyDBCluster on it",
        )


def _database(context: Context, secret: Resource) -> Resource | None:
    for attachment in attachments(context, secret):
        target = context.target(attachment.get("TargetId"))
        if target is not None and target.type in ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
            return target
    return None


def _changes(context: Context, role: Resource) -> bool:
    """Whether a role may change a password by an API, as far as is known."""
    return len(refused(context, role, _THROUGH_AN_API)) < len(_THROUGH_AN_API)


def _is_public(context: Context, database: Resource) -> bool | None:
    workload = context.network.workloads.get(database.logical_id)
    return workload.public if workload else None


def _reaches(context: Context, workload: NetworkWorkload, database: Resource) -> bool:
    target = context.network.workloads.get(database.logical_id)
    if target is None or target.unresolved or workload.unresolved:
        return True
    port = target.ports[0] if len(target.ports) == 1 else None
    return admits(
        context, workload, target.logical_id, Ports("tcp", port, port) if port else Ports("all")
    )


@rule(
    "DEPLOY-ROTATION-WAY",
    "A rotation function in a VPC without a way to Secrets Manager",
    types=(_SCHEDULE,),
    severity=Severity.WARNING,
    source=_GUIDE + "Network access for the rotation function",
)
def way_rule(context: Context) -> Iterator[Hit]:
    for schedule in context.of_type(_SCHEDULE):
        workload, path = _placed(context, schedule)
        if workload is None:
            continue
        reason = obstacle(context, workload, "secretsmanager")
        if reason:
            yield hit(
                schedule,
                path,
                f"the rotation function cannot reach Secrets Manager: {reason}; every rotation "
                "times out",
                "add an interface endpoint for secretsmanager with private DNS that the "
                "function's group may reach on 443, or a route to a NAT gateway",
            )


def _placed(context: Context, schedule: Resource) -> tuple[NetworkWorkload | None, str]:
    """Return where the function of a rotation runs, and the property that says so."""
    function = context.access.names.target(schedule.get("RotationLambdaARN"))
    if function is not None:
        return context.network.workloads.get(function.logical_id), "RotationLambdaARN"
    path = "HostedRotationLambda.VpcSubnetIds"
    subnets = _listed(schedule.get(path))
    groups = _listed(schedule.get("HostedRotationLambda.VpcSecurityGroupIds"))
    if not subnets:
        return None, path
    workload = NetworkWorkload(
        logical_id=schedule.logical_id,
        type=schedule.type,
        kind=Kind.FUNCTION,
        subnets=subnets,
        groups=groups,
    )
    return workload, path


def _listed(value: Value) -> tuple[str, ...]:
    """Return what a comma-separated text refers to."""
    if isinstance(value, Partial):
        return tuple(reference.logical_id for reference in value.references)
    if isinstance(value, Reference):
        return (value.logical_id,)
    items = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(name for item in items if (name := name_of(item).strip()))


_ROTATION: Final = "AWS::SecretsManager::RotationSchedule"


@rule(
    "DEPLOY-ROTATION-RULES",
    "A rotation without one rule, or without a function",
    types=(_ROTATION,),
    severity=Severity.FATAL,
    source="Secrets Manager API reference: RotateSecret, RotationRules",
)
def rotation_rule(context: Context) -> Iterator[Hit]:
    for rotation in context.of_type(_ROTATION):
        rules = fields(rotation.get("RotationRules"))
        given = [n for n in ("AutomaticallyAfterDays", "ScheduleExpression") if rules.get(n)]
        if len(given) > 1:
            yield hit(
                rotation,
                "RotationRules",
                "AutomaticallyAfterDays and ScheduleExpression exclude each other",
                "keep one of them",
            )
        ways = [n for n in ("RotationLambdaARN", "HostedRotationLambda") if rotation.get(n)]
        if len(ways) > 1:
            yield hit(
                rotation,
                "HostedRotationLambda",
                "RotationLambdaARN and HostedRotationLambda exclude each other",
                "keep one of them",
            )
