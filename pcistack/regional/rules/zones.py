"""Availability zones: those of the region, and no placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability
from pcistack.regional.pack import rule
from pcistack.template.view import Partial, Resource

_ZONE: Final = re.compile(r"([a-z]{2,4}(?:-[a-z]+)+-\d)[a-z]")
_PLACEHOLDER: Final = re.compile(r"dummy\d[a-z]")
_NAMES: Final = ("AvailabilityZone", "AvailabilityZones")


@rule(
    "REGION-ZONE",
    "An availability zone that the region does not have",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation data per region, as carried by cfn-lint",
)
def zone_rule(context: Context) -> Iterator[Hit]:
    zones = ", ".join(context.facts.zones)
    for resource, path, value in _zones(context):
        if _PLACEHOLDER.fullmatch(value):
            yield hit(
                resource,
                path,
                f"{value} is no zone of {context.here}: it is a placeholder that CDK writes when "
                "it has not looked the zones up",
                f"name the zones: ec2.Vpc(..., availability_zones=[...]) with {zones}"
                if zones
                else "name the zones: ec2.Vpc(..., availability_zones=[...])",
            )
            continue
        match = _ZONE.fullmatch(value)
        if match is None or context.facts.zone(value) is not Availability.UNAVAILABLE:
            continue  # a local zone, or nothing that looks like a zone
        same_region = match.group(1) == context.facts.region
        yield hit(
            resource,
            path,
            f"{value} is "
            + (
                f"not among the known zones of {context.here}"
                if same_region
                else f"a zone of {match.group(1)}, not of {context.here}"
            ),
            f"use one of {zones}",
            # zones are added now and then; a zone of another region is never right
            severity=Severity.ERROR if same_region else None,
            source=f"CloudFormation data as carried by cfn-lint "
            f"{context.facts.versions.get('cfn-lint', '')}",
        )


def _zones(context: Context) -> Iterator[tuple[Resource, str, str]]:
    """Yield every zone that is written in a resource of AWS."""
    for resource in context.view.resources.values():
        if not resource.type.startswith("AWS::"):
            continue
        for path, leaf in resource.leaves:
            if "Zone" not in path or not isinstance(leaf, str) or isinstance(leaf, Partial):
                continue
            if path.rstrip("0123456789.").rpartition(".")[2] in _NAMES:
                yield resource, path, leaf
