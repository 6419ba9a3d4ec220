"""The second question of the mutation run: is what AWS refuses refused before it is deployed?

What AWS refuses for certain is taken from CloudFormation's own resource schemas, as cfn-lint
carries them, and from nothing else: a required property that is missing, one that does not exist
or is read-only, a value that is no member of its enumeration, does not match its pattern, is out
of its bounds or of another type. A mutant breaks one of these once, in the production template. It
is killed when the schema engine, or else the packs `deployment`, `regional` and `template`, find an
error in its resource. The embedded AWS is not asked: what it refuses, its tests show.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mutation.mutants import REGION, Mutant, Path_, as_object, resolved, schema
from mutation.mutated import DAY, ZONES, identity, mutated
from pcistack.checks.findings import Finding
from pcistack.checks.run import check_template, load
from pcistack.checks.schema import engine
from pcistack.template.document import Json, Template

_UNKNOWN: Final = "NoSuchProperty"
_NO_VALUE: Final = "?! no such value"
_LONGEST: Final = 5_000
_PACKS: Final = ("deployment", "regional", "template")

OPEN: Final[Mapping[str, str]] = {
    "enum": "cfn-lint lists values of a few properties, as of `Lambda Runtime`, that the engine "
    "takes as they come.",
}
"""What is known to survive, by the rule of the schema; every other survivor fails the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What became of a mutant that AWS refuses.

    Attributes:
        mutant: The mutant; its ``change`` is the rule of the schema that it breaks.
        by: What refuses it: ``schema``, a rule, or nothing.
    """

    mutant: Mutant
    by: str


def refused(template: Template) -> Iterator[Mutant]:
    """Yield a mutant for each rule of a schema that a template can break, once for each place."""
    seen: set[tuple[str, str, str]] = set()
    for name, resource in template.resources.items():
        root = schema(resource.type)
        read_only = {str(path) for path in _listed(root.get("readOnlyProperties"))}
        for path, change, value in _breaks(dict(resource.properties), root, root, (), read_only):
            where = ".".join("*" if isinstance(step, int) else str(step) for step in path)
            if (resource.type, where, change) not in seen:
                seen.add((resource.type, where, change))
                yield Mutant(
                    resource=name, type=resource.type, path=path, where=where,
                    change=change, value=value,
                )  # fmt: skip


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _breaks(
    value: Json,
    node: Mapping[str, Json],
    root: Mapping[str, Json],
    path: Path_,
    read_only: Collection[str],
) -> Iterator[tuple[Path_, str, Json]]:
    """Yield what would break the schema at a value and below it."""
    node = resolved(dict(node), root)
    if isinstance(value, list):
        for index, item in enumerate(value[:1]):
            yield from _breaks(item, as_object(node.get("items")), root, (*path, index), read_only)
        return
    if not isinstance(value, dict) or _is_function(value):
        return
    known = as_object(node.get("properties"))
    yield from _of_object(value, node, path, read_only)
    for name, item in value.items():
        if name in known:
            part = resolved(as_object(known[name]), root)
            yield from (((*path, name), change, wrong) for change, wrong in _wrong(part))
            yield from _breaks(item, part, root, (*path, name), read_only)


def _of_object(
    value: Mapping[str, Json], node: Mapping[str, Json], path: Path_, read_only: Collection[str]
) -> Iterator[tuple[Path_, str, Json]]:
    """Yield what would break the schema of an object by what it has and what it lacks."""
    known = as_object(node.get("properties"))
    for name in _listed(node.get("required")):
        if name in value:
            yield (*path, str(name)), "required", None
    if known and node.get("additionalProperties") is False:
        yield (*path, _UNKNOWN), "unknown", "x"
    for name in sorted(known) if not path else ():
        if f"/properties/{name}" in read_only and name not in value:
            yield (name,), "read-only", "x"


def _is_function(value: Mapping[str, Json]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _wrong(node: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield values that a schema excludes, by the rule that excludes them."""
    kind, pattern = node.get("type"), node.get("pattern")
    longest, lowest, highest = (node.get(key) for key in ("maxLength", "minimum", "maximum"))
    if node.get("enum") and kind in ("string", None):
        yield "enum", _NO_VALUE
    elif kind == "string" and isinstance(pattern, str) and _excludes(pattern):
        yield "pattern", _NO_VALUE
    elif kind == "string" and isinstance(longest, int) and longest < _LONGEST:
        yield "length", "a" * (longest + 1)
    if kind in ("integer", "number"):
        yield "type", "many"
        if isinstance(lowest, int):
            yield "bounds", lowest - 1
        if isinstance(highest, int):
            yield "bounds", highest + 1
    if kind == "boolean":
        yield "type", "perhaps"


def _excludes(pattern: str) -> bool:
    try:
        return re.search(pattern, _NO_VALUE) is None
    except re.error:  # a form that Python does not have
        return False


def run(template: Template) -> list[Refusal]:
    """Return what refuses each mutant; the engine judges one mutant of each resource at once."""
    waiting: dict[str, list[Mutant]] = {}
    for mutant in refused(template):
        waiting.setdefault(mutant.resource, []).append(mutant)
    found: list[Refusal] = []
    known = {identity(finding) for finding in _by_schema(template)}
    while any(waiting.values()):
        together = [mutants.pop() for mutants in waiting.values() if mutants]
        changed = template
        for mutant in together:
            changed = mutated(changed, _as_change(mutant))
        hit = {f.resource for f in _by_schema(changed) if identity(f) not in known}
        found += [
            Refusal(mutant=mutant, by="schema" if mutant.resource in hit else "")
            for mutant in together
        ]
    before = {identity(finding) for finding in _by_packs(template)}
    return [each if each.by else _alone(template, each.mutant, before) for each in found]


def _as_change(mutant: Mutant) -> Mutant:
    change = "remove" if mutant.change == "required" else "choose"
    return Mutant(
        resource=mutant.resource, type=mutant.type, path=mutant.path, where=mutant.where,
        change=change, value=mutant.value,
    )  # fmt: skip


def _alone(template: Template, mutant: Mutant, before: Collection[tuple[str, ...]]) -> Refusal:
    found = _by_packs(mutated(template, _as_change(mutant)))
    rules = [f.rule for f in found if identity(f) not in before]
    return Refusal(mutant=mutant, by=rules[0] if rules else "")


def _by_schema(template: Template) -> list[Finding]:
    findings = engine().begin(template, REGION).result()
    return [finding for finding in findings if finding.severity.fails]


def _by_packs(template: Template) -> list[Finding]:
    packs = [load(name) for name in _PACKS]
    outcome = check_template(template, packs, region=REGION, on=DAY, zones=ZONES)
    return [finding for finding in outcome.open if finding.severity.fails]


def report(found: Sequence[Refusal], seconds: float) -> list[str]:
    """Return the lines that the run prints."""
    lines = ["", "What AWS refuses by its schemas", f"{'Breaks':24}{'Mutants':>8}{'Refused':>9}"]
    lines += [f"{name:24}{every:>8}{killed:>9}" for name, every, killed in _counts(found)]
    survivors = [each.mutant for each in found if not each.by]
    lines += [f"  {mutant}" for mutant in survivors if mutant.change not in OPEN]
    return [*lines, f"Score: {score(found)}, in {seconds:.0f} s"]


def score(found: Sequence[Refusal]) -> str:
    """Return how many mutants are refused."""
    killed = sum(bool(each.by) for each in found)
    return f"{killed} of {len(found)} are refused, {100 * killed / len(found):.1f} %"


def survives(found: Sequence[Refusal]) -> bool:
    """Whether a mutant survives that no open point of :data:`OPEN` tells of."""
    return any(not each.by and each.mutant.change not in OPEN for each in found)


def page(found: Sequence[Refusal]) -> str:
    """Return what the page on compliance says of a run: the same for the same template."""
    lines = [
        f"**{score(found)}.**",
        "",
        "| it breaks | mutants | refused |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {every} | {killed} |" for name, every, killed in _counts(found)]
    lines += ["", *(f"Open: {reason}" for reason in OPEN.values())]
    return "\n".join(lines)


def _counts(found: Sequence[Refusal]) -> Iterator[tuple[str, int, int]]:
    every = Counter(each.mutant.change for each in found)
    killed = Counter(each.mutant.change for each in found if each.by)
    yield from ((name, count, killed[name]) for name, count in sorted(every.items()))
