"""Requirement 10.2.1: trails and recorders leave nothing out."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss import accepted, audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import wrong
from pcistack.template.view import Resource, Value


@rule(
    "PCI-10.2.1-RECORDER-PARTIAL",
    "The recorder of configurations records every type",
    asks="Changes of system components are recorded.",
    requirements=("10.2.1", "11.5.2"),
    severity=Severity.WARNING,
    types=("AWS::Config::ConfigurationRecorder",),
    fix="RecordingGroup with AllSupported and IncludeGlobalResourceTypes true; RecordingMode "
    "CONTINUOUS.",
)
def recorder_partial(context: Context) -> Iterator[Hit]:
    for recorder in context.of_type("AWS::Config::ConfigurationRecorder"):
        overrides = recorder.items("RecordingMode.RecordingModeOverrides")
        for index, item in enumerate(overrides):
            if isinstance(item, dict) and item.get("RecordingFrequency") == "DAILY":
                yield hit(
                    recorder,
                    f"RecordingMode.RecordingModeOverrides.{index}.RecordingFrequency",
                    "what changes and changes back within a day is not recorded",
                )
        group = recorder.get("RecordingGroup")
        if group is None:
            continue  # every supported type of the region
        strategy = recorder.get("RecordingGroup.RecordingStrategy.UseOnly")
        if recorder.flag("RecordingGroup.AllSupported") is not True and strategy != (
            "ALL_SUPPORTED_RESOURCE_TYPES"
        ):
            yield hit(recorder, "RecordingGroup", "it records some types only")
        elif recorder.flag("RecordingGroup.IncludeGlobalResourceTypes") is not True:
            yield hit(
                recorder,
                "RecordingGroup.IncludeGlobalResourceTypes",
                "users, roles and policies are not recorded",
            )
        if recorder.get("RecordingMode.RecordingFrequency") == "DAILY":
            yield hit(
                recorder,
                "RecordingMode.RecordingFrequency",
                "what changes and changes back within a day is not recorded",
            )


@rule(
    "PCI-10.2.1-TRAIL-EVENTS",
    "Trails and event stores leave no management event out",
    asks="Audit logs record all actions of administrators, and access to the logs themselves.",
    requirements=("10.2.1", "10.2.1.2", "10.2.1.7", "10.5.1"),
    types=("AWS::CloudTrail::Trail", "AWS::CloudTrail::EventDataStore"),
    fix="IncludeGlobalServiceEvents true; event selectors with management events, ReadWriteType "
    "All and no exclusions; RetentionPeriod 365 or more, IngestionEnabled.",
)
def trail_events(context: Context) -> Iterator[Hit]:
    for trail in context.of_type("AWS::CloudTrail::Trail"):
        if trail.flag("IncludeGlobalServiceEvents") is False:
            yield hit(trail, "IncludeGlobalServiceEvents", "events of IAM and STS are left out")
        selectors = trail.items("EventSelectors")
        for index, item in enumerate(selectors):
            if isinstance(item, dict):
                yield from _selector(trail, f"EventSelectors.{index}", item)
        advanced = trail.items("AdvancedEventSelectors")
        if advanced and "'Management'" not in str(advanced):
            yield hit(trail, "AdvancedEventSelectors", "no selector holds management events")
    yield from wrong(context, audit_settings.TRAILS)
    for record in context.of_type("AWS::CloudTrail::Trail", "AWS::CloudTrail::EventDataStore"):
        yield from _advanced(record)
    yield from _stores(context)


def _stores(context: Context) -> Iterator[Hit]:
    for store in context.of_type("AWS::CloudTrail::EventDataStore"):
        days = store.number("RetentionPeriod")
        if days is not None and days < accepted.LOG_DAYS:
            yield hit(
                store,
                "RetentionPeriod",
                f"events are kept for {counted(days, 'day')}; {accepted.LOG_DAYS} are asked for",
            )
        for flag in ("IngestionEnabled", "MultiRegionEnabled"):
            if store.flag(flag) is False:
                yield hit(store, flag, f"{flag} is false")


def _advanced(record: Resource) -> Iterator[Hit]:
    """Yield the selectors of management events that narrow them, if no other takes them all."""
    narrowed: list[str] = []
    for index, item in enumerate(record.items("AdvancedEventSelectors")):
        fields = item.get("FieldSelectors") if isinstance(item, dict) else None
        known = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
        if not any("Management" in str(one.get("Equals")) for one in known):
            continue
        if len(known) == 1:
            return
        narrowed.append(f"AdvancedEventSelectors.{index}")
    if len(narrowed) == 1:
        yield hit(record, narrowed[0], "some management events only are recorded")


def _selector(trail: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    if str(item.get("IncludeManagementEvents")).lower() == "false":
        yield hit(trail, f"{path}.IncludeManagementEvents", "management events are left out")
    if item.get("ReadWriteType") not in (None, "All"):
        yield hit(
            trail,
            f"{path}.ReadWriteType",
            f"only {show(item.get('ReadWriteType'))} events are recorded",
            severity=Severity.WARNING,
        )
    if item.get("ExcludeManagementEventSources"):
        yield hit(
            trail,
            f"{path}.ExcludeManagementEventSources",
            f"events of {show(item.get('ExcludeManagementEventSources'))} are left out",
        )
