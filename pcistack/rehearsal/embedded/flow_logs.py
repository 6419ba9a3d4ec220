"""EC2: flow logs."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import call, require
from pcistack.rehearsal.embedded.ec2_tags import retag, tag_specification
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_RESOURCE_OPERATIONS = {
    "VPC": ("describe_vpcs", "VpcIds", "Vpcs"),
    "Subnet": ("describe_subnets", "SubnetIds", "Subnets"),
    "NetworkInterface": ("describe_network_interfaces", "NetworkInterfaceIds", "NetworkInterfaces"),
}


def _create_flow_log(_place: StackPosition, properties: Properties) -> Created:
    resource_type = properties.text("ResourceType", allowed=_RESOURCE_OPERATIONS)
    resource = properties.text("ResourceId")
    operation, parameter, member = _RESOURCE_OPERATIONS[resource_type]
    require(call("ec2", operation, **{parameter: [resource]})[member], resource_type, resource)
    interval = properties.optional_number("MaxAggregationInterval", minimum=60, maximum=600)
    if interval not in {None, 60, 600}:
        raise PropertyError("Model validation failed (#/MaxAggregationInterval: 60 or 600)")
    kind = properties.optional_text(
        "LogDestinationType", allowed={"cloud-watch-logs", "s3", "kinesis-data-firehose"}
    )
    role = properties.optional_text("DeliverLogsPermissionArn", pattern=r"arn:[^:]+:iam::\d{12}:.*")
    group = properties.optional_text("LogGroupName")
    destination = properties.optional_text("LogDestination")
    if kind in {None, "cloud-watch-logs"}:
        group = _log_group(group, destination)
        _require_role(role, "vpc-flow-logs.amazonaws.com")
        create_implicit_log_group(group)
    elif destination is None:
        raise PropertyError("Model validation failed (#: required key [LogDestination] not found)")
    answer = call(
        "ec2",
        "create_flow_logs",
        ResourceIds=[resource],
        ResourceType=resource_type,
        TrafficType=properties.text("TrafficType", allowed={"ACCEPT", "ALL", "REJECT"}),
        LogDestinationType=kind,
        LogGroupName=group,
        LogDestination=None if group else destination,
        DeliverLogsPermissionArn=role,
        LogFormat=properties.optional_text("LogFormat"),
        MaxAggregationInterval=None if interval is None else int(interval),
        DestinationOptions=properties.document("DestinationOptions"),
        TagSpecifications=tag_specification("vpc-flow-log", properties),
    )
    identifier = answer["FlowLogIds"][0]
    return identifier, {"Id": identifier}


def _log_group(name: str | None, destination: str | None) -> str:
    if name is not None:
        return name
    if destination is None:
        raise PropertyError("Model validation failed (#: required key [LogGroupName] not found)")
    return destination.split(":log-group:")[-1].removesuffix(":*")


def _require_role(arn: str | None, service: str) -> None:
    """Refuse a role that is missing or that the service may not assume."""
    if arn is None:
        raise PropertyError("DeliverLogsPermissionArn can't be empty for cloud-watch-logs")
    role = call("iam", "get_role", RoleName=arn.rsplit("/", 1)[-1])["Role"]
    if service not in str(role["AssumeRolePolicyDocument"]):
        raise ValueError(f"{service} is not allowed to assume the role {arn}")


def create_implicit_log_group(name: str) -> None:
    """Do as the services do that write logs: create the group if nobody else has.

    Such a group belongs to no stack. It has no key and no retention, and a destroy leaves it
    behind, which the sweep then reports.
    """
    groups = call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    if not any(group["logGroupName"] == name for group in groups):
        call("logs", "create_log_group", logGroupName=name)


def _update_flow_log(identifier: str, properties: Properties, old: Values) -> Created:
    for name in old:
        if name != "Tags":
            properties.flag(name, default=False) if isinstance(
                old[name], bool
            ) else properties.optional_text(name)
    retag(identifier, properties)
    return identifier, {"Id": identifier}


def _delete_flow_log(identifier: str, _values: Values) -> None:
    call("ec2", "delete_flow_logs", FlowLogIds=[identifier])


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::EC2::FlowLog",
        create=_create_flow_log,
        update=_update_flow_log,
        delete=_delete_flow_log,
        create_only=frozenset(
            {
                "ResourceId",
                "ResourceType",
                "TrafficType",
                "LogDestinationType",
                "LogGroupName",
                "LogDestination",
                "DeliverLogsPermissionArn",
                "LogFormat",
                "MaxAggregationInterval",
                "DestinationOptions",
            }
        ),
        tags=True,
    ),
)
