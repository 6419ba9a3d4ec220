"""VPC endpoints: for services that exist."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.services import endpoint_services

_NAME: Final = re.compile(r"(?:cn\.)?com\.amazonaws\.[a-z0-9-]+\.(?!vpce)([a-z0-9._-]+)")


@rule(
    "DEPLOY-ENDPOINT-SERVICE",
    "A VPC endpoint for a service that does not exist",
    types=("AWS::EC2::VPCEndpoint",),
    source="VPC guide: AWS services that integrate with AWS PrivateLink, as carried by the CDK",
)
def service_rule(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        found = _NAME.fullmatch(endpoint.text("ServiceName") or "")
        if found is None:
            continue
        service = found.group(1).removesuffix("-fips")
        if service in endpoint_services() or f"{service}-fips" in endpoint_services():
            continue
        near = difflib.get_close_matches(service, sorted(endpoint_services()), 1, 0.8)
        if near:  # any other name may be younger than the table
            yield hit(
                endpoint,
                "ServiceName",
                f"AWS has no endpoint service {service}; {near[0]} is meant?",
                f"end the name in {near[0]}",
            )
