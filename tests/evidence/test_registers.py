"""Every register says what the template says, and marks what an assessor will ask about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from pcistack.evidence.registers import CellText
from tests.evidence import sample
from tests.evidence.conftest import Gather

Resources = dict[str, sample.Body]


def _rows(
    gathered: Gather, name: str, change: Callable[[Resources], object] | None = None
) -> list[Mapping[str, CellText]]:
    evidence = gathered(change)
    return [
        row for register in evidence.registers if register.name == name for row in register.rows
    ]


def _row(rows: list[Mapping[str, CellText]], **wanted: str) -> Mapping[str, CellText]:
    (found,) = [
        row for row in rows if all(row[column] == value for column, value in wanted.items())
    ]
    return found


# Ports


def test_ports_have_the_business_need_of_the_rule(gathered: Gather) -> None:
    row = _row(_rows(gathered, "ports"), security_group="DatabaseGroup", direction="in")
    assert row["service"] == "TCP 3306 (MySQL)"
    assert row["peer"] == "security group TaskGroup"
    assert row["business_need"] == "Only the tasks reach the database"
    assert row["attention"] == ""


def test_a_rule_that_opens_nothing_is_not_in_the_register(gathered: Gather) -> None:
    rows = _rows(gathered, "ports")
    assert not [row for row in rows if "255.255.255.255" in str(row["peer"])]
    assert len(rows) == 6


def test_port_80_needs_no_attention_while_it_only_redirects(gathered: Gather) -> None:
    assert _row(_rows(gathered, "ports"), service="TCP 80 (HTTP)")["attention"] == ""


def test_port_80_that_serves_is_marked(gathered: Gather) -> None:
    def serve(resources: Resources) -> None:
        resources["Redirect"]["Properties"]["DefaultActions"] = [
            {"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}
        ]

    row = _row(_rows(gathered, "ports", serve), service="TCP 80 (HTTP)")
    assert row["attention"] == "Open to the world."


def test_a_rule_without_description_is_marked(gathered: Gather) -> None:
    def forget(resources: Resources) -> None:
        del resources["DatabaseFromTask"]["Properties"]["Description"]

    row = _row(_rows(gathered, "ports", forget), security_group="DatabaseGroup", direction="in")
    assert row["business_need"] == ""
    assert "business need is not recorded" in row["attention"]


def test_a_group_without_outbound_rules_lets_everything_out_and_is_marked(gathered: Gather) -> None:
    def forget(resources: Resources) -> None:
        del resources["DatabaseGroup"]["Properties"]["SecurityGroupEgress"]

    row = _row(_rows(gathered, "ports", forget), security_group="DatabaseGroup", direction="out")
    assert row["service"] == "all protocols, all ports"
    assert "everything may leave" in row["attention"]


# Cryptography


def test_keys_list_what_they_encrypt_and_not_who_may_use_them(gathered: Gather) -> None:
    row = _row(_rows(gathered, "keys"), resource="DataKey")
    assert row["encrypts"] == ("Cluster",)
    assert row["rotation"] == "every 365 days"
    assert row["algorithm"] == "AES-256-GCM"


def test_a_key_that_does_not_rotate_is_marked(gathered: Gather) -> None:
    def stop(resources: Resources) -> None:
        resources["LogKey"]["Properties"]["EnableKeyRotation"] = False

    row = _row(_rows(gathered, "keys", stop), resource="LogKey")
    assert row["rotation"] == "none"
    assert "does not rotate" in row["attention"]


def test_a_certificate_from_outside_is_listed_by_its_arn(gathered: Gather) -> None:
    (row,) = _rows(gathered, "certificates")
    assert str(row["resource"]).startswith("arn:aws:acm:")
    assert row["used_by"] == ("Https",)


def test_a_certificate_of_the_template_is_listed_with_its_names(gathered: Gather) -> None:
    def own(resources: Resources) -> None:
        resources["Certificate"] = {
            "Type": "AWS::CertificateManager::Certificate",
            "Properties": {
                "DomainName": "pay.example.com",
                "SubjectAlternativeNames": ["www.pay.example.com"],
                "ValidationMethod": "DNS",
            },
        }
        resources["Https"]["Properties"]["Certificates"] = [
            {"CertificateArn": {"Ref": "Certificate"}}
        ]

    (row,) = _rows(gathered, "certificates", own)
    assert row["names"] == "pay.example.com, www.pay.example.com"
    assert row["used_by"] == ("Https",)
    assert str(row["renewal"]).startswith("AWS")


def test_channels_name_the_tls_versions_of_listener_and_database(gathered: Gather) -> None:
    rows = _rows(gathered, "channels")
    assert _row(rows, resource="Https")["protocols"] == "TLS 1.2 and 1.3"
    assert _row(rows, resource="Parameters")["protocols"] == "TLS 1.2 and 1.3"
    assert _row(rows, resource="Redirect")["protocols"] == "redirect to HTTPS only"
    assert _row(rows, resource="Targets")["protocols"] == "no encryption"


@pytest.mark.parametrize(
    ("policy", "attention"),
    [
        (None, "Older than TLS 1.2."),
        ("ELBSecurityPolicy-2016-08", "Older than TLS 1.2."),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", "Older than TLS 1.2."),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", "Older than TLS 1.2."),
        ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", ""),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", ""),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", ""),
    ],
)
def test_a_listener_with_an_old_policy_is_marked(
    gathered: Gather, policy: str | None, attention: str
) -> None:
    def set_policy(resources: Resources) -> None:
        resources["Https"]["Properties"].pop("SslPolicy")
        if policy is not None:
            resources["Https"]["Properties"]["SslPolicy"] = policy

    assert _row(_rows(gathered, "channels", set_policy), resource="Https")["attention"] == attention


def test_a_database_that_does_not_force_tls_is_marked(gathered: Gather) -> None:
    def allow(resources: Resources) -> None:
        resources["Parameters"]["Properties"]["Parameters"]["require_secure_transport"] = "OFF"

    row = _row(_rows(gathered, "channels", allow), resource="Parameters")
    assert "refuses unencrypted connections" in row["attention"]


# Secrets


def test_the_password_of_the_database_names_its_rotation_and_its_readers(gathered: Gather) -> None:
    (row,) = _rows(gathered, "secrets")
    assert row["resource"] == "Cluster.MasterUserSecret"
    assert row["rotation"] == "every 7 days, by RDS"
    assert row["read_by"] == ("Task",)
    assert row["encryption"] == "DataKey"


def _own_secret(resources: Resources, **properties: sample.Body) -> None:
    resources["Secret"] = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Description": "Signs receipts", **properties},
    }


def test_a_secret_without_rotation_is_marked(gathered: Gather) -> None:
    rows = _rows(gathered, "secrets", lambda r: _own_secret(r, GenerateSecretString={}))
    row = _row(rows, resource="Secret")
    assert row["made_by"] == "Secrets Manager, 32 random characters"
    assert row["rotation"] == "none"
    assert "does not rotate" in row["attention"]


def test_a_secret_with_a_rotation_through_its_attachment_is_not_marked(gathered: Gather) -> None:
    def rotate(resources: Resources) -> None:
        _own_secret(resources, GenerateSecretString={})
        resources["Attachment"] = {
            "Type": "AWS::SecretsManager::SecretTargetAttachment",
            "Properties": {"SecretId": {"Ref": "Secret"}, "TargetId": {"Ref": "Cluster"}},
        }
        resources["Schedule"] = {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {
                "SecretId": {"Ref": "Attachment"},
                "RotationRules": {"ScheduleExpression": "rate(30 days)"},
            },
        }

    row = _row(_rows(gathered, "secrets", rotate), resource="Secret")
    assert row["rotation"] == "every 30 days"
    assert row["attention"] == ""


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(0 1 1 * ? *)", "every month on day 1 within 3 hours from 01:00 UTC"),
        ("cron(0 1 1 1/2 ? *)", "every 2 months on day 1 within 3 hours from 01:00 UTC"),
        ("cron(0 22 1/7 * ? *)", "every 7 days of a month within 3 hours from 22:00 UTC"),
        ("cron(0 4 1/1 * ? *)", "every day within 3 hours from 04:00 UTC"),
        ("cron(0 4 ? * * *)", "every day within 3 hours from 04:00 UTC"),
        ("cron(0 4 ? * SUN *)", "cron(0 4 ? * SUN *)"),
        ("cron(0/30 4 1 * ? *)", "cron(0/30 4 1 * ? *)"),
    ],
)
def test_a_schedule_is_told_in_words_or_as_it_is_written(
    gathered: Gather, expression: str, words: str
) -> None:
    def rotate(resources: Resources) -> None:
        _own_secret(resources, GenerateSecretString={})
        resources["Schedule"] = {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {
                "SecretId": {"Ref": "Secret"},
                "RotationRules": {"ScheduleExpression": expression, "Duration": "3h"},
            },
        }

    assert _row(_rows(gathered, "secrets", rotate), resource="Secret")["rotation"] == words


def test_a_secret_written_into_the_template_is_marked_and_never_shown(gathered: Gather) -> None:
    rows = _rows(gathered, "secrets", lambda r: _own_secret(r, SecretString="hunter2hunter2"))
    assert "stands in the template" in _row(rows, resource="Secret")["attention"]
    assert "hunter2" not in str(rows)


# Logs


def test_logs_find_their_groups_by_reference_and_by_name(gathered: Gather) -> None:
    rows = _rows(gathered, "logs")
    flow = _row(rows, source="FlowLog")
    assert flow["retention"] == "400 days"
    assert flow["encryption"] == "LogKey"
    audit = [row for row in rows if "audit" in str(row["records"])]
    assert [row["destination"] for row in audit] == [
        "/aws/rds/cluster/transaction-db-cluster-prod/audit"
    ]
    assert audit[0]["retention"] == "400 days"
    assert _row(rows, source="Alb")["destination"] == "LogBucket"


def test_a_log_kept_for_less_than_a_year_is_marked(gathered: Gather) -> None:
    def shorten(resources: Resources) -> None:
        resources["FlowLogs"]["Properties"]["RetentionInDays"] = 90

    row = _row(_rows(gathered, "logs", shorten), source="FlowLog")
    assert "12 months of 10.5.1" in row["attention"]


def test_a_log_group_that_nobody_owns_is_marked(gathered: Gather) -> None:
    rows = _rows(gathered, "logs", lambda resources: resources.pop("AuditLogs"))
    row = _row(rows, records="Database audit")
    assert "AWS makes this log group itself" in row["attention"]


# Components, acknowledgements


def test_every_resource_is_a_component_with_a_scope(gathered: Gather) -> None:
    evidence = gathered()
    rows = _rows(gathered, "components")
    assert {row["resource"] for row in rows} == set(evidence.view.resources)
    assert all(row["scope"] and row["why"] for row in rows)
    assert _row(rows, resource="Cluster")["scope"] == "in the CDE"
    assert _row(rows, resource="LogBucket")["scope"] == "connected or security-affecting"


def test_a_type_that_nobody_knows_is_in_scope_until_decided(gathered: Gather) -> None:
    def add(resources: Resources) -> None:
        resources["Odd"] = {"Type": "Vendor::New::Thing", "Properties": {}}

    row = _row(_rows(gathered, "components", add), resource="Odd")
    assert row["scope"] == "connected or security-affecting"
    assert "until you decide" in row["why"]


def test_acknowledgements_carry_reason_and_last_day(gathered: Gather) -> None:
    (row,) = _rows(gathered, "acknowledgements")
    assert row["rule"] == "AwsSolutions-S1"
    assert row["reason"] == "This bucket holds the access logs themselves."
    assert row["until"] == "2027-06-30"
    assert row["resources"] == ("LogBucket",)


def test_an_acknowledgement_that_only_the_report_knows_is_listed(gathered: Gather) -> None:
    def forget(resources: Resources) -> None:
        del resources["LogBucket"]["Metadata"]["pcistack:acknowledged"]

    (row,) = _rows(gathered, "acknowledgements", forget)
    assert row["checks"] == "cdk-nag, AWS Solutions"
    assert row["until"] == "no end"


def test_every_acknowledgement_is_listed_with_owner_and_last_day(gathered: Gather) -> None:
    """Of every set of checks, cdk-nag's own notation among them."""

    def accept(resources: Resources) -> None:
        resources["Cluster"]["Metadata"] |= {
            "pcistack:acknowledged": [
                {
                    "rule": "PCI-6.3.3-DATABASE-PATCHES",
                    "reason": "Patches come by hand here.",
                    "owner": "platform",
                },
                {
                    "rule": "AURORA-VERSION-SUPPORT-ENDED",
                    "reason": "Old until it is replaced.",
                    "until": "2027-01-31",
                },
                {"rule": "DEPLOY-ORDER", "reason": "Known and looked at by us."},
                {"rule": "TEMPLATE-REFERENCE", "reason": "It is made beside this."},
                {"rule": "E3012", "reason": "The service takes a text here."},
                {
                    "rule": "PCI.DSS.321-RDSStorageEncrypted",
                    "reason": "Restored just as it was before.",
                },
            ],
            "cdk_nag": {
                "rules_to_suppress": [
                    {"id": "AwsSolutions-RDS6", "reason": "No IAM."},
                    {
                        "id": "AwsSolutions-RDS16",
                        "reason": "TmHDr3ZlLCBhbmQgbm90IHVzZWQgaGVyZQ==",
                        "is_reason_encoded": True,
                    },
                ]
            },
        }

    rows = [
        row for row in _rows(gathered, "acknowledgements", accept) if "Cluster" in row["resources"]
    ]
    assert {(row["checks"], row["rule"], row["owner"], row["until"]) for row in rows} == {
        ("PCI DSS", "PCI-6.3.3-DATABASE-PATCHES", "platform", "no end"),
        ("Regional guard", "AURORA-VERSION-SUPPORT-ENDED", "", "2027-01-31"),
        ("Deployment", "DEPLOY-ORDER", "", "no end"),
        ("Template", "TEMPLATE-REFERENCE", "", "no end"),
        ("CloudFormation schema", "E3012", "", "no end"),
        ("cdk-nag, PCI DSS 3.2.1", "PCI.DSS.321-RDSStorageEncrypted", "", "no end"),
        ("cdk-nag, AWS Solutions", "AwsSolutions-RDS6", "", "no end"),
        ("cdk-nag, AWS Solutions", "AwsSolutions-RDS16", "", "no end"),
    }
    assert {row["reason"] for row in rows} == {
        "Patches come by hand here.",
        "Naïve, and not used here",
        "It is made beside this.",
        "The service takes a text here.",
        "Restored just as it was before.",
        "Old until it is replaced.",
        "Known and looked at by us.",
        "No IAM.",
    }
