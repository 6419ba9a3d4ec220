"""A comment on a pull request: what merging it does, in short lines that fit a phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pcistack.changes.compare import ChangeKind
from pcistack.changes.output import markdown
from pcistack.changes.stacks import StackChange
from pcistack.checks.findings import counted
from pcistack.checks.output.markdown import open_findings
from pcistack.checks.report import Entry, Report

MARK: Final = "<!-- pcistack review -->"
"""First line, by which a workflow finds the comment to replace."""

_LONGEST: Final = 60_000  # characters; GitHub takes 65,536
_FINDINGS: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Review:
    """What is known of a pull request.

    Attributes:
        changes: What happens to each stack.
        old: What the packs say of the base.
        new: What they say of the head.
        rehearsal: The rehearsal's report, or None if there was none.
    """

    changes: Sequence[StackChange]
    old: Report
    new: Report
    rehearsal: Mapping[str, Any] | None

    @cached_property
    def new_findings(self) -> list[Entry]:
        """Findings that the base does not have, worst first."""
        known = {_key(entry) for entry in self.old.open}
        return [entry for entry in self.new.open if _key(entry) not in known]

    @cached_property
    def fixed(self) -> int:
        """How many findings of the base are gone."""
        return len({_key(entry) for entry in self.old.open} - set(map(_key, self.new.open)))

    @property
    def dangers(self) -> list[str]:
        """What loses data, lifts protection or is refused, and nobody accepts; a line for each."""
        return [
            line
            for stack in self.changes
            for line in (
                *(f"{stack.name}: {note}" for note in stack.notes if stack.is_open(stack.dangers)),
                *(
                    f"{stack.name}: {change.logical_id}: {change.kind.value}"
                    for change in stack.changes
                    if stack.is_open(change.dangers, change.type)
                ),
            )
        ]

    @property
    def is_refused(self) -> bool:
        """Whether somebody has to look before it is merged."""
        failed = self.rehearsal is not None and not self.rehearsal.get("passed")
        new = any(entry.finding.severity.fails for entry in self.new_findings)
        return bool(failed or new or self.dangers)


def render(review: Review) -> str:
    """Return the comment."""
    verdict = "❌ Look before you merge" if review.is_refused else "✅ Nothing stands against it"
    lines = [MARK, f"## {verdict}", "", *_short(review)]
    if review.new_findings:
        lines += ["", "### New findings", "", *open_findings(review.new_findings, _FINDINGS)]
    if review.rehearsal is not None and not review.rehearsal.get("passed"):
        lines += ["", "### What the rehearsal found", "", *_failed(review.rehearsal)]
    lines += ["", *_changes(review.changes)]
    text = "\n".join(lines).rstrip()
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST].rpartition(chr(10))[0]}\n\n…and more: see the log of the review."


def _short(review: Review) -> Iterator[str]:
    new = review.new_findings
    fixed = f", {review.fixed} fixed" if review.fixed else ""
    yield f"- **Findings:** {counted(len(new), 'new one') if new else 'none new'}{fixed}"
    kinds = sum(1 for stack in review.changes for _ in stack.changes)
    where = counted(len(review.changes), "stack")
    yield f"- **Resources:** {f'{kinds} changed in {where}' if kinds else 'none changed'}"
    costs = [(stack.name, stack.cost) for stack in review.changes if stack.cost is not None]
    differ = [(name, cost) for name, cost in costs if round(cost.after - cost.before, 2)]
    if not differ:
        yield "- **Cost:** the same"
    for name, cost in differ:
        estimated = ", estimated" if cost.estimated else ""
        dollars = f"{cost.before:.2f} → {cost.after:.2f} US dollars a month"
        yield f"- **Cost of {_plain(name)}:** {dollars}{estimated}"
    for danger in review.dangers:
        yield f"- ⚠️ **{_plain(danger)}**"
    if review.rehearsal is None:
        yield "- **Rehearsal:** none"
        return
    kept = review.rehearsal.get("checks", [])
    steps = counted(len(review.rehearsal["steps"]), "step")
    passed = "passed" if review.rehearsal.get("passed") else "**failed**"
    yield f"- **Rehearsal:** {passed}, {steps}, {counted(len(kept), 'promise')} looked into"


def _failed(rehearsal: Mapping[str, Any]) -> Iterator[str]:
    for step in rehearsal["steps"]:
        if step.get("outcome") != "passed":
            yield f"- {_plain(step.get('name', ''))}"
            yield from (f"  - {_plain(detail)}" for detail in step.get("details", [])[:10])


def _changes(stacks: Sequence[StackChange]) -> Iterator[str]:
    """Yield what happens to each stack; stacks to which the same happens stand together."""
    together: dict[str, list[StackChange]] = {}
    for stack in stacks:
        if stack.kind is ChangeKind.IN_PLACE:
            body = markdown([stack]).partition("\n")[2]
            together.setdefault(body.replace(stack.name, "…"), []).append(stack)
        else:
            together[stack.name] = [stack]
    for same in together.values():
        names = ", ".join(stack.name for stack in same)
        yield markdown([same[0]]).replace(f"### {same[0].name}", f"### {names}", 1)
        yield ""


def _key(entry: Entry) -> tuple[str, ...]:
    """What a finding is known by in both; folders differ, names of templates do not."""
    finding = entry.finding
    return (
        Path(entry.template).name,
        finding.rule,
        finding.resource,
        finding.property,
        finding.message,
    )


def _plain(text: str) -> str:
    return " ".join(str(text).split()).replace("<", "&lt;").replace("@", "@\u200b")
