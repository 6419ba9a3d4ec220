"""The data-flow diagram (PCI DSS 1.2.4): where account data travels, rests and is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.channels import Channel, channels
from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side, Tone
from pcistack.evidence.diagram_words import KINDS, reached
from pcistack.evidence.logins import behind
from pcistack.evidence.logs import log_sources
from pcistack.evidence.secrets import secrets
from pcistack.evidence.values import label, shown, targets
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Flow,
    Kind,
    Network,
    Workload,
)
from pcistack.pci_dss import accepted
from pcistack.template.references import name_of
from pcistack.template.view import Resource, View

_RECEIVES: Final = frozenset({Kind.LOAD_BALANCER})


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


def left_out(view: View, network: Network) -> str:
    """Say what the diagram does not show."""
    rotating = {
        name_of(one.get("RotationLambdaARN"))
        for one in view.of_type("AWS::SecretsManager::RotationSchedule")
    }
    functions = [
        label(one)
        for one in view.of_type("AWS::Lambda::Function")
        if one.logical_id not in network.workloads and one.logical_id not in rotating
    ]
    said = [
        "the flows inside your application",
        "what the internet may do as well",
        "questions to DNS",
        "calls to the AWS APIs",
    ]
    said += [f"{name}, which has no network of its own" for name in functions]
    return f"Left out: {'; '.join(said)}."


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
_ALARMS: Final = "alarms"
_OUTBOUND: Final = "outbound"
"""The internet as it is called, apart from the customers who call."""


@dataclass(frozen=True, slots=True)
class _DataDrawing:
    view: View
    network: Network

    def groups(self) -> Iterator[Group]:
        yield Group(title="", boxes=(self._customers(), *self._called()))
        yield Group(title="Receives", note="ends TLS", boxes=self._workloads(_RECEIVES))
        yield Group(
            title="Processes",
            note="your container image or code",
            boxes=self._workloads(set(Kind) - STORES - _RECEIVES - {Kind.ENDPOINT}),
        )
        yield Group(title="Stores", boxes=self._workloads(STORES) + self._copies())
        yield Group(title="Services", note="of AWS", boxes=self._endpoints())
        yield Group(title="Credentials and records", boxes=(*self._rotations(), *self._aside()))

    def _customers(self) -> Box:
        return Box(name=INTERNET, title="Customers", lines=reached(self.network), kind="outside")

    def _called(self) -> Iterator[Box]:
        """What is called from inside: whoever the application's processors are."""
        targets = {flow.target for flow in self.network.flows}
        if INTERNET in targets:
            yield Box(
                name=_OUTBOUND,
                title="Internet, called from inside",
                lines=("processors, registries, other APIs",),
                kind="outside",
            )
        if OTHER_NETWORKS in targets or OTHER_NETWORKS in {f.source for f in self.network.flows}:
            yield Box(name=OTHER_NETWORKS, title="Other networks", kind="outside")

    def _endpoints(self) -> tuple[Box, ...]:
        return tuple(
            Box(
                name=one.logical_id,
                title=f"Endpoint: {label(self.view.resources[one.logical_id])}",
                kind="outside",
            )
            for one in self.network.workloads.values()
            if one.kind is Kind.ENDPOINT
        )

    def _rotating(self) -> Iterator[tuple[Resource, Resource]]:
        """Functions that change secrets, each with its schedule."""
        for schedule in self.view.of_type("AWS::SecretsManager::RotationSchedule"):
            function = self.view.target(schedule.get("RotationLambdaARN"))
            if function is not None:
                yield function, schedule

    def _rotations(self) -> tuple[Box, ...]:
        found = {function.logical_id: function for function, _ in self._rotating()}
        return tuple(
            Box(name=name, title=f"Rotation: {label(function)}")
            for name, function in found.items()
            if name not in self.network.workloads
        )

    def arrows(self) -> Iterator[Arrow]:
        internet = {
            (flow.target, flow.ports) for flow in self.network.flows if flow.source == INTERNET
        }
        known = channels(self.view)
        for flow in self.network.flows:
            if flow.source != INTERNET and (flow.target, flow.ports) in internet:
                continue
            target = self.network.workloads.get(flow.target)
            out = target is None or target.kind is Kind.ENDPOINT
            yield Arrow(
                source=flow.source,
                target=_OUTBOUND if flow.target == INTERNET else flow.target,
                label=_protection(flow, known),
                side=Side.RIGHT if out else Side.LEFT,
                tone=Tone.OUT if out else Tone.DATA,
            )
        for store in self.network.stores():
            yield Arrow(
                source=store.logical_id,
                target=_BACKUPS,
                label="copies",
                side=Side.RIGHT,
                tone=Tone.ASIDE,
            )
        yield from self._events()
        yield from self._password_changes()
        yield from self._alarms()

    def _password_changes(self) -> Iterator[Arrow]:
        """New passwords on their way to Secrets Manager, and by the API of RDS to the database."""
        changed: dict[str, set[str]] = {}
        for function, schedule in self._rotating():
            secret = behind(self.view, name_of(schedule.get("SecretId")))
            changed.setdefault(function.logical_id, set()).add(secret)
        for name, of in changed.items():
            yield Arrow(
                source=name,
                target=_SECRETS,
                label="new passwords, over TLS",
                side=Side.RIGHT,
                tone=Tone.ASIDE,
            )
            for store in self.network.stores():
                database = self.view.resources[store.logical_id]
                direct = any(
                    flow.source == name for flow in self.network.reaching(store.logical_id)
                )
                if not direct and of & set(targets(database.get("MasterUserPassword"))):
                    yield Arrow(
                        source=name,
                        target=store.logical_id,
                        label="new password, RDS API",
                        side=Side.RIGHT,
                        tone=Tone.ASIDE,
                    )

    def _alarms(self) -> Iterator[Arrow]:
        if self.view.of_type("AWS::CloudWatch::Alarm"):
            yield Arrow(
                source=_LOGS, target=_ALARMS, label="alarms", side=Side.RIGHT, tone=Tone.ASIDE
            )

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
                logged = self.view.resources[name].items("EnableCloudwatchLogsExports")
                whole = accepted.STATEMENT_LOGS & {str(log) for log in logged}
                yield Arrow(
                    source=name,
                    target=_LOGS,
                    label="events and whole statements" if whole else "events",
                    side=Side.RIGHT,
                    tone=Tone.DATA if whole else Tone.ASIDE,
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
                title=f"{KINDS[workload.kind]}: {label(self.view.resources[workload.logical_id])}",
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
            f"{shown(store.get('BackupRetentionPeriod'))} days"
            for store in self.view.of_type("AWS::RDS::DBCluster")
            if store.get("BackupRetentionPeriod") is not None
        ]
        if not days:
            return ()
        return (
            Box(
                name=_BACKUPS,
                title="Backups",
                lines=(f"kept {', '.join(days)}, with the data's key",),
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
        if self.view.of_type("AWS::CloudWatch::Alarm"):
            told = len(self.view.of_type("AWS::SNS::Subscription"))
            lines = (f"{counted(told, 'subscription')} in this template",)
            boxes.append(Box(name=_ALARMS, title="Alarms, to people", lines=lines, kind="outside"))
        return tuple(boxes)
