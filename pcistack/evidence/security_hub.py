"""What Security Hub's PCI DSS v4.0.1 standard will show red of a template, and why that is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.checks.rule import Rule
from pcistack.checks.run import Outcome
from pcistack.evidence.wording import claim
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
class _DefaultControl:
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
    _DefaultControl(
        id="RDS.9",
        looks_at=claim("a MySQL instance exports every log, the general one among them"),
        why=claim("The general log holds whole statements, card numbers in them: keep it off."),
        fails=_no_general_log,
    ),
    _DefaultControl(
        id="RDS.13",
        looks_at=claim("instances take minor upgrades by themselves"),
        why=claim(
            "Plan the upgrades (6.3.3): on a line with long-term support AWS advises to do so."
        ),
        fails=_no_minor_upgrades,
    ),
    _DefaultControl(
        id="RDS.22",
        looks_at=claim("an event subscription for database security groups"),
        why=claim("Such groups belong to EC2-Classic, which is gone; a VPC's send no RDS event."),
        fails=_no_group_events,
    ),
    _DefaultControl(
        id="S3.9",
        looks_at=claim("buckets log who reads and writes them"),
        why=claim(
            "Log into another bucket, or record its data events in CloudTrail: a log bucket that "
            "logs into itself never ends."
        ),
        fails=_unlogged,
    ),
    _DefaultControl(
        id="S3.15",
        looks_at=claim("buckets lock their objects"),
        why=claim(
            "A locked bucket cannot be emptied with its stack. Versions protect for as long as "
            "they are kept; a copy in a log account protects longer (10.3.2, 10.3.4)."
        ),
        fails=_unlocked,
    ),
    _DefaultControl(
        id="S3.17",
        looks_at=claim("buckets are encrypted with KMS"),
        why=claim(
            "Use a KMS key, except where a load balancer delivers its access logs: it knows S3's "
            "own keys only."
        ),
        fails=_without_kms,
    ),
)
_ACCEPTED: Final = claim("{} found: {}. Accepted: {}")
_FOUND: Final = claim("{} found: {}.")


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


def criticised_controls(
    context: Context, rules: Sequence[Rule[Context]], outcome: Outcome
) -> Iterator[RedControl]:
    """Yield controls that look at what a rule criticised, also where somebody accepted that."""
    known = {rule.id: rule for rule in rules}
    said = [(one, _FOUND.format(one.rule, one.message)) for one in outcome.open]
    said += [
        (one, _ACCEPTED.format(one.rule, one.message, entry.reason))
        for one, entry in outcome.acknowledged
    ]
    rows: dict[tuple[str, str, str], set[str]] = {}
    for finding, why in said:
        rule, resource = known.get(finding.rule), context.view.resources.get(finding.resource)
        controls = _of_service(rule.security_hub, resource.type) if rule and resource else ()
        if rule is not None and controls:
            key = (", ".join(sorted(controls, key=_number)), rule.title, why)
            rows.setdefault(key, set()).add(finding.resource)
    for (control, looks_at, why), names in rows.items():
        yield RedControl(
            control=control, looks_at=looks_at, why=why, resources=tuple(sorted(names))
        )


_SERVICES: Final[Mapping[str, str]] = {
    "ApplicationAutoScaling": "AutoScaling",
    "CertificateManager": "ACM",
    "DocDB": "DocumentDB",
    "ElasticLoadBalancingV2": "ELB",
    "ElasticLoadBalancing": "ELB",
    "Elasticsearch": "ES",
    "OpenSearchService": "Opensearch",
    "WAFv2": "WAF",
    "WAFRegional": "WAF",
}
"""Services that Security Hub calls otherwise than CloudFormation."""


def _of_service(controls: Sequence[str], kind: str) -> list[str]:
    """Return the controls that look at resources of a type's service."""
    service = kind.split("::")[1]
    named = _SERVICES.get(service, service).lower()
    return [one for one in controls if one.partition(".")[0].lower() == named]


def _number(control: str) -> tuple[str, int]:
    service, _, number = control.partition(".")
    return service, int(number) if number.isdecimal() else 0


def by_number(red: RedControl) -> tuple[str, int, str]:
    """Sort key: RDS.9 stands before RDS.13."""
    return *_number(red.control.partition(",")[0]), red.why
