"""Requirement 2.2.6: what a container takes of its host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, show
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value

_RUNTIME: Final = ("docker.sock", "containerd.sock", "crio.sock", "dockershim.sock", "podman.sock")
_WHOLE: Final = frozenset(
    {
        *("/", "/etc", "/proc", "/sys", "/dev", "/root", "/boot", "/home", "/run", "/var", "/usr"),
        *("/var/run", "/var/lib", "/var/lib/docker", "/var/lib/ecs", "/var/lib/kubelet", "/opt"),
        *("/etc/ecs", "/etc/kubernetes", "/etc/ssh", "/lib", "/bin", "/sbin", "/run/containerd"),
    }
)
"""Directories of a host through which a container becomes the host."""

_VOLUMES: Final = {
    "AWS::ECS::TaskDefinition": (("Volumes", "Host.SourcePath"),),
    "AWS::Batch::JobDefinition": (
        ("ContainerProperties.Volumes", "Host.SourcePath"),
        ("EksProperties.PodProperties.Volumes", "HostPath.Path"),
        ("EcsProperties.TaskProperties.0.Volumes", "Host.SourcePath"),
        ("NodeProperties.NodeRangeProperties.0.Container.Volumes", "Host.SourcePath"),
    ),
}


@rule(
    "PCI-2.2.6-HOST-MOUNT",
    "Containers mount nothing of their host",
    asks="System security parameters prevent misuse; who has the host's files or its container "
    "runtime has every container on it.",
    requirements=("2.2.6", "7.2.5", "1.4.1"),
    types=tuple(_VOLUMES),
    extent=Extent.FULL,
    fix="Take Host.SourcePath out; use a volume of the task, EFS or FSx.",
)
def host_mount(context: Context) -> Iterator[Hit]:
    for kind, places in _VOLUMES.items():
        for resource in context.of_type(kind):
            for volumes, below in places:
                for index in range(len(resource.items(volumes))):
                    yield from _mounted(resource, f"{volumes}.{index}.{below}")
    for resource, path in _containers(context):
        devices = f"{path}.LinuxParameters.Devices"
        if resource.items(devices):
            message = "devices of the host are mounted"
            yield hit(resource, devices, message, severity=Severity.WARNING)
        if resource.type == _JOB and resource.flag(f"{path}.Privileged") is True:
            yield hit(resource, f"{path}.Privileged", "the container is privileged")


_JOB: Final = "AWS::Batch::JobDefinition"
_JOB_CONTAINERS: Final = (
    "ContainerProperties",
    "EksProperties.PodProperties.Containers.0.SecurityContext",
    "EcsProperties.TaskProperties.0.Containers.0",
    "NodeProperties.NodeRangeProperties.0.Container",
)


def _containers(context: Context) -> Iterator[tuple[Resource, str]]:
    for job in context.of_type(_JOB):
        for path in _JOB_CONTAINERS:
            yield job, path
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index in range(len(task.items("ContainerDefinitions"))):
            yield task, f"ContainerDefinitions.{index}"


def _mounted(resource: Resource, path: str) -> Iterator[Hit]:
    value: Value = resource.get(path)
    if value in (None, ""):
        return
    text = str(value) if isinstance(value, str) else ""
    whole = text.rstrip("/") or "/"
    if text.endswith(_RUNTIME):
        yield hit(resource, path, f"{text}: the container runs whatever it likes on the host")
    elif whole in _WHOLE:
        yield hit(resource, path, f"{text} of the host is mounted")
    else:
        yield hit(
            resource, path, f"{show(value)} of the host is mounted", severity=Severity.WARNING
        )


_TASK: Final = ("AWS::ECS::TaskDefinition",)


@rule(
    "PCI-2.2.6-HOST-NAMESPACES",
    "Tasks do not share the host's processes or network",
    asks="System security parameters prevent misuse; functions are isolated.",
    requirements=("2.2.6", "1.4.1"),
    related=(
        "ECS.3",
        "ECS.17",
    ),
    types=_TASK,
    extent=Extent.FULL,
    fix="Leave PidMode and IpcMode out; use NetworkMode awsvpc.",
)
def host_namespaces(context: Context) -> Iterator[Hit]:
    for task in context.of_type(*_TASK):
        for path in ("PidMode", "IpcMode", "NetworkMode"):
            if task.get(path) == "host":
                yield hit(task, path, f"{path} is host")
        if task.get("NetworkMode") in (None, "bridge", "default"):
            yield Hit(
                resource=task.logical_id,
                property="NetworkMode",
                message=f"NetworkMode is {show(task.get('NetworkMode'))}: the task has no network "
                "interface and no security group of its own",
                severity=Severity.WARNING,
            )
