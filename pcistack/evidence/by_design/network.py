"""Sentences on requirement 1: what reaches what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.by_design.sentence import every, listed, name_in, says
from pcistack.evidence.channels import redirects
from pcistack.network.addresses import PeerKind
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    Direction,
    Flow,
    IpPermission,
    Kind,
    NetworkWorkload,
    SubnetTier,
)
from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of

_DOORS: Final = (
    "AWS::Amplify::App",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api",
    "AWS::AppRunner::Service",
    "AWS::AppSync::GraphQLApi",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPoolDomain",
    "AWS::ElasticBeanstalk::Environment",
    "AWS::GlobalAccelerator::Accelerator",
    "AWS::IoT::DomainConfiguration",
    "AWS::Lambda::Url",
    "AWS::Lightsail::LoadBalancer",
    "AWS::Serverless::Api",
    "AWS::Serverless::HttpApi",
    "AWS::Transfer::Server",
    "AWS::VpcLattice::Service",
)
"""What has an address of AWS's own that the internet can call."""
_REMOTE: Final = (22, 23, 3389, 5985, 5986)
_LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"


def _ports(flows: list[Flow]) -> str:
    return listed(sorted({str(flow.ports) for flow in flows}))


def _rules(context: Context) -> list[IpPermission]:
    return [one for one in context.network.permissions if one.kind is not PeerKind.NOBODY]


@says("1.2.3")
def drawn_from_the_template(context: Context) -> str:
    tiers = {subnet.tier for subnet in context.network.subnets.values()}
    if not tiers:
        return ""
    number = counted(len(context.network.subnets), "subnet")
    return f"The drawing shows {number}, by what routes allow."


@says("1.2.4")
def flows_are_drawn(context: Context) -> str:
    flows = context.network.flows
    if not flows:
        return ""
    return f"{counted(len(flows), 'flow')} that routes and security groups let through."


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


def _covers_remote(permission: IpPermission) -> bool:
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


def doors(context: Context) -> list[str]:
    """Return what faces the internet by AWS's own addresses, beside the networks."""
    found = [one.logical_id for one in context.of_type(*_DOORS)]
    sites = [
        one.logical_id
        for one in context.of_type("AWS::S3::Bucket")
        if one.get("WebsiteConfiguration") is not None
    ]
    return [name_in(context, name) for name in (*found, *sites)]


def _known(context: Context, workload: NetworkWorkload) -> bool:
    """Whether the template holds all that decides what reaches a workload and what it reaches."""
    network = context.network
    return (
        bool(workload.groups)
        and network.groups.issuperset(workload.groups)
        and SubnetTier.UNKNOWN not in network.tiers(workload)
        and not workload.unresolved
        and workload.public is not None
    )


def _all_known(context: Context) -> bool:
    inside = [one for one in context.network.workloads.values() if one.kind is not Kind.ENDPOINT]
    return bool(inside) and all(_known(context, one) for one in inside)


@says("1.3.1 1.4.2")
def what_the_internet_reaches(context: Context) -> str:
    reached: dict[str, list[Flow]] = {}
    for flow in context.network.from_internet():
        reached.setdefault(flow.target, []).append(flow)
    beside, all_known = doors(context), _all_known(context)
    if not reached:
        whole = all_known and not beside
        return "The internet reaches nothing in this template." if whole else ""
    what = listed(
        f"{name_in(context, target)} on {_ports(flows)}" for target, flows in reached.items()
    )
    sure = all(flow.certain for flows in reached.values() for flow in flows)
    end = ", and nothing else" if all_known and not beside else ""
    return f"The internet {'reaches' if sure else 'may reach'} {what}{end}."


@says("1.3.1 1.4.2 6.4.2")
def what_faces_the_internet_beside(context: Context) -> str:
    found = doors(context)
    return f"These can face the internet by AWS's own addresses: {listed(found)}." if found else ""


@says("1.3.2")
def what_reaches_the_internet(context: Context) -> str:
    found: dict[str, list[Flow]] = {}
    for flow in context.network.to_outside():
        if flow.target in (INTERNET, OTHER_NETWORKS):
            found.setdefault(flow.source, []).append(flow)
    if not found:
        return "Nothing leaves to the internet." if _all_known(context) else ""
    what = listed(
        f"{name_in(context, source)} on {_ports(flows)}" for source, flows in found.items()
    )
    sure = all(flow.certain for flows in found.values() for flow in flows)
    return f"To the internet or other networks {'can' if sure else 'may'} go: {what}."


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
    stores = context.network.stores()
    out = {flow.source for flow in context.network.to_outside()}
    if not stores or not all(_known(context, one) for one in stores):
        return ""
    return "" if out & {one.logical_id for one in stores} else "What stores data has no way out."


@says("1.4.1")
def tiers_by_routes(context: Context) -> str:
    tiers = {subnet.tier for subnet in context.network.subnets.values()} - {SubnetTier.UNKNOWN}
    if len(tiers) < 2:
        return ""
    known = [str(tier) for tier in SubnetTier if tier in tiers]
    return f"Tiers by what their routes allow: {listed(known)}."


@says("1.4.2")
def no_public_addresses(context: Context) -> str:
    inside = [
        one
        for one in context.network.workloads.values()
        if one.kind not in (Kind.LOAD_BALANCER, Kind.ENDPOINT)
    ]
    unset = [
        one
        for one in context.of_type("AWS::RDS::DBInstance")
        if one.flag("PubliclyAccessible") is not False
    ]
    if not inside or unset or any(one.public is not False for one in inside):
        return ""
    return "What processes or stores data has no public address."


@says("1.4.4 1.4.1")
def stores_are_isolated(context: Context) -> str:
    stores = context.network.stores()
    if not stores or any(context.network.tiers(one) != {SubnetTier.ISOLATED} for one in stores):
        return ""
    return "What stores data is in subnets without a route out of the VPC."


@says("1.4.4 7.2.6")
def who_reaches_the_stores(context: Context) -> str:
    sentences = [_reaching(context, store) for store in context.network.stores()]
    return " ".join(dict.fromkeys(sentences))


def _reaching(context: Context, store: NetworkWorkload) -> str:
    network = context.network
    sources = [flow.source for flow in network.reaching(store.logical_id)]
    groups = {
        group
        for source in sources
        if source in network.workloads
        for group in network.workloads[source].groups
    }
    who = [name_in(context, source) for source in sources]
    for rule in network.ingress(store):
        member = rule.kind is PeerKind.GROUP and rule.peer not in groups
        if member or rule.kind in _ELSEWHERE:
            who.append(_peer(rule))
    name = name_in(context, store.logical_id)
    return f"Over the network {listed(who) if who else 'nothing'} can reach {name}."


_ELSEWHERE: Final = (PeerKind.UNKNOWN, PeerKind.PREFIX_LIST, PeerKind.PUBLIC, PeerKind.PRIVATE)


def _peer(permission: IpPermission) -> str:
    if permission.kind is PeerKind.UNKNOWN:
        return "whoever the deployment admits"
    return f"whoever is in {permission.peer}"


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
    return f"Outputs name hosts or addresses: {listed(found)}."


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
