"""Jobs that a deployment runs before its services: what they need is looked up, nothing is run."""

from __future__ import annotations

from typing import Final

from pcistack.rehearsal.embedded.api import call, require
from pcistack.rehearsal.embedded.properties import Properties
from pcistack.rehearsal.embedded.registry import Created, Position, ResourceType, Values

RECORDED: Final = ("Custom::JobBeforeService",)


def _run(place: Position, properties: Properties) -> Created:
    _look_up(properties)
    return place.logical_id, {}


def _look_up(properties: Properties) -> None:
    function = properties.text("ServiceToken").rpartition(":")[2]
    call("lambda", "get_function", FunctionName=function)
    cluster = properties.text("Cluster")
    found = call("ecs", "describe_clusters", clusters=[cluster])["clusters"]
    require(found, "cluster", cluster)
    call("ecs", "describe_task_definition", taskDefinition=properties.text("TaskDefinition"))
    group = properties.text("LogGroup")
    groups = call("logs", "describe_log_groups", logGroupNamePrefix=group)["logGroups"]
    require([item for item in groups if item["logGroupName"] == group], "log group", group)
    call("ec2", "describe_subnets", SubnetIds=properties.texts("Subnets", required=True))
    groups_of_task = properties.texts("SecurityGroups", required=True)
    call("ec2", "describe_security_groups", GroupIds=groups_of_task)
    properties.take_all(("Container", "ServiceTimeout", "TimeoutMinutes"))


def _run_again(identifier: str, properties: Properties, _old: Values) -> Created:
    _look_up(properties)
    return identifier, {}


def _delete(_identifier: str, _values: Values) -> None:
    """Nothing is undone."""


RESOURCE_TYPES: Final = (
    ResourceType(name=RECORDED[0], create=_run, update=_run_again, delete=_delete),
)
