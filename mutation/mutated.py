"""A template with the change of one mutant in it, and the world in which mutants are judged."""

from __future__ import annotations

from datetime import date
from typing import Final

from mutation.mutants import Mutant, Path_, as_list, as_object
from pcistack.checks.findings import Finding
from pcistack.template.document import Json, Template

ZONES: Final = ("eu-central-2a", "eu-central-2b", "eu-central-2c")
DAY: Final = date(2026, 11, 24)


def mutated(template: Template, mutant: Mutant) -> Template:
    """Return the template with the mutant's change; everything else is shared with the original."""
    resources = dict(template.section("Resources"))
    if mutant.change == "delete":
        del resources[mutant.resource]
        for name, other in resources.items():
            waits = as_object(other).get("DependsOn")
            if mutant.resource in (waits if isinstance(waits, list) else [waits]):
                kept = [one for one in as_list(waits) if one != mutant.resource]
                resources[name] = {**as_object(other), "DependsOn": kept}
        return Template({**template.body, "Resources": resources})
    body = dict(as_object(resources[mutant.resource]))
    if mutant.change == "keep":
        body.pop(mutant.where, None)
        changed = body if mutant.value is None else {**body, mutant.where: mutant.value}
        return Template({**template.body, "Resources": {**resources, mutant.resource: changed}})
    body["Properties"] = _changed(body.get("Properties"), mutant.path, mutant)
    resources[mutant.resource] = body
    return Template({**template.body, "Resources": resources})


def _changed(node: Json, path: Path_, mutant: Mutant) -> Json:
    step = path[0]
    if isinstance(node, list) and isinstance(step, int):
        copied = list(node)
        if step == len(copied):
            copied.append(mutant.value)
        elif len(path) == 1 and mutant.change == "drop":
            del copied[step]
        else:
            copied[step] = (
                mutant.value if len(path) == 1 else _changed(copied[step], path[1:], mutant)
            )
        return copied
    found = dict(as_object(node))
    if len(path) > 1:
        found[str(step)] = _changed(found.get(str(step)), path[1:], mutant)
    elif mutant.change == "remove":
        found.pop(str(step), None)
    else:
        found[str(step)] = mutant.value
    return found


def identity(finding: Finding) -> tuple[str, ...]:
    """Return what makes two findings the same, so that a mutant is killed by new ones only."""
    return (finding.rule, finding.resource, finding.property, finding.message)
