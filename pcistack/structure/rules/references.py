"""Names that nothing in the template has, which CloudFormation refuses at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.structure.context import Context, of_template
from pcistack.structure.pack import rule
from pcistack.template.document import Json
from pcistack.template.uses import Uses, circle, conditions_in_order, references, uses

_SOURCE: Final = "CloudFormation user guide: template reference, Ref, Fn::GetAtt, Conditions"
_PSEUDO: Final = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NotificationARNs",
        "NoValue",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)


@rule(
    "TEMPLATE-REFERENCE",
    "A reference to a resource, parameter, condition or mapping that the template lacks",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_SOURCE,
)
@of_template
def reference(context: Context) -> Iterator[Hit]:
    if not context.is_whole:
        return
    template = context.template
    names = {*template.resources, *template.section("Parameters"), *_PSEUDO}
    for logical_id, raw in template.resources.items():
        if not template.uses(logical_id).macros:  # a loop has names of its own
            yield from _missing(context, logical_id, template.uses(logical_id), names)
        if raw.condition is not None and raw.condition not in template.section("Conditions"):
            yield _absent(logical_id, "condition", raw.condition)
        after = raw.body.get("DependsOn")
        for other in after if isinstance(after, list) else [after]:
            if isinstance(other, str) and other not in template.resources:
                yield _absent(logical_id, "resource", other, "DependsOn")
    for section in ("Outputs", "Conditions"):
        known = names if section == "Outputs" else names - set(template.resources)
        yield from _missing(context, "", uses(template.section(section)), known)


def _missing(context: Context, resource: str, used: Uses, names: Iterable[str]) -> Iterator[Hit]:
    places: dict[str, str] = {}
    if resource and not used.names.keys() <= set(names):
        found = references(dict(context.template.resources[resource].properties))
        places = {name: path for path, name in reversed(list(found))}  # the first of each
    for kind, wanted, known in (
        ("resource or parameter", used.names, names),
        ("condition", used.conditions, context.template.section("Conditions")),
        ("mapping", used.mappings, context.template.section("Mappings")),
    ):
        if kind == "mapping" and _macro_fills(context.template.section("Mappings")):
            continue
        for name in wanted:
            if name not in known:
                yield _absent(resource, kind, name, path=places.get(name, ""))


def _macro_fills(section: Json | object) -> bool:
    return isinstance(section, dict) and "Fn::Transform" in section


def _absent(resource: str, kind: str, name: str, by: str = "", path: str = "") -> Hit:
    return hit(
        resource,
        path,
        f"{by or 'it'} refers to the {kind} {name[:80]!r}, which the template does not have",
        f"write the name as the template has it, or add the {kind}",
    )


@rule(
    "TEMPLATE-CIRCLE",
    "Conditions that depend on each other in a circle",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_SOURCE,
)
def condition_circle(context: Context) -> Iterator[Hit]:
    circular = conditions_in_order(context.template.section("Conditions"))[1]
    if circular:
        yield hit(
            "",
            "",
            f"the conditions {', '.join(circular[:8])} depend on each other in a circle",
            "let one of them depend on parameters only",
        )


@rule(
    "TEMPLATE-DEPENDENCIES",
    "Resources that depend on each other in a circle, or on themselves",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Troubleshooting, circular dependency",
)
def dependencies(context: Context) -> Iterator[Hit]:
    template = context.template
    if context.macros or not template.circular:
        return
    # a branch of Fn::If that is not taken is no dependency
    names = context.view.resources
    circular = circle(
        {
            name: template.needs(name, uses(template.resources[name].properties, without="Fn::If"))
            & names.keys()
            for name in names
        }
    )
    if circular:
        what = f"the resources {', '.join(circular[:8])} depend on each other in a circle"
        if len(circular) == 1:
            what = "it depends on itself"
        yield hit(
            circular[0],
            "",
            what,
            "let one of them not name the other: give a rule, attachment or permission a resource "
            "of its own",
        )
