"""Acknowledgements: a finding accepted beside its resource, with a reason and perhaps a last day.

They travel in the template, in the resource's ``Metadata``::

    "pcistack:acknowledged": [{"rule": "<id>", "reason": "...", "until": "YYYY-MM-DD"}]

Each covers one place: the property that it names, else the first that the rule finds on the
resource. What comes later, or stands beside it, is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from pcistack.checks.findings import Finding, Severity
from pcistack.packs import bare
from pcistack.template.document import RawResource, Template

KEY: Final = "pcistack:acknowledged"
"""Key in a resource's ``Metadata``."""

SHORTEST_REASON: Final = 20
"""Characters of a reason; fewer say nothing."""
EXPIRED: Final = "ACKNOWLEDGEMENT-EXPIRED"
INVALID: Final = "ACKNOWLEDGEMENT-INVALID"
_SOURCE: Final = "docs/regional-guard.md: Acknowledging a finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A finding accepted beside its resource.

    Attributes:
        resource: Logical id.
        rule: Id of the rule.
        reason: Why it is accepted.
        until: Last day on which it holds, or None for no end.
        owner: Who answers for it; empty if nobody is named.
        property: Where, such as ``SecurityGroupEgress.0`` or ``PolicyDocument.Statement.*``;
            empty for the first place that the rule finds.
    """

    resource: str
    rule: str
    reason: str
    until: date | None = None
    owner: str = ""
    property: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Findings, with the acknowledged ones apart.

    Attributes:
        open: Findings that count.
        acknowledged: Findings that were accepted, each with its acknowledgement.
    """

    open: Sequence[Finding]
    acknowledged: Sequence[tuple[Finding, Acknowledgement]]


def accepted(template: Template) -> list[Acknowledgement]:
    """Return every well-formed acknowledgement of a template, also one whose last day is over."""
    return [
        parsed
        for resource in template.resources.values()
        for entry in _entries(resource)
        if isinstance(parsed := _parse(resource.logical_id, entry), Acknowledgement)
    ]


@dataclass(slots=True)
class _Read:
    valid: dict[tuple[str, str], list[Acknowledgement]] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)


def judge(findings: Sequence[Finding], template: Template, *, on: date) -> Judged:
    """Set aside the findings that the template acknowledges.

    A fatal finding is never set aside. An expired acknowledgement and one without a rule or a
    reason are findings themselves. Two findings at one property are one place.
    """
    read = _read(template, on)
    still_open: list[Finding] = []
    acknowledged: list[tuple[Finding, Acknowledgement]] = []
    covered: dict[tuple[str, str, str], Acknowledgement] = {}
    for finding in sorted(findings, key=_place):
        place = (finding.resource, finding.rule, finding.property)
        waiting = read.valid.get((finding.resource, finding.rule), [])
        if finding.severity is Severity.FATAL:
            still_open.append(finding)
            continue
        if place not in covered and (fits := _covering(waiting, finding.property)):
            covered[place] = fits
            if not fits.property:
                waiting.remove(fits)
        if place in covered:
            acknowledged.append((finding, covered[place]))
        else:
            still_open.append(finding)
    return Judged(open=[*still_open, *read.problems], acknowledged=acknowledged)


def _place(finding: Finding) -> list[tuple[int, str]]:
    """Order properties as the template has them: the second item stands before the tenth."""
    steps = finding.property.split(".")
    return [(int(step) if step.isdecimal() else -1, step) for step in steps]


def _covering(waiting: Sequence[Acknowledgement], path: str) -> Acknowledgement | None:
    """Return the acknowledgement of a place: rather one that names it than one that names none."""
    for one in waiting:
        if one.property and fnmatchcase(path, one.property):
            return one
    return next((one for one in waiting if not one.property), None)


def _read(template: Template, on: date) -> _Read:
    read = _Read()
    for resource in template.resources.values():
        for entry in _entries(resource):
            parsed = _parse(resource.logical_id, entry)
            if isinstance(parsed, str):
                read.problems.append(_problem(INVALID, resource, parsed, _HOW))
            elif parsed.until is not None and parsed.until < on:
                read.problems.append(
                    _problem(
                        EXPIRED,
                        resource,
                        f"the acknowledgement of {parsed.rule} ended on {parsed.until} "
                        f"({parsed.reason})",
                        "fix the finding, or look at it again and set a later 'until'",
                    )
                )
            else:
                read.valid.setdefault((parsed.resource, parsed.rule), []).append(parsed)
    return read


_HOW: Final = (
    f'write it as "{KEY}": [{{"rule": "<id>", "reason": "<why>", "property": "<path>", '
    '"until": "YYYY-MM-DD"}]; the last two may be left out'
)


def _entries(resource: RawResource) -> Iterator[object]:
    metadata = resource.body.get("Metadata")
    value = metadata.get(KEY) if isinstance(metadata, dict) else None
    if value is not None:
        yield from value if isinstance(value, list) else [value]


def _parse(logical_id: str, entry: object) -> Acknowledgement | str:
    """Return the acknowledgement, or what is wrong with it."""
    if not isinstance(entry, dict):
        return f"an acknowledgement is an object with 'rule' and 'reason', not {entry!r:.60}"
    for key in ("rule", "reason"):
        if not isinstance(entry.get(key), str) or not str(entry[key]).strip():
            return f"an acknowledgement has no '{key}'"
    if len(entry["reason"].strip()) < SHORTEST_REASON:
        return (
            f"the reason for {entry['rule'][:80]} says too little: {entry['reason'].strip()!r}; "
            f"at least {SHORTEST_REASON} characters"
        )
    until = entry.get("until")
    try:
        last = None if until is None else date.fromisoformat(str(until))
    except ValueError:
        return f"the acknowledgement of {entry['rule']} has a bad date: until {until!r:.40}"
    return Acknowledgement(
        resource=logical_id,
        rule=bare(entry["rule"]),
        reason=entry["reason"].strip(),
        until=last,
        owner=str(entry.get("owner") or ""),
        property=str(entry.get("property") or ""),
    )


def _problem(rule: str, resource: RawResource, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        resource=resource.logical_id,
        property="",
        message=message,
        fix=fix,
        source=_SOURCE,
    )
