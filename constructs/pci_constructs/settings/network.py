"""Address plan and way out of the VPC."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings
from pci_constructs.settings.words import listed


def _gateways(above: dict[str, Any]) -> int:
    return 0 if above["egress"] == "endpoints" else 1


class NetworkSettings(Settings):
    """Address plan and way out of the VPC."""

    cidr: Annotated[
        str,
        AfterValidator(values.vpc_cidr),
        Allowed(f"an IPv4 range from /16 to /22 inside {listed(values.PRIVATE_RANGES)}"),
    ] = "10.0.0.0/16"
    """IPv4 range of the VPC. AWS refuses a later change: the database stays in its VPC."""

    zones: Annotated[
        tuple[str, ...],
        Field(min_length=2, max_length=3, strict=False),
        Allowed('two or three zones of the region, such as ["eu-central-2a", "eu-central-2b"]'),
    ]
    """Availability zones. AWS refuses another order later, and more of them: the addresses are
    taken by the subnets that are there."""

    egress: Literal["nat", "endpoints"] = "nat"
    """`nat`: HTTPS through NAT gateways. `endpoints`: VPC endpoints only, no way to the internet;
    the image must then be in a private ECR repository of the same region. With either, S3 in the
    region is open to ECR's image layers only."""

    outbound: Annotated[
        tuple[str, ...] | None,
        Field(max_length=200, strict=False),
        Allowed('a list of different domains, such as ["api.processor.example", "*.example.com"]'),
    ] = None
    """Domains that tasks may resolve, beside AWS's in the region and the registries of their
    images: Route 53 Resolver DNS Firewall answers no other query, and all are logged. `[]` allows
    no other. Left out, tasks with `nat` may reach any address by HTTPS, which `cardholder-data`
    must accept in `[acknowledged]` with a reason and a last day."""

    nat_gateways: Annotated[int, Field(ge=0, le=3)] = Field(default_factory=_gateways)
    """0 with `endpoints`; with `nat` 1, or one per zone. Left out, it is 0 or 1."""
