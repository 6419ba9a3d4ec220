"""The register of accepted findings, each with its reason and the resources it was accepted for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.acknowledgements import accepted
from pcistack.checks.run import Outcome
from pcistack.evidence.assembly import ValidationReport
from pcistack.evidence.wording import claim
from pcistack.packs import PACKS, SCHEMA, is_schema_rule
from pcistack.template.document import RawResource, Template

NO_END: Final = claim("no end")
_NO_REASON: Final = claim("no reason given")
_NAG: Final = {"AwsSolutions-": "cdk-nag, AWS Solutions", "PCI.DSS.321-": "cdk-nag, PCI DSS 3.2.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFinding:
    """A finding that somebody accepted, with a reason.

    Attributes:
        checks: The set of checks the rule belongs to.
        rule: Id of the rule.
        reason: Why it was accepted.
        owner: Who answers for it; empty if nobody is named.
        until: Last day it holds, as ``YYYY-MM-DD``, or that it has none.
        resources: Logical ids of the resources that have the finding.
    """

    checks: str
    rule: str
    reason: str
    owner: str
    until: str
    resources: tuple[str, ...]


def acknowledgements(
    template: Template, report: ValidationReport | None, outcome: Outcome
) -> tuple[AcceptedFinding, ...]:
    """Return every acceptance of every set of checks, wherever it is written.

    Those in the template, cdk-nag's own ones in its metadata, those that only a check or CDK's
    report knows: all are in the register, also where no finding needs them any more.
    """
    grouped: dict[tuple[str, str, str, str, str], set[str]] = {}
    known: set[tuple[str, str]] = set()
    for rows in (_written(template), _judged(outcome), _reported(report)):
        found = [row for row in rows if (row[0], row[1]) not in known]
        for rule, resource, reason, owner, until in found:
            key = (_checks_of(rule), rule, reason, owner, until)
            grouped.setdefault(key, set()).add(resource)
        known |= {(row[0], row[1]) for row in found}
    return tuple(
        AcceptedFinding(
            checks=checks,
            rule=rule,
            reason=reason,
            owner=owner,
            until=until,
            resources=tuple(sorted(resources)),
        )
        for (checks, rule, reason, owner, until), resources in sorted(grouped.items())
    )


_Row = tuple[str, str, str, str, str]


def _written(template: Template) -> Iterator[_Row]:
    for entry in accepted(template):
        until = entry.until.isoformat() if entry.until else NO_END
        yield entry.rule, entry.resource, entry.reason, entry.owner, until
    for resource in template.resources.values():
        yield from _nag(resource)


def _nag(resource: RawResource) -> Iterator[_Row]:
    """Yield cdk-nag's suppressions, which travel in the metadata of the resource."""
    metadata = resource.body.get("Metadata")
    nag = metadata.get("cdk_nag") if isinstance(metadata, dict) else None
    rules = nag.get("rules_to_suppress") if isinstance(nag, dict) else None
    for entry in rules if isinstance(rules, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            reason = str(entry.get("reason") or _NO_REASON)
            if entry.get("is_reason_encoded") is True:  # cdk-nag's way with what is not ASCII
                reason = _decoded(reason)
            yield str(entry["id"]), resource.logical_id, reason, "", NO_END


def _decoded(reason: str) -> str:
    try:
        return base64.b64decode(reason, validate=True).decode()
    except ValueError:
        return reason


def _judged(outcome: Outcome) -> Iterator[_Row]:
    """Yield what the checks accepted, such as in a nested stack."""
    for finding, entry in outcome.acknowledged:
        until = entry.until.isoformat() if entry.until else NO_END
        yield finding.rule, finding.resource, entry.reason, entry.owner, until


def _reported(report: ValidationReport | None) -> Iterator[_Row]:
    for plugin in report.plugins if report else ():
        for violation in plugin.suppressed:
            for construct in violation.constructs:
                resource = construct.resource.logical_id or construct.path
                yield violation.rule, resource, violation.reason, "", NO_END


def _checks_of(rule: str) -> str:
    """Return the set of checks that a rule's id tells."""
    if is_schema_rule(rule):
        return SCHEMA.title
    named = _NAG | {pack.prefix: pack.title for pack in PACKS.values() if pack.prefix}
    found = (name for prefix, name in named.items() if rule.startswith(prefix))
    return next(found, PACKS["regional"].title)
