"""Properties that another one needs or excludes, by one table of relations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.neighbour_relations import NEIGHBOUR_RELATIONS
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand, is_open, text
from pcistack.deployment.relations import RELATIONS, Relation
from pcistack.template.view import Resource

_TABLE: Final[Mapping[str, tuple[Relation, ...]]] = {
    kind: (*RELATIONS.get(kind, ()), *NEIGHBOUR_RELATIONS.get(kind, ()))
    for kind in (*RELATIONS, *NEIGHBOUR_RELATIONS)
}


@rule(
    "DEPLOY-RELATION",
    "A property without what it needs, or beside what it excludes",
    types=tuple(_TABLE),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the property, and the service's API reference",
)
def relation_rule(context: Context) -> Iterator[Hit]:
    for kind, relations in () if context.has_macro else _TABLE.items():
        for resource in context.of_type(kind):
            for relation in relations:
                for at in _places(resource, relation):
                    yield from _judged(resource, at, relation)


def _places(resource: Resource, relation: Relation) -> Iterator[str]:
    if not relation.at:
        yield ""
        return
    for path, value in expand(resource, relation.at):
        if isinstance(value, dict):
            yield f"{path}."


def _judged(resource: Resource, at: str, relation: Relation) -> Iterator[Hit]:
    asked = resource.get(f"{at}{relation.path}")
    known = text(asked)
    if asked in (None, "", []) or (relation.values and known not in relation.values):
        return
    name = relation.path.rsplit(".", 1)[-1]
    said = f"{name}: {known}" if relation.values else name
    if relation.needs:
        others = relation.needs.split("|")
        if not any(_serves(resource, f"{at}{other}", relation) for other in others):
            wanted = " or ".join(other.rsplit(".", 1)[-1] for other in others)
            value = f": {' or '.join(relation.of)}" if relation.of else ""
            yield hit(
                resource,
                f"{at}{others[0]}",
                f"{said} needs {wanted}{value}",
                f"add {wanted}{value}",
            )
    for other in filter(None, relation.excludes.split("|")):
        found = resource.get(f"{at}{other}")
        if found in (None, "", []) or (relation.of and text(found) not in relation.of):
            continue
        last = other.rsplit(".", 1)[-1]
        shown = f"{last}: {text(found)}" if relation.of else last
        yield hit(resource, f"{at}{other}", f"{said} excludes {shown}", f"delete {last}, or {name}")


def _serves(resource: Resource, path: str, relation: Relation) -> bool:
    """Whether a property is what another needs, as far as it is known."""
    value = resource.get(path)
    if value is None and path.split(".")[0] in resource.raw.properties and "." not in path:
        return True  # it is written, and comes to nothing in this world only
    if value in (None, "", []):
        return False
    return not relation.of or is_open(value) or text(value) in relation.of
