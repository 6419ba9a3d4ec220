"""Resolved template values as a reader sees them, and what they refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.wording import claim
from pcistack.template.document import Json
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, referred, walk

AT_DEPLOYMENT: Final = claim("known at deployment")
NONE: Final = claim("none")
OUTSIDE: Final = claim("not in the template")
NOT_KNOWN: Final = claim("not known")
NOT_SET: Final = claim("not set")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SupportingSetting:
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

    @classmethod
    def of(cls, resource: Resource, path: str) -> SupportingSetting:
        """Return what a resource has at a path."""
        value = shown(resource.get(path))
        return cls(resource=resource.logical_id, type=resource.type, property=path, value=value)


def shown(value: Value) -> str:
    """Return a value as one line of text; what only a deployment knows is said to be so."""
    if value is None:
        return NOT_SET
    if isinstance(value, Unknown):
        return AT_DEPLOYMENT
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Reference):
        whole = value.attribute in (None, "Arn", "GroupId")  # these stand for the resource itself
        return value.logical_id if whole else f"{value.logical_id}.{value.attribute}"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value) or NONE
    if isinstance(value, dict):
        return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)
    return str(value)


def _plain(value: Value) -> Json:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Unknown | Reference | Partial):
        return shown(value)
    return value


def text(resource: Resource, path: str, absent: str = NOT_SET) -> str:
    """Return what a resource has at a path, as one line of text."""
    value = resource.get(path)
    return absent if value is None else shown(value)


def targets(value: Value) -> Iterator[str]:
    """Yield the logical id of every resource that a value refers to."""
    for _, leaf in walk(value):
        for reference in referred(leaf):
            yield reference.logical_id


def label(resource: Resource) -> str:
    """Return a readable name: the construct path without its stack, else the logical id."""
    path = resource.raw.construct_path.removesuffix("/Resource").removesuffix("/Default")
    steps = path.split("/")[1:]
    return (
        "/".join(step for step, before in zip(steps, ["", *steps], strict=False) if step != before)
        or resource.logical_id
    )


def purpose(resource: Resource) -> str:
    """Return the description that the template gives a resource; empty if there is none."""
    for path in ("Description", "GroupDescription", "AlarmDescription", "DBSubnetGroupDescription"):
        described = resource.get(path)
        if isinstance(described, str) and described:
            return described
    return ""
