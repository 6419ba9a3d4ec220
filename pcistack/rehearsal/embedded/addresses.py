"""EC2: addresses, and the NAT gateways that have them."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import Answer, call, require
from pcistack.rehearsal.embedded.ec2_tags import retag, tag_specification
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values


def _create_address(_place: StackPosition, properties: Properties) -> Created:
    answer = call(
        "ec2",
        "allocate_address",
        Domain=properties.optional_text("Domain", allowed={"vpc"}) or "vpc",
        TagSpecifications=tag_specification("elastic-ip", properties),
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
    retag(address["AllocationId"], properties)
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
        TagSpecifications=tag_specification("natgateway", properties),
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
    retag(identifier, properties)
    return identifier, {"NatGatewayId": identifier}


def _delete_nat_gateway(identifier: str, _values: Values) -> None:
    call("ec2", "delete_nat_gateway", NatGatewayId=identifier)


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
)
