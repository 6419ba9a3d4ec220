"""What Security Hub's PCI DSS v4.0.1 standard will show red of a template, and why that is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.pci_dss.context import Context
from pcistack.template.view import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class RedControl:
    """A control that will fail.

    Attributes:
        control: Its id.
        looks_at: What it wants.
        why: Why the template has it otherwise, or what to do.
        resources: Logical ids of the resources that it will fail for; none for the account.
    """

    control: str
    looks_at: str
    why: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Control:
    id: str
    looks_at: str
    why: str
    fails: Callable[[Context], Iterator[Resource]]


_SSE: Final = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"


def _no_minor_upgrades(context: Context) -> Iterator[Resource]:
    for one in context.of_type("AWS::RDS::DBInstance"):
        if one.flag("AutoMinorVersionUpgrade") is False:
            yield one


def _no_group_events(context: Context) -> Iterator[Resource]:
    kinds = {str(one.get("SourceType")) for one in context.of_type("AWS::RDS::EventSubscription")}
    if not kinds & {"db-security-group", "None"}:
        yield from context.of_type("AWS::RDS::DBCluster")


def _unlogged(context: Context) -> Iterator[Resource]:
    for one in context.of_type("AWS::S3::Bucket"):
        if one.get("LoggingConfiguration") is None:
            yield one


def _unlocked(context: Context) -> Iterator[Resource]:
    for one in context.of_type("AWS::S3::Bucket"):
        if one.flag("ObjectLockEnabled") is not True:
            yield one


def _without_kms(context: Context) -> Iterator[Resource]:
    for one in context.of_type("AWS::S3::Bucket"):
        if not str(one.get(f"{_SSE}.SSEAlgorithm")).startswith("aws:kms"):
            yield one


def _no_general_log(context: Context) -> Iterator[Resource]:
    for one in context.of_type("AWS::RDS::DBInstance"):
        if "mysql" in str(one.get("Engine")) and one.get("DBClusterIdentifier") is None:
            logs = one.items("EnableCloudwatchLogsExports")
            if not {"audit", "error", "general", "slowquery"} <= {str(log) for log in logs}:
                yield one


_CONTROLS: Final = (
    _Control(
        id="RDS.9",
        looks_at="a MySQL instance exports every log, the general one among them",
        why="The general log holds every statement, card numbers in it (3.3.1): keep it off.",
        fails=_no_general_log,
    ),
    _Control(
        id="RDS.13",
        looks_at="instances take minor upgrades by themselves",
        why="AWS advises against it on a line with long-term support: plan the upgrades (6.3.3).",
        fails=_no_minor_upgrades,
    ),
    _Control(
        id="RDS.22",
        looks_at="an event subscription for database security groups",
        why="Such groups belong to EC2-Classic, which is gone; groups of a VPC send no RDS event.",
        fails=_no_group_events,
    ),
    _Control(
        id="S3.9",
        looks_at="buckets log who reads and writes them",
        why="A log bucket that logs into itself never ends: record its data events in CloudTrail.",
        fails=_unlogged,
    ),
    _Control(
        id="S3.15",
        looks_at="buckets lock their objects",
        why="A locked bucket cannot be emptied with its stack. Versions protect for the days that "
        "the register says; a copy in a log account protects longer (10.3.2, 10.3.4).",
        fails=_unlocked,
    ),
    _Control(
        id="S3.17",
        looks_at="buckets are encrypted with KMS",
        why="Load balancers deliver access logs to buckets with S3's own keys only.",
        fails=_without_kms,
    ),
)


def red_controls(context: Context) -> tuple[RedControl, ...]:
    """Return the controls that will fail for a template, by what Security Hub's guide says."""
    found = []
    for control in _CONTROLS:
        names = tuple(sorted(one.logical_id for one in control.fails(context)))
        if names:
            found.append(
                RedControl(
                    control=control.id,
                    looks_at=control.looks_at,
                    why=control.why,
                    resources=names,
                )
            )
    return tuple(found)
