"""Writes what a later change of each setting does, by comparing the templates."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from pci_constructs.settings.form import tables_of
from pcistack.changes.compare import Change, ChangeKind, compare, is_new
from pcistack.changes.effects import explain
from pcistack.template.document import Template
from stacks.changes_samples import BASE, OF_TABLE, SAMPLES, SettingValues
from stacks.environment import Environment, load_environment

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "changes.md"
BEGIN: Final = "<!-- settings: written by `make docs` -->"
END: Final = "<!-- /settings -->"

_TASK: Final = "AWS::ECS::TaskDefinition"
_MOST: Final = 5
"""Types that a cell names."""
_ALIKE: Final = 30
"""Characters in which two effects begin alike that are told as one."""


@dataclass(frozen=True, slots=True)
class TriedChange:
    """What one change of one setting does.

    Attributes:
        setting: The setting's place, such as ``database.name``.
        tried: The new value.
        verdict: What happens, in a word or two.
        meaning: What that means: for what is dangerous each effect, else where it happens.
    """

    setting: str
    tried: str
    verdict: str
    meaning: str


def settings(model: type[BaseModel] = Environment, above: str = "") -> Iterator[str]:
    """Yield the place of each setting that an environment's file may have."""
    for name, field in model.model_fields.items():
        tables = tables_of(field)
        place = f"{above}{name}"
        if place == "suffix":
            continue
        if tables is None:
            yield place
        elif tables.how == "one":
            yield from settings(tables.model, f"{place}.")
            if field.default is None:
                yield place
        else:
            yield place


@cache
def samples() -> Mapping[str, tuple[SettingValues, ...]]:
    """Return later changes of each setting: its own, else the value of the payments example."""
    others = [place for place in settings() if place not in SAMPLES]
    example = load_environment("payments").model_dump() if others else {}
    return {**SAMPLES, **{place: (_at(example, place.split(".")),) for place in others}}


def _at(values: SettingValues, names: list[str]) -> SettingValues:
    """Return the one value at a place, in the tables that it stands in."""
    name, *below = names
    return {name: _at(values[name], below) if below else values[name]}


def rows(folder: Path, *, only: str | None = None) -> list[TriedChange]:
    """Return what each sample does to the production stack, by synthesizing both.

    Args:
        folder: Where each is synthesized over the one before, which spares copies of the assets.
        only: A setting, to leave out the others.
    """
    return [
        _row(folder, setting, sample)
        for setting, tried in samples().items()
        for sample in tried
        if only in (None, setting)
    ]


def templates(folder: Path, setting: str) -> tuple[Template, Template]:
    """Return the templates before and after the first change of a setting.

    Args:
        folder: Where each is synthesized over the one before.
        setting: The setting's place.
    """
    before, old = _before(folder, setting)
    return old, _template(folder, _merged(before, samples()[setting][0]))


def _before(folder: Path, setting: str) -> tuple[SettingValues, Template]:
    table = setting.partition(".")[0]
    return _synthesized(folder, table if table in OF_TABLE else "")


@cache  # one template for all settings of a table
def _synthesized(folder: Path, table: str) -> tuple[SettingValues, Template]:
    values = _merged(load_environment("prod").model_dump(), BASE)
    values = _merged(values, OF_TABLE.get(table, {}))
    return values, _template(folder, values)


def _row(folder: Path, setting: str, sample: SettingValues) -> TriedChange:
    before, old = _before(folder, setting)
    after, tried = _merged(before, sample), _tried(setting, sample)
    if any(before[name] != after[name] for name in ("region", "account")):
        stays = "The stack of before stays where it is, with its data"
        return TriedChange(setting, tried, "another stack", stays)
    new = _template(folder, after)
    changes = compare(old, new)
    explain(old, new, changes)
    return TriedChange(setting, tried, verdict(changes), meaning(changes))


def verdict(changes: list[Change]) -> str:
    """Return what happens to a stack, named after the worst that happens to a resource."""
    effects = " ".join(effect for change in changes for effect in change.effects)
    if any(change.kind is ChangeKind.REFUSED for change in changes):
        return "**refused** by AWS, rolled back"
    if any("CloudFormation refuses" in effect for change in changes for effect in change.effects):
        return "**refused** by AWS where it replaces"
    if any(change.is_dangerous for change in changes):
        return "**loses** data or protection"
    if "database restarts" in effects:
        return "database restarts"
    if any(is_new(change) and change.type != _TASK for change in changes):
        return "replacement, no data"
    if "Tasks are replaced" in effects:
        return "new tasks, rolling"
    return "in place" if changes else "nothing deployed changes"


def meaning(changes: list[Change]) -> str:
    """Return the worst effects with the types of their resources, or else which types change."""
    refused = [change for change in changes if change.kind is ChangeKind.REFUSED]
    loud = refused or [change for change in changes if change.is_dangerous]
    if not loud:
        replaced = [change for change in changes if is_new(change) and change.type != _TASK]
        types = _listed([_short(change.type) for change in replaced or changes])
        notes = {effect: None for change in changes for effect in change.effects}
        return "; ".join([types, *notes])
    effects: dict[str, tuple[str, list[str]]] = {}
    for change in loud:
        for effect in change.effects[: 1 if refused else None]:
            beginning = effect[:_ALIKE]  # what differs in a name or an address only is said once
            effects.setdefault(beginning, (effect, []))[1].append(_short(change.type))
    return "; ".join(f"{_listed(types)}: {effect}" for effect, types in effects.values())


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::").replace("::", " ")


def _listed(types: list[str]) -> str:
    counts = {kind: types.count(kind) for kind in sorted(set(types))}
    named = [f"{count} {kind}" if count > 1 else kind for kind, count in counts.items()]
    more = [f"{len(named) - _MOST} more types"] if len(named) > _MOST else []
    return ", ".join([*named[:_MOST], *more])


def _tried(setting: str, sample: SettingValues) -> str:
    value: Any = sample
    for name in setting.replace("NAME", "*").split("."):
        if not isinstance(value, dict):
            break
        value = next(iter(value.values())) if name == "*" else value[name]
    if value is None or value == {}:
        return "left out"
    if isinstance(value, dict):
        return f"`{next(iter(value))}` added"
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    shown = shown.lower() if isinstance(value, bool) else shown
    return "another" if len(shown) > 40 or "{" in shown else f"`{shown}`"


def _merged(old: SettingValues, new: SettingValues) -> SettingValues:
    merged = dict(old)
    for name, value in new.items():
        under = merged.get(name)
        tables = bool(value) and isinstance(under, dict) and isinstance(value, dict)
        merged[name] = _merged(under or {}, value) if tables else value  # an empty one replaces
    return merged


def _template(folder: Path, values: SettingValues) -> Template:
    from stacks.app import build_app  # starts Node

    environment = Environment.model_validate(values)
    build_app([environment], outdir=str(folder)).synth()
    return Template.read(folder / f"{environment.names.stack}.template.json")


def table(found: list[TriedChange]) -> str:
    """Return the rows as the page has them."""
    lines = ["| setting | changed to | what happens | where |", "| --- | --- | --- | --- |"]
    lines += [f"| `{row.setting}` | {row.tried} | {row.verdict} | {row.meaning} |" for row in found]
    return "\n".join(lines)


def render(page: str) -> str:
    """Return the page with its table written anew."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    with tempfile.TemporaryDirectory() as folder:
        return f"{head}{BEGIN}\n\n{table(rows(Path(folder)))}\n\n{END}{tail}"


if __name__ == "__main__":
    TARGET.write_text(render(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
