"""Services of ECS: what they name of clusters, alarms, tasks and registries is there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import SERVICE, TASK
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_API: Final = "ECS API reference: CreateService, "
_CLUSTER: Final = "AWS::ECS::Cluster"
_LINK: Final = "AWS::ECS::ClusterCapacityProviderAssociations"
_OWN: Final = ("FARGATE", "FARGATE_SPOT")


@rule(
    "DEPLOY-SERVICE-PROVIDER",
    "A capacity provider that the service's cluster does not have",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}capacityProviderStrategy (must be associated with the cluster)",
)
def provider_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        cluster = context.target(service.get("Cluster"), _CLUSTER)
        if cluster is None:
            continue
        links = [
            link
            for link in context.of_type(_LINK)
            if name_of(link.get("Cluster")) in (cluster.logical_id, "unknown")
        ]
        held = [*cluster.items("CapacityProviders")]
        for link in links:
            held += link.items("CapacityProviders")
        names = [text(item) for item in held]
        if is_open(cluster.get("CapacityProviders")) or any(
            is_open(link.get("CapacityProviders")) for link in links
        ):
            continue
        for path, item in objects(service, "CapacityProviderStrategy"):
            name = text(item.get("CapacityProvider"))
            if name is None or name in names or (name not in _OWN and None in names):
                continue
            yield hit(
                service,
                f"{path}.CapacityProvider",
                f"{cluster.logical_id} has no capacity provider {name}",
                f"add {name} to CapacityProviders of {cluster.logical_id}, or set LaunchType: "
                "FARGATE",
            )


@rule(
    "DEPLOY-SERVICE-ALARM",
    "A deployment that watches an alarm that does not exist",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}DeploymentAlarms, alarmNames",
)
def alarm_rule(context: Context) -> Iterator[Hit]:
    names = [alarm.get("AlarmName") for alarm in context.of_type("AWS::CloudWatch::Alarm")]
    known = [name for name in names if type(name) is str]
    for service in context.of_type(SERVICE):
        path = "DeploymentConfiguration.Alarms.AlarmNames"
        for index, value in enumerate(service.items(path)):
            name = text(value)
            near = difflib.get_close_matches(name or "", known, 1, 0.6)
            if name is not None and near and name not in known:
                yield hit(
                    service,
                    f"{path}.{index}",
                    f"the template has no alarm {name}; {near[0]} is meant?",
                    "name the alarm by a reference",
                )


@rule(
    "DEPLOY-SERVICE-PORT",
    "A port or container of a service's connections that its tasks do not have",
    types=(SERVICE,),
    severity=Severity.FATAL,
    source=f"{_API}serviceConnectConfiguration (portName), serviceRegistries",
)
def port_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(SERVICE):
        task = context.target(service.get("TaskDefinition"), TASK)
        if task is None or is_open(task.get("ContainerDefinitions")):
            continue
        containers = [container for _, container in objects(task, "ContainerDefinitions")]
        mappings = [m for c in containers for m in listed(c.get("PortMappings"))]
        ports = [text(fields(mapping).get("Name")) for mapping in mappings]
        opened = any(is_open(m) or is_open(fields(m).get("Name")) for m in mappings)
        for path, item in objects(service, "ServiceConnectConfiguration.Services"):
            name = text(item.get("PortName"))
            if name is not None and not opened and name not in ports:
                yield hit(
                    service,
                    f"{path}.PortName",
                    f"no port of {task.logical_id} is named {name}",
                    f"set Name: {name} at a port mapping of {task.logical_id}",
                )
        names = {text(container.get("Name")) for container in containers}
        for path, item in objects(service, "ServiceRegistries"):
            name = text(item.get("ContainerName"))
            if name is not None and None not in names and name not in names:
                yield hit(
                    service,
                    f"{path}.ContainerName",
                    f"{task.logical_id} has no container {name}",
                    f"name one of {', '.join(sorted(n for n in names if n))}",
                )


@rule(
    "DEPLOY-TASK-SET",
    "A task set of a service that ECS deploys itself",
    types=("AWS::ECS::TaskSet",),
    severity=Severity.FATAL,
    source="ECS API reference: CreateTaskSet, deployment controller EXTERNAL",
)
def set_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type("AWS::ECS::TaskSet"):
        service = _service(context, one)
        if service is None or service.is_unknown("DeploymentController"):
            continue
        kind = service.text("DeploymentController.Type") or "ECS"
        if kind != "EXTERNAL" and not service.is_unknown("DeploymentController.Type"):
            yield hit(
                one,
                "Service",
                f"{service.logical_id} is deployed by {kind}: it takes no task sets",
                f"set DeploymentController: {{Type: EXTERNAL}} of {service.logical_id}",
            )


def _service(context: Context, one: Resource) -> Resource | None:
    return context.target(one.get("Service"), SERVICE)
