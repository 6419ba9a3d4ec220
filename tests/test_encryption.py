"""Keys: one per purpose, rotated, and usable by their service only."""

import json

import pytest

from pci_constructs.place import Place
from tests.support import Synthesized, listed, statements, template, text

DEV = template("dev")
PROD = template("prod")
ROOT = "arn:aws:iam::${AWS::AccountId}:root"
ALL_USE = {
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}


def policy(synthesized: Synthesized, purpose: str) -> list[dict[str, object]]:
    key = synthesized.named(f"Encryption/{purpose}/", "AWS::KMS::Key")
    return statements(key["KeyPolicy"])


def test_every_key_rotates_and_has_an_alias() -> None:
    assert all(key["EnableKeyRotation"] is True for key in DEV.all("AWS::KMS::Key"))
    assert [alias["AliasName"] for alias in DEV.all("AWS::KMS::Alias")] == [
        "alias/pcidss-dev-data",
        "alias/pcidss-dev-logs",
        "alias/pcidss-dev-secrets",
        "alias/pcidss-dev-messages",
    ]


@pytest.mark.parametrize(("synthesized", "days"), [(DEV, 7), (PROD, 30)], ids=["dev", "prod"])
def test_deletion_window_follows_the_profile(synthesized: Synthesized, days: int) -> None:
    assert {key["PendingWindowInDays"] for key in synthesized.all("AWS::KMS::Key")} == {days}


@pytest.mark.parametrize("purpose", ["Data", "Logs", "Secrets", "Messages"])
def test_the_account_administers_a_key_but_cannot_decrypt_with_it_directly(purpose: str) -> None:
    (administration,) = [
        s
        for s in policy(DEV, purpose)
        if "root" in json.dumps(s["Principal"]) and "Condition" not in s
    ]
    assert text(administration["Principal"]["AWS"]) == ROOT  # type: ignore[index]
    actions = set(listed(administration["Action"]))
    assert not actions & (ALL_USE | {"kms:CreateGrant"})
    # KMS refuses a key whose policy nobody could change, and CloudFormation has to delete it
    assert actions >= {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"}


# RDS makes the master user's secret, so it asks for the secrets key too.
@pytest.mark.parametrize(
    ("purpose", "services"),
    [("Data", {"rds"}), ("Secrets", {"secretsmanager", "rds"})],
)
def test_key_is_used_through_its_services_and_from_this_account_only(
    purpose: str, services: set[str]
) -> None:
    use = [s for s in policy(DEV, purpose) if "Condition" in s]
    assert {a for s in use for a in listed(s["Action"])} >= ALL_USE
    for statement in use:
        assert text(statement["Principal"]["AWS"]) == ROOT  # type: ignore[index]
        condition = statement["Condition"]["StringEquals"]  # type: ignore[index]
        assert set(listed(condition["kms:ViaService"])) == {
            f"{service}.eu-central-2.amazonaws.com" for service in services
        }
        assert condition["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.parametrize("purpose", ["Data", "Secrets"])
def test_rds_may_grant_the_key_to_its_own_resources_only(purpose: str) -> None:
    (grant,) = [s for s in policy(DEV, purpose) if s["Action"] == "kms:CreateGrant"]
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}  # type: ignore[index]


def test_logs_key_encrypts_exactly_the_log_groups_of_the_stack() -> None:
    (statement,) = [s for s in policy(PROD, "Logs") if "Condition" in s]
    assert statement["Principal"] == {"Service": "logs.eu-central-2.amazonaws.com"}
    assert set(listed(statement["Action"])) == ALL_USE | {"kms:DescribeKey"}
    context = statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]  # type: ignore[index]
    named = {json.dumps(arn).split("log-group:")[1].strip('"]}') for arn in context}
    assert named == {str(group["LogGroupName"]) for group in PROD.all("AWS::Logs::LogGroup")}


def test_alarms_and_database_events_may_publish_through_the_topics_key() -> None:
    (statement,) = [s for s in policy(DEV, "Messages") if "Service" in json.dumps(s["Principal"])]
    assert statement["Principal"] == {
        "Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]
    }
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "Condition" not in statement  # it must never be why an alarm is dropped silently


ADMINISTRATION = "AccountAdministersTheKeyThroughIam"
USE = "AccountUsesTheKeyThroughTheServiceOnly"
STATEMENTS = {
    "Data": [ADMINISTRATION, USE, "ServiceGrantsTheKeyToItsOwnResources"],
    "Logs": [ADMINISTRATION, "CloudWatchLogsEncryptsTheLogGroupsOfThisStack"],
    "Secrets": [ADMINISTRATION, USE, "ServiceGrantsTheKeyToItsOwnResources"],
    "Messages": [ADMINISTRATION, "AlarmsAndDatabaseEventsPublishThroughTheTopic"],
}


@pytest.mark.parametrize("purpose", STATEMENTS)
def test_a_key_policy_holds_the_statements_of_its_purpose_and_no_other(purpose: str) -> None:
    assert [statement["Sid"] for statement in policy(DEV, purpose)] == STATEMENTS[purpose]
    key = DEV.named(f"Encryption/{purpose}/", "AWS::KMS::Key")
    assert key["Description"] == f"Encrypts the {purpose.lower()} of PciDss-dev"


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "amazonaws.com"),
        ("aws-us-gov", "amazonaws.com"),
        ("aws-cn", "amazonaws.com.cn"),
        ("aws-eusc", "amazonaws.eu"),
    ],
)
def test_the_services_of_a_partition_have_its_domain(partition: str, domain: str) -> None:
    place = Place(partition=partition, region="r", account="111111111111")
    assert place.domain == domain
