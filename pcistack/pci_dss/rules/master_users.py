"""Requirements 2.2.2 and 7.2.5: the master user has a name of its own, and no task uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.databases import RDS, databases, restored
from pcistack.pci_dss.pack import rule
from pcistack.policies.access import Access
from pcistack.policies.statements import Statement
from pcistack.template.references import name_of
from pcistack.template.view import (
    CUSTOM_RESOURCE,
    Partial,
    Reference,
    Resource,
    Unknown,
    Value,
    walk,
)

_DATABASES: Final = (
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::DocDB::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace",
)
_PASSWORDS: Final = ("MasterUserPassword", "AdminUserPassword")
_MANAGED: Final = (
    "MasterUserSecret.SecretArn",
    "MasterPasswordSecretArn",
    "Namespace.AdminPasswordSecretArn",
)
"""What ``Fn::GetAtt`` of a database calls the secret that the service keeps for its master user."""

_TASKS: Final = {
    "AWS::ECS::TaskDefinition": "ContainerDefinitions",
    "AWS::Batch::JobDefinition": "",
    "AWS::AppRunner::Service": "SourceConfiguration",
    "AWS::Lambda::Function": "Environment",
}
"""What runs an application, and where it is given what it may know."""

_ROLES: Final = ("TaskRoleArn", "JobRoleArn", "InstanceRoleArn", "Role")
"""What these call the role in whose name the application itself asks."""

_READ: Final = "secretsmanager:GetSecretValue"
_REFERENCE: Final = re.compile(r"\{\{resolve:secretsmanager:(.+?)(?::SecretString.*)?\}\}")


@dataclass(frozen=True, slots=True)
class _Masters:
    """The master users' secrets of a template.

    Attributes:
        of: Database by the logical id of its secret.
        named: Database by the ARN or name of a secret outside the template.
    """

    of: Mapping[str, str]
    named: Mapping[str, str]

    def database(self, value: Value) -> str | None:
        """Return the database whose master user's secret a value names."""
        references = value.references if isinstance(value, Partial) else ()
        for reference in (value, *references) if isinstance(value, Reference) else references:
            if reference.attribute in _MANAGED:
                return reference.logical_id
            if reference.attribute in (None, "Id", "Arn") and reference.logical_id in self.of:
                return self.of[reference.logical_id]
        text = str(value) if isinstance(value, str) else ""
        for name, database in self.named.items():
            if _writes(name).search(text):
                return database
        return None


@cache
def _writes(secret: str) -> re.Pattern[str]:
    """Return what finds a secret, known by its name or ARN, in an ARN, a reference or a pattern."""
    _, is_arn, name = secret.rpartition(":secret:")
    plain = re.sub(r"-[A-Za-z0-9]{6}$", "", name) if is_arn else name
    return re.compile(
        rf"(^|:secret:|:secretsmanager:){re.escape(plain)}(-([A-Za-z0-9]{{6}}|\?+|\*))?\*?(:|$)"
    )


def _masters(context: Context) -> _Masters:
    of: dict[str, str] = {}
    named: dict[str, str] = {}
    for kind in _DATABASES:
        for database in context.of_type(kind):
            for password in _PASSWORDS:
                value = database.get(password)
                references = value.references if isinstance(value, Partial) else ()
                of |= {reference.logical_id: database.logical_id for reference in references}
                match = _REFERENCE.search(value) if isinstance(value, str) else None
                if match and not references:
                    named[match[1]] = database.logical_id
    for link in context.of_type("AWS::SecretsManager::SecretTargetAttachment"):
        secret = name_of(link.get("SecretId"))
        for alias, target in ((link.logical_id, secret), (secret, link.logical_id)):
            if target in of:
                of.setdefault(alias, of[target])
    return _Masters(of, named)


def _administers(context: Context) -> frozenset[str]:
    """Return the functions that administer: they rotate secrets, or are custom resources."""
    found = {
        name_of(schedule.get("RotationLambdaARN"))
        for schedule in context.of_type("AWS::SecretsManager::RotationSchedule")
    }
    for resource in context.of_type(CUSTOM_RESOURCE):
        found.add(name_of(resource.get("ServiceToken")))
    functions = {one.logical_id: one for one in context.of_type("AWS::Lambda::Function")}
    handed_on = [  # as the CDK's provider framework does
        name_of(leaf)
        for name in found & functions.keys()
        for _, leaf in walk(functions[name].get("Environment"))
    ]
    return frozenset((*found, *handed_on))


@rule(
    "PCI-7.2.5-MASTER-USER",
    "No task is given the master user of a database",
    asks="Application and system accounts have the least privilege that their work needs; the "
    "master user of a database may do everything in it.",
    requirements=("7.2.5", "8.2.2", "8.6.1"),
    types=tuple(_TASKS),
    extent=Extent.FULL,
    fix="Make a user with the privileges that the task needs, keep its login in a secret of its "
    "own, and give the task that one.",
)
def master_user(context: Context) -> Iterator[Hit]:
    masters, administers = _masters(context), _administers(context)
    access = context.access
    for kind, where in _TASKS.items():
        for task in context.of_type(kind):
            if task.logical_id not in administers:
                given = list(_given(task, where, masters))
                yield from given or _may_read(task, masters, access)


def _given(task: Resource, where: str, masters: _Masters) -> Iterator[Hit]:
    value = task.get(where) if where else dict(task.properties)
    for path, leaf in walk(value, where):
        database = masters.database(leaf)
        if database is not None:
            yield hit(task, path, f"it is given the master user of the database {database}")


def _may_read(task: Resource, masters: _Masters, access: Access) -> Iterator[Hit]:
    """Find the master user's secret among what the task's role may read by its name."""
    for path, value in task.leaves:
        role = access.role(value) if path.rpartition(".")[2] in _ROLES else None
        if role is None:
            continue
        reading = [one for one in access.identity(role)[0] if one.allows_action(_READ)]
        allowed = {masters.database(leaf) for one in reading if one.allows for leaf in _of(one)}
        denied = {masters.database(leaf) for one in reading if not one.allows for leaf in _of(one)}
        for database in sorted(filter(None, allowed - denied)):
            yield hit(
                task,
                path,
                f"its role {role.logical_id} may read the secret of the master user of the "
                f"database {database}",
            )


def _of(statement: Statement) -> Iterator[Value]:
    return (leaf for _, leaf in walk(statement.written.get("Resource"), ""))


@rule(
    "PCI-2.2.2-MASTER-USERNAME",
    "The master user has no default name",
    asks="Vendor default accounts are removed, disabled or changed.",
    requirements=("2.2.2",),
    security_hub=(
        "RDS.24",
        "RDS.25",
    ),
    related=("Redshift.8",),
    types=(*RDS, "AWS::Redshift::Cluster", "AWS::SecretsManager::Secret"),
    extent=Extent.FULL,
    fix="Choose a name of your own, such as txowner.",
)
def master_username(context: Context) -> Iterator[Hit]:
    redshift = context.of_type("AWS::Redshift::Cluster")
    for database in (*databases(context), *redshift):
        if restored(database):
            continue
        name = database.get("MasterUsername")
        holder, path = database, "MasterUsername"
        secret = context.target(name)
        if secret is not None and secret.type == "AWS::SecretsManager::Secret":
            holder, path = secret, "GenerateSecretString.SecretStringTemplate"
            name = _username(secret)
        if name is None and database.type != "AWS::Redshift::Cluster":
            continue  # CloudFormation refuses it, unless it is a replica
        if isinstance(name, Unknown | Reference | Partial):
            problem = UNRESOLVED
        elif accepted.default_user(str(name)):
            problem = f"is {name}, a default name"
        else:
            continue
        yield hit(holder, path, f"the master user's name {problem}")


def _username(secret: Resource) -> Value:
    template = secret.text("GenerateSecretString.SecretStringTemplate")
    try:
        parsed: object = json.loads(template or "")
    except ValueError:
        return Unknown()
    name = parsed.get("username") if isinstance(parsed, dict) else None
    return name if isinstance(name, str) else Unknown()
