"""Task definitions: memory, health checks, variables, volumes and roles that ECS takes."""

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
_API: Final = "ECS API reference: RegisterTaskDefinition"
_HEALTH: Final[Mapping[str, tuple[int, int]]] = {
    "Interval": (5, 300),
    "Retries": (1, 10),
    "StartPeriod": (0, 300),
    "Timeout": (2, 120),
}
_ECR: Final = re.compile(r"\d{12}\.dkr\.ecr[.-]")


@rule(
    "DEPLOY-TASK-MEMORY",
    "Containers that ask for more than their task has",
    types=(TASK,),
    severity=Severity.FATAL,
    source=f"{_API}, ContainerDefinition, cpu, memory and memoryReservation",
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


@rule(
    "DEPLOY-TASK-VOLUME",
    "A volume of a task that ECS refuses",
    types=(TASK, "AWS::ECS::Service"),
    severity=Severity.FATAL,
    source=f"{_API}, Volume, EFSVolumeConfiguration; CreateService, volumeConfigurations",
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
