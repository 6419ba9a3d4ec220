"""What a PCI DSS rule is, and how it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from assurance.findings import Finding, Severity
from assurance.pci_dss.context import Context
from assurance.resolution import Reference, Resource, Unknown, Value

STANDARD: Final = "PCI DSS v4.0.1"


class Extent(StrEnum):
    """How far infrastructure can satisfy a requirement.

    Attributes:
        FULL: What the requirement asks of this resource is settled by its settings.
        PART: The settings support it; people or the application must do the rest.
        NONE: Infrastructure has no part in it.
    """

    FULL = "full"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a rule is broken.

    Attributes:
        resource: Logical id.
        property: Dotted path inside the resource's properties; empty for the whole resource.
        message: What is wrong, with the value.
        fix: What to write here; empty for the rule's own fix.
        severity: How much this place matters; None for the rule's own severity.
    """

    resource: str
    property: str = ""
    message: str
    fix: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the pack.

    Attributes:
        id: Stable id, ``PCI-<requirement>-<NAME>``.
        title: What must hold, in one line.
        asks: What the requirements ask, in our own words.
        requirements: PCI DSS v4.0.1 requirement numbers, the main one first.
        security_hub: AWS Security Hub controls that look at the same thing *and* are in its
            PCI DSS v4.0.1 standard; empty where that standard has a gap.
        related: Security Hub controls outside that standard that look at the same thing.
        severity: How much a finding matters.
        types: CloudFormation types that the rule looks at.
        extent: How far these settings satisfy the requirement.
        fix: What to write instead.
        find: Finds the places where one view breaks the rule.
    """

    id: str
    title: str
    asks: str
    requirements: tuple[str, ...]
    security_hub: tuple[str, ...]
    related: tuple[str, ...]
    severity: Severity
    types: tuple[str, ...]
    extent: Extent
    fix: str
    find: Callable[[Context], Iterable[Hit]]

    @property
    def control(self) -> str:
        """Security Hub control ids of its PCI DSS v4.0.1 standard, or ``none: gap``."""
        return ", ".join(self.security_hub) or "none: gap"

    @property
    def source(self) -> str:
        """Where the rule comes from, for a finding's ``source``."""
        return f"{STANDARD} {', '.join(self.requirements)}; Security Hub {self.control}"

    def findings(self, context: Context) -> Iterator[Finding]:
        """Yield the rule's findings in one view."""
        for hit in self.find(context):
            yield Finding(
                rule=self.id,
                severity=hit.severity or self.severity,
                resource=hit.resource,
                property=hit.property,
                message=hit.message,
                fix=hit.fix or self.fix,
                source=self.source,
            )


def rule(
    id: str,  # noqa: A002 - the attribute has this name too
    title: str,
    *,
    asks: str,
    requirements: tuple[str, ...],
    types: tuple[str, ...],
    fix: str,
    security_hub: tuple[str, ...] = (),
    related: tuple[str, ...] = (),
    severity: Severity = Severity.ERROR,
    extent: Extent = Extent.PART,
) -> Callable[[Callable[[Context], Iterable[Hit]]], Rule]:
    """Make a rule of the function that finds its violations; see :class:`Rule`."""

    def make(find: Callable[[Context], Iterable[Hit]]) -> Rule:
        return Rule(
            id=id,
            title=title,
            asks=asks,
            requirements=requirements,
            security_hub=security_hub,
            related=related,
            severity=severity,
            types=types,
            extent=extent,
            fix=fix,
            find=find,
        )

    return make


UNRESOLVED: Final = "cannot be known before the deployment; the requirement needs certainty"


def show(value: Value) -> str:
    """Return a value as a message shows it."""
    if value is None:
        return "not set"
    if isinstance(value, Unknown):
        return "unknown"
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def hit_at(resource: Resource, path: str, message: str) -> Hit:
    """Return a hit at a property of a resource."""
    return Hit(resource=resource.logical_id, property=path, message=message)


def must_be_true(resource: Resource, path: str, name: str = "") -> Iterator[Hit]:
    """Yield a hit unless the flag at a path is known to be true."""
    if resource.flag(path) is not True:
        yield _flag_hit(resource, path, name, "true")


def must_be_false(
    resource: Resource, path: str, name: str = "", *, default: bool | None = False
) -> Iterator[Hit]:
    """Yield a hit unless the flag at a path is known to be false.

    Args:
        resource: The resource.
        path: Dotted path of the flag.
        name: What the message calls it; the path by default.
        default: What AWS takes when the property is absent; None when that depends.
    """
    if resource.get(path) is None and default is False:
        return
    if resource.flag(path) is not False:
        yield _flag_hit(resource, path, name, "false")


def _flag_hit(resource: Resource, path: str, name: str, wanted: str) -> Hit:
    name = name or path
    if resource.is_unknown(path):
        message = f"{name} {UNRESOLVED}"
    else:
        message = f"{name} is {show(resource.get(path))}, it must be {wanted}"
    return hit_at(resource, path, message)


def must_be_set(resource: Resource, path: str, message: str) -> Iterator[Hit]:
    """Yield a hit if nothing, or an empty text, list or object, stands at a path."""
    if resource.get(path) in (None, "", [], {}):
        yield hit_at(resource, path, message)
