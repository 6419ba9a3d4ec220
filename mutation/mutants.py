"""Every small change of a template that its schemas, and what they leave open, allow."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, cast

from mutation.maps import ATTRIBUTES, KEYS, conditions
from pcistack.resource_schemas import folder
from pcistack.template.document import Json, Template

REGION: Final = "eu-central-2"

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one resource.

    Attributes:
        resource: Logical id.
        type: CloudFormation type.
        path: Where in ``Properties``.
        where: The path as text; a list's item is named by its ``Key``, ``Name`` or ``Sid``, else
            it is a star.
        change: ``delete`` (the whole resource), ``remove``, ``flip``, ``choose``, ``lowest``,
            ``highest``, ``drop``, ``open``, ``negate``, ``swap``, ``add`` or ``keep`` (an
            attribute beside ``Properties``).
        value: The new value; None for a removal.
    """

    resource: str
    type: str
    path: Path_
    where: str
    change: str
    value: Json = None

    def __str__(self) -> str:
        exact = ".".join(str(step) for step in self.path)
        value = (
            "" if self.change in ("delete", "remove", "drop") else f" {json.dumps(self.value)[:60]}"
        )
        return f"{self.type} {self.resource}: {self.change} {exact}{value}"


@cache
def _index() -> dict[str, str]:
    text = (folder() / "providers" / f"{REGION}.json").read_text(encoding="utf-8")
    return cast("dict[str, str]", json.loads(text))


@cache
def schema(kind: str) -> dict[str, Json]:
    """Return the resource schema of a CloudFormation type; empty if there is none."""
    name = _index().get(kind)
    if name is None:
        return {}
    text = (folder() / "resources" / f"{name}.json").read_text(encoding="utf-8")
    return cast("dict[str, Json]", json.loads(text))


def resolved(node: Json, root: Mapping[str, Json]) -> dict[str, Json]:
    """Follow ``$ref`` and merge what ``oneOf``, ``anyOf`` and ``allOf`` add."""
    if not isinstance(node, dict):
        return {}
    reference = node.get("$ref")
    if isinstance(reference, str):
        target: Json = dict(root)
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        return resolved(target, root)
    found = dict(node)
    for key in ("oneOf", "anyOf", "allOf"):
        for choice in as_list(node.get(key)):
            for name, value in resolved(choice, root).items():
                found.setdefault(name, value)
    return found


def as_list(node: Json) -> list[Json]:
    """Return a list, or an empty one in place of anything else."""
    return node if isinstance(node, list) else []


def as_object(node: Json) -> dict[str, Json]:
    """Return an object, or an empty one in place of anything else."""
    return node if isinstance(node, dict) else {}


def mutants(template: Template) -> Iterator[Mutant]:
    """Yield every mutant of a template, in its order."""
    for logical_id, resource in template.resources.items():
        if not _referred(template, logical_id):  # else CloudFormation refuses the template
            yield Mutant(
                resource=logical_id, type=resource.type, path=(), where="", change="delete"
            )
        for name in ATTRIBUTES:
            before = resource.body.get(name)
            if before not in (None, "Delete"):
                for after in ("Delete", None):
                    yield Mutant(
                        resource=logical_id,
                        type=resource.type,
                        path=(),
                        where=name,
                        change="keep",
                        value=after,
                    )
        root = schema(resource.type)
        if not root:
            continue
        read_only = {
            str(path).removeprefix("/properties/")
            for path in as_list(root.get("readOnlyProperties"))
        }
        walker = _Walker(template, logical_id, resource.type, root, frozenset(read_only))
        yield from walker.objects(dict(resource.properties), root, ())


@dataclass(frozen=True, slots=True)
class _Walker:
    """Walks one resource beside its schema."""

    template: Template
    logical_id: str
    type: str
    root: dict[str, Json]
    read_only: frozenset[str]

    def mutant(self, path: Path_, change: str, value: Json = None) -> Mutant:
        return Mutant(
            resource=self.logical_id,
            type=self.type,
            path=path,
            where=self.label(path),
            change=change,
            value=value,
        )

    def label(self, path: Path_) -> str:
        """Return a path with list items named by what they are about."""
        node: Json = dict(self.template.resources[self.logical_id].properties)
        steps: list[str] = []
        for step in path:
            if isinstance(step, str):
                node = as_object(node).get(step)
                steps.append(step)
            elif step < len(as_list(node)):
                node = as_list(node)[step]
                steps.append(_name(node))
        return ".".join(steps)

    def subject(self, path: Path_) -> str:
        """Return what a value is about: its property, or the key that it is the value of."""
        last = next((step for step in reversed(path) if isinstance(step, str)), "")
        if last != "Value":
            return last
        return self.label(path).rpartition("[")[2].partition("]")[0] or last

    def more(self, known: Collection[str], path: Path_) -> Iterator[tuple[str, Json]]:
        """Yield keys that a map of any keys takes and does not have."""
        place = ".".join("*" if isinstance(step, int) else step for step in path)
        for key, value in KEYS.get(f"{self.type.removeprefix('AWS::')}.{place}", ()):
            if key not in known:
                yield key, value

    def objects(
        self, value: dict[str, Json], node: dict[str, Json], path: Path_
    ) -> Iterator[Mutant]:
        """Mutants of an object: its properties, and what its schema offers beside them."""
        if path and path[-1] == "Condition":
            for where, change, changed in conditions(value):
                found = self.mutant(path, change, changed)
                yield replace(found, where=f"{found.where}.{where}")
        for key, added in self.more(value, path):
            yield self.mutant((*path, key), "add", added)
        properties = as_object(node.get("properties"))
        required = {str(name) for name in as_list(node.get("required"))}
        for name, item in value.items():
            here = (*path, name)
            if name not in required:
                yield self.mutant(here, "remove")
            yield from self.values(item, resolved(properties.get(name), self.root), here)
        for name, child in properties.items():
            here = (*path, name)
            if name not in value and "/".join(str(s) for s in here) not in self.read_only:
                yield from self.absent(resolved(child, self.root), here)

    def absent(self, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        """Flags and choices that a schema offers and the template does not set."""
        if node.get("type") == "boolean":
            yield self.mutant(path, "add", True)
            yield self.mutant(path, "add", False)
        for choice in as_list(node.get("enum")):
            yield self.mutant(path, "add", choice)

    def values(self, value: Json, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        """Mutants of one value."""
        if _is_function(value):
            yield from self.swapped(value, path)
            return
        if isinstance(value, dict):
            yield from self.objects(value, node, path)
        elif isinstance(value, list):
            yield from self.items(value, resolved(node.get("items"), self.root), path)
        else:
            yield from self.scalars(value, node, path)

    def items(self, value: list[Json], node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        for index, item in enumerate(value):
            here = (*path, index)
            if len(value) > 1:
                yield self.mutant(here, "drop")
            yield from self.values(item, node, here)
        known = [str(as_object(item).get("Key")) for item in value]
        for key, added in self.more(known, path):
            found = self.mutant((*path, len(value)), "add", {"Key": key, "Value": added})
            yield replace(found, where=f"{found.where}.[{key}]")

    def scalars(self, value: Json, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        if isinstance(value, bool):
            yield self.mutant(path, "flip", not value)
        elif isinstance(value, int | float):
            yield from self.numbers(value, node, path)
        elif isinstance(value, str):
            yield from self.texts(value, node, path)

    def numbers(self, value: float, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        for key, change in (("minimum", "lowest"), ("maximum", "highest")):
            limit = node.get(key)
            fallback = 0 if change == "lowest" else value * 1000
            extreme = limit if isinstance(limit, int | float) else fallback
            if extreme != value:
                yield self.mutant(path, change, extreme)
        for choice in as_list(node.get("enum")):
            if choice != value:
                yield self.mutant(path, "choose", choice)

    def texts(self, value: str, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        choices = [choice for choice in as_list(node.get("enum")) if choice != value]
        for choice in choices:
            yield self.mutant(path, "choose", choice)
        if not choices and value.lower() in _OPPOSITES:
            yield self.mutant(path, "flip", _OPPOSITES[value.lower()])
        if value.isdecimal():
            yield self.mutant(path, "lowest", "0")
            yield self.mutant(path, "highest", str(int(value) * 1000))
        for opened in _OPENED.get(self.subject(path), ()):
            if opened != value:
                yield self.mutant(path, "open", opened)

    def swapped(self, value: Json, path: Path_) -> Iterator[Mutant]:
        """Another subnet, security group or route table; in policies, everything."""
        for opened in _OPENED.get(self.subject(path), ()):
            yield self.mutant(path, "open", opened)
        target = self.template.resources.get(_target(value))
        if target is None or target.type not in _SWAPPED:
            return
        for other in self.template.resources.values():
            if other.type == target.type and other.logical_id != target.logical_id:
                yield self.mutant(path, "swap", _retarget(value, other.logical_id))


def _name(item: Json) -> str:
    if isinstance(item, str):
        return f"[{item}]"
    for key in ("Key", "Name", "Sid"):
        value = as_object(item).get(key)
        if isinstance(value, str):
            return f"[{value}]"
    return "*"


def _referred(template: Template, logical_id: str) -> bool:
    """Whether another resource or an output needs a value of a resource; waiting is no need."""
    others = {
        name: {key: value for key, value in as_object(body).items() if key != "DependsOn"}
        for name, body in template.section("Resources").items()
        if name != logical_id
    }
    text = json.dumps([others, dict(template.section("Outputs"))])
    return f'"{logical_id}"' in text or "${" + logical_id in text


_OPPOSITES: Final[Mapping[str, str]] = {
    "true": "false",
    "false": "true",
    "on": "OFF",
    "off": "ON",
    "enabled": "disabled",
    "disabled": "enabled",
    "1": "0",
    "0": "1",
    "allow": "Deny",
    "deny": "Allow",
}

_OPENED: Final[Mapping[str, tuple[Json, ...]]] = {
    "Action": ("*",),
    "Resource": ("*",),
    "Principal": ("*",),
    "Service": ("*",),
    "AWS": ("*",),
    "CidrIp": ("0.0.0.0/0",),
    "CidrIpv6": ("::/0",),
    "IpProtocol": ("-1",),
    "MasterUsername": ("admin",),
    "MasterUserPassword": ("correct-horse-battery",),
    "SecretStringTemplate": ('{"username": "admin"}',),
    "SslPolicy": ("ELBSecurityPolicy-2016-08",),
    "tls_version": ("TLSv1.0,TLSv1.1,TLSv1.2",),
    "server_audit_events": ("CONNECT", "CONNECT,QUERY"),
    "EnableCloudwatchLogsExports": ("general",),
    "User": ("0",),
    "Runtime": ("python3.8",),
    "ScheduleExpression": ("rate(365 days)",),
    "routing.http.desync_mitigation_mode": ("monitor",),
    "ManagedPolicyArns": ("arn:aws:iam::aws:policy/AdministratorAccess",),
    "ServiceName": (),
    "KmsKeyId": ("alias/aws/rds",),
    "KmsMasterKeyId": ("alias/aws/sns",),
    "Image": ("nginx:latest", "nginx"),
    "PlatformVersion": ("1.3.0",),
    "DashboardBody": ('{"widgets": []}',),
}
"""What a property is loosened to where its schema has no choice to offer."""

_SWAPPED: Final = frozenset(
    {"AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::RouteTable", "AWS::SNS::Topic"}
)


def _is_function(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and next(iter(value)).startswith(("Ref", "Fn::"))
    )


def _target(value: Json) -> str:
    argument = next(iter(as_object(value).values()), "")
    return str(argument[0]) if isinstance(argument, list) and argument else str(argument)


def _retarget(value: Json, logical_id: str) -> Json:
    key, argument = next(iter(as_object(value).items()))
    if isinstance(argument, list):
        return {key: [logical_id, *argument[1:]]}
    return {key: logical_id}
