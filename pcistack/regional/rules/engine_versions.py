"""Aurora engine versions: retired, past standard support, not offered, not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.curated import Support, source
from pcistack.regional.facts import Facts
from pcistack.regional.pack import rule
from pcistack.regional.versions import AURORA_ENGINES, NO_EXTENDED_SUPPORT, parse
from pcistack.template.view import Resource

NOTICE: Final = timedelta(days=90)
"""How long before the end of standard support a warning begins."""


def _versioned(context: Context) -> Iterator[tuple[Resource, str, str]]:
    """Yield clusters, and instances that state a version, as (resource, engine, version)."""
    types = (aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER)
    for resource in (r for name in types for r in context.view.of_type(name)):
        text, engine = aurora.version(resource), aurora.engine(resource)
        if text is None or engine not in AURORA_ENGINES or _is_first_aurora(resource):
            continue
        cluster = context.members.cluster_of(resource)
        if cluster is not None and aurora.version(cluster) == text:
            continue  # said once, at the cluster
        yield resource, engine, text


def _is_first_aurora(resource: Resource) -> bool:
    """Whether the engine is Aurora MySQL 1; no version of it is left."""
    return (resource.text("Engine") or "").lower() == "aurora"


def _upgrade(facts: Facts, engine: str, on: date) -> str:
    """Say which version to take, and how long it is supported."""
    best = aurora.recommended_version(engine)
    support = facts.support(engine, best) if best else None
    if support is None or support.ends < on:
        return "set EngineVersion to a release that the release calendar lists as supported"
    kind = "a long-term release " if support.long_term else ""
    return f'set EngineVersion: "{best}", {kind}with standard support until {support.ends}'


_CALENDAR: Final = "Aurora release calendars"


@rule(
    "AURORA-VERSION-RETIRED",
    "An engine version that AWS no longer creates",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.FATAL,
    source="RDS DescribeDBEngineVersions, as carried by cfn-lint",
)
def retired_rule(context: Context) -> Iterator[Hit]:
    for kind in (aurora.CLUSTER, aurora.INSTANCE):
        for resource in context.view.of_type(kind):
            if _is_first_aurora(resource):
                yield hit(
                    resource,
                    "Engine",
                    "engine 'aurora' is Aurora MySQL 1, which ended on 2023-02-28: AWS creates no "
                    f"database with it, in {context.here} or elsewhere",
                    "set Engine: aurora-mysql and EngineVersion: "
                    f'"{aurora.recommended_version("aurora-mysql")}"',
                    source=source("aurora-mysql-calendar"),
                )
    for resource, engine, text in _versioned(context):
        if context.facts.engine_version(engine, text) == "deprecated":
            yield hit(
                resource,
                "EngineVersion",
                f"{engine} {text} is retired: AWS creates no database with it, "
                f"in {context.here} or elsewhere",
                _upgrade(context.facts, engine, context.on),
                source=f"RDS DescribeDBEngineVersions as carried by cfn-lint "
                f"{context.facts.versions.get('cfn-lint', '')} "
                f"(data of {context.facts.versions.get('cfn-lint schema date', 'unknown date')})",
            )


@rule(
    "AURORA-VERSION-NOT-OFFERED",
    "An engine version that AWS said it does not offer in the region",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.FATAL,
    source="RDS DescribeOrderableDBInstanceOptions, asked for the region",
)
def not_offered(context: Context) -> Iterator[Hit]:
    for resource, engine, text in _versioned(context):
        if context.facts.engine_version(engine, text) == "not offered":
            offered = sorted((context.facts.offered or {}).get(engine, ()))
            yield hit(
                resource,
                "EngineVersion",
                f"{engine} {text} is not offered in {context.here}",
                f"set EngineVersion to one that is offered: {', '.join(offered[-6:])}",
            )


@rule(
    "AURORA-VERSION-FORM",
    "Text that is no version of the engine",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, EngineVersion",
)
def malformed(context: Context) -> Iterator[Hit]:
    for resource, engine, text in _versioned(context):
        parsed = parse(engine, text)
        short_mysql = (
            engine == "aurora-mysql" and parsed and parsed.is_exact and "mysql_aurora" not in text
        )
        if parsed is not None and not short_mysql:
            continue
        if text in context.facts.engine_versions.get(engine, {}):
            continue  # an old form such as 5.6.10a: the retired rule speaks
        yield hit(
            resource,
            "EngineVersion",
            f"'{text}' is not a version of {engine}, in {context.here} or elsewhere"
            + ("; CloudFormation wants the long form" if short_mysql else ""),
            _long_form(context.facts, text)
            if short_mysql
            else _upgrade(context.facts, engine, context.on),
        )


def _long_form(facts: Facts, text: str) -> str:
    for known in facts.engine_versions["aurora-mysql"]:
        if known.endswith(f".mysql_aurora.{text}"):
            return f'set EngineVersion: "{known}"'
    return "write it as 8.0.mysql_aurora.<version>"


@rule(
    "AURORA-VERSION-UNKNOWN",
    "An engine version that the facts do not know",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.WARNING,
    source="RDS DescribeDBEngineVersions, as carried by cfn-lint",
)
def unknown_rule(context: Context) -> Iterator[Hit]:
    for resource, engine, text in _versioned(context):
        parsed = parse(engine, text)
        if parsed is None or not parsed.is_exact:
            continue
        if engine == "aurora-mysql" and "mysql_aurora" not in text:
            continue  # another rule says that this is not the form
        if context.facts.engine_version(engine, text) != "unknown":
            continue
        known = [
            other.numbers
            for name in context.facts.engine_versions.get(engine, {})
            if (other := parse(engine, name)) and other.major == parsed.major
        ]
        newer = not known or parsed.numbers > max(known)
        data = context.facts.versions.get("cfn-lint schema date", "an unknown day")
        yield hit(
            resource,
            "EngineVersion",
            f"{engine} {text} is "
            + (
                f"newer than the facts of {data}: whether {context.here} has it is not known"
                if newer
                else f"not among the versions known on {data}, for {context.here} or elsewhere"
            ),
            "run 'pcistack preflight' to ask AWS, or 'pcistack facts refresh' after an upgrade of "
            "cfn-lint",
        )


@rule(
    "AURORA-VERSION-SUPPORT-ENDED",
    "An engine version past its standard support",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.ERROR,
    source=_CALENDAR,
)
def support_ended(context: Context) -> Iterator[Hit]:
    for resource, engine, text, support in _supported(context):
        if support.ends < context.on:
            yield hit(
                resource,
                "EngineVersion",
                f"{engine} {text} left standard support on {support.ends}, in {context.here} as "
                f"elsewhere: {_afterwards(context, engine, text)}",
                _upgrade(context.facts, engine, context.on),
                source=support.source,
            )


def _afterwards(context: Context, engine: str, text: str) -> str:
    """Say what a version past its support comes to."""
    parsed = parse(engine, text)
    major = context.facts.support_of_major(parsed) if parsed else None
    if major is not None and major.ends < context.on:
        return "only Extended Support is left, which AWS bills by itself"
    return (
        "no more fixes, AWS may upgrade it by itself, and is likely to refuse to create it; "
        "'pcistack preflight' asks whether it still does"
    )


@rule(
    "AURORA-VERSION-SUPPORT-ENDING",
    "An engine version within 90 days of the end of its standard support",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.WARNING,
    source=_CALENDAR,
)
def support_ending(context: Context) -> Iterator[Hit]:
    for resource, engine, text, support in _supported(context):
        if context.on <= support.ends < context.on + NOTICE:
            days = (support.ends - context.on).days
            yield hit(
                resource,
                "EngineVersion",
                f"{engine} {text}, in {context.here}, leaves standard support on {support.ends}, "
                + (f"in {counted(days, 'day')}" if days else "today"),
                _upgrade(context.facts, engine, context.on),
                source=support.source,
            )


def _supported(context: Context) -> Iterator[tuple[Resource, str, str, Support]]:
    """Yield what the calendar knows; what is retired is left to the other rule."""
    for resource, engine, text in _versioned(context):
        support = context.facts.support(engine, text)
        if support and context.facts.engine_version(engine, text) != "deprecated":
            yield resource, engine, text, support


@rule(
    "AURORA-EXTENDED-SUPPORT",
    "Extended Support refused for a major version that needs it",
    types=(aurora.CLUSTER, aurora.INSTANCE, aurora.GLOBAL_CLUSTER),
    severity=Severity.FATAL,
    source="CloudFormation: AWS::RDS::DBCluster EngineLifecycleSupport",
)
def extended_support(context: Context) -> Iterator[Hit]:
    for cluster in aurora.clusters(context.view):
        parsed = aurora.release(cluster)
        if parsed is None or cluster.text("EngineLifecycleSupport") != NO_EXTENDED_SUPPORT:
            continue
        support = context.facts.support_of_major(parsed)
        if support is not None and support.ends < context.on:
            yield hit(
                cluster,
                "EngineLifecycleSupport",
                f"{parsed.engine} {parsed.major} left standard support on {support.ends}, and "
                "EngineLifecycleSupport refuses Extended Support: the creation fails in "
                f"{context.here}",
                _upgrade(context.facts, parsed.engine, context.on),
                source=support.source,
            )
