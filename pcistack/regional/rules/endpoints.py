"""VPC endpoints: service names of this region, for services that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.catalog import known_services
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability
from pcistack.regional.pack import rule
from pcistack.regions import known_regions
from pcistack.template.view import Resource

_NAME: Final = re.compile(
    r"(?:(?:cn|eu)\.)?(?:com|aws|eusc)\.(?:amazonaws|amazon|sagemaker|api)\."
    r"(?:vpce\.)?([a-z]{2,4}(?:-[a-z]+)+-\d)\.(.+)"
)
# The list of services names some services otherwise than their endpoints.
_SERVICES: Final = {
    "airflow": "mwaa",
    "autoscaling-plans": "autoscaling",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elb",
    "email-smtp": "ses",
    "execute-api": "apigateway",
    "kafka-cluster": "kafka",
    "kinesis-firehose": "firehose",
    "kinesis-streams": "kinesis",
    "macie2": "macie",
    "monitoring": "cloudwatch",
    "rds-data": "",  # the Data API is no service of its own in the list
    "states": "stepfunctions",
    "sync-states": "stepfunctions",
}


@rule(
    "ENDPOINT-REGION",
    "A VPC endpoint service name of another region",
    types=("AWS::EC2::VPCEndpoint",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateVpcEndpoint, ServiceName",
)
def region_rule(context: Context) -> Iterator[Hit]:
    here = context.facts.region
    for resource, region, service in _endpoints(context):
        chosen = resource.text("ServiceRegion")
        if not here or region in (here, chosen) or resource.is_unknown("ServiceRegion"):
            continue
        name = resource.text("ServiceName") or ""
        yield hit(
            resource,
            "ServiceName",
            f"{name} is an endpoint service of {region}, not of {context.here}",
            f"set ServiceRegion: {region} if its owner lets other regions in, or name a service "
            f"of {here}"
            if service.startswith("vpce-svc-")
            else f"set ServiceName: {name.replace(region, here)}, or better !Sub "
            f"'{name.replace(region, '${AWS::Region}')}'",
        )


@rule(
    "ENDPOINT-SERVICE",
    "A VPC endpoint for a service that the region lacks",
    types=("AWS::EC2::VPCEndpoint",),
    severity=Severity.ERROR,
    source="AWS global infrastructure, as carried by moto",
)
def service_rule(context: Context) -> Iterator[Hit]:
    for resource, region, service in _endpoints(context):
        if region != context.facts.region or service.startswith("vpce-svc-"):
            continue
        name = resource.text("ServiceName") or ""
        asked = context.facts.endpoint_services
        if asked is not None:
            if name not in asked:
                yield hit(
                    resource,
                    "ServiceName",
                    f"{context.here} has no endpoint service {name}",
                    "leave the endpoint out, or reach the service through NAT",
                    severity=Severity.FATAL,
                    source="EC2 DescribeVpcEndpointServices, asked for the region",
                )
            continue
        label = service.split(".")[0].removesuffix("-fips")
        listed = _SERVICES.get(label, label)
        if listed not in known_services():
            continue  # no source says anything
        by_two = context.facts.service_by_two_sources(listed)
        if (
            by_two is not Availability.AVAILABLE
            and context.facts.service(listed) is Availability.UNAVAILABLE
        ):
            yield hit(
                resource,
                "ServiceName",
                f"AWS does not list the service {listed} in {context.here}, so it can have "
                f"no endpoint {name}",
                "leave the endpoint out; reach the service in a region that has it through NAT",
                severity=None if by_two is Availability.UNAVAILABLE else Severity.WARNING,
                source=f"AWS global infrastructure as carried by moto "
                f"{context.facts.versions.get('moto', '')}",
            )


def _endpoints(context: Context) -> Iterator[tuple[Resource, str, str]]:
    """Yield the interface and gateway endpoints of AWS as (resource, region, service)."""
    for resource in context.view.of_type("AWS::EC2::VPCEndpoint"):
        match = _NAME.fullmatch(resource.text("ServiceName") or "")
        if match and match.group(1) in known_regions():
            yield resource, match.group(1), match.group(2)
