"""The register of secrets with their rotation (PCI DSS 8.6.2, 8.6.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.values import AT_DEPLOYMENT, purpose, referrers, shown, targets, text
from pcistack.template.view import Partial, Reference, Resource, Value, View, walk

_RDS_ROTATION: Final = "every 7 days, by RDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
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


def secrets(view: View) -> tuple[Secret, ...]:
    """Return the secrets of a template."""
    users = referrers(view)
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


def _row(secret: Resource, schedule: Resource | None, readers: tuple[str, ...]) -> Secret:
    rotation = _rotation(schedule)
    plain = secret.get("SecretString") is not None
    return Secret(
        resource=secret.logical_id,
        purpose=purpose(secret),
        made_by=_made_by(secret),
        encryption=text(secret, "KmsKeyId", absent="Secrets Manager's own key"),
        rotation=rotation or "none",
        read_by=readers,
        attention=(
            "Its value stands in the template."
            if plain
            else ""
            if rotation
            else "It does not rotate by itself: change it as your risk analysis says (8.6.3)."
        ),
    )


def _made_by(secret: Resource) -> str:
    if secret.get("SecretString") is not None:
        return "a value in the template"
    generated = secret.get("GenerateSecretString")
    if not isinstance(generated, dict):
        return "set by you after the deployment" if generated is None else AT_DEPLOYMENT
    length = shown(generated.get("PasswordLength", 32))
    return f"Secrets Manager, {length} random characters"


def _rotation(schedule: Resource | None) -> str:
    if schedule is None:
        return ""
    expression = schedule.get("RotationRules.ScheduleExpression")
    if expression is not None:
        return _in_words(shown(expression), schedule.text("RotationRules.Duration") or "")
    days = schedule.get("RotationRules.AutomaticallyAfterDays")
    if days is None:
        return "scheduled"
    return f"every {counted(days, 'day') if isinstance(days, int) else f'{shown(days)} days'}"


def _in_words(expression: str, duration: str) -> str:
    """Return a schedule as a reader of the register says it; as written where that is not clear."""
    rate = re.fullmatch(r"rate\((\d+ \w+)\)", expression)
    if rate:
        return f"every {rate[1]}"
    cron = re.fullmatch(r"cron\(0+ (\d+) (\S+) (\S+) (\S+) \*\)", expression)
    day = _day(*cron.groups()[1:]) if cron else ""
    if cron is None or not day:
        return expression
    window = f" within {duration.removesuffix('h')} hours" if duration else ""
    return f"{day}{window} from {int(cron[1]):02}:00 UTC"


def _day(day: str, month: str, weekday: str) -> str:
    """Return the days of a cron expression in words; nothing for what is seldom written."""
    months = re.fullmatch(r"\*|1/(\d+)", month)
    days = re.fullmatch(r"[*?]|(\d+)|1/(\d+)", day)
    if months is None or days is None or weekday not in ("*", "?"):
        return ""
    step = int(months[1] or 1)
    if days[1]:
        often = "every month" if step == 1 else f"every {step} months"
        return f"{often} on day {int(days[1])}"
    if step != 1:
        return ""
    count = int(days[2] or 1)
    return "every day" if count == 1 else f"every {count} days of a month"


def _readers(users: Mapping[str, tuple[Resource, ...]], secret: str) -> tuple[str, ...]:
    """Who refers to a secret, directly or through its attachment to a database."""
    found: list[str] = []
    for user in users.get(secret, ()):
        if user.type == "AWS::SecretsManager::SecretTargetAttachment":
            found += _readers(users, user.logical_id)
        elif not user.type.startswith("AWS::SecretsManager::"):
            found.append(user.logical_id)
    return tuple(dict.fromkeys(found))


def _managed(database: Resource, users: tuple[Resource, ...]) -> Secret:
    readers = tuple(
        user.logical_id
        for user in users
        if any(
            isinstance(leaf, Reference) and str(leaf.attribute).startswith("MasterUserSecret")
            for leaf in _references(user)
        )
    )
    return Secret(
        resource=f"{database.logical_id}.MasterUserSecret",
        purpose=f"Master password of the database ({text(database, 'MasterUsername')})",
        made_by="RDS, in Secrets Manager",
        encryption=text(database, "MasterUserSecret.KmsKeyId", absent="Secrets Manager's own key"),
        rotation=_RDS_ROTATION,
        read_by=readers,
        attention="",
    )


def _references(resource: Resource) -> list[Reference]:
    found: list[Reference] = []
    for _, leaf in walk(dict(resource.properties)):
        if isinstance(leaf, Reference):
            found.append(leaf)
        elif isinstance(leaf, Partial):
            found += leaf.references
    return found


def _outside(view: View) -> list[Secret]:
    """Secrets that containers read from outside the template."""
    readers: dict[str, set[str]] = {}
    for task in view.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            for entry in task.items(f"ContainerDefinitions.{index}.Secrets"):
                source = entry.get("ValueFrom") if isinstance(entry, dict) else None
                if isinstance(source, str) and not list(targets(source)):
                    readers.setdefault(source, set()).add(task.logical_id)
    return [
        Secret(
            resource=source,
            purpose="Read by containers; made outside this template",
            made_by="not in the template",
            encryption="not in the template",
            rotation="not in the template",
            read_by=tuple(sorted(names)),
            attention="Not part of this template: show its rotation yourself.",
        )
        for source, names in sorted(readers.items())
    ]
