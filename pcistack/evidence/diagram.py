"""What the diagrams show: the network (PCI DSS 1.2.3) and the flows of account data (1.2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.channels import Channel, channels
from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side, Tone
from pcistack.evidence.logs import log_sources
from pcistack.evidence.ports import service
from pcistack.evidence.secrets import secrets
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
from pcistack.template.view import View

_TIERS: Final[Mapping[Tier, tuple[str, str]]] = {
    Tier.PUBLIC: ("Public tier", "routes to the internet, both ways"),
    Tier.PRIVATE: ("Private tier", "routes out through a gateway, none in"),
    Tier.ISOLATED: ("Isolated tier", "no route out of the VPC"),
    Tier.UNKNOWN: ("Not placed", "subnets or routes are not in this template"),
}
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.LOAD_BALANCER: "Load balancer",
    Kind.TASKS: "Tasks",
    Kind.FUNCTION: "Function",
    Kind.INSTANCE: "Instance",
    Kind.DATABASE: "Database",
    Kind.CACHE: "Cache",
    Kind.SEARCH: "Search",
    Kind.FILES: "File system",
    Kind.STREAM: "Stream",
    Kind.PROXY: "Database proxy",
    Kind.ENDPOINT: "Endpoint",
}
_RECEIVES: Final = frozenset({Kind.LOAD_BALANCER})


# The network


def network_chart(view: View, network: Network) -> Chart:
    """Return the network diagram: tiers, subnets, what stands in them, and every flow."""
    drawing = _NetworkDrawing(view, network)
    arrows = tuple(drawing.arrows())
    used = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    outside = [Box(name=INTERNET, title="Internet", lines=_reached(network), kind="outside")]
    if OTHER_NETWORKS in used:
        outside.append(
            Box(
                name=OTHER_NETWORKS,
                title="Other networks",
                lines=("behind a transit gateway, a VPN or a peering",),
                kind="outside",
            )
        )
    services = tuple(drawing.services())
    groups = [Group(boxes=tuple(outside), title=""), *drawing.tiers()]
    if services:
        groups.append(
            Group(title="AWS services", note="reached without the internet", boxes=services)
        )
    return Chart(
        title="Network diagram: tiers, subnets, workloads and the connections between them",
        frame=_vpcs(view),
        groups=tuple(groups),
        arrows=arrows,
    )


def _reached(network: Network) -> tuple[str, ...]:
    return () if network.from_internet() else ("the internet reaches nothing in this network",)


def _vpcs(view: View) -> str:
    vpcs = [f"{label(vpc)}  {shown(vpc.get('CidrBlock'))}" for vpc in view.of_type("AWS::EC2::VPC")]
    return "VPC " + ", ".join(vpcs) if vpcs else ""


@dataclass(frozen=True, slots=True)
class _NetworkDrawing:
    view: View
    network: Network

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
            title=f"{_KINDS[workload.kind]}: {label(resource)}",
            lines=tuple(line for line in (resource.type, ", ".join(details)) if line),
            kind="store" if workload.kind in STORES else "",
        )


def _cell(subnet: Subnet) -> str:
    return f"{subnet.zone or 'zone known at deployment'}  {subnet.cidr or ''}".strip()


def _gateway_name(gateways: set[str] | frozenset[str]) -> str:
    return "nat:" + ",".join(sorted(gateways))


# The flows of account data


def data_flow_chart(view: View, network: Network) -> Chart:
    """Return the data-flow diagram: where account data travels, rests and is recorded."""
    drawing = _DataDrawing(view, network)
    groups = tuple(group for group in drawing.groups() if group.boxes)
    boxes = {box.name for group in groups for box in group.boxes}
    return Chart(
        title="Data-flow diagram: where account data travels and rests, and how it is protected",
        frame="",
        groups=groups,
        arrows=tuple(
            arrow for arrow in drawing.arrows() if arrow.source in boxes and arrow.target in boxes
        ),
    )


def _protection(flow: Flow, known: Sequence[Channel]) -> str:
    """Port and protection of a flow, as short as a label must be."""
    port = str(flow.ports).rpartition("/")[2]
    for channel in known:
        if channel.towards == flow.target and channel.port in ("", str(flow.ports.first)):
            return f"{port}: {channel.protocols}"
    return f"{port}: as the application does"


_BACKUPS: Final = "backups"
_LOGS: Final = "logs"
_SECRETS: Final = "secrets"


@dataclass(frozen=True, slots=True)
class _DataDrawing:
    view: View
    network: Network

    def groups(self) -> Iterator[Group]:
        yield Group(
            title="",
            boxes=(
                Box(
                    name=INTERNET,
                    title="Customers",
                    lines=_reached(self.network),
                    kind="outside",
                ),
            ),
        )
        yield Group(title="Receives", note="ends TLS", boxes=self._workloads(_RECEIVES))
        yield Group(
            title="Processes",
            note="your container image or code",
            boxes=self._workloads(set(Kind) - STORES - _RECEIVES - {Kind.ENDPOINT}),
        )
        yield Group(title="Stores", boxes=self._workloads(STORES) + self._copies())
        yield Group(title="Credentials and records", boxes=self._aside())

    def arrows(self) -> Iterator[Arrow]:
        internet = {
            (flow.target, flow.ports) for flow in self.network.flows if flow.source == INTERNET
        }
        known = channels(self.view)
        for flow in self.network.flows:
            target = self.network.workloads.get(flow.target)
            if target is None or target.kind is Kind.ENDPOINT:
                continue
            if flow.source != INTERNET and (flow.target, flow.ports) in internet:
                continue
            yield Arrow(source=flow.source, target=flow.target, label=_protection(flow, known))
        for store in self.network.stores():
            yield Arrow(
                source=store.logical_id,
                target=_BACKUPS,
                label="copies",
                side=Side.RIGHT,
                tone=Tone.ASIDE,
            )
        yield from self._events()

    def _events(self) -> Iterator[Arrow]:
        sources = {row.source for row in log_sources(self.view)}
        tasks = {
            workload.logical_id: self.view.resources[workload.logical_id].referenced(
                "TaskDefinition"
            )
            for workload in self.network.workloads.values()
        }
        for name, task in tasks.items():
            if name in sources or task in sources:
                yield Arrow(
                    source=name, target=_LOGS, label="events", side=Side.RIGHT, tone=Tone.ASIDE
                )
            if task is not None and self._reads_secrets(task):
                yield Arrow(
                    source=_SECRETS,
                    target=name,
                    label="credentials",
                    side=Side.RIGHT,
                    tone=Tone.ASIDE,
                )

    def _reads_secrets(self, task: str) -> bool:
        return any(
            self.view.resources[task].items(f"ContainerDefinitions.{index}.Secrets")
            for index, _ in enumerate(self.view.resources[task].items("ContainerDefinitions"))
        )

    def _workloads(self, kinds: frozenset[Kind] | set[Kind]) -> tuple[Box, ...]:
        return tuple(
            Box(
                name=workload.logical_id,
                title=f"{_KINDS[workload.kind]}: {label(self.view.resources[workload.logical_id])}",
                lines=self._lines(workload),
                kind="store" if workload.kind in STORES else "",
            )
            for workload in self.network.workloads.values()
            if workload.kind in kinds
        )

    def _lines(self, workload: Workload) -> tuple[str, ...]:
        resource = self.view.resources[workload.logical_id]
        lines = []
        if any(
            association.referenced("ResourceArn") == workload.logical_id
            for association in self.view.of_type("AWS::WAFv2::WebACLAssociation")
        ):
            lines.append("behind a web application firewall")
        key = self.view.target(resource.get("KmsKeyId"))
        if key is not None:
            lines.append(f"encrypted with {label(key)}")
        elif workload.kind in STORES:
            encrypted = resource.flag("StorageEncrypted")
            lines.append("encrypted with AWS's own key" if encrypted else "not encrypted")
        return tuple(lines)

    def _copies(self) -> tuple[Box, ...]:
        days = [
            f"{label(store)} {shown(store.get('BackupRetentionPeriod'))} days"
            for store in self.view.of_type("AWS::RDS::DBCluster")
            if store.get("BackupRetentionPeriod") is not None
        ]
        if not days:
            return ()
        return (
            Box(
                name=_BACKUPS,
                title="Backups",
                lines=(f"{', '.join(days)}; same key as the data",),
                kind="store",
            ),
        )

    def _aside(self) -> tuple[Box, ...]:
        boxes = []
        kept = secrets(self.view)
        if kept:
            boxes.append(
                Box(
                    name=_SECRETS,
                    title="Secrets Manager",
                    lines=(f"{len(kept)} secret{'s' if len(kept) > 1 else ''}, see the register",),
                )
            )
        logs = log_sources(self.view)
        if logs:
            retention = sorted({row.retention for row in logs})
            boxes.append(
                Box(
                    name=_LOGS,
                    title="Logs",
                    lines=(f"{counted(len(logs), 'source')}, kept {', '.join(retention)}",),
                )
            )
        return tuple(boxes)
