"""Alarms reach somebody, say what to do, and watch the controls themselves."""

from __future__ import annotations

import json
import re

import pytest

from pci_constructs.alarms import many_connections
from tests.support import (
    APART,
    SHIPPED,
    Synthesized,
    listed,
    references,
    statements,
    target,
    template,
    variant,
    waits_for,
)
from tests.tables import cases

DEV = template("dev")
PROD = template("prod")


SERVICE = {"ClusterName": "pcidss-prod", "ServiceName": "pcidss-prod"}
DATABASE = {"DBClusterIdentifier": "transaction-db-cluster-prod"}
BALANCER = {"LoadBalancer": "${IngressLoadBalancer.LoadBalancerFullName}"}
TARGETS = {
    **BALANCER,
    "TargetGroup": "${IngressLoadBalancerHttpsTasksGroup.TargetGroupFullName}",
}
WEB_ACL = {"WebACL": "pcidss-prod", "Region": "eu-central-2", "Rule": "ALL"}
AUDIT_LOG = {"LogGroupName": "${DatabaseAuditLogGroup}"}
FLOW_LOG = {"LogGroupName": "${NetworkFlowLogGroup}"}
WATCHED = {
    "ServiceCpu": ("AWS/ECS CPUUtilization Average 60 s > 85, 5 times", SERVICE),
    "ServiceMemory": ("AWS/ECS MemoryUtilization Average 60 s > 90, 5 times", SERVICE),
    "TasksMissing": ("metric - less > 0, 5 times", {}),
    "DatabaseCpu": ("AWS/RDS CPUUtilization Average 300 s > 90, 3 times", DATABASE),
    "DatabaseCapacity": ("AWS/RDS ACUUtilization Average 300 s > 90, 3 times", DATABASE),
    "DatabaseConnections": ("AWS/RDS DatabaseConnections Maximum 60 s > 800, 3 times", DATABASE),
    "DatabaseFreeMemory": (
        "AWS/RDS FreeableMemory Minimum 300 s < 134217728, 3 times",
        DATABASE,
    ),
    "ReplicaLag": ("AWS/RDS AuroraReplicaLag Maximum 60 s > 1000, 5 times", DATABASE),
    "FlowLogSilent": ("AWS/Logs IncomingLogEvents Sum 3600 s < 1, 2 times", FLOW_LOG),
    "AuditLogSilent": ("AWS/Logs IncomingLogEvents Sum 3600 s < 1, 2 times", AUDIT_LOG),
    "RotationFailed": (
        "AWS/Lambda Errors Sum 300 s > 0, 1 times",
        {"FunctionName": "${DatabaseIdentitiesFunction}"},
    ),
    "UnhealthyHosts": (
        "AWS/ApplicationELB UnHealthyHostCount Maximum 60 s > 0, 3 times",
        TARGETS,
    ),
    "TaskErrors": (
        "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum 60 s > 10, 3 times",
        TARGETS,
    ),
    "LoadBalancerErrors": (
        "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum 60 s > 10, 3 times",
        BALANCER,
    ),
    "Latency": ("AWS/ApplicationELB TargetResponseTime p99 60 s > 2, 5 times", TARGETS),
    "WafBlockedSurge": ("AWS/WAFV2 BlockedRequests Sum 300 s > 500, 1 times", WEB_ACL),
}
"""What makes each alarm of production go off, and the dimensions of its metric."""

SILENCE = {"TasksMissing", "FlowLogSilent", "AuditLogSilent"}
ONLY_WITH_READERS_OR_INGRESS = {
    "ReplicaLag",
    "UnhealthyHosts",
    "TaskErrors",
    "LoadBalancerErrors",
    "Latency",
    "WafBlockedSurge",
}


def alarms(synthesized: Synthesized) -> dict[str, dict[str, object]]:
    return {
        synthesized.path(key).split("/")[-1]: synthesized.properties(key)
        for key in synthesized.ids("AWS::CloudWatch::Alarm")
    }


def dimensions(metric: dict[str, object]) -> dict[str, str]:
    """Dimensions of a metric; references stand as ``${Construct}``, without the CDK's hash."""
    return {
        item["Name"]: re.sub(r"[0-9A-F]{8}(?=[.}])", "", _shown(item["Value"]))
        for item in metric.get("Dimensions", [])  # type: ignore[attr-defined]
    }


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    assert isinstance(value, dict)
    if "Fn::GetAtt" in value:
        return "${" + ".".join(value["Fn::GetAtt"]) + "}"
    (only,) = set(references(value))
    return f"${{{only}}}"


def goes_off(alarm: dict[str, object]) -> str:
    operator = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"]
    if "Metrics" in alarm:
        watched = listed(alarm["Metrics"])[0]["Expression"]  # type: ignore[index]
    else:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        watched = f"{alarm['Namespace']} {alarm['MetricName']} {statistic} {alarm['Period']} s"
    comparison = operator[str(alarm["ComparisonOperator"])]
    return f"{watched} {comparison} {alarm['Threshold']}, {alarm['EvaluationPeriods']} times"


@cases("name", WATCHED)
def test_each_alarm_watches_what_it_is_named_for(name: str) -> None:
    alarm = alarms(PROD)[name]
    assert (goes_off(alarm), dimensions(alarm)) == WATCHED[name]


def test_missing_tasks_are_those_that_are_wanted_and_do_not_run() -> None:
    queries = listed(alarms(PROD)["TasksMissing"]["Metrics"])[1:]
    counted = {}
    for query in queries:
        assert isinstance(query, dict)
        stat = query["MetricStat"]
        assert (stat["Stat"], stat["Period"]) == ("Average", 60)
        assert stat["Metric"]["Namespace"] == "ECS/ContainerInsights"
        assert dimensions(stat["Metric"]) == SERVICE
        counted[query["Id"]] = stat["Metric"]["MetricName"]
    assert counted == {"metric": "DesiredTaskCount", "less": "RunningTaskCount"}


def test_service_database_and_controls_are_watched_everywhere_and_nothing_else() -> None:
    assert set(alarms(PROD)) == set(WATCHED)
    assert set(alarms(DEV)) == set(WATCHED) - ONLY_WITH_READERS_OR_INGRESS


def test_silence_is_an_alarm_where_something_must_always_be_heard() -> None:
    missing = {name: alarm["TreatMissingData"] for name, alarm in alarms(PROD).items()}
    assert {name for name, treated in missing.items() if treated == "breaching"} == SILENCE
    assert set(missing.values()) == {"breaching", "notBreaching"}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("TasksMissing", {"AWS::ECS::Service"}),
        ("FlowLogSilent", {"AWS::ECS::Service", "AWS::EC2::FlowLog"}),
        ("AuditLogSilent", {"AWS::RDS::DBCluster"}),
    ],
)
def test_no_alarm_goes_off_because_what_it_watches_is_still_being_made(
    name: str, kinds: set[str]
) -> None:
    (alarm,) = [k for k in PROD.ids("AWS::CloudWatch::Alarm") if PROD.path(k).endswith(f"/{name}")]
    first = waits_for(PROD, alarm)
    for kind in kinds:
        assert set(PROD.ids(kind)) <= first


def test_a_database_that_pauses_writes_no_audit_log_and_its_silence_is_no_alarm() -> None:
    paused = variant(database={"min_capacity": 0, "auto_pause_seconds": 300})
    assert set(alarms(DEV)) - set(alarms(paused)) == {"AuditLogSilent"}


@pytest.mark.parametrize("suffix", SHIPPED)
def test_the_end_of_an_alarm_is_told_too(suffix: str) -> None:
    for alarm in template(suffix).all("AWS::CloudWatch::Alarm"):
        assert alarm["OKActions"] == alarm["AlarmActions"]


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


ADVICE = {
    "ServiceCpu": "raise max_count or cpu",
    "ServiceMemory": "raise memory_mib",
    "TasksMissing": "the stopped tasks' reasons",
    "DatabaseCpu": "the slow query log",
    "DatabaseCapacity": "raise max_capacity",
    "DatabaseConnections": "lower the pool size",
    "DatabaseFreeMemory": "Raise max_capacity",
    "ReplicaLag": "long transactions",
    "FlowLogSilent": "the flow log's status",
    "AuditLogSilent": "server_audit_logging",
    "RotationFailed": "names the reason and what to do",
    "UnhealthyHosts": "health_check_path",
    "TaskErrors": "roll back",
    "LoadBalancerErrors": "UnhealthyHosts and Latency",
    "Latency": "the database's CPU",
    "WafBlockedSurge": "a scoped exception",
}


@cases("name", WATCHED)
def test_every_alarm_says_what_to_do(name: str) -> None:
    assert ADVICE[name] in str(alarms(PROD)[name]["AlarmDescription"])


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_alarm_is_named_so_that_its_reader_knows_the_stack(suffix: str) -> None:
    named = {title: alarm["AlarmName"] for title, alarm in alarms(template(suffix)).items()}
    assert named == {title: f"PciDss-{suffix}-{title}" for title in named}


def test_alarms_and_rds_of_this_account_publish_and_nobody_else() -> None:
    policy = statements(DEV.one("AWS::SNS::TopicPolicy")["PolicyDocument"])
    (publish,) = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert publish["Principal"] == {
        "Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]
    }
    assert publish["Action"] == "sns:Publish"
    this_account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert publish["Condition"] == this_account


def test_topic_refuses_plain_http() -> None:
    policy = DEV.one("AWS::SNS::TopicPolicy")["PolicyDocument"]
    (refusal,) = [s for s in statements(policy) if s["Effect"] == "Deny"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_subscribers_come_from_the_configuration() -> None:
    assert DEV.ids("AWS::SNS::Subscription") == []
    subscription = variant(**APART).one("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "security@example.com")


def test_database_changes_are_told() -> None:
    events = {s["SourceType"]: s for s in PROD.all("AWS::RDS::EventSubscription")}
    assert {kind: event["EventCategories"] for kind, event in events.items()} == {
        "db-cluster": ["configuration change", "deletion", "failover", "failure", "maintenance"],
        "db-instance": ["configuration change", "failure", "maintenance"],
        "db-parameter-group": ["configuration change"],
    }
    for source, kind in (("db-cluster", "DBCluster"), ("db-instance", "DBInstance")):
        told = {target(each) for each in listed(events[source]["SourceIds"])}
        assert told == set(PROD.ids(f"AWS::RDS::{kind}"))
    for subscription in events.values():
        assert target(subscription["SnsTopicArn"]) == PROD.ids("AWS::SNS::Topic")[0]


def test_database_events_find_a_topic_that_lets_them_publish() -> None:
    (policy,) = DEV.ids("AWS::SNS::TopicPolicy")
    for subscription in DEV.ids("AWS::RDS::EventSubscription"):
        assert policy in waits_for(DEV, subscription)  # RDS publishes a test event at once


def test_dashboard_draws_every_alarm_with_its_threshold() -> None:
    dashboard = PROD.one("AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "pcidss-prod"
    parts = dashboard["DashboardBody"]["Fn::Join"][1]  # type: ignore[index]
    body = json.loads("".join(p if isinstance(p, str) else target(p) for p in parts))
    overview, *graphs = body["widgets"]
    everything = [
        f"arn:aws:cloudwatch:eu-central-2:AWS::AccountId:alarm:{alarm['AlarmName']}"
        for alarm in alarms(PROD).values()
    ]
    assert overview["properties"]["alarms"] == everything
    assert [g["properties"]["annotations"]["alarms"] for g in graphs] == [[a] for a in everything]
    assert [graph["properties"]["title"] for graph in graphs] == list(alarms(PROD))


@pytest.mark.parametrize(
    ("capacity", "threshold"), [(1, 72), (1.5, 72), (5, 108), (8, 800), (9, 800), (20, 1600)]
)
def test_connection_alarm_goes_off_before_the_database_refuses_connections(
    capacity: float, threshold: float
) -> None:
    assert many_connections(capacity) == threshold


@pytest.mark.parametrize(("shipped", "capacity"), [(DEV, 1), (PROD, 8)])
def test_connection_alarm_follows_the_capacity(shipped: Synthesized, capacity: float) -> None:
    scaling = shipped.one("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    assert isinstance(scaling, dict)
    assert scaling["MaxCapacity"] == capacity
    assert alarms(shipped)["DatabaseConnections"]["Threshold"] == many_connections(capacity)


def test_an_existing_topic_is_told_instead_of_one_of_our_own() -> None:
    arn = "arn:aws:sns:eu-central-2:111111111111:on-call"
    existing = variant(monitoring={"topic_arn": arn})
    assert existing.ids("AWS::SNS::Topic") == []
    for alarm in existing.all("AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == [arn]
    for subscription in existing.all("AWS::RDS::EventSubscription"):
        assert subscription["SnsTopicArn"] == arn
