"""Two cloud assemblies, or two templates, side by side: what changes in each stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from pcistack.changes.accepted import STACK, AcceptedDanger, acceptances, key
from pcistack.changes.compare import Change, ChangeKind, Danger, compare
from pcistack.changes.effects import explain
from pcistack.cost.estimate import estimate
from pcistack.regions import known_regions
from pcistack.template.cloud_assembly import MANIFEST, every_stack
from pcistack.template.document import Template, TemplateError

_MOST: Final = 10
"""How deep nested stacks are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedStack:
    """A stack of an assembly, or a template on its own.

    Attributes:
        name: Its name; of a nested stack the way to it, such as ``Shop/Data``.
        environment: Account and region, such as ``aws://unknown-account/eu-central-2``.
        protected: Whether its termination protection is on; None where nothing says.
        template: Its template.
    """

    name: str
    environment: str
    protected: bool | None
    template: Template

    @property
    def region(self) -> str:
        """Region that the assembly names; empty if it names none."""
        region = self.environment.rpartition("/")[2]
        return "" if region == "unknown-region" else region


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the fixed part of a stack costs a month, in US dollars.

    Attributes:
        before: Before the change; 0 for a new stack.
        after: After it; 0 for one that is removed.
        estimated: Whether a price of it is an estimate.
    """

    before: float
    after: float
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChange:
    """What happens to one stack.

    Attributes:
        name: Its name.
        kind: Added, removed, or changed in place.
        changes: Its resources that change.
        notes: What concerns the stack as a whole.
        dangers: Why that is dangerous; empty if it is not.
        accepted: What the environment of what shall be there accepts today, by
            :func:`pcistack.changes.accepted.key`.
        cost: What the fixed part costs a month before and after; None where no region is known.
    """

    name: str
    kind: ChangeKind
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dangers: tuple[Danger, ...] = ()
    accepted: Mapping[str, AcceptedDanger] = field(default_factory=dict)
    cost: Cost | None = None

    @property
    def open(self) -> list[str]:
        """The dangerous changes that nobody accepts, by what an environment's file calls them."""
        found = [key(danger) for danger in self.dangers]
        found += [key(danger, each.type) for each in self.changes for danger in each.dangers]
        return sorted({name for name in found if name not in self.accepted})

    def is_open(self, dangers: Iterable[Danger], kind: str = STACK) -> bool:
        """Whether one of some dangers to a type of resource, or to the stack, is not accepted."""
        return any(key(danger, kind) not in self.accepted for danger in dangers)

    @property
    def is_dangerous(self) -> bool:
        """Whether it loses data, lifts protection or is refused, and nobody accepts that."""
        return bool(self.open)


def changes_between(base: Path, head: Path, *, on: date) -> list[StackChange]:
    """Return what changes in each stack that changes.

    Args:
        base: A cloud assembly, its ``manifest.json``, a folder of assemblies, or a template: what
            is there.
        head: The same kind of thing: what shall be there.
        on: The day on which something must be accepted.

    Raises:
        TemplateError: One cannot be read; or one is an assembly and the other a template.
    """
    old, new = read(base), read(head)
    if len(old) == len(new) == 1 and _is_template(base) and _is_template(head):
        old, new = {"": next(iter(old.values()))}, {"": next(iter(new.values()))}
    elif _is_template(base) != _is_template(head):
        raise TemplateError(
            f"{base} and {head}: one is a template, the other a cloud assembly; name two of a kind"
        )
    names = [*new, *(old.keys() - new.keys())]
    found = [stack_change(old.get(name), new.get(name), on=on) for name in names]
    return [stack for stack in found if stack.changes or stack.notes]


def stack_change(old: ComparedStack | None, new: ComparedStack | None, *, on: date) -> StackChange:
    """Return what happens to one stack, of which one side may be missing."""
    return replace(_stack(old, new, on=on), cost=_cost(old, new))


def _cost(old: ComparedStack | None, new: ComparedStack | None) -> Cost | None:
    found = [
        estimate(stack.template, stack.region) if stack is not None else None
        for stack in (old, new)
        if stack is None or stack.region in known_regions()
    ]
    if len(found) < 2:
        return None
    before, after = ((each.month if each else 0.0) for each in found)
    return Cost(before=before, after=after, estimated=any(e.estimated for e in found if e))


def _stack(old: ComparedStack | None, new: ComparedStack | None, *, on: date) -> StackChange:
    if new is None:
        assert old is not None
        note = "No longer in the app: it stays in the account until it is destroyed"
        return StackChange(name=old.name, kind=ChangeKind.REMOVED, notes=[note])
    if old is None:
        added = [
            Change(name, raw.type, ChangeKind.ADDED) for name, raw in new.template.resources.items()
        ]
        return StackChange(
            name=new.name, kind=ChangeKind.ADDED, changes=added, notes=["A new stack"]
        )
    accepted = acceptances(new.template, on=on)
    if old.environment != new.environment:
        note = (
            f"Another stack: it moves from {old.environment} to {new.environment}, and what is "
            "deployed stays where it is, with its data"
        )
        return StackChange(
            name=new.name,
            kind=ChangeKind.REPLACED,
            notes=[note],
            dangers=(Danger.LEAVES_BEHIND,),
            accepted=accepted,
        )
    changes = compare(old.template, new.template)
    explain(old.template, new.template, changes)
    lifted = bool(old.protected and new.protected is False)
    notes = ["Its termination protection is lifted"] if lifted else []
    return StackChange(
        name=new.name,
        kind=ChangeKind.IN_PLACE,
        changes=changes,
        notes=notes,
        dangers=(Danger.LIFTS_PROTECTION,) if lifted else (),
        accepted=accepted,
    )


def _is_template(path: Path) -> bool:
    return not path.is_dir() and path.name != MANIFEST


def read(path: Path) -> dict[str, ComparedStack]:
    """Return the stacks of an assembly by name, those of stages and nested ones too.

    Raises:
        TemplateError: A file is missing or unreadable.
    """
    if _is_template(path):
        stack = ComparedStack(
            name=path.name, environment="", protected=None, template=Template.read(path)
        )
        return {stack.name: stack} | {each.name: each for each in _nested(stack, path.parent, 0)}
    folder = path if path.is_dir() else path.parent
    return {stack.name: stack for each in assemblies(folder) for stack in _assembly(each)}


def assemblies(folder: Path) -> list[Path]:
    """Return the assemblies in a folder, one for each environment, or the folder itself."""
    inside = [] if (folder / MANIFEST).exists() else sorted(folder.glob(f"*/{MANIFEST}"))
    return [manifest.parent for manifest in inside] or [folder]


def _assembly(folder: Path) -> Iterator[ComparedStack]:
    for listed in every_stack(folder):
        stack = ComparedStack(
            name=listed.name,
            environment=listed.environment,
            protected=listed.protected,
            template=Template.read(listed.template),
        )
        yield stack
        yield from _nested(stack, listed.folder, 0)


def _nested(stack: ComparedStack, folder: Path, depth: int) -> Iterator[ComparedStack]:
    """Yield the stacks nested in one whose templates lie beside it, as the CDK writes them."""
    for name, resource in stack.template.resources.items():
        metadata = resource.body.get("Metadata")
        asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
        local = resource.properties.get("TemplateURL")
        beside = asset if isinstance(asset, str) else local
        if resource.type != "AWS::CloudFormation::Stack" or not isinstance(beside, str):
            continue
        file = folder / beside
        if depth < _MOST and "://" not in beside and file.is_file():
            inner = ComparedStack(
                name=f"{stack.name}/{name}",
                environment=stack.environment,
                protected=None,
                template=Template.read(file),
            )
            yield inner
            yield from _nested(inner, folder, depth + 1)
