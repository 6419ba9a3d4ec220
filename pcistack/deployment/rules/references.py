"""References: to what the template has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule

_SUB: Final = re.compile(r"\$\{([^!${}][^${}]*)\}")
_PSEUDO: Final = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)


@rule(
    "DEPLOY-REFERENCE",
    "A reference to what the template does not have",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Intrinsic function reference, DependsOn, Conditions",
)
def reference_rule(context: Context) -> Iterator[Hit]:
    """A macro or a module may bring in what is named, so then nothing is said."""
    template = context.view.template
    sections = {name: template.section(name) for name in ("Resources", "Parameters", "Conditions")}
    if context.has_macro:
        return
    named = frozenset(sections["Resources"]) | frozenset(sections["Parameters"]) | _PSEUDO
    for name, raw in template.resources.items():
        for path, wanted in _references(dict(raw.properties), ""):
            if wanted not in named:
                yield hit(
                    name,
                    path,
                    f"{wanted} is neither a resource nor a parameter of the template",
                    "name one that the template has",
                )
        body = sections["Resources"].get(name)
        before = body.get("DependsOn") if isinstance(body, dict) else None
        for other in before if isinstance(before, list) else [before]:
            if isinstance(other, str) and other not in sections["Resources"]:
                yield hit(
                    name,
                    "",
                    f"DependsOn names {other}, which is no resource of the template",
                    "name one that the template has, or delete it",
                )
        if raw.condition is not None and raw.condition not in sections["Conditions"]:
            yield hit(
                name,
                "",
                f"the condition {raw.condition} is not in the template",
                "add it to Conditions",
            )


def _references(node: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield the names that an expression refers to, with the path of the property."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, f"{path}.{index}".lstrip("."))
    elif isinstance(node, dict):
        for key, value in node.items():
            if len(node) == 1 and key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                yield from ((path, name) for name in _names(key, value))
                if key == "Fn::Sub" and isinstance(value, list) and len(value) == 2:
                    yield from _references(value[1], path)
            else:
                inside = key.startswith("Fn::")
                yield from _references(value, path if inside else f"{path}.{key}".lstrip("."))


def _names(key: str, value: object) -> Iterator[str]:
    if key == "Ref" and isinstance(value, str):
        yield value
    elif key == "Fn::GetAtt":
        first = value.partition(".")[0] if isinstance(value, str) else None
        if isinstance(value, list) and value and isinstance(value[0], str):
            first = value[0]
        if first is not None:
            yield first
    elif key == "Fn::Sub":
        pair = value if isinstance(value, list) and len(value) == 2 else [value, {}]
        body, known = pair[0], pair[1] if isinstance(pair[1], dict) else {}
        for name in _SUB.findall(body) if isinstance(body, str) else ():
            if name.strip() not in known:
                yield name.strip().partition(".")[0]


@rule(
    "DEPLOY-OUTPUT",
    "Outputs that CloudFormation refuses",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Outputs, and CloudFormation quotas",
)
def output_rule(context: Context) -> Iterator[Hit]:
    outputs = context.view.template.section("Outputs")
    if len(outputs) > 200:
        yield hit("", "Outputs", f"{len(outputs)} outputs; a template has 200", "split the stack")
    seen: dict[str, str] = {}
    for name, output in outputs.items():
        export = output.get("Export") if isinstance(output, dict) else None
        exported = export.get("Name") if isinstance(export, dict) else None
        if not isinstance(exported, str):
            continue
        if not re.fullmatch(r"[A-Za-z0-9:-]{1,255}", exported):
            yield hit(
                "",
                f"Outputs.{name}.Export.Name",
                f"{exported!r} is no name of an export: letters, digits, colons and hyphens",
                "write such a name",
            )
        first = seen.setdefault(exported, name)
        if first != name:
            yield hit(
                "",
                f"Outputs.{name}.Export.Name",
                f"{first} exports {exported} already",
                "give each export a name of its own",
            )
