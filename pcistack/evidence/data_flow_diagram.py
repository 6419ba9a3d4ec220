"""The data-flow diagram (PCI DSS 1.2.4): where account data travels, rests and is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence import explanations
from pcistack.evidence.application import Use, called_names, uses, with_tasks_that_end
from pcistack.evidence.channels import Channel, channels
from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side, Tone
from pcistack.evidence.explanations import KINDS
from pcistack.evidence.logins import behind
from pcistack.evidence.logs import NOT_HERE, log_sources
from pcistack.evidence.network_diagram import PERHAPS, reached
from pcistack.evidence.secrets import secrets
from pcistack.evidence.values import NONE, label, shown, targets
from pcistack.evidence.wording import claim
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    Flow,
    Kind,
    NetworkMap,
    NetworkWorkload,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of
from pcistack.template.view import Resource, View

_DAYS_KEPT: Final = "BackupRetentionPeriod"
_SNAPSHOTS: Final = ("SnapshotIdentifier", "DBSnapshotIdentifier", "SourceDBClusterIdentifier")
_ENCRYPTED_BY: Final = {
    "AWS::RDS::DBCluster": "StorageEncrypted",
    "AWS::RDS::DBInstance": "StorageEncrypted",
    "AWS::Neptune::DBCluster": "StorageEncrypted",
    "AWS::DocDB::DBCluster": "StorageEncrypted",
    "AWS::EFS::FileSystem": "Encrypted",
    "AWS::ElastiCache::ReplicationGroup": "AtRestEncryptionEnabled",
    "AWS::Redshift::Cluster": "Encrypted",
}
_RECEIVES: Final = frozenset({Kind.LOAD_BALANCER})


def data_flow_chart(context: Context) -> Chart:
    """Return the data-flow diagram: where account data travels, rests and is recorded."""
    network = with_tasks_that_end(context)
    drawing = _DataDrawing(context, network, tuple(uses(context, network)))
    groups = tuple(group for group in drawing.groups() if group.boxes)
    boxes = {box.name for group in groups for box in group.boxes}
    ends = dict.fromkeys(drawing.ends, _ENDING)
    arrows = dict.fromkeys(
        replace(
            one, source=ends.get(one.source, one.source), target=ends.get(one.target, one.target)
        )
        for one in drawing.arrows()
    )
    return Chart(
        title=explanations.DATA_FLOW_TITLE,
        frame="",
        groups=groups,
        arrows=tuple(arrow for arrow in arrows if arrow.source in boxes and arrow.target in boxes),
    )


def left_out(context: Context) -> str:
    """Say what the diagram does not show."""
    view, network = context.view, context.network
    rotating = {
        name_of(one.get("RotationLambdaARN"))
        for one in view.of_type("AWS::SecretsManager::RotationSchedule")
    }
    functions = [
        label(one)
        for one in view.of_type("AWS::Lambda::Function")
        if one.logical_id not in network.workloads and one.logical_id not in rotating
    ]
    return _LEFT_OUT.format("; ".join(functions)) if functions else ""


def _few(names: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of a box that tell some names; a box has room for so many."""
    if len(names) <= _MOST_LINES:
        return tuple(names)
    return (*names[: _MOST_LINES - 1], f"... ({counted(len(names), 'name')})")


def _protection(flow: Flow, known: Sequence[Channel], *, perhaps: bool) -> str:
    """Port and protection of a flow, as short as a label must be."""
    if perhaps:
        return PERHAPS.format(_protection(flow, known, perhaps=False))
    port = str(flow.ports).rpartition("/")[2]
    for channel in known:
        if channel.towards == flow.target and channel.port in ("", str(flow.ports.first)):
            return f"{port}: {channel.protocols}"
    return _AS_APPLICATION.format(port)


_LEFT_OUT: Final = claim("Left out, too, for want of a network of its own: {}.")
_AS_APPLICATION: Final = claim("{}: as the application does")
_COPIES: Final = claim("copies")
_NEW_SECRETS: Final = claim("new secrets, over TLS")
_NEW_PASSWORD: Final = claim("new password, RDS API")
_ALARM: Final = claim("alarms")
_EVENTS: Final = claim("events")
_STATEMENTS: Final = claim("events and whole statements")
_CREDENTIALS: Final = claim("credentials")
_GUARDED: Final = claim("behind a web application firewall")
_OWN_KEY: Final = claim("encrypted with {}")
_AWS_KEY: Final = claim("encrypted with AWS's own key")
_OUTSIDE_KEY: Final = claim("encrypted with a key from outside")
_PLAIN: Final = claim("not encrypted")
_KEPT: Final = claim("kept {}")
_SECRETS_SEEN: Final = claim("{}, see the register")
_LOGS_SEEN: Final = claim("{}, kept {}")
_TOLD: Final = claim("{} in this template")
_BACKUPS: Final = "backups"
_LOGS: Final = "logs"
_SECRETS: Final = "secrets"
_ALARMS: Final = "alarms"
_MOST_LINES: Final = 6
_ENDING: Final = "ending"
_DEFINITION: Final = "/TaskDefinition"
_OUTBOUND: Final = "outbound"
"""The internet as it is called, apart from the customers who call."""


@dataclass(frozen=True, slots=True)
class _DataDrawing:
    context: Context
    network: NetworkMap
    uses: tuple[Use, ...]

    @property
    def view(self) -> View:
        return self.context.view

    def groups(self) -> Iterator[Group]:
        yield Group(title="", boxes=(self._customers(), *self._called()))
        yield Group(title="Receives", boxes=self._workloads(_RECEIVES))
        yield Group(
            title="Processes",
            note=explanations.APPLICATION,
            boxes=self._workloads(set(Kind) - STORES - _RECEIVES - {Kind.ENDPOINT})
            + self._ending(),
        )
        yield Group(title="Stores", boxes=self._workloads(STORES) + self._copies())
        yield Group(title="Services", note="of AWS", boxes=self._endpoints() + self._used())
        yield Group(title=explanations.RECORDS, boxes=(*self._rotations(), *self._aside()))

    def _customers(self) -> Box:
        return Box(name=INTERNET, title="Customers", lines=reached(self.network), kind="outside")

    def _called(self) -> Iterator[Box]:
        """What is called from inside: whoever the application's processors are."""
        targets = {flow.target for flow in self.network.flows}
        if INTERNET in targets:
            yield Box(
                name=_OUTBOUND,
                title=explanations.CALLED[0],
                lines=_few(called_names(self.context)) or explanations.CALLED[1:],
                kind="outside",
            )
        if OTHER_NETWORKS in targets or OTHER_NETWORKS in {f.source for f in self.network.flows}:
            yield Box(name=OTHER_NETWORKS, title=explanations.OTHER_NETWORKS_TITLE, kind="outside")

    def _ending(self) -> tuple[Box, ...]:
        """Tasks that no service keeps running, in one box: jobs, and what a person starts."""
        names = [label(self.view.resources[name]).removesuffix(_DEFINITION) for name in self.ends]
        if not names:
            return ()
        return (Box(name=_ENDING, title=explanations.ENDING, lines=_few(names)),)

    @property
    def ends(self) -> list[str]:
        return [
            name
            for name in self.network.workloads
            if self.view.resources[name].type == "AWS::ECS::TaskDefinition"
        ]

    def _used(self) -> tuple[Box, ...]:
        """Queues, buckets and others that tasks may use, of this template or not."""
        titles = {use.node: use.title for use in self.uses}
        return tuple(
            Box(name=node, title=title, kind="store")
            for node, title in titles.items()
            if node not in self.network.workloads
        )

    def _uses(self) -> Iterator[Arrow]:
        for use in self.uses:
            first, *others = use.actions
            yield Arrow(
                source=use.workload,
                target=use.node,
                label=f"{first}, +{len(others)}" if others else first,
                side=Side.RIGHT,
                tone=Tone.OUT,
            )

    def _endpoints(self) -> tuple[Box, ...]:
        return tuple(
            Box(
                name=one.logical_id,
                title=f"{KINDS[one.kind]}: {label(self.view.resources[one.logical_id])}",
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
        known = channels(self.context)
        for flow in self.network.flows:
            if flow.source != INTERNET and (flow.target, flow.ports) in internet:
                continue
            target = self.network.workloads.get(flow.target)
            out = target is None or target.kind is Kind.ENDPOINT
            yield Arrow(
                source=flow.source,
                target=_OUTBOUND if flow.target == INTERNET else flow.target,
                label=_protection(flow, known, perhaps=not flow.certain),
                side=Side.RIGHT if out else Side.LEFT,
                tone=Tone.OUT if out else Tone.DATA,
            )
        for store in self._kept():
            yield Arrow(
                source=store.logical_id,
                target=_BACKUPS,
                label=_COPIES,
                side=Side.RIGHT,
                tone=Tone.ASIDE,
            )
        yield from self._uses()
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
                label=_NEW_SECRETS,
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
                        label=_NEW_PASSWORD,
                        side=Side.RIGHT,
                        tone=Tone.ASIDE,
                    )

    def _alarms(self) -> Iterator[Arrow]:
        if self.view.of_type("AWS::CloudWatch::Alarm"):
            yield Arrow(
                source=_LOGS, target=_ALARMS, label=_ALARM, side=Side.RIGHT, tone=Tone.ASIDE
            )

    def _events(self) -> Iterator[Arrow]:
        sources = {row.source for row in log_sources(self.view)}
        tasks = {
            workload.logical_id: workload.logical_id
            if workload.logical_id in self.ends
            else self.view.resources[workload.logical_id].referenced("TaskDefinition")
            for workload in self.network.workloads.values()
        }
        for name, task in tasks.items():
            if name in sources or task in sources:
                logged = self.view.resources[name].items("EnableCloudwatchLogsExports")
                whole = accepted.STATEMENT_LOGS & {str(log) for log in logged}
                yield Arrow(
                    source=name,
                    target=_LOGS,
                    label=_STATEMENTS if whole else _EVENTS,
                    side=Side.RIGHT,
                    tone=Tone.DATA if whole else Tone.ASIDE,
                )
            if task is not None and self._reads_secrets(task):
                yield Arrow(
                    source=_SECRETS,
                    target=name,
                    label=_CREDENTIALS,
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
            if workload.kind in kinds and workload.logical_id not in self.ends
        )

    def _lines(self, workload: NetworkWorkload) -> tuple[str, ...]:
        resource = self.view.resources[workload.logical_id]
        lines = []
        if any(
            association.referenced("ResourceArn") == workload.logical_id
            for association in self.view.of_type("AWS::WAFv2::WebACLAssociation")
        ):
            lines.append(_GUARDED)
        if workload.kind in STORES:
            lines += self._encryption(resource)
        return tuple(lines)

    def _encryption(self, store: Resource) -> Iterator[str]:
        """Say what encrypts a store, where its type is one whose setting is known here."""
        named = store.get("KmsKeyId")
        key = self.view.target(named)
        setting = _ENCRYPTED_BY.get(store.type)
        restored = any(store.get(path) is not None for path in _SNAPSHOTS)  # as that was
        if key is not None:
            yield _OWN_KEY.format(label(key))
        elif named is not None:
            yield _OUTSIDE_KEY
        elif setting is not None and store.flag(setting) is True:
            yield _AWS_KEY
        elif setting is not None and store.get(setting) in (None, False) and not restored:
            yield _PLAIN

    def _copies(self) -> tuple[Box, ...]:
        days = {f"{shown(store.get(_DAYS_KEPT))} days" for store in self._kept()}
        if not days:
            return ()
        kept = _KEPT.format(", ".join(sorted(days)))
        return (Box(name=_BACKUPS, title="Backups", lines=(kept,), kind="store"),)

    def _kept(self) -> list[Resource]:
        """Databases that keep backups by themselves."""
        stores = (self.view.resources[store.logical_id] for store in self.network.stores())
        return [store for store in stores if store.get(_DAYS_KEPT) not in (None, 0)]

    def _aside(self) -> tuple[Box, ...]:
        boxes = []
        kept = secrets(self.view)
        if kept:
            boxes.append(
                Box(
                    name=_SECRETS,
                    title="Secrets Manager",
                    lines=(_SECRETS_SEEN.format(counted(len(kept), "secret")),),
                )
            )
        logs = log_sources(self.view)
        if logs:
            retention = sorted({row.retention for row in logs} - {NOT_HERE, NONE})
            sources = counted(len(logs), "source")
            boxes.append(
                Box(
                    name=_LOGS,
                    title="Logs",
                    lines=(
                        _LOGS_SEEN.format(sources, ", ".join(retention)) if retention else sources,
                    ),
                )
            )
        if self.view.of_type("AWS::CloudWatch::Alarm"):
            told = len(self.view.of_type("AWS::SNS::Subscription"))
            lines = (_TOLD.format(counted(told, "subscription")),)
            boxes.append(Box(name=_ALARMS, title=explanations.PEOPLE, lines=lines, kind="outside"))
        return tuple(boxes)
