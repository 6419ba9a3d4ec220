"""What the rules of load balancing share: types, protocols, and the judgement of attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.rule import Hit, hit
from pcistack.template.view import Resource, number

BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
GROUP: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"
HTTP: Final = ("HTTP", "HTTPS")
NETWORK: Final = ("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")


def attribute_hits(
    resource: Resource,
    path: str,
    key: str | None,
    value: str | None,
    known: Mapping[str, tuple[int, int] | tuple[str, ...] | None],
) -> Iterator[Hit]:
    """Yield what is wrong with one attribute, by the table of those that exist."""
    if key is None:
        return
    if key not in known:
        near = sorted(name for name in known if name.split(".")[0] == key.split(".")[0])
        yield hit(
            resource,
            f"{path}.Key",
            f"there is no attribute {key}",
            f"choose from {', '.join(near or sorted(known))}",
        )
        return
    allowed = known[key]
    if value is None or allowed is None:
        return
    amount = number(value)
    first, last = allowed[0], allowed[-1]
    if isinstance(first, int) and isinstance(last, int):
        if amount is None or not first <= amount <= last or amount % 1:
            yield hit(
                resource,
                f"{path}.Value",
                f"{key} is {value}; it takes a number from {first} to {last}",
                f"choose a value between {first} and {last}",
            )
    elif value not in allowed:
        yield hit(
            resource,
            f"{path}.Value",
            f"{key} is {value!r}; it takes {', '.join(str(one) for one in allowed)}",
            f"choose from {', '.join(str(one) for one in allowed)}",
        )
