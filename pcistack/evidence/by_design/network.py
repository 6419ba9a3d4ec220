"""Sentences on requirement 1: what reaches what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.evidence.by_design.sentence import every, listed, name_in, says
from pcistack.evidence.channels import redirects
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Direction,
    Flow,
    Kind,
    PeerKind,
    Permission,
    Tier,
)
from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of

_REMOTE: Final = (22, 23, 3389, 5985, 5986)
_LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"


def _ports(flows: list[Flow]) -> str:
    return listed(sorted({str(flow.ports) for flow in flows}))


def _rules(context: Context) -> list[Permission]:
    return [one for one in context.network.permissions if one.kind is not PeerKind.NOBODY]


@says("1.2.3")
def drawn_from_the_template(context: Context) -> str:
    tiers = {subnet.tier for subnet in context.network.subnets.values()}
    if not tiers:
        return ""
    return f"The drawing shows {len(context.network.subnets)} subnets, by what their routes allow."


@says("1.2.4")
def flows_are_drawn(context: Context) -> str:
    flows = context.network.flows
    return f"{len(flows)} flows that routes and security groups let through." if flows else ""


@says("1.2.5")
def rules_have_a_need(context: Context) -> str:
    rules = _rules(context)
    if not rules or not all(rule.description for rule in rules):
        return ""
    return "Every security group rule has its business need as description."


@says("1.2.6 4.2.1")
def port_80_redirects(context: Context) -> str:
    plain = [one for one in context.of_type(_LISTENER) if one.get("Protocol") == "HTTP"]
    return "HTTP only redirects to HTTPS." if every(plain, redirects) else ""


@says("1.2.6 2.2.7")
def no_remote_administration(context: Context) -> str:
    rules = [one for one in _rules(context) if one.direction is Direction.INGRESS]
    if not rules or any(not one.certain or _covers_remote(one) for one in rules):
        return ""
    return "No security group lets in SSH, Telnet, RDP or WinRM."


def _covers_remote(permission: Permission) -> bool:
    ports = permission.ports
    return ports.protocol in ("tcp", "all") and any(
        ports.first <= port <= ports.last for port in _REMOTE
    )


@says("1.2.8 1.3.1")
def default_group_is_closed(context: Context) -> str:
    closed = {
        name_of(one.get("DefaultSecurityGroupId"))
        for one in context.of_type("Custom::VpcRestrictDefaultSG")
    }
    vpcs = context.of_type("AWS::EC2::VPC")
    if not every(vpcs, lambda vpc: vpc.logical_id in closed):
        return ""
    return "The default security group of the VPC is emptied."


@says("1.3.1 1.4.2")
def what_the_internet_reaches(context: Context) -> str:
    if not context.network.workloads:
        return ""
    reached: dict[str, list[Flow]] = {}
    for flow in context.network.from_internet():
        reached.setdefault(flow.target, []).append(flow)
    if not reached:
        return "The internet reaches nothing in this template."
    what = listed(
        f"{name_in(context, target)} on {_ports(flows)}" for target, flows in reached.items()
    )
    sure = all(flow.certain for flows in reached.values() for flow in flows)
    return f"The internet {'reaches' if sure else 'may reach'} {what}, and nothing else."


@says("1.3.2")
def what_reaches_the_internet(context: Context) -> str:
    found: dict[str, list[Flow]] = {}
    for flow in context.network.to_outside():
        if flow.target in (INTERNET, OTHER_NETWORKS):
            found.setdefault(flow.source, []).append(flow)
    if not found:
        return "Nothing leaves to the internet." if context.network.workloads else ""
    what = listed(
        f"{name_in(context, source)} on {_ports(flows)}" for source, flows in found.items()
    )
    return f"To the internet or other networks goes {what}."


@says("1.3.2")
def names_are_resolved(context: Context) -> str:
    vpcs = context.of_type("AWS::EC2::VPC")
    guarded = context.of_type("AWS::Route53Resolver::FirewallRuleGroupAssociation")
    if not every(vpcs, lambda vpc: vpc.flag("EnableDnsSupport") is not False):
        return ""
    if guarded:
        names = listed(name_in(context, name_of(one.get("FirewallRuleGroupId"))) for one in guarded)
        return f"The resolver of the VPC asks a DNS firewall before it answers: {names}."
    return (
        "The resolver of the VPC answers for any name, from every tier; no security group governs "
        "it and no DNS firewall is in this template."
    )


@says("1.3.2 1.4.4")
def stores_cannot_call(context: Context) -> str:
    stores = {store.logical_id for store in context.network.stores()}
    out = {flow.source for flow in context.network.to_outside()}
    return "What stores data has no way out." if stores and not stores & out else ""


@says("1.4.1")
def tiers_by_routes(context: Context) -> str:
    tiers = {subnet.tier for subnet in context.network.subnets.values()} - {Tier.UNKNOWN}
    if len(tiers) < 2:
        return ""
    known = [str(tier) for tier in Tier if tier in tiers]
    return f"Tiers by what their routes allow: {listed(known)}."


@says("1.4.2")
def no_public_addresses(context: Context) -> str:
    inside = [
        one
        for one in context.network.workloads.values()
        if one.kind not in (Kind.LOAD_BALANCER, Kind.ENDPOINT)
    ]
    if not inside or any(one.public is not False for one in inside):
        return ""
    return "What processes or stores data has no public address."


@says("1.4.4 1.4.1")
def stores_are_isolated(context: Context) -> str:
    stores = context.network.stores()
    if not stores or any(context.network.tiers(one) != {Tier.ISOLATED} for one in stores):
        return ""
    return "What stores data is in subnets without a route out of the VPC."


@says("1.4.4 7.2.6")
def who_reaches_the_stores(context: Context) -> str:
    stores = [one for one in context.network.workloads.values() if one.kind in STORES]
    sentences = list(_reaching(context, [store.logical_id for store in stores]))
    return " ".join(dict.fromkeys(sentences))


def _reaching(context: Context, stores: list[str]) -> Iterator[str]:
    for store in stores:
        sources = [flow.source for flow in context.network.reaching(store)]
        who = listed(name_in(context, source) for source in sources) if sources else "nothing"
        yield f"Over the network {who} can reach {name_in(context, store)}."


@says("1.4.5")
def subnets_give_no_address(context: Context) -> str:
    subnets = context.of_type("AWS::EC2::Subnet")
    if not every(subnets, lambda one: one.flag("MapPublicIpOnLaunch") in (None, False)):
        return ""
    return "No subnet gives a public address by itself."


@says("1.4.5")
def outputs_name_hosts(context: Context) -> str:
    found = []
    for name, output in context.view.template.section("Outputs").items():
        for path, leaf in _leaves(output):
            if path.endswith("Fn::GetAtt.1") and str(leaf).endswith(("Address", "DNSName")):
                found.append(name)
    if not found:
        return ""
    return f"Outputs name host names, which resolve to addresses: {listed(found)}."


def _leaves(node: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for key, item in node.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _leaves(item, f"{path}.{index}")
    else:
        yield path, node


@says("6.5.3")
def nothing_is_shared(context: Context) -> str:
    if not context.view.resources or _imports(context):
        return ""
    return "No value is imported from another stack."


def _imports(context: Context) -> bool:
    resources = context.view.template.body.get("Resources")
    return any("Fn::ImportValue" in path for path, _ in _leaves(resources))
