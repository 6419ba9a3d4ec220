"""Networks: entries of ACLs, addresses, rules of groups and flow logs that EC2 takes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open, objects, text
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.references import name_of
from pcistack.template.view import Reference, Resource, Value

_ENTRY: Final = "AWS::EC2::NetworkAclEntry"
_GROUP: Final = "AWS::EC2::SecurityGroup"
_INGRESS: Final = "AWS::EC2::SecurityGroupIngress"
_EGRESS: Final = "AWS::EC2::SecurityGroupEgress"
_FLOW: Final = "AWS::EC2::FlowLog"
_QUOTA: Final = 60
_DESCRIPTION: Final = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS: Final = (
    *("CidrIp", "CidrIpv6", "SourcePrefixListId", "SourceSecurityGroupId"),
    *("SourceSecurityGroupName", "DestinationPrefixListId", "DestinationSecurityGroupId"),
)
_OBSERVED: Final = {
    "AWS::EC2::NetworkInterface": "NetworkInterface",
    "AWS::EC2::Subnet": "Subnet",
    "AWS::EC2::TransitGateway": "TransitGateway",
    "AWS::EC2::TransitGatewayAttachment": "TransitGatewayAttachment",
    "AWS::EC2::VPC": "VPC",
}
_FIELD_NAMES: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow- "
    "direction traffic-path ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs- "
    "container-instance-id ecs-container-id ecs-second-container-id ecs-service-name ecs-task- "
    "definition-arn ecs-task-arn ecs-task-id reject-reason resource-type tgw-id tgw-attachment-id "
    "tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet- "
    "id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair- "
    "attachment-id packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded "
    "packets-lost-ttl-expired encryption-status"
)
_FIELDS: Final = frozenset(_FIELD_NAMES.split())


@rule(
    "DEPLOY-ACL-ENTRY",
    "An entry of a network ACL that EC2 refuses",
    types=(_ENTRY,),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNetworkAclEntry (NetworkAclEntryAlreadyExists)",
)
def entry_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, bool, str], str] = {}
    for entry in context.of_type(_ENTRY):
        low, high = entry.number("PortRange.From"), entry.number("PortRange.To")
        if low is not None and high is not None and low > high:
            yield hit(
                entry,
                "PortRange.To",
                f"the range of ports {low:g} to {high:g} runs backwards",
                "exchange From and To",
            )
        acl, number = entry.get("NetworkAclId"), entry.text("RuleNumber")
        known = isinstance(acl, Reference) and not is_open(entry.get("Egress"))
        if number is None or not known:
            continue
        key = (str(acl), entry.flag("Egress") is True, number)
        first = seen.setdefault(key, entry.logical_id)
        if first != entry.logical_id:
            yield hit(
                entry,
                "RuleNumber",
                f"{first} has the number {number} of the same ACL and direction already",
                "give each entry a number of its own",
            )


@rule(
    "DEPLOY-WAY-ACL",
    "A network ACL that lets nothing pass in one direction",
    types=("AWS::EC2::SubnetNetworkAclAssociation",),
    severity=Severity.WARNING,
    source="VPC user guide: Network ACLs deny what no entry allows",
)
def closed_rule(context: Context) -> Iterator[Hit]:
    for link in context.of_type("AWS::EC2::SubnetNetworkAclAssociation"):
        acl = context.target(link.get("NetworkAclId"), "AWS::EC2::NetworkAcl")
        if acl is None or context.has_macro:
            continue
        entries = [
            entry
            for entry in context.of_type(_ENTRY)
            if name_of(entry.get("NetworkAclId")) in (acl.logical_id, "unknown")
        ]
        for way, outward in (("in", False), ("out", True)):
            if not any(_lets(entry, outward=outward) for entry in entries):
                yield hit(
                    link,
                    "NetworkAclId",
                    f"no entry of {acl.logical_id} lets anything {way}: nothing in the subnet has "
                    "a connection",
                    f"add an {_ENTRY} with RuleAction: allow and Egress: {str(outward).lower()}",
                )


def _lets(entry: Resource, *, outward: bool) -> bool:
    side = is_open(entry.get("Egress")) or (entry.flag("Egress") is True) == outward
    return side and entry.get("RuleAction") != "deny"


@rule(
    "DEPLOY-NETWORK-TAKEN",
    "An address or destination of a network that is taken already",
    types=("AWS::EC2::NatGateway", "AWS::EC2::Route"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNatGateway (Resource.AlreadyAssociated), CreateRoute "
    "(RouteAlreadyExists: the local route)",
)
def taken_rule(context: Context) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for nat in context.of_type("AWS::EC2::NatGateway"):
        address = nat.get("AllocationId")
        if isinstance(address, Reference):
            first = seen.setdefault(str(address), nat.logical_id)
            if first != nat.logical_id:
                yield hit(
                    nat,
                    "AllocationId",
                    f"{first} has the address {address} already",
                    "give each NAT gateway an address of its own",
                )
    for route in context.of_type("AWS::EC2::Route"):
        table = context.target(route.get("RouteTableId"), "AWS::EC2::RouteTable")
        vpc = context.target(table.get("VpcId"), "AWS::EC2::VPC") if table else None
        whole = _block(vpc.get("CidrBlock")) if vpc else None
        if whole is not None and _block(route.get("DestinationCidrBlock")) == whole:
            yield hit(
                route,
                "DestinationCidrBlock",
                f"{whole} is the network itself, to which its tables lead already (local)",
                "delete the route, or name a part of the network",
            )


def _block(value: Value) -> ipaddress.IPv4Network | None:
    known = text(value)
    try:
        return ipaddress.IPv4Network(known, strict=False) if known else None
    except ValueError:
        return None


@rule(
    "DEPLOY-GROUP-ENTRY",
    "A rule of a security group without a peer, given twice, or one too many",
    types=(_GROUP, _INGRESS, _EGRESS),
    severity=Severity.FATAL,
    source="EC2 API reference: AuthorizeSecurityGroupIngress (InvalidPermission.Duplicate, "
    "RulesPerSecurityGroupLimitExceeded), IpRange",
)
def group_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(_GROUP):
        for name in ("SecurityGroupIngress", "SecurityGroupEgress"):
            items = list(objects(group, name))
            for path, item in items:
                yield from _entry(group, f"{path}.", item)
            if len(items) > _QUOTA:
                yield hit(
                    group,
                    name,
                    f"{len(items)} rules; a group has {_QUOTA}, unless the account's quota is "
                    "raised",
                    "use an AWS::EC2::PrefixList, or another group",
                    severity=Severity.ERROR,
                )
    for kind in (_INGRESS, _EGRESS):
        seen: dict[str, str] = {}
        for single in context.of_type(kind):
            yield from _entry(single, "", dict(single.properties))
            key = _key(context, single)
            first = seen.setdefault(key, single.logical_id) if key else single.logical_id
            if first != single.logical_id:
                yield hit(single, "", f"{first} is the same rule", "keep one of them")


def _entry(resource: Resource, at: str, item: dict[str, Value]) -> Iterator[Hit]:
    if not item.get("Fn::Transform") and all(item.get(name) in (None, "") for name in _PEERS):
        yield hit(
            resource,
            f"{at}CidrIp",
            "the rule says neither from where nor to where",
            "add CidrIp or a security group",
            severity=Severity.WARNING if at else None,
        )
    known = text(item.get("Description"))
    if known is not None and not _DESCRIPTION.fullmatch(known):
        yield hit(
            resource,
            f"{at}Description",
            "a description has at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
            "write it so",
        )


def _key(context: Context, single: Resource) -> str:
    """What makes two rules one; empty if a part is not known, or a condition decides."""
    parts = [single.get(name) for name in ("GroupId", "IpProtocol", "FromPort", "ToPort", *_PEERS)]
    if any(is_open(part) and not isinstance(part, Reference) for part in parts):
        return ""
    return "|".join(str(part) for part in parts)


@rule(
    "DEPLOY-FLOW-LOG-SOURCE",
    "A flow log of something else, or of fields that do not exist",
    types=(_FLOW,),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateFlowLogs; VPC user guide: Flow log records, available fields",
)
def flow_rule(context: Context) -> Iterator[Hit]:
    for log in context.of_type(_FLOW):
        target = context.target(log.get("ResourceId"), *_OBSERVED)
        kind = log.text("ResourceType")
        if target is not None and kind is not None and _OBSERVED[target.type] != kind:
            yield hit(
                log,
                "ResourceType",
                f"{target.logical_id} is an {target.type}, not a {kind}",
                f"set ResourceType: {_OBSERVED[target.type]}",
            )
        for name in re.findall(r"\$\{([^}]*)\}", log.text("LogFormat") or ""):
            if name not in _FIELDS:
                yield hit(
                    log,
                    "LogFormat",
                    f"flow logs have no field {name}",
                    "name fields such as ${vpc-id}, ${srcaddr} and ${action}",
                )


@rule(
    "DEPLOY-FLOW-LOG-BUCKET",
    "A flow log whose bucket refuses it",
    types=(_FLOW,),
    source="VPC user guide: Amazon S3 bucket permissions for flow logs",
)
def bucket_rule(context: Context) -> Iterator[Hit]:
    """AWS adds its own statement to the policy, which no Deny may stand against."""
    names = context.access.names
    for log in context.of_type(_FLOW):
        bucket = names.found(log.get("LogDestination"))
        if bucket is None or bucket.type != "AWS::S3::Bucket":
            continue
        request = Request(
            action="s3:PutObject",
            resource=f"{names.arn(bucket)}/AWSLogs/<AWS::AccountId>/vpcflowlogs/x",
            principal=Principal(service="delivery.logs.amazonaws.com"),
            context={
                "s3:x-amz-acl": ("bucket-owner-full-control",),
                "aws:securetransport": ("true",),
            },
        )
        for policy in context.of_type("AWS::S3::BucketPolicy"):
            if name_of(policy.get("Bucket")) != bucket.logical_id:
                continue
            statements = context.access.statements.get(policy.logical_id, ())
            if context.access.evaluation.both(statements, request, with_principal=True)[1] is True:
                yield hit(
                    log,
                    "LogDestination",
                    f"{policy.logical_id} denies s3:PutObject on {bucket.logical_id} to "
                    "delivery.logs.amazonaws.com: no flow is logged",
                    "leave delivery.logs.amazonaws.com out of the Deny",
                )
