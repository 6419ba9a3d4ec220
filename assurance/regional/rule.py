"""What a regional rule is: an id, a severity, a source, and a function over one view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from assurance.findings import Finding, Severity
from assurance.regional.aurora import Members
from assurance.regional.facts import Facts
from assurance.resolution import Resource, View


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule looks at.

    Attributes:
        view: The template in one world.
        facts: What is known of its region.
        on: The day for which support dates are judged.
    """

    view: View
    facts: Facts
    on: date

    @cached_property
    def members(self) -> Members:
        """Which instances belong to which Aurora cluster."""
        return Members(self.view)

    @property
    def here(self) -> str:
        """The region, as messages name it."""
        return self.facts.name or "any region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the regional guard.

    Attributes:
        id: Stable, readable id.
        title: What it refuses, in a few words.
        severity: Severity of its findings, unless a finding says otherwise.
        source: Where the rule's knowledge comes from.
        check: Yields the findings in one view.
    """

    id: str
    title: str
    severity: Severity
    source: str
    check: Callable[[Rule, Context], Iterator[Finding]]

    def finding(
        self,
        resource: Resource | str,
        path: str,
        message: str,
        fix: str,
        *,
        severity: Severity | None = None,
        source: object = None,
    ) -> Finding:
        """Return a finding of this rule."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            resource=resource if isinstance(resource, str) else resource.logical_id,
            property=path,
            message=message,
            fix=fix,
            source=str(source or self.source),
        )
