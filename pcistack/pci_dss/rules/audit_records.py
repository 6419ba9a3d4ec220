"""Requirements 10.2 and 10.5: an audit record leaves nothing out, and is at hand long enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import Hit, hit, must_be_false, show
from pcistack.pci_dss import accepted, audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Partial, Resource, Value, number

_GROUPS: Final = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
_WHOM: Final = {
    "server_audit_incl_users": "only these users are in the audit log",
    "server_audit_excl_users": "these users are not in the audit log",
    "SERVER_AUDIT_INCL_USERS": "only these users are in the audit log",
    "SERVER_AUDIT_EXCL_USERS": "these users are not in the audit log",
    "pgaudit.role": "only what this role may is in the audit log",
}


@rule(
    "PCI-10.2.1-AUDIT-FILTERED",
    "No filter leaves users or events out of a database's audit log",
    asks="Audit logs record all individual access and all actions of administrators.",
    requirements=("10.2.1", "10.2.1.1", "10.2.1.2"),
    types=(*_GROUPS, "AWS::RDS::OptionGroup", *types_of(audit_settings.AUDIT_OFF)),
    fix="Delete the parameter, so that every user is in the audit log.",
)
def audit_filtered(context: Context) -> Iterator[Hit]:
    yield from wrong(context, audit_settings.AUDIT_OFF)
    for group in context.of_type(*_GROUPS):
        parameters = group.get("Parameters")
        for name, value in parameters.items() if isinstance(parameters, dict) else ():
            why = _why(name, value)
            if why and str(value or "").strip():
                yield hit(group, f"Parameters.{name}", f"{name} is {show(value)}: {why}")
        yield from _without_grants(group, parameters)
    for group in context.of_type("AWS::RDS::OptionGroup"):
        for index, option in enumerate(group.items("OptionConfigurations")):
            settings = option.get("OptionSettings") if isinstance(option, dict) else None
            for item in settings if isinstance(settings, list) else ():
                name = str(item.get("Name")) if isinstance(item, dict) else ""
                why = _why(name, item.get("Value")) if isinstance(item, dict) else ""
                if why and isinstance(item, dict) and item.get("Value"):
                    yield hit(
                        group,
                        f"OptionConfigurations.{index}.OptionSettings",
                        f"{name} is {show(item.get('Value'))}: {why}",
                    )


_CLASSES: Final = {"role", "ddl"}
_KNOWN_CLASSES: Final = {"read", "write", "function", "role", "ddl", "misc", "misc_set"}


def _without_grants(group: Resource, parameters: Value) -> Iterator[Hit]:
    """Yield a pgAudit that is not loaded, or that records neither grants nor definitions."""
    known = parameters if isinstance(parameters, dict) else {}
    value, libraries = known.get("pgaudit.log"), known.get("shared_preload_libraries")
    if not isinstance(value, str) or isinstance(value, Partial):
        return
    classes = {part.strip().lower() for part in value.split(",")}
    if classes <= _KNOWN_CLASSES and not classes >= _CLASSES:
        missing = ", ".join(sorted(_CLASSES - classes))
        yield hit(group, "Parameters.pgaudit.log", f"it is {value}, without {missing}")
    loaded = str(libraries) if isinstance(libraries, str) else "pgaudit"
    if "pgaudit" not in loaded:
        path = "Parameters.shared_preload_libraries"
        yield hit(group, path, f"it is {loaded}: pgaudit.log has no effect")


def _why(name: str, value: Value) -> str:
    """Return what a setting keeps out of the audit log; nothing if it keeps nothing out."""
    text = str(value).lower()
    if name == "SERVER_AUDIT_LOGGING" and text in ("off", "0"):
        return "nobody is in the audit log"
    if name == "init_connect" and "server_audit" in text:
        return "it changes the audit log at every login"
    return _WHOM.get(name, "")


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


_ARCHIVES: Final = {"GLACIER", "DEEP_ARCHIVE"}
_AT_HAND: Final = 90


@rule(
    "PCI-10.5.1-LOG-BUCKET-AT-HAND",
    "Logs in buckets are at hand for three months, and no version goes before its year",
    asks="Audit logs are kept for 12 months, the last three at once available for analysis.",
    requirements=("10.5.1", "10.3.2"),
    types=("AWS::S3::Bucket",),
    fix="Transitions to an archive after 90 days or more; NoncurrentVersionExpiration of 365 days "
    "or more; no ExpirationDate.",
)
def log_bucket_at_hand(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        for index, item in enumerate(bucket.items("LifecycleConfiguration.Rules")):
            if isinstance(item, dict) and item.get("Status") == "Enabled":
                yield from _lifecycle(bucket, f"LifecycleConfiguration.Rules.{index}", item)
        yield from _lock(bucket)
        for index, item in enumerate(bucket.items("IntelligentTieringConfigurations")):
            yield from _tiering(bucket, f"IntelligentTieringConfigurations.{index}", item)


def _lifecycle(bucket: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    if item.get("ExpirationDate") is not None:
        yield hit(
            bucket,
            f"{path}.ExpirationDate",
            f"on {show(item.get('ExpirationDate'))} every log is deleted, however new",
        )
    for where, days in _noncurrent(item):
        if days is not None and days < accepted.LOG_DAYS:
            yield hit(
                bucket,
                f"{path}.{where}",
                f"a log that is deleted or overwritten is gone after {counted(days, 'day')}; "
                f"{accepted.LOG_DAYS} are asked for",
            )
    transitions = item.get("Transitions")
    each = transitions if isinstance(transitions, list) else [item.get("Transition")]
    moved = item.get("NoncurrentVersionTransitions")
    for place, later in enumerate(moved if isinstance(moved, list) else ()):
        if not isinstance(later, dict) or later.get("StorageClass") not in _ARCHIVES:
            continue
        days = number(later.get("TransitionInDays"))
        if days is not None and days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.NoncurrentVersionTransitions.{place}",
                f"a log that is deleted or overwritten is archived after {counted(days, 'day')}",
                severity=Severity.WARNING,
            )
    for position, transition in enumerate(each):
        if not isinstance(transition, dict) or transition.get("StorageClass") not in _ARCHIVES:
            continue
        days = number(transition.get("TransitionInDays"))
        if days is None or days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.Transitions.{position}",
                f"logs go to {transition.get('StorageClass')} "
                + (f"after {counted(days, 'day')}" if days is not None else "on a fixed day")
                + f"; they have to be at hand for {_AT_HAND}",
            )


def _lock(bucket: Resource) -> Iterator[Hit]:
    """Yield what weakens an Object Lock, where the bucket has one."""
    if bucket.flag("ObjectLockEnabled") is not True:
        return
    base = "ObjectLockConfiguration.Rule.DefaultRetention"
    days, years = bucket.number(f"{base}.Days"), bucket.number(f"{base}.Years")
    if bucket.get(base) is None:
        path, problem = "ObjectLockConfiguration.Rule", "no default retention locks new logs"
    elif days is not None and days < accepted.LOG_DAYS and not years:
        path, problem = f"{base}.Days", f"logs are locked for {counted(days, 'day')} only"
    elif bucket.get(f"{base}.Mode") == "GOVERNANCE":
        path, problem = f"{base}.Mode", "whoever may bypass governance deletes logs"
    else:
        return
    yield hit(bucket, path, problem, severity=Severity.WARNING)


def _noncurrent(item: dict[str, Value]) -> Iterator[tuple[str, float | None]]:
    expiration = item.get("NoncurrentVersionExpiration")
    if isinstance(expiration, dict):
        yield "NoncurrentVersionExpiration", number(expiration.get("NoncurrentDays"))
    if item.get("NoncurrentVersionExpirationInDays") is not None:
        days = number(item.get("NoncurrentVersionExpirationInDays"))
        yield "NoncurrentVersionExpirationInDays", days


def _tiering(bucket: Resource, path: str, item: Value) -> Iterator[Hit]:
    tiers = item.get("Tierings") if isinstance(item, dict) else None
    for position, tier in enumerate(tiers if isinstance(tiers, list) else ()):
        days = number(tier.get("Days")) if isinstance(tier, dict) else None
        if days is not None and days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.Tierings.{position}.Days",
                f"logs are archived after {counted(days, 'day')}; they have to be at hand for "
                f"{_AT_HAND}",
            )


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


@rule(
    "PCI-3.3.1-EXECUTION-DATA-LOGGED",
    "No workflow or API logs whole inputs and outputs",
    asks="Sensitive authentication data is not kept; whole payloads in a log would hold it.",
    requirements=("3.3.1", "3.5.1"),
    types=(
        "AWS::StepFunctions::StateMachine",
        "AWS::AppSync::GraphQLApi",
        "AWS::Pipes::Pipe",
        "AWS::Events::EventBus",
        "AWS::ApiGatewayV2::Stage",
    ),
    fix="IncludeExecutionData false, ExcludeVerboseContent true, DataTraceEnabled false.",
)
def execution_data_logged(context: Context) -> Iterator[Hit]:
    for machine in context.of_type("AWS::StepFunctions::StateMachine"):
        yield from must_be_false(machine, "LoggingConfiguration.IncludeExecutionData")
    for api in context.of_type("AWS::AppSync::GraphQLApi"):
        if api.get("LogConfig") is not None and api.flag("LogConfig.ExcludeVerboseContent") is not (
            True
        ):
            yield hit(
                api,
                "LogConfig.ExcludeVerboseContent",
                f"it is {show(api.get('LogConfig.ExcludeVerboseContent'))}: headers and whole "
                "answers are logged",
            )
    for pipe in context.of_type("AWS::Pipes::Pipe"):
        if pipe.items("LogConfiguration.IncludeExecutionData"):
            yield hit(pipe, "LogConfiguration.IncludeExecutionData", "whole events are logged")
    for bus in context.of_type("AWS::Events::EventBus"):
        if bus.get("LogConfig.IncludeDetail") == "FULL":
            yield hit(bus, "LogConfig.IncludeDetail", "whole events are logged")
    for stage in context.of_type("AWS::ApiGatewayV2::Stage"):
        yield from must_be_false(stage, "DefaultRouteSettings.DataTraceEnabled")


@rule(
    "PCI-10.2.1-LOG-LEVEL-OFF",
    "No service's log is switched off or filtered away by its level",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1",),
    security_hub=("AppSync.2",),
    types=("AWS::AppSync::GraphQLApi", "AWS::Pipes::Pipe"),
    fix="Level ALL or ERROR; FieldLogLevel ERROR or ALL.",
)
def log_level_off(context: Context) -> Iterator[Hit]:
    for api in context.of_type("AWS::AppSync::GraphQLApi"):
        if api.get("LogConfig.FieldLogLevel") in (None, "NONE"):
            yield hit(api, "LogConfig.FieldLogLevel", "no field is logged")
    for pipe in context.of_type("AWS::Pipes::Pipe"):
        if pipe.get("LogConfiguration.Level") == "OFF":
            yield hit(pipe, "LogConfiguration.Level", "nothing is logged at this level")
