"""How long a real first deployment takes, which no emulator can show.

CloudFormation creates a resource as soon as everything it refers to is there, so the time is that
of the longest chain. The durations are typical ones, each with its source; the answer is an
estimate, good for seeing which chain is the longest and what lengthens it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

from pcistack.rehearsal.assembly import Assembly

_LOGS = "public `terraform apply` logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long a type typically takes to create.

    Attributes:
        seconds: The typical time.
        source: Where the number comes from.
    """

    seconds: int
    source: str


# What takes noticeably long. Measured where a source is named, otherwise said to be assumed.
DURATIONS: Mapping[str, Duration] = {
    "AWS::EC2::NatGateway": Duration(seconds=105, source=f"{_LOGS}: 15 runs, 84 to 125 s"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Duration(
        seconds=150, source=f"{_LOGS}: 6 runs, 135 to 187 s"
    ),
    "AWS::RDS::DBCluster": Duration(seconds=45, source=f"{_LOGS}: 1 run of Aurora, 43 s"),
    "AWS::RDS::DBInstance": Duration(seconds=380, source=f"{_LOGS}: 1 run of Aurora, 381 s"),
    "AWS::ECS::Service": Duration(
        seconds=120, source="assumed: CloudFormation waits until the tasks are healthy"
    ),
    "AWS::IAM::Role": Duration(seconds=20, source="assumed: CloudFormation waits for propagation"),
    "AWS::IAM::ManagedPolicy": Duration(
        seconds=15, source="assumed: CloudFormation waits for propagation"
    ),
    "AWS::KMS::Key": Duration(seconds=15, source="assumed"),
    "AWS::EC2::EIP": Duration(seconds=15, source="assumed"),
    "AWS::EC2::InternetGateway": Duration(seconds=15, source="assumed"),
    "AWS::EC2::VPC": Duration(seconds=15, source="assumed"),
    "AWS::Lambda::Function": Duration(seconds=10, source="assumed"),
}
_ANY_OTHER = Duration(seconds=5, source="assumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One resource of the longest chain.

    Attributes:
        resource: Logical id.
        kind: Its type.
        seconds: How long it takes itself.
        source: Where that number comes from.
    """

    resource: str
    kind: str
    seconds: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A link of the chain that only a ``DependsOn`` makes.

    Attributes:
        resource: Who waits.
        waits_for: For whom.
        saves: Seconds that the whole deployment would be shorter without it.
    """

    resource: str
    waits_for: str
    saves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalPath:
    """The longest chain of a stack.

    Attributes:
        links: Its resources in the order in which they are created.
        waits: Explicit dependencies on it that lengthen the deployment.
    """

    links: tuple[Link, ...]
    waits: tuple[Wait, ...]

    @property
    def seconds(self) -> int:
        """How long the deployment takes."""
        return sum(link.seconds for link in self.links)


def find(assembly: Assembly) -> CriticalPath:
    """Find the longest chain of a stack's first deployment."""
    needs = {name: _needs(assembly, name) for name in assembly.resources}
    chain = _longest(assembly, needs)
    total = _seconds(assembly, chain)
    waits: list[Wait] = []
    for earlier, later in pairwise(chain):
        if earlier in _referred(assembly, later):
            continue
        without = {**needs, later: needs[later] - {earlier}}
        saves = total - _seconds(assembly, _longest(assembly, without))
        if saves > 0:
            waits.append(Wait(resource=later, waits_for=earlier, saves=saves))
    return CriticalPath(links=tuple(_link(assembly, name) for name in chain), waits=tuple(waits))


def _link(assembly: Assembly, name: str) -> Link:
    kind = str(assembly.resources[name]["Type"])
    duration = DURATIONS.get(kind, _ANY_OTHER)
    return Link(resource=name, kind=kind, seconds=duration.seconds, source=duration.source)


def _seconds(assembly: Assembly, chain: list[str]) -> int:
    return sum(_link(assembly, name).seconds for name in chain)


def _longest(assembly: Assembly, needs: Mapping[str, set[str]]) -> list[str]:
    ready: dict[str, int] = {}
    before: dict[str, str] = {}
    for name in TopologicalSorter(needs).static_order():
        last = max(sorted(needs[name]), key=ready.__getitem__, default="")
        before[name] = last
        ready[name] = ready.get(last, 0) + _link(assembly, name).seconds
    chain: list[str] = []
    current = max(sorted(ready), key=ready.__getitem__, default="")
    while current:
        chain.append(current)
        current = before[current]
    return chain[::-1]


def _needs(assembly: Assembly, name: str) -> set[str]:
    explicit = assembly.resources[name].get("DependsOn", [])
    named = {explicit} if isinstance(explicit, str) else set(explicit)
    return (named | _referred(assembly, name)) & assembly.resources.keys()


def _referred(assembly: Assembly, name: str) -> set[str]:
    return set(_references(assembly.resources[name].get("Properties", {})))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield str(item)
            elif key == "Fn::GetAtt":
                yield str(item[0]) if isinstance(item, list) else str(item).partition(".")[0]
            elif key == "Fn::Sub":
                text = item[0] if isinstance(item, list) else item
                yield from re.findall(r"\$\{([A-Za-z0-9]+)", str(text))
                yield from _references(item)
            else:
                yield from _references(item)
