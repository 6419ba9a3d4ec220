"""Two numbers of one resource of which one is the limit of the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule

# Type -> (the number, the one that it must not be above).
_PAIRS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "AWS::AutoScaling::AutoScalingGroup": (
        ("DesiredCapacity", "MaxSize"),
        ("MinSize", "DesiredCapacity"),
    ),
    "AWS::Batch::ComputeEnvironment": (
        ("ComputeResources.MinvCpus", "ComputeResources.MaxvCpus"),
        ("ComputeResources.DesiredvCpus", "ComputeResources.MaxvCpus"),
    ),
    "AWS::ElastiCache::ServerlessCache": (
        ("CacheUsageLimits.DataStorage.Minimum", "CacheUsageLimits.DataStorage.Maximum"),
        ("CacheUsageLimits.ECPUPerSecond.Minimum", "CacheUsageLimits.ECPUPerSecond.Maximum"),
    ),
    "AWS::EKS::Nodegroup": (
        ("ScalingConfig.MinSize", "ScalingConfig.MaxSize"),
        ("ScalingConfig.DesiredSize", "ScalingConfig.MaxSize"),
        ("ScalingConfig.MinSize", "ScalingConfig.DesiredSize"),
    ),
    "AWS::DocDB::DBCluster": (
        (
            "ServerlessV2ScalingConfiguration.MinCapacity",
            "ServerlessV2ScalingConfiguration.MaxCapacity",
        ),
    ),
    "AWS::Neptune::DBCluster": (
        (
            "ServerlessScalingConfiguration.MinCapacity",
            "ServerlessScalingConfiguration.MaxCapacity",
        ),
    ),
}


@rule(
    "DEPLOY-NUMBERS",
    "A number above the one that limits it",
    types=tuple(_PAIRS),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the properties",
)
def order_rule(context: Context) -> Iterator[Hit]:
    for kind, pairs in _PAIRS.items():
        for resource in context.of_type(kind):
            for low, high in pairs:
                small, large = resource.number(low), resource.number(high)
                if small is not None and large is not None and small > large:
                    name = high.rsplit(".", 1)[-1]
                    yield hit(
                        resource,
                        low,
                        f"{small:g}, which is above {name} {large:g}",
                        f"keep it at {name} or below",
                    )
