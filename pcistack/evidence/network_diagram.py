"""The network diagram (PCI DSS 1.2.3): tiers, subnets, what stands in them, and every flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence import explanations
from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side, Tone
from pcistack.evidence.inventory import Scope, components
from pcistack.evidence.ports import service
from pcistack.evidence.settings_in_context import blocking_rules
from pcistack.evidence.values import label, shown
from pcistack.evidence.wording import claim
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Exit,
    Flow,
    Kind,
    NetworkMap,
    NetworkWorkload,
    Subnet,
    SubnetTier,
)
from pcistack.template.references import name_of
from pcistack.template.view import View

_TIERS: Final[Mapping[SubnetTier, tuple[str, str]]] = {
    SubnetTier.PUBLIC: (claim("Public tier"), claim("routes to the internet, both ways")),
    SubnetTier.PRIVATE: (claim("Private tier"), claim("routes out through a gateway, none in")),
    SubnetTier.ISOLATED: (claim("Isolated tier"), claim("no route out of the VPC")),
    SubnetTier.UNKNOWN: (claim("Not placed"), claim("subnets or routes are not in this template")),
}
_NOT_REACHED: Final = claim("no way in from the internet is drawn here")
_GATEWAY: Final = claim("gateway endpoint {}")
_NO_FIREWALL: Final = claim("answers every tier, for any name; no DNS firewall in this template")
_FIREWALL: Final = claim("answers every tier, for names that {} admits")
_NO_NETWORK: Final = claim("no network of its own; {}")
_GUARD: Final = claim("WAF: {}, {}")
PERHAPS: Final = claim("{}, perhaps")
_MANY: Final = claim("{} ports, see the register")
_NAT: Final = claim("NAT gateway")
_NATS: Final = claim("{} NAT gateways")
_OUT_ONLY: Final = claim("the way out; nothing comes in")
_LISTENS: Final = claim("listens on {}")
_PUBLIC: Final = claim("public address")
_ANY_ZONE: Final = claim("zone known at deployment")


def reached(network: NetworkMap) -> tuple[str, ...]:
    """Say so, if no way from the internet is drawn."""
    return () if network.from_internet() else (_NOT_REACHED,)


def network_chart(view: View, network: NetworkMap) -> Chart:
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
                title=explanations.OTHER_NETWORKS_TITLE,
                lines=(explanations.OTHER_NETWORKS_LINE,),
                kind="outside",
            )
        )
    services = (*drawing.services(), *drawing.resolver(), *drawing.elsewhere())
    groups = [Group(boxes=tuple(outside), title=""), *drawing.tiers()]
    if services:
        title, note = explanations.AWS_SERVICES
        groups.append(Group(title=title, note=note, boxes=services))
    return Chart(
        title=explanations.NETWORK_TITLE,
        frame=_vpcs(view),
        groups=tuple(groups),
        arrows=arrows,
    )


def _vpcs(view: View) -> str:
    vpcs = [f"{label(vpc)}  {shown(vpc.get('CidrBlock'))}" for vpc in view.of_type("AWS::EC2::VPC")]
    return "VPC " + ", ".join(vpcs) if vpcs else ""


@dataclass(frozen=True, slots=True)
class _NetworkDrawing:
    view: View
    network: NetworkMap
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
                    lines=(_GATEWAY.format(label(endpoint)),),
                    kind="outside",
                )

    def resolver(self) -> Iterator[Box]:
        """The VPC's resolver, which every tier can ask and no security group governs."""
        vpcs = self.view.of_type("AWS::EC2::VPC")
        if any(vpc.flag("EnableDnsSupport") is not False for vpc in vpcs):
            rules = self.view.of_type("AWS::Route53Resolver::FirewallRuleGroupAssociation")
            groups = " and ".join(label(rule) for rule in rules)
            yield Box(
                name="dns",
                title=explanations.RESOLVER,
                lines=(_FIREWALL.format(groups) if groups else _NO_FIREWALL,),
                kind="outside",
            )

    def elsewhere(self) -> Iterator[Box]:
        """Functions that run outside the VPC."""
        for function in self.view.of_type("AWS::Lambda::Function"):
            if function.logical_id not in self.network.workloads:
                yield Box(
                    name=function.logical_id,
                    title=f"{explanations.KINDS[Kind.FUNCTION]}: {label(function)}",
                    lines=(_NO_NETWORK.format(self._scope(function.logical_id)),),
                    kind="outside",
                )

    def _scope(self, name: str) -> str:
        return str(self.scopes.get(name, Scope.CONNECTED))

    def _guard(self, balancer: str) -> Iterator[str]:
        """Say which web ACL looks at the requests first."""
        for link in self.view.of_type("AWS::WAFv2::WebACLAssociation"):
            acl = self.view.target(link.get("WebACLArn"))
            if name_of(link.get("ResourceArn")) == balancer and acl is not None:
                rules = counted(len(list(blocking_rules(acl))), "blocking rule")
                yield _GUARD.format(label(acl), rules)

    def arrows(self) -> Iterator[Arrow]:
        merged: dict[tuple[str, str, Side, Tone], list[str]] = {}
        for flow in self.network.flows:
            for source, target, side, tone in self._legs(flow):
                ports = merged.setdefault((source, target, side, tone), [])
                text = service(flow.ports)
                text = text if flow.certain else PERHAPS.format(text)
                if text not in ports:
                    ports.append(text)
        for (source, target, side, tone), ports in merged.items():
            for text in ports if len(ports) <= 3 else [_MANY.format(len(ports))]:
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
        if flow.target != INTERNET or not self._subnets_of(gateways):
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

    def _inside(self) -> list[NetworkWorkload]:
        return [
            workload
            for workload in self.network.workloads.values()
            if workload.kind is not Kind.ENDPOINT or workload.subnets
        ]

    def _tier(self, workload: NetworkWorkload) -> SubnetTier:
        tiers = self.network.tiers(workload)
        return next((tier for tier in _TIERS if tier in tiers), SubnetTier.UNKNOWN)

    def _ways(self, workload: str) -> list[Exit]:
        found = self.network.workloads.get(workload)
        return [
            way
            for name in (found.subnets if found is not None else ())
            if name in self.network.subnets
            for way in self.network.subnets[name].exits
        ]

    def _subnets_of(self, gateways: AbstractSet[str]) -> set[str]:
        """The template's subnets in which NAT gateways stand; others are not drawn."""
        resources = [self.view.resources[name] for name in gateways if name in self.view.resources]
        named = {resource.referenced("SubnetId") for resource in resources}
        return {name for name in named if name in self.network.subnets}

    def _gateways(self, subnets: Sequence[Subnet]) -> Iterator[Box]:
        """The NAT gateways that stand in some subnets, one box for those used together."""
        here = {subnet.logical_id for subnet in subnets}
        used: set[frozenset[str]] = set()
        for flow in self.network.flows:
            if flow.target == INTERNET:
                ways = self._ways(flow.source)
                used.add(frozenset(way.gateway for way in ways if way.kind == "NAT gateway"))
        for gateways in sorted(used - {frozenset()}, key=sorted):
            if self._subnets_of(gateways) & here:
                count = len(gateways)
                yield Box(
                    name=_gateway_name(gateways),
                    title=_NATS.format(count) if count > 1 else _NAT,
                    lines=(_OUT_ONLY,),
                )

    def _box(self, workload: NetworkWorkload) -> Box:
        resource = self.view.resources[workload.logical_id]
        ports = ", ".join(str(port) for port in workload.ports)
        details = [_LISTENS.format(ports)] if ports else []
        if workload.public:
            details.append(_PUBLIC)
        return Box(
            name=workload.logical_id,
            title=f"{explanations.KINDS[workload.kind]}: {label(resource)}",
            lines=(
                f"{resource.type}, {self._scope(workload.logical_id)}",
                *(line for line in (", ".join(details), *self._guard(workload.logical_id)) if line),
            ),
            kind="store" if workload.kind in STORES else "",
        )


def _cell(subnet: Subnet) -> str:
    return f"{subnet.zone or _ANY_ZONE}  {subnet.cidr or ''}".strip()


def _gateway_name(gateways: AbstractSet[str]) -> str:
    return "nat:" + ",".join(sorted(gateways))
