"""The network diagram (PCI DSS 1.2.3): tiers, subnets, what stands in them, and every flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side, Tone
from pcistack.evidence.diagram_words import KINDS, reached
from pcistack.evidence.inventory import Scope, components
from pcistack.evidence.ports import service
from pcistack.evidence.settings_in_context import blocking_rules
from pcistack.evidence.values import label, shown
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Exit,
    Flow,
    Kind,
    Network,
    Subnet,
    Tier,
    Workload,
)
from pcistack.template.references import name_of
from pcistack.template.view import View

_TIERS: Final[Mapping[Tier, tuple[str, str]]] = {
    Tier.PUBLIC: ("Public tier", "routes to the internet, both ways"),
    Tier.PRIVATE: ("Private tier", "routes out through a gateway, none in"),
    Tier.ISOLATED: ("Isolated tier", "no route out of the VPC"),
    Tier.UNKNOWN: ("Not placed", "subnets or routes are not in this template"),
}


def network_chart(view: View, network: Network) -> Chart:
    """Return the network diagram: tiers, subnets, what stands in them, and every flow."""
    scopes = {row.resource: row.scope for row in components(view)}
    drawing = _NetworkDrawing(view, network, scopes)
    arrows = tuple(drawing.arrows())
    used = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    outside = [Box(name=INTERNET, title="Internet", lines=reached(network), kind="outside")]
    if OTHER_NETWORKS in used:
        outside.append(
            Box(
                name=OTHER_NETWORKS,
                title="Other networks",
                lines=("behind a transit gateway, a VPN or a peering",),
                kind="outside",
            )
        )
    services = (*drawing.services(), *drawing.resolver(), *drawing.elsewhere())
    groups = [Group(boxes=tuple(outside), title=""), *drawing.tiers()]
    if services:
        groups.append(
            Group(
                title="AWS services", note="outside the VPC, by AWS's own network", boxes=services
            )
        )
    return Chart(
        title="Network diagram: tiers, subnets, workloads and the connections between them",
        frame=_vpcs(view),
        groups=tuple(groups),
        arrows=arrows,
    )


def _vpcs(view: View) -> str:
    vpcs = [f"{label(vpc)}  {shown(vpc.get('CidrBlock'))}" for vpc in view.of_type("AWS::EC2::VPC")]
    return "VPC " + ", ".join(vpcs) + ": one account, one region" if vpcs else ""


@dataclass(frozen=True, slots=True)
class _NetworkDrawing:
    view: View
    network: Network
    scopes: Mapping[str, Scope]

    def tiers(self) -> Iterator[Group]:
        placed = {workload.logical_id: self._tier(workload) for workload in self._inside()}
        for tier, (title, note) in _TIERS.items():
            subnets = [subnet for subnet in self.network.subnets.values() if subnet.tier is tier]
            boxes = [
                self._box(workload)
                for workload in self._inside()
                if placed[workload.logical_id] is tier
            ]
            boxes += self._gateways(subnets)
            if subnets or boxes:
                yield Group(
                    title=title,
                    note=note,
                    cells=tuple(_cell(subnet) for subnet in subnets),
                    boxes=tuple(boxes),
                    framed=True,
                )

    def services(self) -> Iterator[Box]:
        for workload in self.network.workloads.values():
            if workload.kind is Kind.ENDPOINT and not workload.subnets:
                endpoint = self.view.resources[workload.logical_id]
                yield Box(
                    name=workload.logical_id,
                    title=shown(endpoint.get("ServiceName")).rpartition(".")[2],
                    lines=(f"gateway endpoint {label(endpoint)}",),
                    kind="outside",
                )

    def resolver(self) -> Iterator[Box]:
        """The VPC's resolver, which every tier can ask and no security group governs."""
        vpcs = self.view.of_type("AWS::EC2::VPC")
        if any(vpc.flag("EnableDnsSupport") is not False for vpc in vpcs):
            rules = self.view.of_type("AWS::Route53Resolver::FirewallRuleGroupAssociation")
            guard = f"DNS firewall: {label(rules[0])}" if rules else "no DNS firewall"
            yield Box(
                name="dns",
                title="DNS: resolver of the VPC",
                lines=(f"answers every tier, for any name; {guard}",),
                kind="outside",
            )

    def elsewhere(self) -> Iterator[Box]:
        """Functions that run outside the VPC."""
        for function in self.view.of_type("AWS::Lambda::Function"):
            if function.logical_id not in self.network.workloads:
                yield Box(
                    name=function.logical_id,
                    title=f"Function: {label(function)}",
                    lines=(f"no network of its own; {self._scope(function.logical_id)}",),
                    kind="outside",
                )

    def _scope(self, name: str) -> str:
        return str(self.scopes.get(name, Scope.CONNECTED))

    def _guard(self, balancer: str) -> Iterator[str]:
        """Say which web ACL looks at the requests first."""
        for link in self.view.of_type("AWS::WAFv2::WebACLAssociation"):
            acl = self.view.target(link.get("WebACLArn"))
            if name_of(link.get("ResourceArn")) == balancer and acl is not None:
                rules = len(list(blocking_rules(acl)))
                yield f"WAF: {label(acl)}, {rules} blocking rules"

    def arrows(self) -> Iterator[Arrow]:
        merged: dict[tuple[str, str, Side, Tone], list[str]] = {}
        for flow in self.network.flows:
            for source, target, side, tone in self._legs(flow):
                ports = merged.setdefault((source, target, side, tone), [])
                text = service(flow.ports) + ("" if flow.certain else ", perhaps")
                if text not in ports:
                    ports.append(text)
        for (source, target, side, tone), ports in merged.items():
            for text in ports if len(ports) <= 3 else [f"{len(ports)} ports, see the register"]:
                yield Arrow(source=source, target=target, label=text, side=side, tone=tone)

    def _legs(self, flow: Flow) -> Iterator[tuple[str, str, Side, Tone]]:
        """Follow a flow through the NAT gateways that it takes."""
        outward = flow.target in (INTERNET, OTHER_NETWORKS)
        if not outward and flow.target not in self._drawn():
            return
        if not outward:
            if flow.source != INTERNET and self._from_anywhere(flow):
                return
            direct = self.network.workloads[flow.target].kind is not Kind.ENDPOINT
            yield (
                flow.source,
                flow.target,
                Side.LEFT if direct else Side.RIGHT,
                Tone.DATA if direct else Tone.OUT,
            )
            return
        gateways = {way.gateway for way in self._ways(flow.source) if way.kind == "NAT gateway"}
        if flow.target != INTERNET or not gateways:
            yield flow.source, flow.target, Side.RIGHT, Tone.OUT
            return
        box = _gateway_name(gateways)
        yield flow.source, box, Side.RIGHT, Tone.OUT
        yield box, INTERNET, Side.RIGHT, Tone.OUT

    def _from_anywhere(self, flow: Flow) -> bool:
        """Whether the internet may do the same, so that an arrow of its own says nothing."""
        return any(
            other.ports == flow.ports
            for other in self.network.reaching(flow.target)
            if other.source == INTERNET
        )

    def _drawn(self) -> set[str]:
        return set(self.network.workloads)

    def _inside(self) -> list[Workload]:
        return [
            workload
            for workload in self.network.workloads.values()
            if workload.kind is not Kind.ENDPOINT or workload.subnets
        ]

    def _tier(self, workload: Workload) -> Tier:
        tiers = self.network.tiers(workload)
        return next((tier for tier in _TIERS if tier in tiers), Tier.UNKNOWN)

    def _ways(self, workload: str) -> list[Exit]:
        found = self.network.workloads.get(workload)
        return [
            way
            for name in (found.subnets if found is not None else ())
            if name in self.network.subnets
            for way in self.network.subnets[name].exits
        ]

    def _gateways(self, subnets: Sequence[Subnet]) -> Iterator[Box]:
        """The NAT gateways that stand in some subnets, one box for those used together."""
        here = {subnet.logical_id for subnet in subnets}
        used: set[frozenset[str]] = set()
        for flow in self.network.flows:
            if flow.target == INTERNET:
                ways = self._ways(flow.source)
                used.add(frozenset(way.gateway for way in ways if way.kind == "NAT gateway"))
        for gateways in sorted(used - {frozenset()}, key=sorted):
            resources = [
                self.view.resources[name] for name in gateways if name in self.view.resources
            ]
            stands = {
                target
                for resource in resources
                if (target := resource.referenced("SubnetId")) is not None
            }
            if stands & here:
                count = len(gateways)
                yield Box(
                    name=_gateway_name(gateways),
                    title=f"{count} NAT gateways, one per zone" if count > 1 else "NAT gateway",
                    lines=("the way out; nothing comes in",),
                )

    def _box(self, workload: Workload) -> Box:
        resource = self.view.resources[workload.logical_id]
        ports = ", ".join(str(port) for port in workload.ports)
        details = [f"listens on {ports}"] if ports else []
        if workload.public:
            details.append("public address")
        return Box(
            name=workload.logical_id,
            title=f"{KINDS[workload.kind]}: {label(resource)}",
            lines=(
                f"{resource.type}, {self._scope(workload.logical_id)}",
                *(line for line in (", ".join(details), *self._guard(workload.logical_id)) if line),
            ),
            kind="store" if workload.kind in STORES else "",
        )


def _cell(subnet: Subnet) -> str:
    return f"{subnet.zone or 'zone known at deployment'}  {subnet.cidr or ''}".strip()


def _gateway_name(gateways: set[str] | frozenset[str]) -> str:
    return "nat:" + ",".join(sorted(gateways))
