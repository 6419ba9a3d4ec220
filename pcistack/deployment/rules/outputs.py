"""Outputs, and what they export."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule


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
        if name.startswith("Fn::"):
            continue
        if isinstance(output, dict) and not {"Value", "Fn::Transform"} & set(output):
            yield hit("", f"Outputs.{name}", f"{name} has no Value", "add Value")
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
