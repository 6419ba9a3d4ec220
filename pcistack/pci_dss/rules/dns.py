"""Names as a way out: a firewall for them filters, stands in its network, and is logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.network.addresses import PeerKind, peer_kind
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Unknown, Value

_GROUP: Final = "AWS::Route53Resolver::FirewallRuleGroup"
_LIST: Final = "AWS::Route53Resolver::FirewallDomainList"
_ASSOCIATION: Final = "AWS::Route53Resolver::FirewallRuleGroupAssociation"
_LOGGED: Final = "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation"
_LOGGING: Final = "AWS::Route53Resolver::ResolverQueryLoggingConfig"
_EVERYTHING: Final = ("*", "*.")
_ZONE: Final = "AWS::Route53::HostedZone"
_FORWARD: Final = "AWS::Route53Resolver::ResolverRule"


@rule(
    "PCI-1.3.2-DNS-FIREWALL",
    "A firewall for names lets listed ones through and answers no other",
    asks="Only the traffic that is necessary may leave; a query for a name can carry data out.",
    requirements=("1.3.2",),
    types=(_GROUP, _LIST),
    fix="ALLOW a list of names, then BLOCK a list of * behind it, and associate the group with the "
    "VPC. A group of AWS's threat lists alone stops known bad names and lets all others through.",
)
def dns_firewall(context: Context) -> Iterator[Hit]:
    used = {name_of(each.get("FirewallRuleGroupId")) for each in context.of_type(_ASSOCIATION)}
    for group in context.of_type(_GROUP):
        rules = [each for each in group.items("FirewallRules") if isinstance(each, dict)]
        if not any(each.get("Action") == "ALLOW" for each in rules):
            continue  # it stops what is known to be bad, and says nothing of the rest
        if not any(_stops_everything(context, each) for each in rules):
            yield hit(group, "FirewallRules", "no rule blocks the names that are not listed")
        yield from _wide(context, group, rules)
        if group.logical_id not in used:
            yield hit(group, "", "it is associated with no VPC")


def _stops_everything(context: Context, each: dict[str, Value]) -> bool:
    names = _names(context, each) if each.get("Action") == "BLOCK" else []
    return any(name in _EVERYTHING for name in names)


def _wide(context: Context, group: Resource, rules: list[dict[str, Value]]) -> Iterator[Hit]:
    for number, each in enumerate(rules):
        if each.get("Action") in ("ALLOW", "ALERT"):
            for name in _names(context, each):
                if name in _EVERYTHING or name in ("*.com", "*.net", "*.org", "*.io"):
                    path = f"FirewallRules.{number}.FirewallDomainListId"
                    yield hit(group, path, f"{show(each.get('Action'))} lets {name} through")


def _names(context: Context, each: dict[str, Value]) -> list[str]:
    """Return the names of a rule's list; none where it is not in the template."""
    names = context.target(each.get("FirewallDomainListId"))
    if names is None or names.type != _LIST:
        return []
    return [str(name) for name in names.items("Domains") if not isinstance(name, Unknown)]


@rule(
    "PCI-10.2.1-DNS-LOG",
    "A network whose names are filtered logs every query",
    asks="What is let out and what is refused is recorded.",
    requirements=("10.2.1", "1.3.2"),
    types=(_ASSOCIATION, _LOGGING),
    fix="Add a ResolverQueryLoggingConfig with a log group of yours and associate it with the VPC.",
)
def dns_log(context: Context) -> Iterator[Hit]:
    logged = {
        (name_of(each.get("ResourceId")), name_of(each.get("ResolverQueryLogConfigId")))
        for each in context.of_type(_LOGGED)
    }
    for association in context.of_type(_ASSOCIATION):
        vpc = name_of(association.get("VpcId"))
        if not any(each == vpc and config for each, config in logged):
            yield hit(association, "VpcId", "the queries of its VPC are logged nowhere")
    for logging in context.of_type(_LOGGING):
        if logging.get("DestinationArn") is None:
            yield hit(logging, "DestinationArn", "the queries are logged nowhere")


@rule(
    "PCI-10.4.2-ZONE-LOG",
    "Public zones log the queries for their names",
    asks="Audit logs are on for all components, and are reviewed.",
    requirements=("10.4.2", "10.2.1"),
    security_hub=("Route53.2",),
    severity=Severity.WARNING,
    types=(_ZONE,),
    fix="Set QueryLoggingConfig.CloudWatchLogsLogGroupArn (a log group of us-east-1).",
)
def zone_log(context: Context) -> Iterator[Hit]:
    for zone in context.of_type(_ZONE):
        path = "QueryLoggingConfig.CloudWatchLogsLogGroupArn"
        private = zone.items("VPCs") or zone.is_unknown("VPCs")
        if not private and not zone.get(path) and not zone.is_unknown("QueryLoggingConfig"):
            yield hit(zone, "QueryLoggingConfig", "who asks for its names is recorded nowhere")


@rule(
    "PCI-1.3.2-DNS-FORWARDED",
    "Names are resolved inside of one's own networks",
    asks="Only the traffic that is necessary may leave; a query for a name can carry data out.",
    requirements=("1.3.2",),
    severity=Severity.WARNING,
    types=(_FORWARD,),
    fix="Forward to resolvers of your own networks only.",
)
def dns_forwarded(context: Context) -> Iterator[Hit]:
    for forward in context.of_type(_FORWARD):
        for index, item in enumerate(forward.items("TargetIps")):
            address = item.get("Ip") or item.get("Ipv6") if isinstance(item, dict) else None
            if isinstance(address, str) and _is_public(str(address)):
                yield hit(
                    forward, f"TargetIps.{index}", f"queries are sent to {address}, on the internet"
                )


def _is_public(address: str) -> bool:
    suffix = "/128" if ":" in address else "/32"
    return peer_kind(address + suffix) in (PeerKind.WORLD, PeerKind.PUBLIC)
