"""Services of ECS: what their creation refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import SERVICE, TASK, launches_on_fargate
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Partial, Reference, Resource

_API: Final = "ECS API reference: CreateService"
_TARGETS: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"
_AWSVPC: Final = "NetworkConfiguration.AwsvpcConfiguration"
_WATCHERS: Final = ("AWS::CloudWatch::", "AWS::ApplicationAutoScaling::")
_DEPLOYMENT: Final = "DeploymentConfiguration"
_CONTROLLERS: Final = ("ECS", "CODE_DEPLOY", "EXTERNAL")
_PLATFORMS: Final = ("LATEST", "1.4.0", "1.3.0", "1.0.0")


@rule(
    "DEPLOY-SERVICE-COMPUTE",
    "A service whose compute does not fit together",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}, launchType, capacityProviderStrategy and platformVersion",
)
def compute_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        strategy = service.items("CapacityProviderStrategy")
        if service.get("LaunchType") is not None and strategy:
            yield hit(
                service,
                "CapacityProviderStrategy",
                "LaunchType and CapacityProviderStrategy exclude each other",
                "keep one of them",
            )
        bases = [item for item in strategy if (text(fields(item).get("Base")) or "0") != "0"]
        if len(bases) > 1:
            yield hit(
                service,
                "CapacityProviderStrategy",
                "two capacity providers have a Base; one at most may",
                "keep the Base of one",
            )
        version = service.text("PlatformVersion")
        if version is not None and version not in _PLATFORMS:
            yield hit(
                service,
                "PlatformVersion",
                f"Fargate has no platform version {version}",
                "set PlatformVersion: LATEST, or 1.4.0",
            )
        elif version is not None and service.text("LaunchType") in ("EC2", "EXTERNAL"):
            yield hit(
                service,
                "PlatformVersion",
                "a platform version is for Fargate only",
                "delete PlatformVersion",
            )
        if launches_on_fargate(service):
            yield from _on_fargate(service)


def _on_fargate(service: Resource) -> Iterator[Hit]:
    for name in ("PlacementConstraints", "PlacementStrategies", "Role"):
        if service.get(name) not in (None, "", []):
            yield hit(service, name, f"a service on Fargate takes no {name}", f"delete {name}")
    if service.text("SchedulingStrategy") == "DAEMON":
        yield hit(
            service,
            "SchedulingStrategy",
            "Fargate has no daemons",
            "set SchedulingStrategy: REPLICA",
        )


@rule(
    "DEPLOY-SERVICE-NETWORK",
    "A service whose network does not fit its tasks",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}, networkConfiguration",
)
def network_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        task = context.target(service.get("TaskDefinition"), TASK)
        mode = task.text("NetworkMode") if task else None
        if task and task.get("NetworkMode") is None:
            mode = "bridge"
        network = service.get("NetworkConfiguration")
        if network is None and (mode == "awsvpc" or launches_on_fargate(service)):
            yield hit(
                service,
                "NetworkConfiguration",
                "the tasks are of network mode awsvpc, and the service names no subnets",
                "add NetworkConfiguration with AwsvpcConfiguration: Subnets and SecurityGroups",
            )
        elif network is not None and mode in ("bridge", "host", "none"):
            yield hit(
                service,
                "NetworkConfiguration",
                f"a network is for tasks of mode awsvpc; {task.logical_id if task else ''} is of "
                f"mode {mode}",
                "set NetworkMode: awsvpc at the task, or delete NetworkConfiguration",
            )
        for name, most in (("Subnets", 16), ("SecurityGroups", 5)):
            count = len(service.items(f"{_AWSVPC}.{name}"))
            if count > most:
                yield hit(
                    service,
                    f"{_AWSVPC}.{name}",
                    f"{count} {name}; a service takes at most {most}",
                    f"keep {most}",
                )


@rule(
    "DEPLOY-SERVICE-LOAD-BALANCER",
    "A load balancer that does not fit the service's tasks",
    types=(SERVICE, _TARGETS),
    severity=Severity.FATAL,
    source=f"{_API}, loadBalancers",
)
def load_balancer_rule(context: Context) -> Iterator[Hit]:
    forwarded = _forwarded(context)
    for service in context.of_type(SERVICE):
        task = context.target(service.get("TaskDefinition"), TASK)
        for path, item in objects(service, "LoadBalancers"):
            if task is not None:
                yield from _container(service, path, task, *(text(item.get(n)) for n in _NAMES))
            group = context.target(item.get("TargetGroupArn"), _TARGETS)
            if group is not None:
                yield from _group(service, path, task, group, forwarded)
        grace = service.get("HealthCheckGracePeriodSeconds")
        if grace is not None and not service.items("LoadBalancers"):
            connected = service.get("VpcLatticeConfigurations") is not None
            if not connected and text(grace) != "0":
                yield hit(
                    service,
                    "HealthCheckGracePeriodSeconds",
                    "a grace period is for services with a load balancer",
                    "delete HealthCheckGracePeriodSeconds",
                )


_NAMES: Final = ("ContainerName", "ContainerPort")


def _container(
    service: Resource, path: str, task: Resource, name: str | None, port: str | None
) -> Iterator[Hit]:
    containers = {text(c.get("Name")): c for _, c in objects(task, "ContainerDefinitions")}
    if None in containers or name is None or not containers:
        return
    if name not in containers:
        yield hit(
            service,
            f"{path}.ContainerName",
            f"{task.logical_id} has no container {name}",
            f"name one of {', '.join(sorted(n for n in containers if n))}",
        )
        return
    mappings = [fields(item) for item in listed(containers[name].get("PortMappings"))]
    ports = [text(mapping.get("ContainerPort")) for mapping in mappings]
    ranges = any(mapping.get("ContainerPortRange") is not None for mapping in mappings)
    if port is not None and None not in ports and port not in ports and not ranges:
        yield hit(
            service,
            f"{path}.ContainerPort",
            f"the container {name} of {task.logical_id} does not map port {port}",
            f"map the port, or name one of {', '.join(p for p in ports if p) or 'its ports'}",
        )


def _group(
    service: Resource, path: str, task: Resource | None, group: Resource, forwarded: set[str]
) -> Iterator[Hit]:
    kind = group.text("TargetType") or ("instance" if group.get("TargetType") is None else None)
    mode = task.text("NetworkMode") if task else None
    awsvpc = mode == "awsvpc" or launches_on_fargate(service)
    if kind is not None and awsvpc and kind != "ip":
        yield hit(
            group,
            "TargetType",
            f"the target type is {kind}; tasks of network mode awsvpc are reached by ip only, "
            f"and {service.logical_id} registers such",
            "set TargetType: ip",
        )
    elif kind == "ip" and task is not None and not awsvpc and mode in ("bridge", "host"):
        yield hit(
            group,
            "TargetType",
            f"the target type is ip; {task.logical_id} is of network mode {mode}",
            "set TargetType: instance",
        )
    if group.logical_id not in forwarded:
        yield hit(
            service,
            f"{path}.TargetGroupArn",
            f"no listener or rule forwards to {group.logical_id}: ECS refuses a target group "
            "without a load balancer",
            f"add a listener or a rule that forwards to {group.logical_id}",
        )


def _forwarded(context: Context) -> set[str]:
    """Return what anything but a service, an alarm or scaling refers to, or an output names."""
    found: set[str] = set()
    for resource in context.view.resources.values():
        if resource.type in (SERVICE, _TARGETS) or resource.type.startswith(_WATCHERS):
            continue
        for _, leaf in resource.leaves:
            if isinstance(leaf, Reference):
                found.add(leaf.logical_id)
            elif isinstance(leaf, Partial):
                found.update(reference.logical_id for reference in leaf.references)
    outputs = str(context.view.template.section("Outputs"))
    return found | {g.logical_id for g in context.of_type(_TARGETS) if g.logical_id in outputs}


@rule(
    "DEPLOY-SERVICE-DEPLOYMENT",
    "A deployment of a service that ECS refuses",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}, deploymentConfiguration and deploymentController",
)
def deployment_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        controller = service.text("DeploymentController.Type") or "ECS"
        if controller not in _CONTROLLERS:
            yield hit(
                service,
                "DeploymentController.Type",
                f"there is no deployment controller {controller}",
                f"choose from {', '.join(_CONTROLLERS)}",
            )
        for name in ("DeploymentCircuitBreaker", "Alarms"):
            if controller in ("CODE_DEPLOY", "EXTERNAL") and service.flag(
                f"{_DEPLOYMENT}.{name}.Enable"
            ):
                yield hit(
                    service,
                    f"{_DEPLOYMENT}.{name}",
                    f"{name} is for rolling updates of ECS, not for the controller {controller}",
                    f"delete {name}, or set DeploymentController: {{Type: ECS}}",
                )
        low = service.number(f"{_DEPLOYMENT}.MinimumHealthyPercent")
        high = service.number(f"{_DEPLOYMENT}.MaximumPercent")
        if high is not None and high < 100 and service.text("SchedulingStrategy") != "DAEMON":
            yield hit(
                service,
                f"{_DEPLOYMENT}.MaximumPercent",
                f"MaximumPercent {high:g} is below 100",
                "set MaximumPercent: 200",
            )
        elif low is not None and low >= (200 if high is None else high) and low > 0:
            yield hit(
                service,
                f"{_DEPLOYMENT}.MinimumHealthyPercent",
                f"MinimumHealthyPercent {low:g} is not below MaximumPercent "
                f"{200 if high is None else high:g}: no task could be replaced",
                "set MaximumPercent: 200 and MinimumHealthyPercent: 100, or a lower one",
            )


@rule(
    "DEPLOY-SERVICE-EXEC",
    "ECS Exec without a task role",
    types=(SERVICE,),
    source="ECS developer guide: Monitor Amazon ECS containers with ECS Exec",
)
def exec_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        task = context.target(service.get("TaskDefinition"), TASK)
        if task is None or service.flag("EnableExecuteCommand") is not True:
            continue
        if task.get("TaskRoleArn") in (None, ""):
            yield hit(
                service,
                "EnableExecuteCommand",
                f"{task.logical_id} has no TaskRoleArn, which ECS Exec needs: AWS refuses the "
                "service",
                "set EnableExecuteCommand: false, or give the task a role",
            )
