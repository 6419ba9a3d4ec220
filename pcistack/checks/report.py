"""What a run of ``pcistack check`` found, with the place of everything; each format writes this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pcistack.checks.findings import Finding, Severity
from pcistack.checks.positions import Found, Position, locate, steps
from pcistack.checks.run import Outcome
from pcistack.template.document import Template, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding in its place.

    Attributes:
        finding: What was found.
        template: The template as the user named it.
        region: Region for which it was judged.
        file: File in which the resource stands: the template, or one nested in it.
        line: Line of the property there, or of what comes nearest to it.
        column: Its column, in characters.
        construct: CDK's construct path; empty if the template carries none.
        reason: Why it is accepted; empty if it counts.
        until: Last day on which it is accepted; empty for no end.
    """

    finding: Finding
    template: str
    region: str
    file: str
    line: int
    column: int
    construct: str
    reason: str = ""
    until: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as editors read it: ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def what(self) -> str:
        """The resource with its property."""
        return ".".join(filter(None, (self.finding.resource, self.finding.property)))

    @property
    def fingerprint(self) -> str:
        """A text that stays the same when lines move: template, rule, resource and property."""
        import hashlib  # SARIF alone needs it

        parts = (self.template, self.finding.rule, self.finding.resource, self.finding.property)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, str | int]:
        """Return the published JSON object."""
        return {
            "template": self.template,
            **self.finding.as_json(),
            "region": self.region,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "construct": self.construct,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One template that was judged.

    Attributes:
        name: As the user named it.
        region: For which it was judged.
        resources: How many resources it has, those of nested stacks included.
        open: Findings that count, worst first.
        acknowledged: Findings that were accepted, beside the resource or in the settings.
        known: Findings that the baseline holds.
        nested: Files of the nested templates that were judged with it.
    """

    name: str
    region: str
    resources: int
    open: Sequence[Entry]
    acknowledged: Sequence[Entry] = ()
    known: Sequence[Entry] = ()
    nested: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that one run says.

    Attributes:
        on: The day for which it was judged.
        checked: The templates.
        problems: Bad input, one line each: what could not be judged at all.
        notes: What the settings or the baseline should be told of, one line each.
    """

    on: date
    checked: Sequence[Checked]
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def open(self) -> Iterator[Entry]:
        """Every finding that counts."""
        return (entry for each in self.checked for entry in each.open)

    @property
    def acknowledged(self) -> Iterator[Entry]:
        """Every finding that was accepted."""
        return (entry for each in self.checked for entry in each.acknowledged)

    @property
    def known(self) -> Iterator[Entry]:
        """Every finding that the baseline holds."""
        return (entry for each in self.checked for entry in each.known)

    @property
    def failed(self) -> bool:
        """Whether a finding counts that is fatal or an error."""
        return any(entry.finding.severity.fails for entry in self.open)

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings count, by severity."""
        found = [entry.finding.severity for entry in self.open]
        return {severity: found.count(severity) for severity in Severity}

    @property
    def exit_code(self) -> int:
        """0 if nothing fails, 1 for findings, 2 if something could not be judged."""
        return 2 if self.problems else int(self.failed)


def checked(
    name: str, region: str, outcome: Outcome, texts: Mapping[Path | None, str] | None = None
) -> Checked:
    """Return a judged template with the places of its findings.

    Args:
        name: The template as the user named it.
        region: For which it was judged.
        outcome: What was found.
        texts: Texts that are at hand, by the file; others are read again.
    """
    accepted = outcome.acknowledged
    places = _Places(name, outcome.templates, dict(texts or {}))
    entries = places.entries([*outcome.open, *(finding for finding, _ in accepted)], region)
    count = len(outcome.open)
    return Checked(
        name=name,
        region=region,
        resources=outcome.resources,
        open=entries[:count],
        acknowledged=[
            replace(entry, reason=reason.reason, until=str(reason.until or ""))
            for entry, (_, reason) in zip(entries[count:], accepted, strict=True)
        ],
        nested=frozenset(
            template.path
            for prefix, template in outcome.templates.items()
            if prefix and template.path is not None
        ),
    )


@dataclass(slots=True)
class _Places:
    name: str
    templates: Mapping[str, Template]
    texts: dict[Path | None, str]
    found: dict[tuple[str, str, str], Position] = field(default_factory=dict)

    def entries(self, findings: Sequence[Finding], region: str) -> list[Entry]:
        """Return the findings in their places."""
        by_prefix: dict[str, list[Finding]] = {}
        for finding in findings:
            by_prefix.setdefault(self._prefix(finding.resource), []).append(finding)
        positions: dict[int, Position] = {}
        for prefix, group in by_prefix.items():
            found = self._positions(self.templates[prefix], prefix, group)
            positions |= {id(f): p for f, p in zip(group, found, strict=True)}
        return [self._entry(finding, positions[id(finding)], region) for finding in findings]

    def _entry(self, finding: Finding, position: Position, region: str) -> Entry:
        prefix = self._prefix(finding.resource)
        template = self.templates[prefix]
        resource = template.resources.get(finding.resource.removeprefix(prefix))
        return Entry(
            finding=finding,
            template=self.name,
            region=region,
            file=_shown(template.path) if prefix else self.name,
            line=position.line,
            column=position.column,
            construct=resource.construct_path if resource else "",
        )

    def _prefix(self, resource: str) -> str:
        prefix = resource[: resource.rfind("/") + 1]
        while prefix not in self.templates:
            prefix = prefix[: prefix.rstrip("/").rfind("/") + 1]
        return prefix

    def _positions(
        self, template: Template, prefix: str, findings: Sequence[Finding]
    ) -> list[Position]:
        if template.path not in self.texts:
            assert template.path is not None
            self.texts[template.path] = read_text(template.path)
        paths: list[tuple[str, ...]] = []
        for finding in findings:
            logical_id = finding.resource.removeprefix(prefix)
            at = ("Resources", logical_id) if logical_id else ()
            inside = (*at, "Properties") if at else ()
            within = steps(finding.property)
            # the third is for what stands beside the properties, such as DeletionPolicy
            paths += [at, (*inside, *within), (*at, *within)]
        found = locate(self.texts[template.path], paths)
        return [_best(*found[first : first + 3]) for first in range(0, len(found), 3)]


def _best(resource: Found, inside: Found, beside: Found) -> Position:
    best = max(inside, beside, key=lambda found: found.depth)
    # of a property that is not there, not even in part, the resource is what can be shown
    return best.position if best.depth > resource.depth + 1 or best is beside else resource.position


def _shown(path: Path | None) -> str:
    assert path is not None
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
