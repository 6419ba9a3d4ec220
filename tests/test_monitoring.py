"""Alarms reach somebody, say what to do, and watch the controls themselves."""

import json

import pytest

from tests.support import SHIPPED, listed, statements, target, template, variant

DEV = template("dev")
PROD = template("prod")


def alarms(suffix: str) -> set[str]:
    synthesized = template(suffix)
    return {synthesized.path(a).split("/")[-2] for a in synthesized.ids("AWS::CloudWatch::Alarm")}


def test_service_database_and_controls_are_watched() -> None:
    everywhere = {
        "ServiceCpu",
        "ServiceMemory",
        "TasksMissing",
        "DatabaseCpu",
        "DatabaseCapacity",
        "DatabaseConnections",
        "DatabaseFreeMemory",
        "FlowLogSilent",
        "AuditLogSilent",
        "RotationFailed",
    }
    assert alarms("dev") == everywhere
    assert alarms("prod") == everywhere | {
        "ReplicaLag",
        "UnhealthyHosts",
        "TaskErrors",
        "LoadBalancerErrors",
        "Latency",
        "WafBlockedSurge",
    }


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_alarm_reaches_its_topic_through_a_key_that_lets_it(suffix: str) -> None:
    synthesized = template(suffix)
    for alarm in synthesized.all("AWS::CloudWatch::Alarm"):
        (topic_id,) = {target(action) for action in listed(alarm["AlarmActions"])}
        topic = synthesized.properties(topic_id)
        key = synthesized.properties(target(topic["KmsMasterKeyId"]))
        lets = [
            statement
            for statement in statements(key["KeyPolicy"])
            if "cloudwatch.amazonaws.com" in json.dumps(statement["Principal"])
        ]
        assert {action for s in lets for action in listed(s["Action"])} >= {
            "kms:Decrypt",
            "kms:GenerateDataKey",
        }
        publishing = [
            statement
            for policy in synthesized.all("AWS::SNS::TopicPolicy")
            if topic_id in {target(t) for t in listed(policy["Topics"])}
            for statement in statements(policy["PolicyDocument"])
            if "cloudwatch.amazonaws.com" in json.dumps(statement["Principal"])
        ]
        assert [statement["Action"] for statement in publishing] == ["sns:Publish"]


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_alarm_says_what_to_do(suffix: str) -> None:
    for alarm in template(suffix).all("AWS::CloudWatch::Alarm"):
        assert len(str(alarm["AlarmDescription"])) > 60


def test_topic_refuses_plain_http() -> None:
    policy = DEV.one("AWS::SNS::TopicPolicy")["PolicyDocument"]
    (refusal,) = [s for s in statements(policy) if s["Effect"] == "Deny"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_subscribers_come_from_the_configuration() -> None:
    assert DEV.ids("AWS::SNS::Subscription") == []
    subscribed = variant(monitoring={"emails": ["security@example.com"]})
    subscription = subscribed.one("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "security@example.com")


def test_silence_of_a_security_log_is_an_alarm() -> None:
    for name, group in (
        ("FlowLogSilent", "/pcidss/dev/flow-logs"),
        ("AuditLogSilent", "/aws/rds/cluster/transaction-db-cluster-dev/audit"),
    ):
        alarm = DEV.named(f"/{name}/", "AWS::CloudWatch::Alarm")
        (dimension,) = listed(alarm["Dimensions"])
        assert isinstance(dimension, dict)
        assert DEV.properties(target(dimension["Value"]))["LogGroupName"] == group
        assert alarm["TreatMissingData"] == "breaching"
        assert alarm["ComparisonOperator"] == "LessThanThreshold"


def test_database_changes_are_told() -> None:
    events = {s["SourceType"]: s for s in DEV.all("AWS::RDS::EventSubscription")}
    assert set(events) == {"db-cluster", "db-instance", "db-parameter-group"}
    assert "configuration change" in listed(events["db-instance"]["EventCategories"])
    assert target(listed(events["db-cluster"]["SourceIds"])[0]) in DEV.ids("AWS::RDS::DBCluster")
    for subscription in events.values():
        assert target(subscription["SnsTopicArn"]) == DEV.ids("AWS::SNS::Topic")[0]


def test_dashboard_shows_every_alarm() -> None:
    dashboard = PROD.one("AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "pcidss-prod"
    body = json.dumps(dashboard["DashboardBody"])
    for alarm in PROD.ids("AWS::CloudWatch::Alarm"):
        assert alarm in body


def test_connection_alarm_follows_the_capacity() -> None:
    small = DEV.named("/DatabaseConnections/", "AWS::CloudWatch::Alarm")["Threshold"]
    large = PROD.named("/DatabaseConnections/", "AWS::CloudWatch::Alarm")["Threshold"]
    assert (small, large) == (72, 800)
