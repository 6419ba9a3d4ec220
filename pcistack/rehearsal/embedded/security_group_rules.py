"""EC2: single rules of security groups."""

from __future__ import annotations

from collections.abc import Sequence

from pcistack.rehearsal.embedded.api import Answer, call, require
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_HIGHEST_PORT = 65_535


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
