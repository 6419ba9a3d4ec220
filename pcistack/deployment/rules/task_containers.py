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
from pcistack.deployment.tasks import written_containers
from pcistack.template.view import Resource, Value, number

_CONTAINERS: Final = "ContainerDefinitions"
_API: Final = "ECS API reference: RegisterTaskDefinition"
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
    source=f"{_API}, ContainerDefinition, image (invalid repository name, reference format)",
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
    source=f"{_API}, HealthCheck, Ulimit, KernelCapabilities, ProxyConfiguration",
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
    source=f"{_API}, ContainerDependency",
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


_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CONDITIONS: Final = ("START", "COMPLETE", "SUCCESS", "HEALTHY")


@rule(
    "DEPLOY-TASK-CONTAINERS",
    "Containers that do not make a task",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}, ContainerDefinition",
)
def containers_rule(context: Context) -> Iterator[Hit]:
    for task, containers in written_containers(context):
        if not containers or is_open(task.get(_CONTAINERS)):
            continue
        whole = len(containers) == len(task.items(_CONTAINERS))
        if whole and all(c.get("Essential") in (False, "false") for _, c in containers):
            yield hit(
                task,
                _CONTAINERS,
                "no container is essential; a task needs one that is",
                "set Essential: true at the container that does the work",
            )
        if len(containers) > 10:
            yield hit(
                task,
                _CONTAINERS,
                f"{len(containers)} containers; a task has at most 10",
                "split the task",
            )
        names = [text(container.get("Name")) for _, container in containers]
        for (path, container), name in zip(containers, names, strict=True):
            if name is None:
                continue
            if names.count(name) > 1 and names.index(name) != int(path.rsplit(".", 1)[1]):
                yield hit(task, f"{path}.Name", f"a second container is named {name}", "rename it")
            elif not _NAME.fullmatch(name):
                yield hit(
                    task,
                    f"{path}.Name",
                    f"{name!r} is no name of a container",
                    "use letters, digits, hyphens and underscores, at most 255",
                )
            yield from _named(task, path, container, {n for n in names if n}, whole)


def _named(
    task: Resource, path: str, container: dict[str, Value], names: set[str], whole: bool
) -> Iterator[Hit]:
    """Yield what a container names and the task does not have."""
    healthy = {
        text(other.get("Name"))
        for _, other in objects(task, _CONTAINERS)
        if other.get("HealthCheck") is not None
    }
    for index, item in enumerate(listed(container.get("DependsOn"))):
        other, condition = (text(fields(item).get(n)) for n in ("ContainerName", "Condition"))
        at = f"{path}.DependsOn.{index}"
        if other and other not in names and whole:
            yield hit(
                task,
                f"{at}.ContainerName",
                f"the task has no container {other}",
                f"name one of {', '.join(sorted(names))}",
            )
        elif condition not in (None, *_CONDITIONS):
            yield hit(
                task,
                f"{at}.Condition",
                f"{condition} is no condition",
                f"choose from {', '.join(_CONDITIONS)}",
            )
        elif condition == "HEALTHY" and other in names and other not in healthy:
            yield hit(
                task,
                f"{at}.Condition",
                f"{other} has no HealthCheck, so it never is HEALTHY",
                f"add a HealthCheck to {other}, or wait for START",
            )
    yield from _mounted(task, path, container)


def _mounted(task: Resource, path: str, container: dict[str, Value]) -> Iterator[Hit]:
    volumes = {text(volume.get("Name")) for _, volume in objects(task, "Volumes")}
    for index, item in enumerate(listed(container.get("MountPoints"))):
        volume = text(fields(item).get("SourceVolume"))
        if volume and volume not in volumes and None not in volumes:
            yield hit(
                task,
                f"{path}.MountPoints.{index}.SourceVolume",
                f"the task has no volume {volume}",
                f"add {volume} to Volumes",
            )
