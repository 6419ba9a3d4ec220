"""Requirements 2.2, 6.3 and 7.2: platforms, runtimes, metadata and roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, show
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import refuse, wrong
from pcistack.regional.catalog import lambda_runtimes
from pcistack.template.references import name_of

_TASK: Final = ("AWS::ECS::TaskDefinition",)


@rule(
    "PCI-6.3.3-PLATFORM",
    "Fargate services run on the latest platform",
    asks="Known vulnerabilities are patched in time.",
    requirements=("6.3.3",),
    security_hub=("ECS.10",),
    types=("AWS::ECS::Service",),
    extent=Extent.FULL,
    fix="Set PlatformVersion: LATEST, or leave it out.",
)
def platform(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::ECS::Service", "AWS::ECS::TaskSet"):
        version = service.get("PlatformVersion")
        if version not in (None, "LATEST", "1.4.0"):
            unknown = service.is_unknown("PlatformVersion")
            yield hit(
                service,
                "PlatformVersion",
                f"PlatformVersion {UNRESOLVED if unknown else f'is {show(version)}'}",
            )


@rule(
    "PCI-6.3.3-RUNTIME",
    "Functions run on supported runtimes",
    asks="Known vulnerabilities are patched in time; AWS does not patch retired runtimes.",
    requirements=("6.3.3",),
    security_hub=("Lambda.2",),
    types=("AWS::Lambda::Function",),
    extent=Extent.FULL,
    fix="Use a runtime that AWS still patches, and let it be patched.",
)
def runtime(context: Context) -> Iterator[Hit]:
    for function in context.of_type("AWS::Lambda::Function"):
        name = function.text("Runtime") or ""
        known = lambda_runtimes().get(name)
        if known and known.deprecated and known.deprecated <= context.on:
            yield Hit(
                resource=function.logical_id,
                property="Runtime",
                message=f"{name} is without fixes since {known.deprecated}",
                fix=f"Set Runtime: {known.successor}." if known.successor else "",
            )
        path = "RuntimeManagementConfig.UpdateRuntimeOn"
        if function.get(path) == "Manual":
            yield hit(function, path, "the runtime is not patched")


@rule(
    "PCI-2.2.6-METADATA",
    "Instances answer metadata requests with tokens only",
    asks="System security parameters prevent misuse; the older metadata service gives credentials "
    "to a forged request.",
    requirements=("2.2.6",),
    security_hub=(
        "EC2.8",
        "EC2.170",
        "AutoScaling.3",
    ),
    types=(
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::EMR::SecurityConfiguration",
    ),
    extent=Extent.FULL,
    fix="Set MetadataOptions.HttpTokens: required.",
)
def metadata(context: Context) -> Iterator[Hit]:
    for kind, path in (
        ("AWS::EC2::Instance", "MetadataOptions"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.MetadataOptions"),
        ("AWS::AutoScaling::LaunchConfiguration", "MetadataOptions"),
    ):
        for resource in context.of_type(kind):
            if resource.get("LaunchTemplate") is not None and resource.get(path) is None:
                continue
            tokens = resource.get(f"{path}.HttpTokens")
            if tokens != "required" and resource.get(f"{path}.HttpEndpoint") != "disabled":
                yield hit(resource, f"{path}.HttpTokens", f"HttpTokens is {show(tokens)}")
    yield from wrong(context, _NODES)


_NODES: Final = (
    refuse(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.InstanceMetadataServiceConfiguration"
        ".MinimumInstanceMetadataServiceVersion",
        "nodes answer without a token",
        "1",
    ),
)


@rule(
    "PCI-7.2.5-ROLE-SHARED",
    "Task role and execution role are two roles",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5",),
    types=_TASK,
    extent=Extent.FULL,
    fix="Give the task a role of its own; the execution role may read the secrets.",
)
def role_shared(context: Context) -> Iterator[Hit]:
    for task in context.of_type(*_TASK):
        role, execution = (name_of(task.get(p)) for p in ("TaskRoleArn", "ExecutionRoleArn"))
        if role and role == execution and role != "unknown":
            yield hit(task, "TaskRoleArn", "the application has the rights of the execution role")
