"""Requirement 10.2.1: load balancers, containers, buckets and the account log."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    Extent,
    Hit,
    hit,
    must_be_set,
    must_be_true,
    show,
)
from pcistack.pci_dss.context import Context, attributes
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource


@rule(
    "PCI-10.2.1-BALANCER-LOGS",
    "Load balancers log every request",
    asks="Audit logs are on for all components that face the internet.",
    requirements=("10.2.1", "10.4.2"),
    related=("ELB.5",),
    types=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancing::LoadBalancer",
    ),
    extent=Extent.FULL,
    fix="Set the attributes access_logs.s3.enabled true and access_logs.s3.bucket.",
)
def balancer_logs(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        if balancer.get("Type") == "gateway" or _only_passes(context, balancer):
            continue
        found = attributes(balancer)
        on = str(found.get("access_logs.s3.enabled")).lower() == "true"
        if not on or not found.get("access_logs.s3.bucket"):
            yield hit(
                balancer,
                "LoadBalancerAttributes",
                f"access_logs.s3.enabled is {show(found.get('access_logs.s3.enabled'))}, "
                f"access_logs.s3.bucket {show(found.get('access_logs.s3.bucket'))}",
            )
    for balancer in context.of_type("AWS::ElasticLoadBalancing::LoadBalancer"):
        yield from must_be_true(balancer, "AccessLoggingPolicy.Enabled")


def _only_passes(context: Context, balancer: Resource) -> bool:
    """Whether it is a network load balancer without TLS: such a one has no access log to write."""
    if balancer.get("Type") != "network":
        return False
    listeners = context.pointing(
        "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn", balancer.logical_id
    )
    return all(listener.get("Protocol") in ("TCP", "UDP", "TCP_UDP") for listener in listeners)


@rule(
    "PCI-10.2.1-CONTAINER-LOGS",
    "Every container's output is logged",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1",),
    related=("ECS.9",),
    types=("AWS::ECS::TaskDefinition",),
    extent=Extent.FULL,
    fix="Set LogConfiguration with the awslogs driver and a log group of the template.",
)
def container_logs(context: Context) -> Iterator[Hit]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            if not isinstance(container, dict):
                continue
            path = f"ContainerDefinitions.{index}.LogConfiguration"
            driver = task.get(f"{path}.LogDriver")
            group = task.get(f"{path}.Options.awslogs-group")
            if not driver or driver in ("none", "json-file") or (driver == "awslogs" and not group):
                yield hit(
                    task,
                    path,
                    f"{show(container.get('Name'))}: LogDriver is {show(driver)}, "
                    f"group {show(group)}",
                )


@rule(
    "PCI-10.3.2-TRAIL",
    "Trails are on, complete, validated and encrypted",
    asks="Audit logs are on, protected from modification, and changes to them are noticed.",
    requirements=("10.3.2", "10.3.4", "10.2.1"),
    security_hub=(
        "CloudTrail.2",
        "CloudTrail.4",
    ),
    related=(
        "CloudTrail.1",
        "CloudTrail.5",
    ),
    types=("AWS::CloudTrail::Trail",),
    extent=Extent.FULL,
    fix="IsLogging, IsMultiRegionTrail, IncludeGlobalServiceEvents and EnableLogFileValidation "
    "true, with a KMSKeyId.",
)
def trail(context: Context) -> Iterator[Hit]:
    for one in context.of_type("AWS::CloudTrail::Trail"):
        yield from must_be_true(one, "IsLogging")
        yield from must_be_true(one, "EnableLogFileValidation")
        yield from must_be_true(one, "IsMultiRegionTrail")
        yield from must_be_set(one, "KMSKeyId", "the trail has no key of yours")


@rule(
    "PCI-10.2.1-BUCKET-LOGS",
    "Buckets log who reads and writes them",
    asks="Audit logs record access to data.",
    requirements=("10.2.1",),
    security_hub=("S3.9",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set LoggingConfiguration, or record the bucket's data events in CloudTrail.",
)
def bucket_logs(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type("AWS::S3::Bucket"):
        if bucket.logical_id not in context.log_buckets:
            yield from must_be_set(bucket, "LoggingConfiguration", "access is not logged")
