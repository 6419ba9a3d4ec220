"""EC2: addresses, NAT gateways, flow logs and single security group rules."""

from __future__ import annotations

from collections.abc import Sequence

from pcistack.rehearsal.embedded.api import Answer, call, require
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_HIGHEST_PORT = 65_535


def _tag_specification(resource: str, properties: Properties) -> list[dict[str, object]] | None:
    tags = properties.tags()
    return [{"ResourceType": resource, "Tags": tags}] if tags else None


def _retag(identifier: str, properties: Properties) -> None:
    tags = properties.tags()
    described = call(
        "ec2", "describe_tags", Filters=[{"Name": "resource-id", "Values": [identifier]}]
    )
    stale = [
        {"Key": tag["Key"]}
        for tag in described["Tags"]
        if not tag["Key"].startswith("aws:") and tag["Key"] not in {t["Key"] for t in tags}
    ]
    if stale:
        call("ec2", "delete_tags", Resources=[identifier], Tags=stale)
    if tags:
        call("ec2", "create_tags", Resources=[identifier], Tags=tags)


# --- Elastic IP addresses -------------------------------------------------------------------------


def _create_address(_place: StackPosition, properties: Properties) -> Created:
    answer = call(
        "ec2",
        "allocate_address",
        Domain=properties.optional_text("Domain", allowed={"vpc"}) or "vpc",
        TagSpecifications=_tag_specification("elastic-ip", properties),
    )
    attributes = {"AllocationId": answer["AllocationId"], "PublicIp": answer["PublicIp"]}
    return answer["PublicIp"], attributes


def _address(public_ip: str) -> Answer:
    found = call("ec2", "describe_addresses")["Addresses"]
    address: Answer = require(
        [item for item in found if item["PublicIp"] == public_ip], "address", public_ip
    )
    return address


def _update_address(public_ip: str, properties: Properties, _old: Values) -> Created:
    properties.optional_text("Domain")
    address = _address(public_ip)
    _retag(address["AllocationId"], properties)
    return public_ip, {"AllocationId": address["AllocationId"], "PublicIp": public_ip}


def _delete_address(public_ip: str, _values: Values) -> None:
    allocation = _address(public_ip)["AllocationId"]
    gateways = call("ec2", "describe_nat_gateways")["NatGateways"]
    users = [item["NatGatewayId"] for item in gateways if _uses(item, allocation)]
    if users:
        raise ValueError(
            f"The address '{public_ip}' is in use by {users[0]} (Error code: AuthFailure)"
        )
    call("ec2", "release_address", AllocationId=allocation)


def _uses(gateway: Answer, allocation: str) -> bool:
    addresses = gateway.get("NatGatewayAddresses", [])
    return gateway["State"] in {"pending", "available", "deleting"} and any(
        address.get("AllocationId") == allocation for address in addresses
    )


# --- NAT gateways ---------------------------------------------------------------------------------


def _create_nat_gateway(_place: StackPosition, properties: Properties) -> Created:
    subnet_id = properties.text("SubnetId")
    subnet = require(
        call("ec2", "describe_subnets", SubnetIds=[subnet_id])["Subnets"], "subnet", subnet_id
    )
    connectivity = properties.optional_text("ConnectivityType", allowed={"public", "private"})
    allocation = properties.optional_text("AllocationId")
    if connectivity != "private":
        _require_public_path(subnet["VpcId"], allocation)
    answer = call(
        "ec2",
        "create_nat_gateway",
        SubnetId=subnet_id,
        AllocationId=allocation,
        ConnectivityType=connectivity,
        TagSpecifications=_tag_specification("natgateway", properties),
    )
    identifier = answer["NatGateway"]["NatGatewayId"]
    return identifier, {"NatGatewayId": identifier}


def _require_public_path(vpc_id: str, allocation: str | None) -> None:
    if allocation is None:
        raise PropertyError("A public NAT gateway requires the property AllocationId")
    addresses = call("ec2", "describe_addresses")["Addresses"]
    require(
        [item for item in addresses if item.get("AllocationId") == allocation],
        "elastic-ip allocation",
        allocation,
    )
    gateways = call("ec2", "describe_nat_gateways")["NatGateways"]
    if any(_uses(gateway, allocation) for gateway in gateways):
        raise ValueError(
            f"Elastic IP address [{allocation}] is already associated "
            "(Service: ec2, Error code: Resource.AlreadyAssociated)"
        )
    attached = call(
        "ec2",
        "describe_internet_gateways",
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}],
    )["InternetGateways"]
    if not attached:
        raise ValueError(f"Network {vpc_id} has no Internet gateway attached")


def _update_nat_gateway(identifier: str, properties: Properties, _old: Values) -> Created:
    for name in ("SubnetId", "AllocationId", "ConnectivityType"):
        properties.optional_text(name)
    _retag(identifier, properties)
    return identifier, {"NatGatewayId": identifier}


def _delete_nat_gateway(identifier: str, _values: Values) -> None:
    call("ec2", "delete_nat_gateway", NatGatewayId=identifier)


# --- Flow logs ------------------------------------------------------------------------------------

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
        TagSpecifications=_tag_specification("vpc-flow-log", properties),
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
    _retag(identifier, properties)
    return identifier, {"Id": identifier}


def _delete_flow_log(identifier: str, _values: Values) -> None:
    call("ec2", "delete_flow_logs", FlowLogIds=[identifier])


# --- Security group rules -------------------------------------------------------------------------


def _permission(properties: Properties, peers: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Return the group and the rule that the properties describe.

    Raises:
        PropertyError: A port is missing, or there is not exactly one peer.
        NotFoundError: The group, or the group that it refers to, does not exist.
    """
    group = properties.text("GroupId")
    _require_group(group)
    protocol = properties.text("IpProtocol", pattern=r"-1|[a-z]+|[0-9]{1,3}")
    permission: dict[str, object] = {"IpProtocol": protocol}
    ports = [
        properties.optional_number(name, minimum=-1, maximum=_HIGHEST_PORT)
        for name in ("FromPort", "ToPort")
    ]
    first, last = ports
    ordered = first is not None and last is not None and first <= last
    if protocol in {"tcp", "udp", "6", "17"} and not ordered:
        raise PropertyError(
            "Invalid value for portRange. Must specify both from and to ports with "
            f"{protocol}, from not above to"
        )
    if first is not None and last is not None:
        permission |= {"FromPort": int(first), "ToPort": int(last)}
    description = properties.optional_text(
        "Description", pattern=r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}"
    )
    found = {name: properties.optional_text(name) for name in peers}
    chosen = {name: value for name, value in found.items() if value is not None}
    if len(chosen) != 1:
        raise PropertyError(f"Exactly one of {', '.join(peers)} must be specified")
    permission |= _peer(*next(iter(chosen.items())), description)
    return group, permission


def _peer(name: str, value: str, description: str | None) -> dict[str, object]:
    described = {} if description is None else {"Description": description}
    if name == "CidrIp":
        return {"IpRanges": [{"CidrIp": value, **described}]}
    if name == "CidrIpv6":
        return {"Ipv6Ranges": [{"CidrIpv6": value, **described}]}
    if name.endswith("PrefixListId"):
        return {"PrefixListIds": [{"PrefixListId": value, **described}]}
    _require_group(value)
    return {"UserIdGroupPairs": [{"GroupId": value, **described}]}


def _require_group(identifier: str) -> None:
    groups = call("ec2", "describe_security_groups", GroupIds=[identifier])["SecurityGroups"]
    require(groups, "security group", identifier)


def _rules(group: str, *, egress: bool) -> dict[str, Answer]:
    answer = call(
        "ec2",
        "describe_security_group_rules",
        Filters=[{"Name": "group-id", "Values": [group]}],
    )
    return {
        rule["SecurityGroupRuleId"]: rule
        for rule in answer["SecurityGroupRules"]
        if rule["IsEgress"] == egress
    }


def _create_ingress(_place: StackPosition, properties: Properties) -> Created:
    peers = ("CidrIp", "CidrIpv6", "SourcePrefixListId", "SourceSecurityGroupId")
    for name in ("SourceSecurityGroupOwnerId",):
        properties.optional_text(name, pattern=r"\d{12}")
    return _authorize(properties, peers, egress=False)


def _create_egress(_place: StackPosition, properties: Properties) -> Created:
    peers = ("CidrIp", "CidrIpv6", "DestinationPrefixListId", "DestinationSecurityGroupId")
    return _authorize(properties, peers, egress=True)


def _authorize(properties: Properties, peers: Sequence[str], *, egress: bool) -> Created:
    group, permission = _permission(properties, peers)
    before = _rules(group, egress=egress)
    direction = "egress" if egress else "ingress"
    call("ec2", f"authorize_security_group_{direction}", GroupId=group, IpPermissions=[permission])
    new = _rules(group, egress=egress).keys() - before.keys()
    if len(new) != 1:
        raise ValueError("the specified rule already exists (Error code: InvalidPermission)")
    identifier = next(iter(new))
    return identifier, {"Id": identifier}


def _update_ingress(identifier: str, properties: Properties, old: Values) -> Created:
    """Change the description, which is all that does not replace the rule."""
    _revoke(identifier, old, egress=False)
    return _create_ingress(_NOWHERE, properties)


def _update_egress(identifier: str, properties: Properties, old: Values) -> Created:
    _revoke(identifier, old, egress=True)
    return _create_egress(_NOWHERE, properties)


_NOWHERE = StackPosition(stack="", logical_id="")  # a rule has no name to generate


def _revoke(identifier: str, values: Values, *, egress: bool) -> None:
    direction = "egress" if egress else "ingress"
    group = str(values["GroupId"])
    if identifier not in _rules(group, egress=egress):
        return
    with Properties.read(values) as properties:
        peers = [name for name in values if name.startswith("Cidr") or "PrefixList" in name]
        peers += [name for name in values if name.endswith("SecurityGroupId")]
        properties.optional_text("SourceSecurityGroupOwnerId")
        _, permission = _permission(properties, peers)
    call("ec2", f"revoke_security_group_{direction}", GroupId=group, IpPermissions=[permission])


_RULE_CREATE_ONLY = frozenset(
    {
        "CidrIp",
        "CidrIpv6",
        "DestinationPrefixListId",
        "DestinationSecurityGroupId",
        "FromPort",
        "GroupId",
        "IpProtocol",
        "SourcePrefixListId",
        "SourceSecurityGroupId",
        "SourceSecurityGroupOwnerId",
        "ToPort",
    }
)

RESOURCE_TYPES = (
    ResourceType(
        name="AWS::EC2::EIP",
        create=_create_address,
        update=_update_address,
        delete=_delete_address,
        create_only=frozenset({"Domain", "NetworkBorderGroup", "Address"}),
        tags=True,
    ),
    ResourceType(
        name="AWS::EC2::NatGateway",
        create=_create_nat_gateway,
        update=_update_nat_gateway,
        delete=_delete_nat_gateway,
        create_only=frozenset({"SubnetId", "AllocationId", "ConnectivityType"}),
        tags=True,
    ),
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
    ResourceType(
        name="AWS::EC2::SecurityGroupIngress",
        create=_create_ingress,
        update=_update_ingress,
        create_only=_RULE_CREATE_ONLY,
        delete=lambda identifier, values: _revoke(identifier, values, egress=False),
    ),
    ResourceType(
        name="AWS::EC2::SecurityGroupEgress",
        create=_create_egress,
        update=_update_egress,
        create_only=_RULE_CREATE_ONLY,
        delete=lambda identifier, values: _revoke(identifier, values, egress=True),
    ),
)
