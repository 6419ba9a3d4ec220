"""Every rule by its id, with what people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pcistack.checks import acknowledgements, nested, schema
from pcistack.checks.findings import Severity
from pcistack.checks.run import load
from pcistack.packs import PACKS


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What people are told of a rule.

    Attributes:
        id: Its id.
        title: What must hold, or what is refused, in one line.
        pack: What it belongs to, such as ``PCI DSS``.
        severity: How much a finding matters, unless a place says otherwise.
        why: What it asks and why, in our own words; empty if the title says it.
        fix: What to write instead; empty where that depends on the place.
        source: Where the rule's knowledge comes from.
        types: CloudFormation types that it reports on.
        requirements: PCI DSS v4.0.1 requirements that it supports.
    """

    id: str
    title: str
    pack: str
    severity: Severity
    why: str = ""
    fix: str = ""
    source: str = ""
    types: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


_COMMON: Final = "Every check"
_DOCUMENT: Final = "docs/check.md"
_OWN: Final = (
    RuleInfo(
        id=acknowledgements.EXPIRED,
        title="An acknowledgement whose last day is over",
        pack=_COMMON,
        severity=Severity.ERROR,
        why="A finding was accepted until a day that has passed. It counts again.",
        fix="Fix the finding, or look at it again and set a later 'until'.",
        source=_DOCUMENT,
    ),
    RuleInfo(
        id=acknowledgements.INVALID,
        title="An acknowledgement that cannot be read",
        pack=_COMMON,
        severity=Severity.ERROR,
        why="An acknowledgement names a rule and a reason; without them it accepts nothing.",
        fix="Write the rule, the reason and, if it ends, the last day as YYYY-MM-DD.",
        source=_DOCUMENT,
    ),
    RuleInfo(
        id=nested.NOT_AT_HAND,
        title="A nested stack whose template was not looked at",
        pack=_COMMON,
        severity=Severity.WARNING,
        why="Its template is not a file beside its parent, so nobody knows what is in it.",
        fix="Check the nested template by itself, or keep it as a file beside its parent.",
        source=_DOCUMENT,
        types=("AWS::CloudFormation::Stack", "AWS::Serverless::Application"),
    ),
    RuleInfo(
        id=schema.NOT_JUDGED,
        title="A template whose resources were not judged by their schemas",
        pack=_COMMON,
        severity=Severity.WARNING,
        why="The schema engine could not read it, so nobody knows whether every property fits.",
        fix="Check the template with cfn-lint.",
        source=_DOCUMENT,
    ),
)


@cache
def rules() -> Mapping[str, RuleInfo]:
    """Every rule of the packs and of the check itself, by id, in the order of the packs."""
    found = {
        rule.id: RuleInfo(
            id=rule.id,
            title=rule.title,
            pack=PACKS[name].title,
            severity=rule.severity,
            why=rule.asks,
            fix=rule.fix,
            source=rule.source,
            types=rule.types,
            requirements=rule.requirements,
        )
        for name in PACKS
        for rule in load(name).rules
    }
    return found | {rule.id: rule for rule in _OWN}
