"""Containers of a task definition: images, order, limits and volumes that ECS takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import TASK
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Resource, Value, number

_CONTAINERS: Final = "ContainerDefinitions"
_API: Final = "ECS API reference: RegisterTaskDefinition, "
_IMAGE: Final = re.compile(
    r"(?:(?:[A-Za-z0-9-]+\.[A-Za-z0-9.-]+(?::\d+)?|[A-Za-z0-9-]+:\d+|localhost)/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?"
)
_CAPABILITY_NAMES: Final = (
    "ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID "
    "IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN "
    "NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT "
    "SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME "
    "SYS_TTY_CONFIG SYSLOG WAKE_ALARM"
)
_CAPABILITIES: Final = frozenset(_CAPABILITY_NAMES.split())


@rule(
    "DEPLOY-TASK-IMAGE-NAME",
    "An image whose name no registry has",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}ContainerDefinition, image (invalid repository name, reference format)",
)
def image_rule(context: Context) -> Iterator[Hit]:
    for task in context.of_type(TASK):
        for path, container in objects(task, _CONTAINERS):
            image = container.get("Image")
            known = text(image)
            if known and "{" not in known and "<" not in known and not _IMAGE.fullmatch(known):
                yield hit(
                    task,
                    f"{path}.Image",
                    f"{known!r} is no name of an image",
                    "write it as registry/repository:tag, without https:// and in small letters",
                )


@rule(
    "DEPLOY-TASK-CONTAINER",
    "What a container may not be told",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}HealthCheck, Ulimit, KernelCapabilities, ProxyConfiguration",
)
def container_rule(context: Context) -> Iterator[Hit]:
    for task in context.of_type(TASK):
        containers = list(objects(task, _CONTAINERS))
        for path, container in containers:
            yield from _health(task, path, fields(container.get("HealthCheck")))
            yield from _limits(task, path, container)
        names = {text(container.get("Name")) for _, container in containers}
        proxy = task.text("ProxyConfiguration.ContainerName")
        whole = len(containers) == len(task.items(_CONTAINERS))
        if proxy is not None and whole and None not in names and proxy not in names:
            yield hit(
                task,
                "ProxyConfiguration.ContainerName",
                f"the task has no container {proxy}",
                f"name one of {', '.join(sorted(n for n in names if n))}",
            )


def _health(task: Resource, path: str, check: dict[str, Value]) -> Iterator[Hit]:
    command = listed(check.get("Command"))
    if check and not command and not is_open(check.get("Command")):
        yield hit(
            task,
            f"{path}.HealthCheck.Command",
            "the health check has no command",
            "write [CMD-SHELL, <command>]",
        )
    elif len(command) == 1 and text(command[0]) in ("CMD", "CMD-SHELL"):
        yield hit(
            task,
            f"{path}.HealthCheck.Command",
            f"nothing stands behind {text(command[0])}",
            "add the command",
        )


def _limits(task: Resource, path: str, container: dict[str, Value]) -> Iterator[Hit]:
    for index, item in enumerate(listed(container.get("Ulimits"))):
        soft, hard = (number(fields(item).get(name)) for name in ("SoftLimit", "HardLimit"))
        if soft is not None and hard is not None and soft > hard and hard != -1:
            yield hit(
                task,
                f"{path}.Ulimits.{index}.SoftLimit",
                f"the soft limit {soft:g} is above the hard one, {hard:g}",
                f"set SoftLimit to at most {hard:g}",
            )
    capabilities = fields(fields(container.get("LinuxParameters")).get("Capabilities"))
    for kind in ("Add", "Drop"):
        for index, item in enumerate(listed(capabilities.get(kind))):
            name = text(item)
            if name is not None and name.upper() not in _CAPABILITIES:
                yield hit(
                    task,
                    f"{path}.LinuxParameters.Capabilities.{kind}.{index}",
                    f"there is no capability {name}",
                    "write it without CAP_, such as NET_RAW, or ALL",
                )
    options = fields(fields(container.get("LogConfiguration")).get("Options"))
    if text(options.get("mode")) == "blocking" and options.get("max-buffer-size") is not None:
        yield hit(
            task,
            f"{path}.LogConfiguration.Options.max-buffer-size",
            "a buffer is for the mode non-blocking",
            "set mode: non-blocking, or delete max-buffer-size",
        )


@rule(
    "DEPLOY-TASK-DEPENDENCY",
    "Containers that wait for each other, or for one that must not end",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}ContainerDependency",
)
def dependency_rule(context: Context) -> Iterator[Hit]:
    for task in context.of_type(TASK):
        waits: dict[str, dict[str, str]] = {}
        essential: set[str] = set()
        paths: dict[str, str] = {}
        for path, container in objects(task, _CONTAINERS):
            name = text(container.get("Name"))
            if name is None:
                continue
            paths[name] = path
            if text(container.get("Essential")) in (None, "true") and not is_open(
                container.get("Essential")
            ):
                essential.add(name)
            for item in listed(container.get("DependsOn")):
                other = text(fields(item).get("ContainerName"))
                if other is not None:
                    waits.setdefault(name, {})[other] = text(fields(item).get("Condition")) or ""
        yield from _waits(task, paths, waits, essential)


def _waits(
    task: Resource,
    paths: Mapping[str, str],
    waits: Mapping[str, Mapping[str, str]],
    essential: set[str],
) -> Iterator[Hit]:
    for name, others in waits.items():
        for other, condition in others.items():
            if condition in ("COMPLETE", "SUCCESS") and other in essential:
                yield hit(
                    task,
                    f"{paths[name]}.DependsOn",
                    f"{name} waits for the end of {other}, which is essential: the task ends "
                    "with it",
                    f"set Essential: false at {other}",
                )
        if _reaches(waits, name, name):
            yield hit(
                task,
                f"{paths[name]}.DependsOn",
                f"{name} waits for itself, through {', '.join(others)}",
                "break the circle",
            )
            return


def _reaches(waits: Mapping[str, Mapping[str, str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = list(waits.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += waits.get(name, ())
    return False


@rule(
    "DEPLOY-TASK-VOLUME",
    "A volume of a task that ECS refuses",
    types=(TASK, "AWS::ECS::Service"),
    severity=Severity.FATAL,
    source=f"{_API}Volume, EFSVolumeConfiguration; CreateService, volumeConfigurations",
)
def volume_rule(context: Context) -> Iterator[Hit]:
    for task in context.of_type(TASK):
        seen: set[str] = set()
        for path, volume in objects(task, "Volumes"):
            name = text(volume.get("Name"))
            if name is not None and name in seen:
                yield hit(task, f"{path}.Name", f"a second volume is named {name}", "rename it")
            seen.add(name or "")
            efs = fields(volume.get("EFSVolumeConfiguration"))
            point = fields(efs.get("AuthorizationConfig")).get("AccessPointId")
            root = text(efs.get("RootDirectory"))
            if point not in (None, "") and root not in (None, "", "/"):
                yield hit(
                    task,
                    f"{path}.EFSVolumeConfiguration.RootDirectory",
                    f"an access point has its own folder, and RootDirectory is {root}",
                    "delete RootDirectory",
                )
    for service in context.of_type("AWS::ECS::Service"):
        found = context.target(service.get("TaskDefinition"), TASK)
        if found is not None and not context.has_macro:
            yield from _configured(service, found)


def _configured(service: Resource, task: Resource) -> Iterator[Hit]:
    given = {text(item.get("Name")) for _, item in objects(service, "VolumeConfigurations")}
    wanted = {
        text(item.get("Name"))
        for _, item in objects(task, "Volumes")
        if text(item.get("ConfiguredAtLaunch")) == "true"
    }
    if None in given | wanted or is_open(service.get("VolumeConfigurations")):
        return
    for name in sorted(str(n) for n in given ^ wanted):
        known = name in wanted
        yield hit(
            service,
            "VolumeConfigurations",
            f"{task.logical_id} leaves the volume {name} to the service, which says nothing of it"
            if known
            else f"{task.logical_id} has no volume {name} with ConfiguredAtLaunch",
            f"add {name} to VolumeConfigurations"
            if known
            else f"add the volume {name} with ConfiguredAtLaunch: true to {task.logical_id}",
        )
