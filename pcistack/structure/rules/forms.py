"""What has not the form that CloudFormation reads: functions, types, names, nothing, too much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.catalog import known_types
from pcistack.structure.context import Context, of_template
from pcistack.structure.pack import rule
from pcistack.template.document import EXTENSIONS, SAM

_REFERENCE: Final = "CloudFormation user guide: Intrinsic function reference"
_QUOTAS: Final = "CloudFormation user guide: Understand CloudFormation quotas"
_TYPE: Final = re.compile(
    r"[A-Za-z0-9]{1,64}(::[A-Za-z0-9]{1,64}){2}(::MODULE)?|Custom::[A-Za-z0-9_@-]{1,60}"
)
_NAME: Final = re.compile(r"[A-Za-z0-9]{1,255}")
_MOST: Final[Mapping[str, int]] = {
    "Resources": 500,
    "Parameters": 200,
    "Mappings": 200,
    "Outputs": 200,
}


@rule(
    "TEMPLATE-FUNCTION",
    "A function that CloudFormation does not have, or without what it needs",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_REFERENCE,
)
@of_template
def function(context: Context) -> Iterator[Hit]:
    if context.macros:
        return  # what it is before the macro says nothing
    for logical_id in context.template.resources:
        used = context.template.uses(logical_id)
        for name in used.functions:
            yield hit(
                logical_id,
                "",
                f"{name[:80]!r} is no function of CloudFormation",
                "check its spelling; the functions are listed in the intrinsic function reference",
            )
        for problem in used.misused:
            yield hit(
                logical_id, "", problem, "write it as the intrinsic function reference has it"
            )
        if EXTENSIONS not in context.template.transforms:
            for name in used.extensions:
                yield hit(
                    logical_id,
                    "",
                    f"{name} needs the transform {EXTENSIONS}, which the template does not name",
                    f"add at the top: Transform: {EXTENSIONS}",
                )


@rule(
    "TEMPLATE-NULL",
    "A property that is null",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation: 'null' values are not allowed in templates",
)
@of_template
def null(context: Context) -> Iterator[Hit]:
    if context.macros:
        return
    for logical_id in context.template.resources:
        for key in context.template.uses(logical_id).nulls:
            yield hit(
                logical_id,
                "",
                f"{key[:80]} is null, which no template may hold",
                "give it a value, or leave it out",
            )


@rule(
    "TEMPLATE-TYPE",
    "A resource type that cannot be one",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: resource type identifiers",
)
@of_template
def resource_type(context: Context) -> Iterator[Hit]:
    if set(context.macros) - {SAM}:
        return
    for logical_id, raw in context.template.resources.items():
        right = _spelling().get(raw.type.lower())
        is_one = bool(_TYPE.fullmatch(raw.type))
        if right == raw.type or (is_one and right is None):
            continue
        yield hit(
            logical_id,
            "",
            f"{raw.type[:80]!r} is no resource type",
            f"write {right}" if right else "write it as Organization::Service::Resource",
        )


@cache
def _spelling() -> Mapping[str, str]:
    return {name.lower(): name for name in known_types()}


@rule(
    "TEMPLATE-NAME",
    "A logical id of other characters than letters and digits",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Resources, logical ID",
)
@of_template
def name(context: Context) -> Iterator[Hit]:
    if context.macros:
        return
    for section in ("Resources", "Parameters"):
        for key in context.template.section(section):
            if not key.startswith("Fn::") and not _NAME.fullmatch(key):
                yield hit(
                    key if section == "Resources" else "",
                    "",
                    f"{key[:80]!r} under {section} is no logical id",
                    "use letters and digits only, at most 255",
                )


@rule(
    "TEMPLATE-LIMIT",
    "More resources, parameters, mappings or outputs than a template may have",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_QUOTAS,
)
@of_template
def limit(context: Context) -> Iterator[Hit]:
    for section, most in _MOST.items():
        count = len(context.template.section(section))
        if count > most:
            yield hit(
                "",
                "",
                f"{count} {section.lower()}; CloudFormation takes {most} in one template",
                "split it into nested stacks or several stacks",
            )
