"""Services beside the database and their logs: one wrong value each, and the right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from pcistack.checks.findings import Finding, Severity
from pcistack.pci_dss import (
    audit_settings,
    detection_settings,
    encryption_settings,
    reach_settings,
    tls_settings,
)
from pcistack.pci_dss.rules import api_access, database_crypto, recovery, store_patches
from pcistack.pci_dss.settings import Setting
from tests.pci_dss.cases import Resources, att, ref, res
from tests.pci_dss.test_rules import findings
from tests.tables import cases

_TABLES: Final[Mapping[str, tuple[Setting, ...]]] = {
    "PCI-3.5.1-STORE-ENCRYPTED": encryption_settings.ENCRYPTED,
    "PCI-4.2.1-STORE-TLS": tls_settings.TLS,
    "PCI-4.2.1-MIGRATION-TLS": tls_settings.MIGRATION_TLS,
    "PCI-4.2.1-ORIGIN-PLAIN": tls_settings.ORIGIN_TLS,
    "PCI-1.4.4-SEARCH-PUBLIC": reach_settings.REACH,
    "PCI-10.2.1-SERVICE-LOGS": audit_settings.SERVICE_LOGS,
    "PCI-3.3.1-STATEMENTS-LOGGED": audit_settings.STATEMENTS,
    "PCI-10.2.1-AUDIT-FILTERED": audit_settings.AUDIT_OFF,
    "PCI-10.7.2-DETECTION-OFF": (*detection_settings.DETECTION, *audit_settings.LEVELS),
    "PCI-10.2.1-TRAIL-EVENTS": audit_settings.TRAILS,
    "PCI-7.3.3-API-ANYBODY": api_access.ASKED,
    "PCI-8.3.2-PASSWORD-HASHES": database_crypto.HASHES,
    "PCI-2.2.4-DATABASE-FUNCTIONS": database_crypto.FILES,
    "PCI-6.3.3-STORE-PATCHES": store_patches.UPGRADES,
    "PCI-12.10.1-STORE-RECOVERY": recovery.BACKUPS,
}
_ROWS: Final = [(rule, setting) for rule, table in _TABLES.items() for setting in table]


def _with(setting: Setting, value: object) -> Resources:
    """Return a resource whose property is a value; None leaves it out."""
    properties: dict[str, object] = {}
    given = [(setting.path, value)] if value is not None else []
    if setting.only and setting.only[1] != "None":
        given.append(setting.only)
    for path, item in given:
        _put(properties, path, item)
    if value is None and "*" in setting.path:
        _put(properties, f"{setting.path.partition('.*')[0]}.*", {})
    return {"Thing": res(setting.type.removeprefix("AWS::"), **properties)}


def _put(properties: dict[str, object], path: str, value: object) -> None:
    head, star, tail = path.partition(".*")
    steps = ["Parameters", path.removeprefix("Parameters.")]
    if not path.startswith("Parameters."):
        steps = head.split(".")
    inner: object = value
    if star:
        deeper: dict[str, object] = {}
        if tail:
            _put(deeper, tail.removeprefix("."), value)
        inner = [deeper if tail else value]
    place = properties
    for step in steps[:-1]:
        following = place.setdefault(step, {})
        assert isinstance(following, dict)
        place = following
    place[steps[-1]] = inner


def _at(found: list[Finding], rule: str, setting: Setting) -> list[Finding]:
    path = setting.path.replace(".*", ".0")
    return [one for one in found if one.rule == rule and one.property == path]


@cases(("rule", "setting"), _ROWS, ids=lambda _, row: f"{row.type[5:]}.{row.path}")
def test_a_wrong_value_is_found_and_a_right_one_is_not(rule: str, setting: Setting) -> None:
    bad: list[object] = list(setting.bad or (["none of them"] if setting.good else [None]))
    if setting.needed:
        bad.append(None)
    for value in bad:
        found = _at(findings(_with(setting, value)), rule, setting)
        assert {one.severity for one in found} == {setting.severity or Severity.ERROR}, value
    right = setting.good[0] if setting.good else "another"
    assert not _at(findings(_with(setting, right)), rule, setting)
    assert not _at(findings(_with(setting, ref("Parameter"))), rule, setting)


class Twin(NamedTuple):
    rule: str
    at: str
    bad: Resources
    good: Resources
    severity: Severity = Severity.ERROR


def _thing(kind: str, **properties: object) -> Resources:
    return {"Thing": res(kind, **properties)}


def _allow(statement: Mapping[str, object], **others: dict[str, object]) -> Resources:
    first = {"Name": "A", "Priority": 0, "Action": {"Allow": {}}, "Statement": statement}
    rate = {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}
    then = {"Name": "B", "Priority": 1, "Action": {"Block": {}}, "Statement": rate}
    return {**others, "Thing": res("WAFv2::WebACL", Rules=[first, then])}


def _match(field: str, text: str) -> dict[str, object]:
    match = {"SearchString": text, "FieldToMatch": {field: {}}, "PositionalConstraint": "EXACTLY"}
    return {"ByteMatchStatement": match}


def _rate(**more: object) -> Resources:
    statement = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP", **more}}
    return _thing("WAFv2::WebACL", Rules=[{"Name": "Flood", "Statement": statement}])


def _addresses(*ranges: str) -> Resources:
    return {"Set": res("WAFv2::IPSet", Addresses=list(ranges))}


def _events(*fields: Mapping[str, object]) -> Resources:
    management = {"Field": "eventCategory", "Equals": ["Management"]}
    selector = {"FieldSelectors": [management, *fields]}
    return _thing("CloudTrail::Trail", AdvancedEventSelectors=[selector])


def _parameters(**parameters: str) -> Resources:
    return _thing("RDS::DBClusterParameterGroup", Parameters=parameters)


def _lock(mode: str, days: int) -> Resources:
    retention = {"DefaultRetention": {"Mode": mode, "Days": days}}
    bucket = res("S3::Bucket", ObjectLockEnabled=True, ObjectLockConfiguration={"Rule": retention})
    return {"Thing": bucket, "Trail": res("CloudTrail::Trail", S3BucketName=ref("Thing"))}


_IN_SET: Final = {"IPSetReferenceStatement": {"Arn": att("Set", "Arn")}}
_SHADOWED: Final = "PCI-6.4.2-FIREWALL-SHADOWED"
_S3: Final = "DistributionConfig.Origins.0.S3OriginConfig"


def _origin(**more: object) -> Resources:
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {}, **more}
    return _thing("CloudFront::Distribution", DistributionConfig={"Origins": [origin]})


_TWINS: Final = {
    "everything but one path is allowed": Twin(
        _SHADOWED,
        "Rules.0.Action",
        _allow({"NotStatement": {"Statement": _match("UriPath", "/x")}}),
        _thing("WAFv2::WebACL", Rules=[]),
    ),
    "every GET is allowed": Twin(
        _SHADOWED,
        "Rules.0.Action",
        _allow(_match("Method", "GET")),
        _thing("WAFv2::WebACL", Rules=[]),
    ),
    "quarters of the address space are allowed": Twin(
        _SHADOWED,
        "Rules.0.Action",
        _allow(_IN_SET, **_addresses("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2")),
        _thing("WAFv2::WebACL", Rules=[]),
    ),
    "a limit per header": Twin(
        "PCI-6.4.2-RATE-LIMIT",
        "Rules.0.Statement.RateBasedStatement.CustomKeys",
        _rate(AggregateKeyType="CUSTOM_KEYS", CustomKeys=[{"Header": {"Name": "x"}}]),
        _rate(AggregateKeyType="CUSTOM_KEYS", CustomKeys=[{"IP": {}}, {"Header": {"Name": "x"}}]),
        Severity.WARNING,
    ),
    "a limit per forwarded address": Twin(
        "PCI-6.4.2-RATE-LIMIT",
        "Rules.0.Statement.RateBasedStatement.AggregateKeyType",
        _rate(AggregateKeyType="FORWARDED_IP"),
        _rate(),
        Severity.WARNING,
    ),
    "a limit in a short window": Twin(
        "PCI-6.4.2-RATE-LIMIT",
        "Rules.0.Statement.RateBasedStatement.Limit",
        _rate(Limit=20000, EvaluationWindowSec=60),
        _rate(Limit=20000, EvaluationWindowSec=300),
        Severity.WARNING,
    ),
    "a distribution that does not sign": Twin(
        "PCI-1.4.4-WEBSITE", _S3, _origin(), _origin(OriginAccessControlId="E1"), Severity.WARNING
    ),
    "read-only events": Twin(
        "PCI-10.2.1-TRAIL-EVENTS",
        "AdvancedEventSelectors.0",
        _events({"Field": "readOnly", "Equals": ["true"]}),
        _events(),
    ),
    "every statement is slow": Twin(
        "PCI-3.3.1-STATEMENTS-LOGGED",
        "Parameters.long_query_time",
        _parameters(long_query_time="0"),
        _parameters(long_query_time="2"),
    ),
    "a lock of a month": Twin(
        "PCI-10.5.1-LOG-BUCKET-AT-HAND",
        "ObjectLockConfiguration.Rule.DefaultRetention.Days",
        _lock("COMPLIANCE", 30),
        _lock("COMPLIANCE", 365),
        Severity.WARNING,
    ),
    "a lock that may be bypassed": Twin(
        "PCI-10.5.1-LOG-BUCKET-AT-HAND",
        "ObjectLockConfiguration.Rule.DefaultRetention.Mode",
        _lock("GOVERNANCE", 400),
        _lock("COMPLIANCE", 400),
        Severity.WARNING,
    ),
    "collections on the internet": Twin(
        "PCI-1.4.4-SEARCH-PUBLIC",
        "Policy",
        _thing("OpenSearchServerless::SecurityPolicy", Policy='[{"AllowFromPublic": true}]'),
        _thing("OpenSearchServerless::SecurityPolicy", Policy='[{"AllowFromPublic": false}]'),
    ),
    "a cluster's API on the internet": Twin(
        "PCI-1.4.2-PUBLIC-ADDRESS",
        "ResourcesVpcConfig.EndpointPublicAccess",
        _thing("EKS::Cluster", ResourcesVpcConfig={"SubnetIds": ["a"]}),
        _thing("EKS::Cluster", ResourcesVpcConfig={"EndpointPublicAccess": False}),
    ),
}


@cases("name", sorted(_TWINS))
def test_what_a_table_cannot_say_is_found_and_its_twin_is_not(name: str) -> None:
    twin = _TWINS[name]
    found = [one for one in findings(twin.bad) if one.rule == twin.rule]
    assert [(one.property, one.severity) for one in found if one.property == twin.at] == [
        (twin.at, twin.severity)
    ]
    assert twin.at not in {one.property for one in findings(twin.good) if one.rule == twin.rule}


def test_builds_that_run_as_root_of_their_host_are_warned_of() -> None:
    def found(privileged: object) -> list[Finding]:
        project = res("CodeBuild::Project", Environment={"PrivilegedMode": privileged})
        return [f for f in findings({"It": project}) if f.rule == "PCI-2.2.6-PRIVILEGED"]

    assert [(f.severity, f.property) for f in found(True)] == [
        (Severity.WARNING, "Environment.PrivilegedMode")
    ]
    assert not found(False)
