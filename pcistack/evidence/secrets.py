"""The register of secrets with their rotation (PCI DSS 8.6.2, 8.6.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.values import (
    AT_DEPLOYMENT,
    NONE,
    OUTSIDE,
    purpose,
    shown,
    targets,
    text,
)
from pcistack.evidence.wording import claim
from pcistack.template.view import Partial, Reference, Resource, Value, View

_RDS_ROTATION: Final = claim("every 7 days, by RDS")
_OWN_KEY: Final = claim("Secrets Manager's own key")
_WRITTEN: Final = claim("Its value stands in the template.")
_STILL: Final = claim("It does not rotate by itself: change it as your risk analysis says (8.6.3).")
_A_VALUE: Final = claim("a value in the template")
_GIVEN: Final = claim("given at the deployment")
_BY_YOU: Final = claim("set by you after the deployment")
_GENERATED: Final = claim("Secrets Manager, {} random characters")
_BY_RDS: Final = claim("RDS, in Secrets Manager")
_MASTER: Final = claim("Master password of the database ({})")
_RATE: Final = claim("every {}")
_IN_WINDOW: Final = claim("{} within {} hours from {}:00 UTC")
_FROM: Final = claim("{} from {}:00 UTC")
_MONTHLY: Final = claim("every month on day {}")
_MONTHS: Final = claim("every {} months on day {}")
_DAILY: Final = claim("every day")
_DAYS: Final = claim("every {} days of a month")
_SCHEDULED: Final = claim("scheduled")
_FOREIGN: Final = claim("Read by containers; made outside this template")
_SHOW_IT: Final = claim("Not part of this template: show its rotation yourself.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredSecret:
    """A password or another secret that the template creates or uses.

    Attributes:
        resource: Logical id, or the name of a secret from outside.
        purpose: What it is for.
        made_by: How its value comes to be.
        encryption: Key that encrypts it.
        rotation: When it changes by itself.
        read_by: Logical ids of the resources that refer to it.
        attention: Why it wants a look; empty if it does not.
    """

    resource: str
    purpose: str
    made_by: str
    encryption: str
    rotation: str
    read_by: tuple[str, ...]
    attention: str


def secrets(view: View) -> tuple[RegisteredSecret, ...]:
    """Return the secrets of a template."""
    users = view.referrers
    rotations: dict[str, Resource] = {}
    for schedule in view.of_type("AWS::SecretsManager::RotationSchedule"):
        for target in _secret_of(view, schedule.get("SecretId")):
            rotations[target] = schedule
    rows = [
        _row(secret, rotations.get(secret.logical_id), _readers(users, secret.logical_id))
        for secret in view.of_type("AWS::SecretsManager::Secret")
    ]
    rows += [
        _managed(database, users.get(database.logical_id, ()))
        for database in view.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
        if database.flag("ManageMasterUserPassword")
    ]
    rows += _outside(view)
    return tuple(sorted(rows, key=lambda row: row.resource))


def _secret_of(view: View, value: Value) -> list[str]:
    """Follow a reference to a secret, also through a target attachment."""
    found: list[str] = []
    for target in targets(value):
        resource = view.resources.get(target)
        if resource is not None and resource.type == "AWS::SecretsManager::SecretTargetAttachment":
            found += targets(resource.get("SecretId"))
        else:
            found.append(target)
    return found


def _row(secret: Resource, schedule: Resource | None, readers: tuple[str, ...]) -> RegisteredSecret:
    rotation = _rotation(schedule)
    plain = _made_by(secret) == _A_VALUE
    return RegisteredSecret(
        resource=secret.logical_id,
        purpose=purpose(secret),
        made_by=_made_by(secret),
        encryption=text(secret, "KmsKeyId", absent=_OWN_KEY),
        rotation=rotation or NONE,
        read_by=readers,
        attention=_WRITTEN if plain else "" if rotation else _STILL,
    )


def _made_by(secret: Resource) -> str:
    written = secret.get("SecretString")
    if written is not None:
        known = isinstance(written, str) and not isinstance(written, Partial)
        return _A_VALUE if known and "{{resolve:" not in str(written) else _GIVEN
    generated = secret.get("GenerateSecretString")
    if not isinstance(generated, dict):
        return _BY_YOU if generated is None else AT_DEPLOYMENT
    length = shown(generated.get("PasswordLength", 32))
    return _GENERATED.format(length)


def _rotation(schedule: Resource | None) -> str:
    if schedule is None:
        return ""
    expression = schedule.get("RotationRules.ScheduleExpression")
    if expression is not None:
        return _in_words(shown(expression), schedule.text("RotationRules.Duration") or "")
    days = schedule.get("RotationRules.AutomaticallyAfterDays")
    if days is None:
        return _SCHEDULED
    return _RATE.format(counted(days, "day") if isinstance(days, int) else shown(days))


def _in_words(expression: str, duration: str) -> str:
    """Return a schedule as a reader of the register says it; as written where that is not clear."""
    rate = re.fullmatch(r"rate\((\d+ \w+)\)", expression)
    if rate:
        return _RATE.format(rate[1])
    cron = re.fullmatch(r"cron\(0+ (\d+) (\S+) (\S+) (\S+) \*\)", expression)
    day = _day(*cron.groups()[1:]) if cron else ""
    if cron is None or not day:
        return expression
    hour = f"{int(cron[1]):02}"
    if duration:
        return _IN_WINDOW.format(day, duration.removesuffix("h"), hour)
    return _FROM.format(day, hour)


def _day(day: str, month: str, weekday: str) -> str:
    """Return the days of a cron expression in words; nothing for what is seldom written."""
    months = re.fullmatch(r"\*|1/(\d+)", month)
    days = re.fullmatch(r"[*?]|(\d+)|1/(\d+)", day)
    if months is None or days is None or weekday not in ("*", "?"):
        return ""
    step = int(months[1] or 1)
    if days[1]:
        on = int(days[1])
        return _MONTHLY.format(on) if step == 1 else _MONTHS.format(step, on)
    if step != 1:
        return ""
    count = int(days[2] or 1)
    return _DAILY if count == 1 else _DAYS.format(count)


def _readers(users: Mapping[str, tuple[Resource, ...]], secret: str) -> tuple[str, ...]:
    """Who refers to a secret, directly or through its attachment to a database."""
    found: list[str] = []
    for user in users.get(secret, ()):
        if user.type == "AWS::SecretsManager::SecretTargetAttachment":
            found += _readers(users, user.logical_id)
        elif not user.type.startswith("AWS::SecretsManager::"):
            found.append(user.logical_id)
    return tuple(dict.fromkeys(found))


def _managed(database: Resource, users: tuple[Resource, ...]) -> RegisteredSecret:
    readers = tuple(
        user.logical_id
        for user in users
        if any(
            isinstance(leaf, Reference) and str(leaf.attribute).startswith("MasterUserSecret")
            for leaf in _references(user)
        )
    )
    return RegisteredSecret(
        resource=f"{database.logical_id}.MasterUserSecret",
        purpose=_MASTER.format(text(database, "MasterUsername")),
        made_by=_BY_RDS,
        encryption=text(database, "MasterUserSecret.KmsKeyId", absent=_OWN_KEY),
        rotation=_RDS_ROTATION,
        read_by=readers,
        attention="",
    )


def _references(resource: Resource) -> list[Reference]:
    found: list[Reference] = []
    for _, leaf in resource.leaves:
        if isinstance(leaf, Reference):
            found.append(leaf)
        elif isinstance(leaf, Partial):
            found += leaf.references
    return found


def _outside(view: View) -> list[RegisteredSecret]:
    """Secrets that containers read from outside the template."""
    readers: dict[str, set[str]] = {}
    for task in view.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            for entry in task.items(f"ContainerDefinitions.{index}.Secrets"):
                source = entry.get("ValueFrom") if isinstance(entry, dict) else None
                if isinstance(source, str) and not list(targets(source)):
                    readers.setdefault(source, set()).add(task.logical_id)
    return [
        RegisteredSecret(
            resource=source,
            purpose=_FOREIGN,
            made_by=OUTSIDE,
            encryption=OUTSIDE,
            rotation=OUTSIDE,
            read_by=tuple(sorted(names)),
            attention=_SHOW_IT,
        )
        for source, names in sorted(readers.items())
    ]
