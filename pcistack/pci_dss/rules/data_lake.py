"""Requirement 10.5.1: what Security Lake gathers is kept, and at hand; and a move is logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import counted
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value, number

_LAKE: Final = "AWS::SecurityLake::DataLake"
_ARCHIVES: Final = ("GLACIER", "DEEP_ARCHIVE")
_AT_HAND: Final = 90


@rule(
    "PCI-10.5.1-SECURITY-LAKE",
    "A security lake keeps its records for 12 months, three of them at hand",
    asks="Audit logs are kept for at least 12 months, the last three at once available.",
    requirements=("10.5.1",),
    types=(_LAKE,),
    fix="LifecycleConfiguration with Expiration.Days of 365 or more, and no archive before 90.",
)
def security_lake(context: Context) -> Iterator[Hit]:
    for lake in context.of_type(_LAKE):
        path = "LifecycleConfiguration.Expiration.Days"
        days = lake.number(path)
        if days is not None and days < accepted.LOG_DAYS:
            yield hit(lake, path, f"records are kept for {counted(days, 'day')}")
        for index, item in enumerate(lake.items("LifecycleConfiguration.Transitions")):
            archived = isinstance(item, dict) and item.get("StorageClass") in _ARCHIVES
            after = number(item.get("Days")) if isinstance(item, dict) else None
            if archived and after is not None and after < _AT_HAND:
                at = f"LifecycleConfiguration.Transitions.{index}"
                yield hit(lake, at, f"records are archived after {counted(after, 'day')}")


_TASKS: Final = {
    "AWS::DMS::ReplicationTask": "ReplicationTaskSettings",
    "AWS::DMS::ReplicationConfig": "ReplicationSettings",
}
_COMPONENTS: Final = ("SOURCE_CAPTURE", "SOURCE_UNLOAD", "TARGET_APPLY", "TARGET_LOAD")
_ENOUGH: Final = ("default", "debug", "detailed_debug")


@rule(
    "PCI-10.2.1-MIGRATION-LOGS",
    "Tasks that move data between stores log what they read and write",
    asks="Audit logs record access to data.",
    requirements=("10.2.1", "10.4.2"),
    security_hub=("DMS.7", "DMS.8"),
    types=tuple(_TASKS),
    fix="In the settings: Logging.EnableLogging true, with SOURCE_CAPTURE, SOURCE_UNLOAD, "
    "TARGET_APPLY and TARGET_LOAD at LOGGER_SEVERITY_DEFAULT.",
)
def migration_logs(context: Context) -> Iterator[Hit]:
    for kind, path in _TASKS.items():
        for task in context.of_type(kind):
            yield from _logging(task, path)


def _logging(task: Resource, path: str) -> Iterator[Hit]:
    if task.is_unknown(path):
        return
    written = task.get(path)
    try:
        settings: Value = json.loads(str(written)) if isinstance(written, str) else written
    except ValueError:
        return
    logging = settings.get("Logging") if isinstance(settings, dict) else None
    known = logging if isinstance(logging, dict) else {}
    if str(known.get("EnableLogging")).lower() != "true":
        yield hit(task, path, "EnableLogging is not true: what is moved is recorded nowhere")
        return
    components = known.get("LogComponents")
    quiet = [
        str(item.get("Id"))
        for item in (components if isinstance(components, list) else [])
        if isinstance(item, dict)
        and item.get("Id") in _COMPONENTS
        and not str(item.get("Severity")).lower().removeprefix("logger_severity_").endswith(_ENOUGH)
    ]
    if quiet:
        yield hit(task, path, f"{', '.join(quiet)} records errors only")
