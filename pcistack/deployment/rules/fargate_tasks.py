"""Task definitions on Fargate: what their registration refuses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import SIZES, TASK, fargate_tasks, units
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Resource, Value

_GUIDE: Final = "ECS developer guide: Task definition differences for Fargate"
_CONTAINERS: Final = "ContainerDefinitions"
# What a container may not have on Fargate; a flag counts if it is true.
_ABSENT: Final = (
    "DisableNetworking",
    "DnsSearchDomains",
    "DnsServers",
    "DockerSecurityOptions",
    "ExtraHosts",
    "Hostname",
    "Links",
    "Privileged",
    "LinuxParameters.Devices",
    "LinuxParameters.MaxSwap",
    "LinuxParameters.SharedMemorySize",
    "LinuxParameters.Swappiness",
)
# Lists of a container, the field of an item that counts, what it may be, and how that is said.
_ONLY: Final = (
    ("LinuxParameters.Capabilities.Add", "", ("SYS_PTRACE",), "no capability but SYS_PTRACE"),
    ("Ulimits", "Name", ("nofile",), "no ulimit but nofile"),
    ("ResourceRequirements", "Type", (), "no devices"),
)
_DEVICES: Final = ("GPU", "InferenceAccelerator")
_DRIVERS: Final = ("awsfirelens", "awslogs", "splunk")
_WINDOWS: Final = tuple(
    f"WINDOWS_SERVER_{year}_{kind}"
    for year in ("2019", "2022", "2025")
    for kind in ("CORE", "FULL")
)


@rule(
    "DEPLOY-FARGATE-SIZE",
    "A task size that Fargate does not have",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_GUIDE}, task CPU and memory",
)
def size_rule(context: Context) -> Iterator[Hit]:
    for task in fargate_tasks(context):
        for name in ("Cpu", "Memory"):
            if task.get(name) is None:
                yield hit(
                    task,
                    name,
                    f"the task is for Fargate and has no {name}: its registration is refused",
                    f"set {name} for the task as a whole",
                )
        cpu, memory = units(task.get("Cpu")), units(task.get("Memory"))
        if cpu is None or memory is None:
            continue
        if cpu not in SIZES:
            yield hit(
                task,
                "Cpu",
                f"Fargate has no task of {cpu} CPU units",
                f"choose from {', '.join(str(size) for size in SIZES)}",
            )
        elif memory not in SIZES[cpu]:
            yield hit(
                task,
                "Memory",
                f"Fargate has no task of {cpu} CPU units and {memory} MiB",
                f"with Cpu {cpu} choose Memory from {_range(SIZES[cpu])}",
            )


@rule(
    "DEPLOY-FARGATE-TASK",
    "A task definition with what Fargate does not have",
    types=(TASK,),
    severity=Severity.FATAL,
    source=_GUIDE,
)
def task_rule(context: Context) -> Iterator[Hit]:
    for task in fargate_tasks(context):
        mode = task.get("NetworkMode")
        if mode is None or text(mode) not in (None, "awsvpc"):
            yield hit(
                task,
                "NetworkMode",
                f"the network mode is {text(mode) or 'not set, which is bridge'}; Fargate takes "
                "awsvpc only",
                "set NetworkMode: awsvpc",
            )
        named = {text(item) for item in task.items("RequiresCompatibilities")}
        if "FARGATE" not in named and None not in named:
            yield hit(
                task,
                "RequiresCompatibilities",
                "a service runs the task on Fargate, and the definition is not for it: AWS refuses "
                "the service",
                "set RequiresCompatibilities: [FARGATE]",
            )
        yield from _task_options(task)
        for path, container in objects(task, _CONTAINERS):
            yield from _container_options(task, path, container)


def _task_options(task: Resource) -> Iterator[Hit]:
    if task.text("PidMode") == "host":
        yield hit(task, "PidMode", "Fargate has no PidMode host", "set PidMode: task, or delete it")
    for name in ("IpcMode", "InferenceAccelerators", "PlacementConstraints"):
        if task.get(name) not in (None, "", []):
            yield hit(task, name, f"Fargate takes no {name}", f"delete {name}")
    for path, volume in objects(task, "Volumes"):
        for name in ("DockerVolumeConfiguration", "FSxWindowsFileServerVolumeConfiguration"):
            if volume.get(name) is not None:
                yield hit(task, f"{path}.{name}", f"Fargate takes no {name}", "use a volume of EFS")
        if fields(volume.get("Host")).get("SourcePath") is not None:
            yield hit(
                task,
                f"{path}.Host.SourcePath",
                "Fargate has no host whose folder could be a volume",
                "delete Host, or use a volume of EFS",
            )
    size = task.number("EphemeralStorage.SizeInGiB")
    if size is not None and not 21 <= size <= 200:
        yield hit(
            task,
            "EphemeralStorage.SizeInGiB",
            f"Fargate has 21 to 200 GiB of ephemeral storage, not {size:g}",
            "choose a size between 21 and 200, or delete it for 20 GiB",
        )
    yield from _platform(task)


def _platform(task: Resource) -> Iterator[Hit]:
    processor = task.text("RuntimePlatform.CpuArchitecture")
    system = task.text("RuntimePlatform.OperatingSystemFamily")
    if processor not in (None, "X86_64", "ARM64"):
        yield hit(
            task,
            "RuntimePlatform.CpuArchitecture",
            f"Fargate has no processor {processor}",
            "choose from X86_64, ARM64",
        )
    if system not in (None, "LINUX", *_WINDOWS):
        yield hit(
            task,
            "RuntimePlatform.OperatingSystemFamily",
            f"Fargate has no operating system {system}",
            f"choose from LINUX, {', '.join(_WINDOWS)}",
        )
    if system in _WINDOWS:
        if processor == "ARM64":
            yield hit(
                task,
                "RuntimePlatform.CpuArchitecture",
                "Fargate runs Windows on X86_64 only",
                "set CpuArchitecture: X86_64",
            )
        cpu = units(task.get("Cpu"))
        if cpu is not None and cpu < 1024:
            yield hit(
                task, "Cpu", f"Windows on Fargate needs 1024 CPU units, not {cpu}", "set Cpu: 1024"
            )


def _container_options(task: Resource, path: str, container: dict[str, Value]) -> Iterator[Hit]:
    for name in _ABSENT:
        value = task.get(f"{path}.{name}")
        if value in (None, "", [], {}) or task.flag(f"{path}.{name}") is False:
            continue
        yield hit(task, f"{path}.{name}", f"Fargate takes no {name}", f"delete {name}")
    for list_name, field, allowed, what in _ONLY:
        for index, item in enumerate(listed(task.get(f"{path}.{list_name}"))):
            value = text(fields(item).get(field) if field else item)
            if value is None or value in allowed or (not allowed and value not in _DEVICES):
                continue
            at = f"{path}.{list_name}.{index}"
            yield hit(
                task,
                f"{at}.{field}" if field else at,
                f"Fargate has {what}, not {value}",
                "delete it, or run the task on EC2",
            )
    driver = text(fields(container.get("LogConfiguration")).get("LogDriver"))
    if driver not in (None, *_DRIVERS):
        yield hit(
            task,
            f"{path}.LogConfiguration.LogDriver",
            f"Fargate has no log driver {driver}",
            f"choose from {', '.join(_DRIVERS)}",
        )
    if container.get("Links") is None:
        yield from _ports(task, path, container)


def _ports(task: Resource, path: str, container: dict[str, Value]) -> Iterator[Hit]:
    for index, item in enumerate(listed(container.get("PortMappings"))):
        inside, outside = (text(fields(item).get(n)) for n in ("ContainerPort", "HostPort"))
        if inside and outside and outside not in (inside, "0"):
            yield hit(
                task,
                f"{path}.PortMappings.{index}.HostPort",
                f"the host port {outside} is not the container port {inside}; in network mode "
                "awsvpc they are the same",
                "delete HostPort",
            )


def _range(sizes: tuple[int, ...]) -> str:
    even = len({after - before for before, after in itertools.pairwise(sizes)}) == 1
    if not even:
        return ", ".join(str(size) for size in sizes)
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
