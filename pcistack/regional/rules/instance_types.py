"""EC2 instance types: sold in the region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.catalog import instance_families, instance_types
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.template.view import Resource

_PATHS: Final[Mapping[str, str]] = {
    "AWS::AutoScaling::LaunchConfiguration": "InstanceType",
    "AWS::Batch::ComputeEnvironment": "ComputeResources.InstanceTypes",
    "AWS::Cloud9::EnvironmentEC2": "InstanceType",
    "AWS::EC2::CapacityReservation": "InstanceType",
    "AWS::EC2::Host": "InstanceType",
    "AWS::EC2::Instance": "InstanceType",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateData.InstanceType",
    "AWS::EKS::Nodegroup": "InstanceTypes",
}


@rule(
    "INSTANCE-TYPE",
    "An EC2 instance type that the region does not sell",
    types=tuple(_PATHS),
    severity=Severity.ERROR,
    source="AWS price list, as carried by cfn-lint",
)
def type_rule(context: Context) -> Iterator[Hit]:
    """A family that no region sells is left to the schema: it may be newer than the list."""
    for resource, path, name in _named(context):
        here = instance_types(context.facts.region)
        family, _, size = name.partition(".")
        if not here or not size or name in here or family not in instance_families():
            continue
        like = sorted(t for t in here if t.endswith(f".{size}") and t[0] == name[0])
        other = like or sorted(t for t in here if t.endswith(f".{size}"))
        yield hit(
            resource,
            path,
            f"{name} is not sold in {context.here}",
            f"choose a type that the region has, such as {', '.join(other[-4:])}"
            if other
            else "choose a type that the region has",
        )


def _named(context: Context) -> Iterator[tuple[Resource, str, str]]:
    for kind, path in _PATHS.items():
        for resource in context.view.of_type(kind):
            items = resource.items(path)
            for index, name in enumerate(items):
                if type(name) is str:
                    yield resource, f"{path}.{index}" if path.endswith("s") else path, name
