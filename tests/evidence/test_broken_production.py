"""Production with one thing broken: what hung on it needs somebody, by findings of any severity."""

from __future__ import annotations

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.gather import gather
from pcistack.evidence.standing import Standing
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Template
from tests import support
from tests.evidence.sample import DAY, REGION
from tests.evidence.test_sentences import (
    ALARM,
    BUCKET,
    EC2,
    ECS,
    ELB,
    LOG_GROUP,
    PARAMETERS,
    RDS,
    Change,
    drop,
    every,
)
from tests.tables import cases

GROUP = f"{EC2}SecurityGroup"
DOOR = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "Description": "why"}
BROKEN: dict[str, tuple[Change, str]] = {
    "the audit log is off": (
        every(PARAMETERS, Parameters__server_audit_logging="0"),
        "10.2.1 10.2.1.1 10.2.1.2 10.2.1.5 10.2.1.7 10.2.2",
    ),
    "the audit log stays in the database": (
        every(f"{RDS}DBCluster", EnableCloudwatchLogsExports=["error"]),
        "10.2.1 10.2.1.2 10.2.1.5 10.2.1.7",
    ),
    "nothing raises an alarm": (drop(ALARM), "10.2.1.6 10.4.1.1 10.7.2 12.10.1"),
    "nobody hears the alarms": (
        drop("AWS::SNS::Subscription"),
        "10.2.1.6 10.4.1.1 10.7.2 12.10.1",
    ),
    "the web ACL guards nothing": (drop("AWS::WAFv2::WebACLAssociation"), "6.4.2 10.4.2"),
    "a public range reaches every door": (
        every(GROUP, SecurityGroupIngress=[{**DOOR, "CidrIp": "54.0.0.0/8"}]),
        "1.3.1 1.4.1 1.4.2 1.4.4",
    ),
    "an unknown list reaches every door": (
        every(GROUP, SecurityGroupIngress=[{**DOOR, "SourcePrefixListId": "pl-1"}]),
        "1.3.1 1.4.1 1.4.2 1.4.4",
    ),
    "tasks have public addresses": (
        every(f"{ECS}Service", NetworkConfiguration__AwsvpcConfiguration__AssignPublicIp="ENABLED"),
        "1.4.2 1.4.5",
    ),
    "old protocols are taken": (
        every(f"{ELB}Listener", SslPolicy="ELBSecurityPolicy-2016-08"),
        "4.2.1 2.2.7",
    ),
    "a password in a command": (
        every(f"{ECS}TaskDefinition", ContainerDefinitions__0__Command=["--password=hunter2Sec9"]),
        "8.6.2",
    ),
    "logs end after three months": (every(LOG_GROUP, RetentionInDays=90), "10.5.1"),
    "logs can be overwritten": (every(BUCKET, VersioningConfiguration=None), "10.3.2"),
    "the engine is old": (
        every(f"{RDS}DBCluster", EngineVersion="8.0.mysql_aurora.3.04.4"),
        "6.3.3 12.3.4",
    ),
}


def _standings(change: Change | None = None) -> dict[str, Standing]:
    body = support.copied(support.template("prod").body)
    if change is not None:
        change(body["Resources"])
    assembly = AssessedStack(
        stack="PciDss-prod",
        account=None,
        region=REGION,
        template=Template(body),
        sha256="",
        content="",
        record=None,
        report=None,
    )
    return {one.number: one.standing for one in gather(assembly, PACK, on=DAY).requirements}


@cases("name", BROKEN)
def test_what_hangs_on_something_broken_needs_you(name: str) -> None:
    change, numbers = BROKEN[name]
    found = _standings(change)
    assert {found[number] for number in numbers.split()} == {Standing.YOU}


def test_none_of_it_needs_you_while_it_is_whole() -> None:
    found = _standings()
    asked = {number for _, numbers in BROKEN.values() for number in numbers.split()}
    assert {number for number in asked if found[number] is Standing.YOU} == {"10.2.1.1"}
