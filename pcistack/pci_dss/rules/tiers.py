"""Requirements 1.3 and 1.4: what the internet reaches, and what lies between it and the stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit
from pcistack.network.addresses import PeerKind
from pcistack.network.network import (
    ALL_TRAFFIC,
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Kind,
    NetworkMap,
    NetworkWorkload,
    SubnetTier,
)
from pcistack.network.workloads import types_of
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule


@rule(
    "PCI-1.4.2-INTERNET-REACHES",
    "The internet reaches load balancers only, on their HTTPS port",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.3.1"),
    security_hub=("ECS.2",),
    related=("EC2.9",),
    types=types_of(set(Kind) - STORES - {Kind.LOAD_BALANCER}),
    extent=Extent.FULL,
    fix="Put it into a private subnet without a public address, behind a load balancer.",
)
def internet_reaches(context: Context) -> Iterator[Hit]:
    for flow in context.network.from_internet():
        workload = context.network.workloads[flow.target]
        if workload.kind in STORES or not flow.certain:
            continue  # stores have a rule of their own
        if workload.kind is not Kind.LOAD_BALANCER:
            yield Hit(
                resource=flow.target,
                message=f"the internet reaches it on {flow.ports}, admitted by {flow.resource}",
            )


@rule(
    "PCI-1.4.4-STORE-REACHABLE",
    "The internet has no way to what can hold card data",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.3.1"),
    security_hub=("RDS.2",),
    types=types_of(STORES),
    extent=Extent.FULL,
    fix="Place it in subnets without a route to an internet gateway, without a public address, "
    "behind a security group that admits its clients' group only.",
)
def store_reachable(context: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for flow in context.network.from_internet():
        if flow.target in seen or context.network.workloads[flow.target].kind not in STORES:
            continue
        seen.add(flow.target)
        how = "can reach it" if flow.certain else f"may reach it: its network {UNRESOLVED}"
        yield Hit(
            resource=flow.target,
            message=f"the internet {how} on {flow.ports}, admitted by {flow.resource}",
        )


@rule(
    "PCI-1.4.4-STORE-TIER",
    "What can hold card data is in subnets that have no route to the internet",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.4.1"),
    related=("RDS.46",),
    types=types_of(STORES),
    extent=Extent.FULL,
    fix="Use subnets of an isolated tier: a route table without an internet gateway.",
)
def store_tier(context: Context) -> Iterator[Hit]:
    for workload in context.network.stores():
        if workload.kind is Kind.DATABASE and not workload.subnets:
            yield Hit(
                resource=workload.logical_id,
                message=_no_subnets(workload),
            )
            continue
        for subnet in workload.subnets:
            known = context.network.subnets.get(subnet)
            if known is None or known.tier is SubnetTier.UNKNOWN:
                message = f"the routes of its subnet {subnet} {UNRESOLVED}"
            elif known.tier is SubnetTier.PUBLIC:
                message = f"its subnet {subnet} has a route to an internet gateway"
            else:
                continue
            yield Hit(resource=workload.logical_id, message=message)


def _no_subnets(workload: NetworkWorkload) -> str:
    if workload.unresolved:
        return f"the subnets it is in ({', '.join(workload.unresolved)}) {UNRESOLVED}"
    return "no subnets are named, so it is placed in the default VPC, whose subnets are public"


@rule(
    "PCI-1.3.2-STORE-EGRESS",
    "What can hold card data has no way out",
    asks="Only the traffic that is necessary may leave the cardholder data environment; a store "
    "answers, it does not call.",
    requirements=("1.3.2", "1.4.4"),
    types=types_of(STORES),
    extent=Extent.FULL,
    fix="Take the route out of its subnets' route table, and outbound rules out of its security "
    "group.",
)
def store_egress(context: Context) -> Iterator[Hit]:
    stores = {store.logical_id: store for store in context.network.stores()}
    seen: set[tuple[str, str]] = set()
    for flow in context.network.to_outside():
        store = stores.get(flow.source)
        if store is None or flow.target not in (INTERNET, OTHER_NETWORKS):
            continue
        if not any(subnet in context.network.subnets for subnet in store.subnets):
            continue  # unknown subnets are PCI-1.4.4-STORE-TIER's
        if (flow.source, flow.target) not in seen:
            seen.add((flow.source, flow.target))
            yield Hit(
                resource=flow.source,
                message=f"{flow.ports} can leave to {flow.target}, let out by {flow.resource}",
            )
    for store in stores.values():
        if not any(source == store.logical_id for source, _ in seen):
            yield from _let_out(context, store)


def _let_out(context: Context, store: NetworkWorkload) -> Iterator[Hit]:
    """Yield rules that let a store call the internet, which no route leads to for now."""
    for permission in context.network.egress(store):
        public = permission.kind in (PeerKind.WORLD, PeerKind.PUBLIC)
        if public and permission.ports != ALL_TRAFFIC:
            yield Hit(
                resource=permission.resource,
                property=permission.path,
                message=f"{store.logical_id} may call {permission.peer} once a route leads there",
                severity=Severity.WARNING,
            )


@rule(
    "PCI-1.3.2-ISOLATED-ROUTE",
    "The tier of the stores has no route out",
    asks="Only the traffic that is necessary may leave the cardholder data environment.",
    requirements=("1.3.2", "1.4.4"),
    severity=Severity.WARNING,
    types=("AWS::EC2::Route",),
    fix="Give the stores' subnets a route table of their own, without routes.",
)
def isolated_route(context: Context) -> Iterator[Hit]:
    network = context.network
    homes = _homes(network)
    for subnet, way in network.leaving_tier(SubnetTier.PRIVATE):
        if subnet.logical_id in homes and way.route:
            yield Hit(
                resource=way.route,
                message=f"the subnet {subnet.logical_id} of {homes[subnet.logical_id]} has a route "
                f"to a {way.kind}",
            )


def _homes(network: NetworkMap) -> dict[str, str]:
    """Return the subnets that databases are in, each with a database that is in it."""
    return {
        subnet: store.logical_id
        for store in network.stores()
        if store.kind is Kind.DATABASE
        for subnet in store.subnets
        if subnet in network.subnets
    }


@rule(
    "PCI-1.4.1-NO-TIER-BETWEEN",
    "What faces the internet does not reach a store directly",
    asks="Network controls stand between untrusted networks and the trusted one; a tier lies "
    "between what is public and what stores card data.",
    requirements=("1.4.1", "1.4.2"),
    types=types_of(STORES),
    extent=Extent.FULL,
    fix="Admit only the application's security group to the store.",
)
def no_tier_between(context: Context) -> Iterator[Hit]:
    network = context.network
    public = dict.fromkeys(flow.target for flow in network.from_internet() if flow.certain)
    for workload in network.stores():
        for name in public:
            source = network.workloads[name]
            if source is workload or source.kind is Kind.ENDPOINT:
                continue
            for flow in network.between(source, workload):
                if not flow.certain:
                    continue
                yield Hit(
                    resource=workload.logical_id,
                    message=f"{flow.source}, which the internet reaches, can reach it on "
                    f"{flow.ports}",
                )


_APPLICATION: Final = (Kind.TASKS, Kind.INSTANCE, Kind.LOAD_BALANCER)


@rule(
    "PCI-1.4.1-GROUP-SHARED",
    "A store shares its security group with nobody",
    asks="Network controls stand between tiers; a shared group opens a store to all that is "
    "open to its neighbour.",
    requirements=("1.4.1", "1.4.4"),
    types=types_of(STORES),
    extent=Extent.FULL,
    fix="Give the store a security group of its own.",
)
def group_shared(context: Context) -> Iterator[Hit]:
    holders: dict[str, str] = {}
    for workload in context.network.workloads.values():
        if workload.kind in _APPLICATION:
            for group in workload.groups:
                holders.setdefault(group, workload.logical_id)
    for store in context.network.stores():
        for group in store.groups:
            if group in holders and group in context.network.groups:
                yield Hit(
                    resource=store.logical_id,
                    message=f"it shares the security group {group} with {holders[group]}",
                )


@rule(
    "PCI-1.4.1-TIER-SHARED",
    "Load balancers, applications and stores are in subnets of their own",
    asks="Network controls stand between untrusted networks and the trusted one, tier by tier.",
    requirements=("1.4.1", "1.4.2"),
    related=("RDS.46",),
    severity=Severity.WARNING,
    types=types_of(_APPLICATION),
    fix="Put load balancers into public subnets, tasks into private, stores into isolated ones.",
)
def tier_shared(context: Context) -> Iterator[Hit]:
    network = context.network
    homes = _homes(network)
    for workload in network.workloads.values():
        if workload.kind not in _APPLICATION:
            continue
        for subnet in workload.subnets:
            if subnet in homes:
                message = f"it is in the subnet {subnet} of {homes[subnet]}"
            elif (
                workload.kind is not Kind.LOAD_BALANCER
                and subnet in network.subnets
                and network.subnets[subnet].tier is SubnetTier.PUBLIC
            ):
                message = f"it is in the public subnet {subnet}"
            else:
                continue
            yield Hit(resource=workload.logical_id, message=message)
