"""Security groups: rules that EC2 takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import addresses, is_open, objects, text
from pcistack.template.view import Reference, Resource, Value, number

_GROUP: Final = "AWS::EC2::SecurityGroup"
_INGRESS: Final = "AWS::EC2::SecurityGroupIngress"
_EGRESS: Final = "AWS::EC2::SecurityGroupEgress"
_QUOTA: Final = 60
_DESCRIPTION: Final = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS: Final = (
    *("CidrIp", "CidrIpv6", "SourcePrefixListId", "SourceSecurityGroupId"),
    *("SourceSecurityGroupName", "DestinationPrefixListId", "DestinationSecurityGroupId"),
)


@rule(
    "DEPLOY-GROUP-ENTRY",
    "A rule of a security group without a peer, given twice, or one too many",
    types=(_GROUP, _INGRESS, _EGRESS),
    severity=Severity.FATAL,
    source="EC2 API reference: AuthorizeSecurityGroupIngress (InvalidPermission.Duplicate, "
    "RulesPerSecurityGroupLimitExceeded), IpRange",
)
def entry_rule(context: Context) -> Iterator[Hit]:
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
            key = _entry_key(context, single)
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


def _entry_key(context: Context, single: Resource) -> str:
    """What makes two rules one; empty if a part is not known, or a condition decides."""
    parts = [single.get(name) for name in ("GroupId", "IpProtocol", "FromPort", "ToPort", *_PEERS)]
    if any(is_open(part) and not isinstance(part, Reference) for part in parts):
        return ""
    return "|".join(str(part) for part in parts)


@rule(
    "DEPLOY-GROUP-RULE",
    "A rule of a security group that EC2 refuses",
    types=(_GROUP, _INGRESS, _EGRESS),
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
    for kind in (_INGRESS, _EGRESS):
        for single in context.of_type(kind):
            yield from _permission(single, "", dict(single.properties))


def _key(item: dict[str, Value]) -> str:
    """What makes two rules one; empty if a part is not known."""
    parts = [item.get(name) for name in ("IpProtocol", "FromPort", "ToPort", *_PEERS)]
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
    given = [name for name in _PEERS if item.get(name) not in (None, "")]
    if len(given) > 1 and "SourceSecurityGroupName" not in given:
        yield hit(
            resource,
            f"{at}{given[1]}",
            f"a rule is for one source or destination, not for {' and '.join(given)}",
            "write a rule for each",
        )
    for name in ("CidrIp", "CidrIpv6"):
        known = text(item.get(name))
        if known and (addresses(known) is None or "/" not in known):
            yield hit(
                resource,
                f"{at}{name}",
                f"{known!r} is no block of addresses",
                "write it as 10.0.0.0/16",
            )
