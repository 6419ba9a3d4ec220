"""What a case of a rule is, and how a template of its own is written and judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from textwrap import dedent

from pcistack.checks import run as packs
from pcistack.checks.findings import Finding, Severity
from pcistack.deployment.pack import PACK
from pcistack.template.document import Template

TODAY = date(2026, 11, 24)
ZURICH = "eu-central-2"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Attributes: severity, resource and property are those of the finding in the bad template.

    The name tells several cases of one rule apart.
    """

    rule: str
    bad: str
    good: str
    severity: Severity = Severity.ERROR
    resource: str = "Thing"
    property: str = ""
    name: str = ""
    region: str | None = ZURICH
    on: date = TODAY

    def __str__(self) -> str:
        return f"{self.rule} {self.name}".strip()


def template(resources: str) -> str:
    """Return a template of resources, each written at the left margin."""
    lines = dedent(resources).strip().splitlines()
    return "Resources:\n" + "".join(f"  {line}\n" for line in lines)


def findings(text: str, region: str | None = ZURICH, on: date = TODAY) -> list[Finding]:
    return PACK.check(packs.resolve(Template.parse(text), region), region=region, on=on)


def rules(text: str, region: str | None = ZURICH, on: date = TODAY) -> list[str]:
    return [finding.rule for finding in findings(text, region, on)]


def changes(
    rule: str, good: str, *rows: tuple[str, str, str, str, str], severity: Severity = Severity.FATAL
) -> tuple[Case, ...]:
    """Return a case for each change of one good template.

    Args:
        rule: The rule that refuses each of them.
        good: Resources of the good template.
        rows: What a change is called, the resource and property of the finding, the text that is
            replaced in the good template, and what stands there instead.
        severity: Of each finding.
    """
    whole = template(good)
    return tuple(
        Case(
            rule=rule,
            name=name,
            severity=severity,
            resource=resource,
            property=path,
            good=whole,
            bad=_changed(whole, before, after),
        )
        for name, resource, path, before, after in rows
    )


def _changed(text: str, before: str, after: str) -> str:
    assert text.count(before) == 1, (before, text.count(before))
    return text.replace(before, after)
