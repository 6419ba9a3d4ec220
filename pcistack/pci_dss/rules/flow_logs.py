"""Requirements 10.2.1 and 10.2.2: flow logs are there, and leave nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    Extent,
    Hit,
    hit,
    show,
)
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Resource

_FIELDS: Final = {
    "who": (("srcaddr", "pkt-srcaddr"), ("dstaddr", "pkt-dstaddr")),
    "what": (("srcport",), ("dstport",), ("protocol",)),
    "when": (("start",), ("end",)),
    "whether it was let through": (("action",),),
}
_FIELD: Final = re.compile(r"\$\{([a-z0-9-]+)\}")


@rule(
    "PCI-10.2.2-FLOW-LOG-FIELDS",
    "Flow logs say who, what, when, and whether it was let through",
    asks="Each entry names its origin, the type of event, date and time, result and target.",
    requirements=("10.2.2",),
    types=("AWS::EC2::FlowLog",),
    fix="Leave LogFormat out, or name ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
    "${start} ${end} ${action} in it.",
)
def flow_log_fields(context: Context) -> Iterator[Hit]:
    for log in context.of_type("AWS::EC2::FlowLog"):
        written = log.get("LogFormat")
        if not isinstance(written, str) or isinstance(written, Partial):
            continue
        transit = str(log.get("ResourceType")).startswith("TransitGateway")
        fields = set(_FIELD.findall(written))
        missing = [
            alternatives[0]
            for what, needed in _FIELDS.items()
            for alternatives in needed
            if not fields & set(alternatives) and not (transit and what.startswith("whether"))
        ]
        if missing:
            yield hit(log, "LogFormat", f"the entries leave out {', '.join(missing)}")


@rule(
    "PCI-10.2.1-FLOW-LOGS",
    "Every VPC logs all of its traffic",
    asks="Audit logs are on for all components; network traffic is part of the record.",
    requirements=("10.2.1", "10.2.2"),
    related=("EC2.6",),
    types=("AWS::EC2::VPC", "AWS::EC2::FlowLog", "AWS::EC2::TransitGateway"),
    extent=Extent.FULL,
    fix="Add AWS::EC2::FlowLog with ResourceType VPC and TrafficType ALL.",
)
def flow_logs(context: Context) -> Iterator[Hit]:
    logged: set[str] = set()
    for log in context.of_type("AWS::EC2::FlowLog"):
        traffic = log.get("TrafficType")
        if traffic not in ("ALL", None) or (
            traffic is None and not str(log.get("ResourceType")).startswith("TransitGateway")
        ):
            yield hit(log, "TrafficType", f"TrafficType is {show(traffic)}, not ALL")
        if log.get("ResourceType") == "VPC" and _destination(log):
            logged.add(name_of(log.get("ResourceId")))
        elif not _destination(log):
            yield hit(log, "LogDestination", "the flow log has no destination")
    for vpc in context.of_type("AWS::EC2::VPC"):
        if vpc.logical_id not in logged:
            yield Hit(resource=vpc.logical_id, message="no flow log records its traffic")
    recorded = {name_of(log.get("ResourceId")) for log in context.of_type("AWS::EC2::FlowLog")}
    for gateway in context.of_type("AWS::EC2::TransitGateway"):
        if gateway.logical_id not in recorded:
            message = "no flow log records what passes it"
            yield hit(gateway, "", message, severity=Severity.WARNING)


def _destination(log: Resource) -> bool:
    kind = log.get("LogDestinationType")
    if kind in (None, "cloud-watch-logs"):
        where = log.get("LogGroupName") or log.get("LogDestination")
        return bool(where) and bool(log.get("DeliverLogsPermissionArn"))
    return bool(log.get("LogDestination"))
