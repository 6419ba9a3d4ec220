"""AWS's own prices for a region, asked of its price list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pcistack.account.aws import Aws, Call, text
from pcistack.regions import partition_of

_REGION: Final = re.compile(r"^[A-Z]{2,4}\d*-")
"""A region's short name before a usage type, such as ``EUC2-``; us-east-1 has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    """Where the price list has a price.

    Attributes:
        service: Code of the service.
        usage: The usage type, without the region's name before it.
        family: Product family to ask for; empty for all.
        attributes: Attributes that the product must have besides.
    """

    service: str
    usage: str
    family: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


_PRODUCTS: Final[Mapping[str, _Product]] = {
    "address": _Product(service="AmazonVPC", usage="PublicIPv4:InUseAddress"),
    "alarm-metric": _Product(
        service="AmazonCloudWatch", usage="CW:AlarmMonitorUsage", family="Alarm"
    ),
    "aurora-capacity": _Product(
        service="AmazonRDS",
        usage="Aurora:ServerlessV2Usage",
        family="ServerlessV2",
        attributes=(("databaseEngine", "Aurora MySQL"),),
    ),
    "fargate-memory": _Product(service="AmazonECS", usage="Fargate-GB-Hours"),
    "fargate-memory-arm": _Product(service="AmazonECS", usage="Fargate-ARM-GB-Hours"),
    "fargate-vcpu": _Product(service="AmazonECS", usage="Fargate-vCPU-Hours:perCPU"),
    "fargate-vcpu-arm": _Product(service="AmazonECS", usage="Fargate-ARM-vCPU-Hours:perCPU"),
    "interface-endpoint": _Product(service="AmazonVPC", usage="VpcEndpoint-Hours"),
    "key": _Product(service="awskms", usage="KMS-Keys"),
    "load-balancer": _Product(
        service="AWSELB",
        usage="LoadBalancerUsage",
        family="Load Balancer-Application",
        attributes=(("operation", "LoadBalancing:Application"),),
    ),
    "nat-gateway": _Product(service="AmazonEC2", usage="NatGateway-Hours", family="NAT Gateway"),
    "secret": _Product(service="AWSSecretsManager", usage="AWSSecretsManager-Secrets"),
    "web-acl": _Product(service="awswaf", usage="WebACLV2"),
    "web-acl-rule": _Product(service="awswaf", usage="RuleV2"),
}
"""Product of each price in ``pcistack/cost/prices.toml``."""


def region_prices(aws: Aws, *, on: date) -> dict[str, object]:
    """Ask AWS for the prices of a region.

    A product that the list does not have is left out, and estimated as before.

    Args:
        aws: Asks in the region.
        on: The day of the answers.

    Returns:
        The day and the prices in US dollars by their id; empty outside of the commercial
        partition, whose price list this is.

    Raises:
        AwsError: AWS did not answer; a refusal names the call and the permission.
    """
    if partition_of(aws.region)[0] != "aws":
        return {}
    found: dict[str, float] = {}
    for name, product in _PRODUCTS.items():
        dollars = sorted({*_dollars(aws, product)})
        if len(dollars) == 1:  # more than one would be a guess
            found[name] = dollars[0]
    return {"as_of": on.isoformat(), "dollars": found}


def _dollars(aws: Aws, product: _Product) -> Iterator[float]:
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": aws.region}]
    if product.family:
        filters.append({"Type": "TERM_MATCH", "Field": "productFamily", "Value": product.family})
    asked = {"ServiceCode": product.service, "Filters": filters}
    for item in aws.items(Call.PRICES, "PriceList", asked, at_home=True):
        document: dict[str, Any] = json.loads(text(item, ""))
        attributes = document.get("product", {}).get("attributes", {})
        usage = str(attributes.get("usagetype", "")).removeprefix(f"{aws.region}-")
        if product.usage not in (usage, _REGION.sub("", usage)):
            continue
        if all(attributes.get(key) == value for key, value in product.attributes):
            yield from _first_tier(document)


def _first_tier(document: Mapping[str, Any]) -> Iterator[float]:
    """Yield the on-demand price of the first unit that is not free."""
    for term in document.get("terms", {}).get("OnDemand", {}).values():
        tiers = sorted(
            term.get("priceDimensions", {}).values(), key=lambda tier: float(tier["beginRange"])
        )
        paid = [float(tier["pricePerUnit"]["USD"]) for tier in tiers]
        yield from [dollars for dollars in paid if dollars > 0][:1]
