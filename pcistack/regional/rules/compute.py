"""Functions and tasks: processors and features that the region has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability
from pcistack.regional.pack import rule
from pcistack.template.view import Resource

_FUNCTION: Final = "AWS::Lambda::Function"
_LAYER: Final = "AWS::Lambda::LayerVersion"
_TASK: Final = "AWS::ECS::TaskDefinition"


@rule(
    "REGION-COMPUTE-FEATURE",
    "A processor or a feature of functions or tasks that the region may lack",
    types=(_FUNCTION, _LAYER, _TASK),
    severity=Severity.WARNING,
    source="Lambda developer guide: instruction set architectures; ECS developer guide: Supported "
    "Regions for Amazon ECS on AWS Fargate",
)
def compute_rule(context: Context) -> Iterator[Hit]:
    """An error where a document says that the region lacks it, else a warning."""
    if not context.facts.region:
        return
    for resource, path, feature, what, fix in _uses(context):
        found = context.facts.compute(feature)
        if found.availability is Availability.AVAILABLE:
            continue
        absent = found.availability is Availability.UNAVAILABLE
        yield hit(
            resource,
            path,
            f"{what} is not available in {context.here}"
            if absent
            else f"no document says that {what} is available in {context.here}",
            fix,
            severity=Severity.ERROR if absent else None,
            source=found.source,
        )


def _uses(context: Context) -> Iterator[tuple[Resource, str, str, str, str]]:
    """Yield what is used as (resource, path, feature, how it is called, what to do instead)."""
    for kind, path in ((_FUNCTION, "Architectures"), (_LAYER, "CompatibleArchitectures")):
        for resource in context.view.of_type(kind):
            if resource.items(path) == ["arm64"]:
                yield (
                    resource,
                    path,
                    "lambda-arm64",
                    "Lambda on arm64",
                    "set it to [x86_64], or try it before",
                )
    for task in context.view.of_type(_TASK):
        if "FARGATE" not in task.items("RequiresCompatibilities"):
            continue
        if task.text("RuntimePlatform.CpuArchitecture") == "ARM64":
            yield (
                task,
                "RuntimePlatform.CpuArchitecture",
                "fargate-arm64",
                "Fargate on ARM64",
                "set CpuArchitecture: X86_64, or try it before",
            )
        for index in range(len(task.items("ContainerDefinitions"))):
            path = f"ContainerDefinitions.{index}.LinuxParameters.Tmpfs"
            if task.items(path):
                yield (
                    task,
                    path,
                    "fargate-tmpfs",
                    "tmpfs on Fargate",
                    "mount a volume instead, or try it before",
                )
