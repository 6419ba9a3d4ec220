"""What was not judged: "passed" means judged, so each of these says what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.structure.context import Context
from pcistack.structure.pack import rule
from pcistack.template.document import SAM
from pcistack.template.serverless import WAS

_SOURCE: Final = "CloudFormation user guide: template macros, modules"
_EXPAND: Final = (
    "check what CloudFormation makes of it: aws cloudformation get-template "
    "--template-stage Processed"
)


@rule(
    "TEMPLATE-MACRO",
    "A macro that changes the template, so that what is deployed was not judged",
    types=(ANY,),
    severity=Severity.WARNING,
    source=_SOURCE,
    fix=_EXPAND,
)
def macro(context: Context) -> Iterator[Hit]:
    for name in context.macros:
        if name != SAM:
            yield hit("", "", f"{name} changes the template: what it makes of it is not judged")
    for logical_id in context.template.resources:
        for name in context.template.uses(logical_id).macros:
            yield hit(logical_id, "", f"{name} adds to its properties: what it adds is not judged")


@rule(
    "TEMPLATE-SERVERLESS",
    "A resource of the Serverless Application Model, which is not judged as a whole",
    types=(ANY,),
    severity=Severity.WARNING,
    source="AWS Serverless Application Model: transform",
    fix="judge what it becomes: sam validate --lint, or " + _EXPAND,
)
def serverless(context: Context) -> Iterator[Hit]:
    for logical_id, raw in context.template.resources.items():
        kind = raw.body.get(WAS, raw.type)
        if not isinstance(kind, str) or not kind.startswith("AWS::Serverless::"):
            continue
        if not context.macros:
            yield hit(
                logical_id,
                "",
                f"{kind} needs the transform {SAM}, which the template does not name",
                f"add Transform: {SAM}",
                severity=Severity.FATAL,
            )
        elif WAS in raw.body:
            what = "is judged by its own properties: what its events and the like become is not"
            yield hit(logical_id, "", f"{kind} {what}")
        elif kind != "AWS::Serverless::Application":
            what = "becomes other resources (functions, roles, interfaces), which are not judged"
            yield hit(logical_id, "", f"{kind} {what}")


@rule(
    "TEMPLATE-MODULE",
    "A module, whose resources are not judged",
    types=(ANY,),
    severity=Severity.WARNING,
    source=_SOURCE,
    fix=_EXPAND,
)
def module(context: Context) -> Iterator[Hit]:
    for logical_id, raw in context.template.resources.items():
        if raw.type.endswith("::MODULE"):
            yield hit(logical_id, "", f"the resources of the module {raw.type} are not judged")


@rule(
    "TEMPLATE-STACK-SET",
    "A stack set whose template is not at hand, or meant for other regions",
    types=("AWS::CloudFormation::StackSet",),
    severity=Severity.WARNING,
    source="CloudFormation user guide: StackSets",
    fix="check the template of the stack set by itself, for each of its regions",
)
def stack_set(context: Context) -> Iterator[Hit]:
    for resource in context.view.of_type("AWS::CloudFormation::StackSet"):
        if resource.text("TemplateBody") is None:
            yield hit(
                resource, "", "the template of the stack set is not at hand: it is not judged"
            )
            continue
        elsewhere = [
            region
            for group in range(len(resource.items("StackInstancesGroup")))
            for region in resource.items(f"StackInstancesGroup.{group}.Regions")
            if isinstance(region, str) and region != context.region
        ]
        if elsewhere:
            yield hit(
                resource,
                "StackInstancesGroup",
                f"its template is judged for {context.region}, not for {', '.join(elsewhere[:8])}",
            )


@rule(
    "TEMPLATE-WORLDS",
    "Choices that are too many to look at every combination",
    types=(ANY,),
    severity=Severity.WARNING,
    source="docs/check.md",
    fix="decide some of them: --parameter NAME=VALUE",
)
def worlds(context: Context) -> Iterator[Hit]:
    for problem in context.view.problems:
        if problem.kind == "worlds-left-out":
            yield hit(problem.resource, "", problem.message)
