"""What a rule is, how it registers, and how it reports; a pack is a package of rules."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final, Generic, Protocol, TypeVar

from pcistack.checks.conditional import told
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.template.view import Reference, Resource, Unknown, Value, View

STANDARD: Final = "PCI DSS v4.0.1"
UNRESOLVED: Final = "cannot be known before the deployment; the requirement needs certainty"
"""What a message says of a value that could not be judged."""
ANY: Final = "any"
"""In a rule's ``types``: it may report on a resource of any type, or on the template itself."""


class HasView(Protocol):
    """What the contexts of all packs have in common."""

    @property
    def view(self) -> View:
        """The template in one world."""
        ...


ContextT = TypeVar("ContextT", bound=HasView)


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
        resource: Logical id; empty for the template as a whole.
        property: Dotted path inside the resource's properties; empty for the whole resource.
        message: What is wrong, with the value.
        fix: What to write here; empty for the rule's own fix.
        severity: How much this place matters; None for the rule's own severity.
        source: Where this place's fact comes from; empty for the rule's own source.
    """

    resource: str
    property: str = ""
    message: str
    fix: str = ""
    severity: Severity | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[ContextT]):
    """One rule of a pack.

    Attributes:
        id: Stable, readable id; ``PCI-<requirement>-<NAME>`` for a rule of PCI DSS.
        title: What must hold, or what is refused, in one line.
        types: CloudFormation types that it reports on; :data:`ANY` for whichever.
        severity: How much a finding matters, unless a hit says otherwise.
        source: Where the rule's knowledge comes from.
        fix: What to write instead, unless a hit says it.
        find: Finds the places where one view breaks the rule.
        asks: What the requirements ask, in our own words.
        requirements: PCI DSS v4.0.1 requirement numbers, the main one first.
        security_hub: AWS Security Hub controls that look at the same thing *and* are in its
            PCI DSS v4.0.1 standard; empty where that standard has a gap.
        related: Security Hub controls outside that standard that look at the same thing.
        extent: How far these settings satisfy the requirement.
    """

    id: str
    title: str
    types: tuple[str, ...]
    severity: Severity
    source: str
    fix: str
    find: Callable[[ContextT], Iterable[Hit]]
    asks: str = ""
    requirements: tuple[str, ...] = ()
    security_hub: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    extent: Extent = Extent.PART

    @property
    def control(self) -> str:
        """Security Hub control ids of its PCI DSS v4.0.1 standard, or ``none: gap``."""
        return _control(self.security_hub)

    def concerns(self, kinds: Set[str]) -> bool:
        """Whether it may report on resources of one of these types."""
        return ANY in self.types or not kinds.isdisjoint(self.types)

    def findings(self, context: ContextT) -> Iterator[Finding]:
        """Yield the rule's findings in one view."""
        for found in self.find(context):
            resource = context.view.resources.get(found.resource)
            yield Finding(
                rule=self.id,
                severity=self._severity(found),
                resource=found.resource,
                property=resource.in_file(found.property) if resource else found.property,
                message=found.message,
                fix=found.fix or self.fix,
                source=found.source or self.source,
            )

    def _severity(self, found: Hit) -> Severity:
        """What could not be judged is a warning, whatever it would be if it were wrong."""
        return Severity.WARNING if UNRESOLVED in found.message else found.severity or self.severity


@dataclass
class Pack(Generic[ContextT]):
    """A package of rules; each registers itself where it is defined.

    Attributes:
        title: Name in reports, such as ``Regional guard``.
        package: Package whose modules hold the rules, such as ``pcistack.regional.rules``.
        context: Makes what the rules look at of a view, its region and the day.
    """

    title: str
    package: str
    context: Callable[[View, str | None, date], ContextT]
    _registered: list[Rule[ContextT]] = field(default_factory=list)

    @cached_property
    def rules(self) -> tuple[Rule[ContextT], ...]:
        """Every rule of the pack, in the order of the requirements, then of the modules."""
        package = importlib.import_module(self.package)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
            importlib.import_module(f"{self.package}.{module.name}")
        ids = [rule.id for rule in self._registered]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"rules of {self.package} with the same id: {', '.join(twice)}")
        return tuple(
            sorted(
                self._registered,
                key=lambda rule: (
                    [_number(n) for n in rule.requirements[:1]],
                    rule.find.__module__,  # whichever was imported first
                ),
            )
        )

    def rule(
        self,
        id: str,  # noqa: A002 - the attribute has this name too
        title: str,
        *,
        types: tuple[str, ...],
        source: str = "",
        fix: str = "",
        asks: str = "",
        requirements: tuple[str, ...] = (),
        security_hub: tuple[str, ...] = (),
        related: tuple[str, ...] = (),
        severity: Severity = Severity.ERROR,
        extent: Extent = Extent.PART,
    ) -> Callable[[Callable[[ContextT], Iterable[Hit]]], Rule[ContextT]]:
        """Register the function that finds a rule's violations; see :class:`Rule`.

        A rule of PCI DSS names its requirements and needs no ``source``; any other names one.
        """
        if bool(source) == bool(requirements):
            raise TypeError(f"{id}: a rule has either requirements or a source")

        def register(find: Callable[[ContextT], Iterable[Hit]]) -> Rule[ContextT]:
            made = Rule(
                id=id,
                title=title,
                types=types,
                severity=severity,
                source=source or _source(requirements, security_hub),
                fix=fix,
                find=find,
                asks=asks,
                requirements=requirements,
                security_hub=security_hub,
                related=related,
                extent=extent,
            )
            self._registered.append(made)
            return made

        return register

    def check(self, views: Sequence[View], *, region: str | None, on: date) -> list[Finding]:
        """Return what the rules find in a template.

        Args:
            views: The template in every world its conditions allow.
            region: Region of the deployment; None if it is not known.
            on: The day for which support dates are judged.

        Returns:
            Findings, worst first; one that is the same in several worlds is there once.
        """
        return self.judge(self.context(view, region, on) for view in views)

    def judge(self, contexts: Iterable[ContextT]) -> list[Finding]:
        """Return what the rules find in contexts that are at hand, one for each world."""
        found: dict[Finding, list[int]] = {}
        views: list[View] = []
        for number, context in enumerate(contexts):
            views.append(context.view)
            kinds = context.view.kinds
            here = dict.fromkeys(
                finding
                for rule in self.rules
                if rule.concerns(kinds)
                for finding in rule.findings(context)
            )
            for finding in here:
                found.setdefault(finding, []).append(number)
        return sorted(told(found, views), key=sort_key)


def _source(requirements: Sequence[str], security_hub: Sequence[str]) -> str:
    controls = f"; Security Hub {', '.join(security_hub)}" if security_hub else ""
    return f"{STANDARD} {', '.join(requirements)}{controls}"


def _control(security_hub: Sequence[str]) -> str:
    return ", ".join(security_hub) or "none: gap"


def _number(requirement: str) -> list[int]:
    return [int(part) for part in requirement.split(".")]


def hit(
    resource: Resource | str,
    path: str,
    message: str,
    fix: str = "",
    *,
    severity: Severity | None = None,
    source: object = "",
) -> Hit:
    """Return a hit at a property of a resource; what is left out is the rule's own."""
    return Hit(
        resource=resource if isinstance(resource, str) else resource.logical_id,
        property=path,
        message=message,
        fix=fix,
        severity=severity,
        source=str(source or ""),
    )


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
    return hit(resource, path, message)


def must_be_set(resource: Resource, path: str, message: str) -> Iterator[Hit]:
    """Yield a hit if nothing, or an empty text, list or object, stands at a path."""
    if resource.get(path) in (None, "", [], {}):
        yield hit(resource, path, message)
