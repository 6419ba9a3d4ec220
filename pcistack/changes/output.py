"""How changes are written: text, Markdown or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from pcistack.changes.accepted import key
from pcistack.changes.compare import Change, ChangeKind, Danger
from pcistack.changes.stacks import StackChange

_ORDER: Final = (
    *(ChangeKind.REFUSED, ChangeKind.REPLACED, ChangeKind.MAY_REPLACE),
    *(ChangeKind.REMOVED, ChangeKind.ADDED, ChangeKind.IN_PLACE),
)
_SIGNS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.REFUSED: "!", ChangeKind.REPLACED: "±", ChangeKind.MAY_REPLACE: "?",
    ChangeKind.REMOVED: "-", ChangeKind.ADDED: "+", ChangeKind.IN_PLACE: "~",
}  # fmt: skip
_MOST_PATHS: Final = 4
_SEAM: Final = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=::)(?=\w)|(?<=\w[./_])(?=\w)")
"""Where a long name may go on in the next line."""


def text(stacks: Sequence[StackChange]) -> str:
    """Return the changes for a terminal."""
    if not stacks:
        return "no resource changes"
    return "\n\n".join("\n".join(_text(stack)) for stack in stacks)


def _text(stack: StackChange) -> Iterator[str]:
    yield f"{stack.name or 'template'}: {summary(stack)}"
    yield from (f"  {line}" for line in _cost(stack))
    for note in stack.notes:
        yield f"  ! {note}" if stack.dangers else f"  {note}"
    if stack.kind is ChangeKind.ADDED:
        return
    for change in _sorted(stack.changes):
        data = ", holds data" if change.is_stateful else ""
        yield f"  {_SIGNS[change.kind]} {change.logical_id} ({change.type}{data})"
        yield f"      {change.kind.value}{_why(change)}"
        for effect in change.effects:
            yield f"      {effect}"
        for danger in change.dangers:
            yield f"      {_accepted(stack, danger, change.type) or f'dangerous: {danger.value}'}"
    for name in stack.open:
        yield f'  to accept it, the environment\'s file needs [accepted_changes] "{name}"'


def _accepted(stack: StackChange, danger: Danger, kind: str) -> str:
    """Return why and how long a dangerous change is accepted; empty if it is not."""
    found = stack.accepted.get(key(danger, kind))
    return f"accepted until {found.until}: {found.reason}" if found else ""


def markdown(stacks: Sequence[StackChange]) -> str:
    """Return the changes as a comment on a pull request; two columns of short words fit a phone."""
    if not stacks:
        return "No resource changes."
    return "\n\n".join("\n".join(_markdown(stack)) for stack in stacks)


def _markdown(stack: StackChange) -> Iterator[str]:
    yield f"### {_cell(stack.name or 'template')}"
    yield ""
    yield " ".join(f"{said}." for said in (summary(stack), *_cost(stack)))
    yield from ("", *(f"- **{_cell(note)}**" for note in stack.notes)) if stack.notes else ()
    loud = [change for change in _sorted(stack.changes) if _is_loud(change)]
    quiet = [change for change in _sorted(stack.changes) if not _is_loud(change)]
    if loud:
        yield from ("", *_rows(stack, loud))
    if quiet:
        yield from ("", f"<details><summary>{len(quiet)} more</summary>", "")
        yield from (*_rows(stack, quiet), "", "</details>")
    if stack.open:
        names = ", ".join(f"`{name}`" for name in stack.open)
        yield from ("", f"Not accepted in the environment's `[accepted_changes]`: {names}.")


def _is_loud(change: Change) -> bool:
    return change.is_dangerous or change.kind not in (ChangeKind.ADDED, ChangeKind.IN_PLACE)


def _rows(stack: StackChange, changes: Sequence[Change]) -> Iterator[str]:
    yield "| resource | what happens |"
    yield "| --- | --- |"
    for change in changes:
        data = "<br>**holds data**" if change.is_stateful else ""
        loud = "**" if change.is_dangerous else ""
        reasons = (_accepted(stack, danger, change.type) for danger in change.dangers)
        happens = [f"{loud}{change.kind.value}{loud}{_broken(_why(change))}"]
        happens += [_broken(effect) for effect in change.effects]
        happens += [_broken(reason) for reason in dict.fromkeys(reasons) if reason]
        yield (
            f"| <code>{_broken(change.logical_id)}</code><br>{_broken(change.type)}{data} "
            f"| {'<br>'.join(happens)} |"
        )


def json_text(stacks: Sequence[StackChange]) -> str:
    """Return the changes for a machine."""
    document = {
        "dangerous": any(stack.is_dangerous for stack in stacks),
        "stacks": [
            {
                "stack": stack.name,
                "change": stack.kind.name.lower(),
                "notes": stack.notes,
                "dangerous": stack.is_dangerous,
                "cost": stack.cost and asdict(stack.cost),
                "open": stack.open,
                "accepted": {
                    name: {"reason": each.reason, "until": each.until.isoformat()}
                    for name, each in stack.accepted.items()
                },
                "resources": [
                    {
                        "logicalId": change.logical_id,
                        "type": change.type,
                        "change": change.kind.name.lower(),
                        "properties": list(change.paths),
                        "replacedFor": list(change.because),
                        "stateful": change.is_stateful,
                        "dangerous": change.is_dangerous,
                        "dangers": [danger.value for danger in change.dangers],
                        "effects": change.effects,
                    }
                    for change in _sorted(stack.changes)
                ],
            }
            for stack in stacks
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


FORMATS: Final[Mapping[str, Callable[[Sequence[StackChange]], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": json_text,
}
"""What ``--format`` takes."""


def summary(stack: StackChange) -> str:
    """Return how many resources meet which fate, such as ``1 refused, 2 changed in place``."""
    counts = [(kind, sum(change.kind is kind for change in stack.changes)) for kind in _ORDER]
    return ", ".join(f"{count} {kind.value}" for kind, count in counts if count) or "no resource"


def _cost(stack: StackChange) -> Iterator[str]:
    """Yield what the stack costs before and after, where that differs."""
    cost = stack.cost
    if cost is None or round(cost.before, 2) == round(cost.after, 2):
        return
    estimated = ", estimated" if cost.estimated else ""
    yield (
        f"Fixed cost a month: {cost.before:.2f} to {cost.after:.2f} US dollars "
        f"({cost.after - cost.before:+.2f}{estimated})"
    )


def _sorted(changes: Sequence[Change]) -> list[Change]:
    """What is dangerous first, then by what happens; else in the template's order."""
    return sorted(changes, key=lambda change: (not change.is_dangerous, _ORDER.index(change.kind)))


def _why(change: Change) -> str:
    paths = change.because or change.paths
    shown = ", ".join(paths[:_MOST_PATHS])
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f": {shown}{more}" if paths else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("`", "'")


def _broken(text: str) -> str:
    """Return a cell in which a browser may break long names between their words."""
    return _SEAM.sub("<wbr>", _cell(text))
