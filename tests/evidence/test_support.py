"""What a rule refuses is never shown as support."""

from __future__ import annotations

from typing import cast

from pcistack.checks.findings import Finding
from pcistack.evidence.supporting_settings import supporting_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from tests import support
from tests.evidence.sample import DAY, REGION
from tests.pci_dss.all_cases import CASES
from tests.pci_dss.cases import Resources
from tests.tables import cases


def _context(resources: Resources) -> Context:
    return Context(
        view=views(Template(cast("dict[str, Json]", {"Resources": resources})), REGION)[0], on=DAY
    )


def _judged(context: Context) -> list[Finding]:
    return PACK.check([context.view], region=REGION, on=DAY)


def _supports(context: Context) -> set[tuple[str, str]]:
    """Resource and property of everything that the table alone takes for support."""
    found = supporting_settings(context)
    return {(one.resource, one.property) for settings in found.values() for one in settings}


@cases("rule", sorted(CASES))
def test_a_place_that_a_rule_criticises_is_no_support(rule: str) -> None:
    context = _context(CASES[rule].bad)
    places = {(one.resource, one.property) for one in _judged(context) if one.property}
    shown = supporting_settings(context, places)
    assert not places & {
        (one.resource, one.property) for settings in shown.values() for one in settings
    }


REFUSED = [
    ("Listener", "SslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
    ("Listener", "SslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
    ("Listener", "SslPolicy", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"),
    *(("Task", "User", user) for user in ("root:root", "00", "+0", "0:10")),
    *(("Cluster", "MasterUsername", user) for user in ("sa", "awsuser", "dbadmin", "Admin")),
    ("Parameters", "server_audit_events", "CONNECT,ALL"),
    ("Parameters", "server_audit_events", "CONNECT"),
    ("Parameters", "tls_version", "TLSv1.1,TLSv1.2"),
    ("Parameters", "require_secure_transport", "OFF"),
    ("Secret", "PasswordLength", 8),
    ("Schedule", "AutomaticallyAfterDays", 120),
    ("Schedule", "ScheduleExpression", "rate(120 days)"),
    ("Key", "RotationPeriodInDays", 2000),
    ("Logs", "RetentionInDays", 90),
]
"""Values that a rule refuses; the table by itself, without any finding, must not take them."""


@cases(("name", "path", "value"), REFUSED)
def test_a_value_that_a_rule_refuses_is_in_no_table_of_support(
    name: str, path: str, value: object
) -> None:
    settings = {
        "Listener": ("AWS::ElasticLoadBalancingV2::Listener", {"Protocol": "HTTPS", path: value}),
        "Task": ("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [{path: value}]}),
        "Cluster": ("AWS::RDS::DBCluster", {"Engine": "aurora-mysql", path: value}),
        "Parameters": ("AWS::RDS::DBClusterParameterGroup", {"Parameters": {path: value}}),
        "Secret": ("AWS::SecretsManager::Secret", {"GenerateSecretString": {path: value}}),
        "Schedule": ("AWS::SecretsManager::RotationSchedule", {"RotationRules": {path: value}}),
        "Key": ("AWS::KMS::Key", {path: value}),
        "Logs": ("AWS::Logs::LogGroup", {path: value}),
    }
    kind, properties = settings[name]
    context = _context({"R": {"Type": kind, "Properties": properties}})
    numbers = {
        number
        for number, found in supporting_settings(context).items()
        for one in found
        if one.property.endswith(path)
    }
    assert numbers <= {"3.2.1", "3.3.1"}  # that a log ends, or leaves statements out, stays true
    if path == "server_audit_events":
        assert ("3.3.1" in numbers) is ("ALL" not in str(value))


def test_production_loses_no_support_to_a_finding_but_where_one_was_accepted() -> None:
    template = Template(support.template("prod").body)  # type: ignore[arg-type]
    context = Context(view=views(template, REGION)[0], on=DAY)
    places = {(one.resource, one.property) for one in _judged(context)}
    kept = supporting_settings(context, places)
    shown = {(one.resource, one.property) for found in kept.values() for one in found}
    lost = _supports(context) - shown
    assert {resource for resource, _ in lost} <= {resource for resource, _ in places}
