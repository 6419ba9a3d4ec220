"""Task definitions: what ECS refuses of their containers on any compute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import TASK, fargate_tasks, units
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.deployment.tasks import written_containers
from pcistack.template.view import Resource, Value, number

_CONTAINERS: Final = "ContainerDefinitions"
_API: Final = "ECS API reference: RegisterTaskDefinition, ContainerDefinition"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_HEALTH: Final[Mapping[str, tuple[int, int]]] = {
    "Interval": (5, 300),
    "Retries": (1, 10),
    "StartPeriod": (0, 300),
    "Timeout": (2, 120),
}
_CONDITIONS: Final = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_ECR: Final = re.compile(r"\d{12}\.dkr\.ecr[.-]")


@rule(
    "DEPLOY-TASK-CONTAINERS",
    "Containers that do not make a task",
    types=(TASK,),
    severity=Severity.FATAL,
    source=_API,
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


@rule(
    "DEPLOY-TASK-MEMORY",
    "Containers that ask for more than their task has",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}, cpu, memory and memoryReservation",
)
def memory_rule(context: Context) -> Iterator[Hit]:
    fargate = {task.logical_id for task in fargate_tasks(context)}
    for task, containers in written_containers(context):
        memory, cpu = units(task.get("Memory")), units(task.get("Cpu"))
        asked = {"Cpu": 0.0, "Memory": 0.0}
        for path, container in containers:
            hard, soft = number(container.get("Memory")), number(container.get("MemoryReservation"))
            asked["Cpu"] += number(container.get("Cpu")) or 0
            asked["Memory"] += soft or hard or 0
            yield from _limits(task, path, container, memory)
            if task.logical_id not in fargate:
                yield from _unlimited(task, path, container)
        for name, limit in (("Cpu", cpu), ("Memory", memory)):
            if limit is not None and asked[name] > limit and len(containers) > (name == "Memory"):
                yield hit(
                    task,
                    name,
                    f"the containers ask for {asked[name]:g} in all, the task has {limit}",
                    f"raise {name} of the task, or lower it at the containers",
                )


def _limits(
    task: Resource, path: str, container: dict[str, Value], memory: int | None
) -> Iterator[Hit]:
    hard, soft = number(container.get("Memory")), number(container.get("MemoryReservation"))
    if hard is not None and soft is not None and soft > hard:
        yield hit(
            task,
            f"{path}.MemoryReservation",
            f"the reservation of {soft:g} MiB is above the limit of {hard:g}",
            f"set MemoryReservation to at most {hard:g}",
        )
    over = max(hard or 0, soft or 0)
    if memory is not None and over > memory:
        yield hit(
            task,
            f"{path}.{'Memory' if hard else 'MemoryReservation'}",
            f"the container asks for {over:g} MiB, its task has {memory}",
            f"set it to at most {memory}, or raise Memory of the task",
        )


def _unlimited(task: Resource, path: str, container: dict[str, Value]) -> Iterator[Hit]:
    given = (task.get("Memory"), container.get("Memory"), container.get("MemoryReservation"))
    if all(value is None for value in given):
        yield hit(
            task,
            f"{path}.Memory",
            "neither the task nor the container has a limit or a reservation of memory",
            "set Memory or MemoryReservation of the container",
        )


@rule(
    "DEPLOY-TASK-HEALTH-CHECK",
    "A container health check that ECS refuses",
    types=(TASK,),
    severity=Severity.FATAL,
    source="ECS API reference: HealthCheck",
)
def health_rule(context: Context) -> Iterator[Hit]:
    for task, containers in written_containers(context):
        for path, container in containers:
            check = fields(container.get("HealthCheck"))
            for name, (low, high) in _HEALTH.items():
                value = number(check.get(name))
                if value is not None and not low <= value <= high:
                    yield hit(
                        task,
                        f"{path}.HealthCheck.{name}",
                        f"{name} {value:g} is outside {low} to {high}",
                        f"choose a value between {low} and {high}",
                    )
            command = listed(check.get("Command"))
            first = text(command[0]) if command else None
            if first is not None and first not in ("CMD", "CMD-SHELL", "NONE"):
                yield hit(
                    task,
                    f"{path}.HealthCheck.Command",
                    f"a health check's command begins with CMD or CMD-SHELL, not {first!r}",
                    "put CMD-SHELL before the command",
                )


@rule(
    "DEPLOY-TASK-VARIABLES",
    "A variable of a container that is given twice",
    types=(TASK,),
    severity=Severity.FATAL,
    source="ECS API reference: RegisterTaskDefinition, Secret names are unique",
)
def variables_rule(context: Context) -> Iterator[Hit]:
    for task, containers in written_containers(context):
        for path, container in containers:
            plain = [text(fields(e).get("Name")) for e in listed(container.get("Environment"))]
            secret = [text(fields(s).get("Name")) for s in listed(container.get("Secrets"))]
            for index, name in enumerate(secret):
                if name and (name in plain or secret.index(name) != index):
                    yield hit(
                        task,
                        f"{path}.Secrets.{index}.Name",
                        f"the variable {name} is given twice",
                        "give each variable once, in Secrets or in Environment",
                    )
            mapped = Counter(
                (text(port.get("ContainerPort")), text(port.get("Protocol")) or "tcp")
                for item in listed(container.get("PortMappings"))
                if (port := fields(item)).get("ContainerPort") is not None
            )
            for (number_, protocol), count in mapped.items():
                if count > 1 and number_ is not None and task.text("NetworkMode") == "awsvpc":
                    yield hit(
                        task,
                        f"{path}.PortMappings",
                        f"the container port {number_}/{protocol} is mapped twice",
                        "map each port once",
                    )


@rule(
    "DEPLOY-TASK-EXECUTION-ROLE",
    "A task without the role that starts it",
    types=(TASK,),
    severity=Severity.FATAL,
    source="ECS developer guide: Amazon ECS task execution IAM role",
)
def execution_role_rule(context: Context) -> Iterator[Hit]:
    """On Fargate, ECS itself reads the secrets, writes the log and pulls from private ECR."""
    for task in fargate_tasks(context):
        if task.get("ExecutionRoleArn") not in (None, ""):
            continue
        for path, container in objects(task, _CONTAINERS):
            name, why = _needs_role(container)
            if why:
                yield hit(
                    task,
                    "ExecutionRoleArn",
                    f"the container {text(container.get('Name')) or path} {why}, which needs an "
                    "execution role, and the task has none",
                    f"set ExecutionRoleArn to a role that ecs-tasks.amazonaws.com may assume, or "
                    f"change {name}",
                )
                break


def _needs_role(container: dict[str, Value]) -> tuple[str, str]:
    """Return the property because of which ECS needs a role, and what it does; or nothing."""
    image = container.get("Image")
    log = fields(container.get("LogConfiguration"))
    if listed(container.get("Secrets")) or listed(log.get("SecretOptions")):
        return "Secrets", "reads secrets"
    if text(log.get("LogDriver")) == "awslogs":
        return "LogConfiguration", "writes its log to CloudWatch Logs"
    if container.get("RepositoryCredentials") is not None:
        return "RepositoryCredentials", "pulls with credentials"
    if listed(container.get("EnvironmentFiles")):
        return "EnvironmentFiles", "reads files of S3"
    if isinstance(image, str) and _ECR.match(image.replace("<AWS::AccountId>", "0" * 12)):
        return "Image", "pulls from a private repository of ECR"
    return "", ""
