"""Networks: subnets, routes, gateways, endpoints and rules of groups that EC2 takes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final, TypeAlias

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open, objects, text
from pcistack.template.view import Reference, Resource, Value, number

_VPC: Final = "AWS::EC2::VPC"
_SUBNET: Final = "AWS::EC2::Subnet"
_ROUTE: Final = "AWS::EC2::Route"
_GROUP: Final = "AWS::EC2::SecurityGroup"
_RULES: Final = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
_Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
_TARGETS: Final = (
    *("CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "GatewayId"),
    *("InstanceId", "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId"),
    *("VpcEndpointId", "VpcPeeringConnectionId"),
)
_DESTINATIONS: Final = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)
_SOURCES: Final = ("CidrIp", "CidrIpv6", "SourcePrefixListId", "SourceSecurityGroupId",
                   "SourceSecurityGroupName", "DestinationPrefixListId",
                   "DestinationSecurityGroupId")  # fmt: skip


def _network(value: Value) -> _Network | None:
    known = text(value)
    try:
        return ipaddress.ip_network(known, strict=False) if known else None
    except ValueError:
        return None


@rule(
    "DEPLOY-SUBNET",
    "A subnet that does not fit its network",
    types=(_SUBNET, _VPC),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateSubnet and CreateVpc, CidrBlock",
)
def subnet_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(_VPC, _SUBNET):
        known, block = resource.text("CidrBlock"), _network(resource.get("CidrBlock"))
        if known and (block is None or not 16 <= block.prefixlen <= 28 or "/" not in known):
            yield hit(
                resource,
                "CidrBlock",
                f"{known} is no block that EC2 takes: /16 to /28",
                "choose a block such as 10.0.0.0/24",
            )
    placed: dict[str, list[tuple[Resource, _Network]]] = {}
    for subnet in context.of_type(_SUBNET):
        vpc, block = context.target(subnet.get("VpcId"), _VPC), _network(subnet.get("CidrBlock"))
        if block is None:
            continue
        network = str(subnet.get("VpcId")) if not is_open(subnet.get("VpcId")) or vpc else ""
        if vpc is not None:
            yield from _outside(context, subnet, vpc, block)
        for other, its in placed.get(network, []) if network else ():
            if its.version == block.version and its.overlaps(block):
                yield hit(
                    subnet,
                    "CidrBlock",
                    f"{block} overlaps {its}, the block of {other.logical_id}",
                    "give each subnet a block of its own",
                )
        placed.setdefault(network, []).append((subnet, block))


def _outside(context: Context, subnet: Resource, vpc: Resource, block: _Network) -> Iterator[Hit]:
    values = [vpc.get("CidrBlock")]
    for more in context.of_type("AWS::EC2::VPCCidrBlock"):
        if context.target(more.get("VpcId"), _VPC) in (vpc, None):
            values.append(more.get("CidrBlock"))
    blocks = [_network(value) for value in values if value is not None]
    if not blocks or None in blocks:
        return
    if not any(_within(block, whole) for whole in blocks if whole):
        yield hit(
            subnet,
            "CidrBlock",
            f"{block} is not inside {', '.join(str(b) for b in blocks)}, the network of "
            f"{vpc.logical_id}",
            f"choose a block inside {blocks[0]}",
        )


def _within(block: _Network, whole: _Network) -> bool:
    if isinstance(block, ipaddress.IPv4Network) and isinstance(whole, ipaddress.IPv4Network):
        return block.subnet_of(whole)
    return False


@rule(
    "DEPLOY-ROUTE",
    "A route that its table cannot have",
    types=(_ROUTE, "AWS::EC2::SubnetRouteTableAssociation"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateRoute, RouteAlreadyExists; AssociateRouteTable",
)
def route_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for route in context.of_type(_ROUTE):
        table = route.get("RouteTableId")
        targets = [name for name in _TARGETS if route.get(name) not in (None, "")]
        places = [name for name in _DESTINATIONS if route.get(name) not in (None, "")]
        if len(targets) != 1:
            yield hit(
                route,
                targets[1] if targets else "",
                f"a route has one target; this one has {' and '.join(targets) or 'none'}",
                "keep one target" if targets else "name a gateway or another target",
            )
        if len(places) != 1:
            yield hit(
                route,
                places[1] if places else "DestinationCidrBlock",
                f"a route has one destination; this one has {' and '.join(places) or 'none'}",
                "keep one destination",
            )
            continue
        place = text(route.get(places[0]))
        if place and "Cidr" in places[0] and (_network(place) is None or "/" not in place):
            yield hit(
                route,
                places[0],
                f"{place!r} is no block of addresses",
                "write it as 10.0.0.0/16",
            )
        where = str(_network(place) or place)
        if place is None or not isinstance(table, Reference | str):
            continue
        first = seen.setdefault((str(table), where), route.logical_id)
        if first != route.logical_id:
            yield hit(
                route,
                places[0],
                f"{first} is a route to {place} of the same table already",
                "keep one route to a destination",
            )
    subnets: dict[str, str] = {}
    for association in context.of_type("AWS::EC2::SubnetRouteTableAssociation"):
        subnet = association.get("SubnetId")
        if isinstance(subnet, Reference):
            first = subnets.setdefault(str(subnet), association.logical_id)
            if first != association.logical_id:
                yield hit(
                    association,
                    "SubnetId",
                    f"{first} associates {subnet.logical_id} with a table already",
                    "keep one association of a subnet",
                )


@rule(
    "DEPLOY-GATEWAY",
    "A gateway that EC2 refuses",
    types=("AWS::EC2::NatGateway", "AWS::EC2::VPCGatewayAttachment"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNatGateway, AttachInternetGateway",
)
def gateway_rule(context: Context) -> Iterator[Hit]:
    for gateway in context.of_type("AWS::EC2::NatGateway"):
        private = gateway.text("ConnectivityType") == "private"
        zonal = gateway.text("AvailabilityMode") in (None, "zonal")
        address = gateway.get("AllocationId") not in (None, "")
        if not private and not address and zonal and not gateway.is_unknown("ConnectivityType"):
            yield hit(
                gateway,
                "AllocationId",
                "a public NAT gateway needs an elastic address, and has none",
                "set AllocationId to the AllocationId of an AWS::EC2::EIP",
            )
        elif private and address:
            yield hit(
                gateway,
                "AllocationId",
                "a private NAT gateway takes no elastic address",
                "delete AllocationId",
            )
    seen: dict[str, str] = {}
    for attachment in context.of_type("AWS::EC2::VPCGatewayAttachment"):
        vpc = attachment.get("VpcId")
        if attachment.get("InternetGatewayId") is None or not isinstance(vpc, Reference):
            continue
        first = seen.setdefault(str(vpc), attachment.logical_id)
        if first != attachment.logical_id:
            yield hit(
                attachment,
                "VpcId",
                f"{first} attaches an internet gateway to {vpc.logical_id} already; it takes one",
                "keep one attachment",
            )


@rule(
    "DEPLOY-GROUP-RULE",
    "A rule of a security group that EC2 refuses",
    types=(_GROUP, *_RULES),
    severity=Severity.FATAL,
    source="EC2 API reference: AuthorizeSecurityGroupIngress, IpPermission",
)
def group_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(_GROUP):
        for name in ("SecurityGroupIngress", "SecurityGroupEgress"):
            seen: set[str] = set()
            for path, item in objects(group, name):
                yield from _permission(group, f"{path}.", item)
                key = _key(item)
                if key and key in seen:
                    yield hit(group, path, "the group has this rule already", "keep it once")
                seen.add(key)
    for kind in _RULES:
        for single in context.of_type(kind):
            yield from _permission(single, "", dict(single.properties))


def _key(item: dict[str, Value]) -> str:
    """What makes two rules one; empty if a part is not known."""
    parts = [item.get(name) for name in ("IpProtocol", "FromPort", "ToPort", *_SOURCES)]
    if any(is_open(part) and not isinstance(part, Reference) for part in parts):
        return ""
    return "|".join(str(part) for part in parts)


def _permission(resource: Resource, at: str, item: dict[str, Value]) -> Iterator[Hit]:
    protocol = (text(item.get("IpProtocol")) or "").lower()
    low, high = number(item.get("FromPort")), number(item.get("ToPort"))
    if protocol in ("tcp", "udp", "6", "17"):
        for name, port in (("FromPort", low), ("ToPort", high)):
            if item.get(name) is None:
                yield hit(
                    resource, f"{at}{name}", f"a rule for {protocol} needs {name}", f"add {name}"
                )
            elif port is not None and not 0 <= port <= 65535 and port != -1:
                yield hit(
                    resource, f"{at}{name}", f"there is no port {port:g}", "choose 0 to 65535"
                )
        if low is not None and high is not None and low > high:
            yield hit(
                resource,
                f"{at}ToPort",
                f"the range of ports {low:g} to {high:g} runs backwards",
                "exchange FromPort and ToPort",
            )
    given = [name for name in _SOURCES if item.get(name) not in (None, "")]
    if len(given) > 1 and "SourceSecurityGroupName" not in given:
        yield hit(
            resource,
            f"{at}{given[1]}",
            f"a rule is for one source or destination, not for {' and '.join(given)}",
            "write a rule for each",
        )
    for name in ("CidrIp", "CidrIpv6"):
        known = text(item.get(name))
        if known and (_network(known) is None or "/" not in known):
            yield hit(
                resource,
                f"{at}{name}",
                f"{known!r} is no block of addresses",
                "write it as 10.0.0.0/16",
            )


@rule(
    "DEPLOY-FLOW-LOG",
    "A flow log that lacks its destination, or the role for it",
    types=("AWS::EC2::FlowLog",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateFlowLogs",
)
def flow_log_rule(context: Context) -> Iterator[Hit]:
    for log in context.of_type("AWS::EC2::FlowLog"):
        kind = log.text("LogDestinationType") or "cloud-watch-logs"
        if log.is_unknown("LogDestinationType"):
            continue
        role, name = log.get("DeliverLogsPermissionArn"), log.get("LogGroupName")
        if kind == "cloud-watch-logs" and name is None and log.get("LogDestination") is None:
            yield hit(log, "LogDestination", "the flow log has no destination", "name a log group")
        elif kind == "cloud-watch-logs" and role in (None, ""):
            yield hit(
                log,
                "DeliverLogsPermissionArn",
                "a flow log to CloudWatch Logs needs a role that writes it",
                "set DeliverLogsPermissionArn",
            )
        elif kind == "s3" and (role is not None or name is not None):
            wrong = "DeliverLogsPermissionArn" if role is not None else "LogGroupName"
            yield hit(log, wrong, f"a flow log to S3 takes no {wrong}", f"delete {wrong}")
        if name is not None and log.get("LogDestination") is not None:
            yield hit(
                log,
                "LogGroupName",
                "LogGroupName and LogDestination exclude each other",
                "keep LogDestination",
            )


@rule(
    "DEPLOY-ENDPOINT",
    "A VPC endpoint that EC2 refuses",
    types=("AWS::EC2::VPCEndpoint",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateVpcEndpoint",
)
def endpoint_rule(context: Context) -> Iterator[Hit]:
    private: dict[tuple[str, str], str] = {}
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        name = str(endpoint.get("ServiceName") or "")
        kind = endpoint.text("VpcEndpointType") or "Gateway"
        if endpoint.is_unknown("VpcEndpointType") or not name.strip("<>"):
            continue
        service = name.rsplit(".", 1)[-1]
        if kind == "Gateway":
            yield from _gateway_endpoint(endpoint, service)
            continue
        if kind == "Interface" and endpoint.get("RouteTableIds") not in (None, []):
            yield hit(
                endpoint,
                "RouteTableIds",
                "an interface endpoint stands in subnets, and takes no route tables",
                "delete RouteTableIds and name SubnetIds",
            )
        zones = [_zone(context, value) for value in endpoint.items("SubnetIds")]
        twice = sorted({zone for zone in zones if zone and zones.count(zone) > 1})
        if twice:
            yield hit(
                endpoint,
                "SubnetIds",
                f"two of the subnets are in the zone {twice[0]}; an endpoint takes one of each",
                "name one subnet of each zone",
            )
        if endpoint.flag("PrivateDnsEnabled"):
            yield from _private_names(context, endpoint, name, private)


def _gateway_endpoint(endpoint: Resource, service: str) -> Iterator[Hit]:
    if service not in ("s3", "dynamodb", "s3express") and not service.endswith(">"):
        yield hit(
            endpoint,
            "VpcEndpointType",
            f"{service} has no gateway endpoint, which is what an endpoint is unless its type says "
            "otherwise",
            "set VpcEndpointType: Interface",
        )
        return
    for wrong in ("SubnetIds", "SecurityGroupIds"):
        if endpoint.get(wrong) not in (None, []):
            yield hit(endpoint, wrong, f"a gateway endpoint takes no {wrong}", f"delete {wrong}")
    if endpoint.flag("PrivateDnsEnabled"):
        yield hit(
            endpoint,
            "PrivateDnsEnabled",
            "a gateway endpoint has no private names",
            "delete PrivateDnsEnabled",
        )


def _zone(context: Context, value: Value) -> str | None:
    subnet = context.target(value, _SUBNET)
    return subnet.text("AvailabilityZone") if subnet else None


def _private_names(
    context: Context, endpoint: Resource, name: str, seen: dict[tuple[str, str], str]
) -> Iterator[Hit]:
    vpc = context.target(endpoint.get("VpcId"), _VPC)
    if vpc is not None:
        switches = ("EnableDnsSupport", "EnableDnsHostnames")
        off = [name for name in switches if vpc.flag(name) is False]
        unset = vpc.get("EnableDnsHostnames") is None
        if off or unset:
            yield hit(
                endpoint,
                "PrivateDnsEnabled",
                f"private names need EnableDnsHostnames and EnableDnsSupport of {vpc.logical_id}, "
                f"and {off[0] if off else 'EnableDnsHostnames'} is {'off' if off else 'not set'}",
                f"set both to true at {vpc.logical_id}",
                severity=None if off else Severity.WARNING,
            )
    if not isinstance(endpoint.get("VpcId"), Reference | str):
        return
    first = seen.setdefault((str(endpoint.get("VpcId")), name), endpoint.logical_id)
    if first != endpoint.logical_id:
        yield hit(
            endpoint,
            "PrivateDnsEnabled",
            f"{first} has the private name of the same service in the same network already",
            "keep one of the endpoints, or set PrivateDnsEnabled: false",
        )
