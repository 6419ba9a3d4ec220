"""What is right as it stands, and what is wrong in a guise that no resource of its own shows."""

from __future__ import annotations

from typing import cast

import pytest

from pcistack.checks.findings import Severity
from pcistack.template.document import Json
from tests.pci_dss.cases import Resources, att, database, group, one, ref, res, tcp, vpc
from tests.pci_dss.test_rules import findings, rules_of


def _mysql(group: Resources, **database: object) -> Resources:
    return {**group, **one("RDS::DBInstance", DBParameterGroupName=ref("Group"), **database)}


def _group(family: str, **parameters: str) -> Resources:
    return {"Group": res("RDS::DBParameterGroup", Family=family, Parameters=parameters)}


@pytest.mark.parametrize(
    ("resources", "clear"),
    [
        (_mysql(_group("postgres16"), Engine="postgres"), False),
        (_mysql(_group("postgres14"), Engine="postgres"), True),
        (_mysql(_group("postgres16", **{"rds.force_ssl": "0"}), Engine="postgres"), True),
        (_mysql(_group("mariadb11.8"), Engine="mariadb"), False),
        (_mysql(_group("mysql8.0"), Engine="mysql"), True),
        (one("RDS::DBInstance", Engine="postgres", EngineVersion="16.8"), False),
        (
            one(
                "RDS::DBInstance",
                Engine="postgres",
                EngineVersion="16.8",
                DBParameterGroupName="ours",
            ),
            True,
        ),
        (
            one("RDS::DBCluster", Engine="aurora-postgresql", EngineVersion="16.8"),
            True,
        ),
        (one("RDS::DBCluster", Engine="aurora-postgresql", EngineVersion="17.5"), False),
        (
            one(
                "RDS::DBCluster",
                Engine="aurora-mysql",
                DBClusterParameterGroupName="default.aurora-mysql8.4",
            ),
            False,
        ),
    ],
)
def test_an_engine_that_takes_tls_only_by_default_needs_no_parameter(
    resources: Resources, clear: bool
) -> None:
    assert ("PCI-4.2.1-DATABASE-TLS" in rules_of(resources)) == clear


def test_a_log_group_that_receives_a_log_is_no_log_bucket() -> None:
    found = rules_of(
        {
            "Group": res("Logs::LogGroup"),
            **one("EC2::FlowLog", LogDestination=att("Group", "Arn")),
        }
    )
    assert not [rule for rule in found if "LOG-BUCKET" in rule]


@pytest.mark.parametrize("attribute", ["DomainName", "RegionalDomainName"])
def test_a_bucket_for_the_logs_of_cloudfront_keeps_its_lists(attribute: str) -> None:
    bucket = res(
        "S3::Bucket", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    logging = {"Bucket": att("Logs", attribute)}
    logged = one("CloudFront::Distribution", DistributionConfig={"Logging": logging})
    assert "PCI-7.3.3-BUCKET-ACLS" not in rules_of({"Logs": bucket, **logged})
    assert "PCI-7.3.3-BUCKET-ACLS" in rules_of({"Logs": bucket})


def test_a_log_that_is_delivered_by_itself_is_a_log() -> None:
    distribution = one("CloudFront::Distribution", DistributionConfig={"Enabled": True})
    source = {"Source": res("Logs::DeliverySource", Name="s", ResourceArn=att("It", "Arn"))}
    delivery = {"Delivery": res("Logs::Delivery", DeliverySourceName=ref("Source"))}
    rule = "PCI-10.2.1-SERVICE-LOGS"
    assert rule in rules_of(distribution)
    assert rule in rules_of({**distribution, **source})
    assert rule not in rules_of({**distribution, **source, **delivery})


@pytest.mark.parametrize("side", ["Ingress", "Egress"])
def test_a_group_of_another_stack_is_a_group_whichever_it_is(side: str) -> None:
    peer = "SourceSecurityGroupId" if side == "Ingress" else "DestinationSecurityGroupId"
    rule = f"PCI-1.3.{1 if side == 'Ingress' else 2}-{side.upper()}-"
    values = {"GroupId": ref("Group"), peer: {"Fn::ImportValue": "app"}, "IpProtocol": "tcp"}
    ports = {"FromPort": 3306, "ToPort": 3306}
    held = {"Group": res("EC2::SecurityGroup", GroupDescription="d", SecurityGroupEgress=[])}
    known = {**held, **one(f"EC2::SecurityGroup{side}", **values, **ports)}
    unknown = {"FromPort": {"Fn::ImportValue": "port"}, "ToPort": 3306}
    open_ = {**held, **one(f"EC2::SecurityGroup{side}", **values, **unknown)}
    ids = (f"{rule}UNKNOWN", f"{rule}ANYWHERE")
    assert not [found for found in _at_it(known) if found in ids]
    assert [found for found in _at_it(open_) if found in ids]


def _at_it(resources: Resources) -> list[str]:
    return [finding.rule for finding in findings(resources) if finding.resource == "It"]


def test_a_stage_that_a_deployment_makes_is_a_stage() -> None:
    made = one("ApiGateway::Deployment", RestApiId="a", StageName="live")
    rules_ = ("PCI-10.2.1-SERVICE-LOGS", "PCI-6.4.2-FIREWALL-MISSING")
    assert set(rules_) <= set(rules_of(made))
    assert not set(rules_) & set(rules_of(one("ApiGateway::Deployment", RestApiId="a")))
    logged = {"AccessLogSetting": {"DestinationArn": "arn:aws:logs:r:1:log-group:g"}}
    arn = "arn:aws:apigateway:r::/restapis/a/stages/live"
    good = {
        **one("ApiGateway::Deployment", RestApiId="a", StageName="live", StageDescription=logged),
        "Link": res("WAFv2::WebACLAssociation", ResourceArn=arn, WebACLArn="acl"),
    }
    assert not set(rules_) & set(rules_of(good))


def _network_balancer(protocol: str) -> Resources:
    return {
        **one("ElasticLoadBalancingV2::LoadBalancer", Type="network", Scheme="internal"),
        "Listener": res(
            "ElasticLoadBalancingV2::Listener", LoadBalancerArn=ref("It"), Protocol=protocol
        ),
    }


def test_a_network_load_balancer_has_an_access_log_of_its_tls_listeners_only() -> None:
    assert "PCI-10.2.1-BALANCER-LOGS" not in rules_of(_network_balancer("TCP"))
    assert "PCI-10.2.1-BALANCER-LOGS" in rules_of(_network_balancer("TLS"))


def test_a_network_load_balancer_has_no_default_group_that_could_apply() -> None:
    (found,) = (
        one for one in findings(_network_balancer("TCP")) if one.rule == "PCI-1.3.1-GROUP-MISSING"
    )
    assert found.severity is Severity.WARNING
    assert "default" not in found.message


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("CloudWatch::CompositeAlarm", {"AlarmRule": {"Fn::Sub": "ALARM(${It})"}}),
        (
            "CodeDeploy::DeploymentGroup",
            {"AlarmConfiguration": {"Alarms": [{"Name": ref("It")}], "Enabled": True}},
        ),
        ("ECS::Service", {"DeploymentConfiguration": {"Alarms": {"AlarmNames": [ref("It")]}}}),
    ],
)
def test_an_alarm_on_which_something_acts_needs_no_action(
    kind: str, properties: dict[str, object]
) -> None:
    alarm = one("CloudWatch::Alarm", MetricName="Errors", Namespace="AWS/Lambda")
    assert "PCI-10.7.2-ALARM-ACTIONS" in _at_it(alarm)
    assert "PCI-10.7.2-ALARM-ACTIONS" not in _at_it({**alarm, "Other": res(kind, **properties)})


@pytest.mark.parametrize(("auth", "found"), [({}, True), ({"Authorizer": "Users"}, False)])
def test_a_route_that_a_function_s_event_makes_is_a_route(
    auth: dict[str, str], found: bool
) -> None:
    event = {"Type": "HttpApi", "Properties": {"Path": "/", "Method": "POST", "Auth": auth}}
    function = one("Serverless::Function", Events={"Pay": event})
    assert ("PCI-6.4.2-FIREWALL-IMPOSSIBLE" in rules_of(function)) == found


def test_a_rule_that_lets_a_store_call_out_is_told_before_a_route_leads_there() -> None:
    out = res(
        "EC2::SecurityGroupEgress",
        GroupId=att("StoreGroup", "GroupId"),
        IpProtocol="tcp",
        FromPort=443,
        ToPort=443,
        CidrIp="0.0.0.0/0",
    )
    resources = {**vpc(), **database(), "StoreGroup": group(), "Out": out}
    found = [one for one in findings(resources) if one.rule == "PCI-1.3.2-STORE-EGRESS"]
    assert [(one.resource, one.severity) for one in found] == [("Out", Severity.WARNING)]


def test_the_range_of_the_template_s_own_network_is_a_range() -> None:
    whole = tcp(3306, CidrIp=att("Vpc", "CidrBlock"))
    rules = rules_of({**vpc(), "StoreGroup": group([whole]), **database()})
    assert "PCI-1.3.1-CIDR-BETWEEN-TIERS" in rules
    assert "PCI-1.3.1-INGRESS-UNKNOWN" not in rules


def test_an_account_that_somebody_chooses_at_the_deployment_is_another_one() -> None:
    arn = "arn:aws:logs:${AWS::Region}:%s:destination:logs"
    other, own = (
        one("Logs::SubscriptionFilter", DestinationArn={"Fn::Sub": arn % account})
        for account in ("${Other}", "${AWS::AccountId}")
    )
    sections: dict[str, Json] = {"Parameters": {"Other": {"Type": "String"}}}
    found = {finding.rule for finding in findings(other, sections)}
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" in found
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" not in rules_of(own)


def test_a_range_that_the_deployment_chooses_is_both_of_its_branches() -> None:
    choice = {"Fn::If": ["Ours", "0.0.0.0/0", "10.0.0.1/32"]}
    ours = {"Ours": {"Fn::Equals": [ref("AWS::AccountId"), "111111111111"]}}
    resources = {**vpc(), "StoreGroup": group([tcp(22, CidrIp=choice)])}
    found = findings(resources, {"Conditions": cast("Json", ours)})
    assert "PCI-1.3.1-INGRESS-WORLD" in {one.rule for one in found}
