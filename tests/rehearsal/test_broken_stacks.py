"""A construct that is broken on purpose makes the rehearsal fail and is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.trial import Lab, Trial


def _only(template: TemplateBody, kind: str, containing: str = "") -> str:
    names = [
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind and containing in name
    ]
    assert len(names) == 1, names
    return str(names[0])


def _properties(template: TemplateBody, kind: str, containing: str = "") -> dict[str, object]:
    name = _only(template, kind, containing)
    properties: dict[str, object] = template["Resources"][name]["Properties"]
    return properties


def _unchanged(_template: TemplateBody) -> None:
    pass


@pytest.fixture(scope="module")
def sound(lab: Lab, pr42: Assembly) -> Trial:
    return lab.try_stack(pr42, _unchanged)


def test_unbroken_stack_deploys_keeps_its_promises_and_leaves_nothing(sound: Trial) -> None:
    assert sound.created == "CREATE_COMPLETE", sound.failures
    assert sound.problems == []
    assert len(sound.checks) >= 14
    assert sound.destroyed == "DELETE_COMPLETE"
    assert [str(item) for item in sound.left] == []


def _publish_database(template: TemplateBody) -> None:
    _properties(template, "AWS::RDS::DBInstance")["PubliclyAccessible"] = True


def _open_database_to_the_internet(template: TemplateBody) -> None:
    rule = _properties(template, "AWS::EC2::SecurityGroupIngress", "TasksToDatabase")
    rule.pop("SourceSecurityGroupId")
    rule["CidrIp"] = "0.0.0.0/0"


def _let_the_database_out(template: TemplateBody) -> None:
    group = _properties(template, "AWS::EC2::SecurityGroup", "DatabaseSecurityGroup")
    group["SecurityGroupEgress"] = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]


def _route_isolated_subnets_out(template: TemplateBody) -> None:
    resources = template["Resources"]
    route = next(
        resource
        for name, resource in resources.items()
        if resource["Type"] == "AWS::EC2::Route" and "Private" in name
    )
    table = next(
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::EC2::RouteTable" and "Isolated" in name
    )
    properties = {**route["Properties"], "RouteTableId": {"Ref": table}}
    resources["Leak"] = {"Type": "AWS::EC2::Route", "Properties": properties}


def _drop_encryption(template: TemplateBody) -> None:
    cluster = _properties(template, "AWS::RDS::DBCluster")
    cluster.pop("KmsKeyId")
    cluster["StorageEncrypted"] = False


def _stop_rotation(template: TemplateBody) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::KMS::Key":
            resource["Properties"]["EnableKeyRotation"] = False


def _shorten_password(template: TemplateBody) -> None:
    secret = _properties(template, "AWS::SecretsManager::Secret", "Application")
    generate = secret["GenerateSecretString"]
    assert isinstance(generate, dict)
    generate["PasswordLength"] = 16


def _name_without_suffix(template: TemplateBody) -> None:
    _properties(template, "AWS::RDS::DBInstance")["DBInstanceIdentifier"] = "transactions"


def _give_tasks_public_addresses(template: TemplateBody) -> None:
    network = _properties(template, "AWS::ECS::Service")["NetworkConfiguration"]
    assert isinstance(network, dict)
    network["AwsvpcConfiguration"]["AssignPublicIp"] = "ENABLED"


def _silence_an_alarm(template: TemplateBody) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            resource["Properties"].pop("AlarmActions")
            return


def _keep_cloudwatch_from_the_topics_key(template: TemplateBody) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::KMS::Key":
            policy = resource["Properties"]["KeyPolicy"]
            policy["Statement"] = [
                statement
                for statement in policy["Statement"]
                if "cloudwatch.amazonaws.com" not in str(statement["Principal"])
            ]


def _log_part_of_the_traffic(template: TemplateBody) -> None:
    _properties(template, "AWS::EC2::FlowLog")["TrafficType"] = "REJECT"


# Each breaks another promise, so one deployment shows them all.
BROKEN: Final[dict[str, tuple[Callable[[TemplateBody], None], str, str]]] = {
    "public": (_publish_database, "AWS::RDS::DBInstance", "is publicly accessible"),
    "admits": (_open_database_to_the_internet, "AWS::RDS::DBCluster", "admits addresses"),
    "opens": (
        _let_the_database_out,
        "AWS::RDS::DBCluster",
        "may open connections to the internet",
    ),
    "route": (_route_isolated_subnets_out, "AWS::RDS::DBCluster", "has a route to the internet"),
    "encryption": (_drop_encryption, "AWS::RDS::DBCluster", "is not encrypted"),
    "rotation": (_stop_rotation, "AWS::KMS::Key", "does not rotate"),
    "password": (_shorten_password, "AWS::SecretsManager::Secret", "has 16 characters"),
    "name": (_name_without_suffix, "AWS::RDS::DBInstance", "does not contain the suffix pr42"),
    "addresses": (_give_tasks_public_addresses, "AWS::ECS::Service", "public addresses"),
    "alarm": (_silence_an_alarm, "AWS::CloudWatch::Alarm", "reaches no topic"),
    "topic": (
        _keep_cloudwatch_from_the_topics_key,
        "AWS::SNS::Topic",
        "its key does not let cloudwatch.amazonaws.com publish",
    ),
    "traffic": (
        _log_part_of_the_traffic,
        "AWS::EC2::VPC",
        "no active flow log of all its traffic",
    ),
}
LEFT: Final = {
    "SlowqueryLogGroup": (
        "AWS::RDS::DBCluster",
        "/aws/rds/cluster/transaction-db-cluster-pr42/slowquery",
    ),
    "ContainerInsightsLogGroup": (
        "AWS::ECS::Cluster",
        "/aws/ecs/containerinsights/pcidss-pr42/performance",
    ),
}
"""Log groups that a service creates by itself where the stack does not own them."""


def _break_everything(template: TemplateBody) -> None:
    for edit, _, _ in BROKEN.values():
        edit(template)
    for group in LEFT:
        _without(template, _only(template, "AWS::Logs::LogGroup", group))
    retained = _only(template, "AWS::Logs::LogGroup", "FlowLog")
    template["Resources"][retained]["DeletionPolicy"] = "Retain"


@pytest.fixture(scope="module")
def broken(lab: Lab, lean: Assembly) -> Trial:
    trial = lab.try_stack(lean, _break_everything)
    for item in trial.left:
        lab.client("logs").delete_log_group(logGroupName=item.key)
    return trial


@pytest.mark.parametrize("name", BROKEN)
def test_broken_promise_is_seen_through_the_apis_and_names_the_resource(
    lean: Assembly, broken: Trial, name: str
) -> None:
    _, kind, complaint = BROKEN[name]
    assert broken.created == "CREATE_COMPLETE", broken.failures
    found = [problem for problem in broken.problems if complaint in problem]
    assert found, broken.problems
    assert found[0].partition(":")[0] in lean.of_type(kind)


def _without(template: TemplateBody, name: str) -> None:
    del template["Resources"][name]
    for resource in template["Resources"].values():
        needed = resource.get("DependsOn", [])
        if name in needed:
            resource["DependsOn"] = [other for other in needed if other != name]


@pytest.mark.parametrize("group", LEFT)
def test_log_group_that_a_service_creates_by_itself_is_left_and_names_its_maker(
    lean: Assembly, broken: Trial, group: str
) -> None:
    maker, name = LEFT[group]
    assert f"{lean.of_type(maker)[0]}: cloudwatch_logs log groups {name}" in map(str, broken.left)


def test_resource_that_is_retained_is_left_and_named(lean: Assembly, broken: Trial) -> None:
    (retained,) = (name for name in lean.of_type("AWS::Logs::LogGroup") if "FlowLog" in name)
    assert retained in {item.resource for item in broken.left}
    assert len(broken.left) == len(LEFT) + 1


def test_engine_mode_serverless_is_refused_in_the_words_of_rds(lab: Lab, lean: Assembly) -> None:
    def broken(template: TemplateBody) -> None:
        _properties(template, "AWS::RDS::DBCluster")["EngineMode"] = "serverless"

    trial = lab.try_stack(lean, broken)

    cluster = lean.of_type("AWS::RDS::DBCluster")[0]
    assert trial.created == "ROLLBACK_COMPLETE"
    assert trial.failures[0] == (
        f"{cluster} (AWS::RDS::DBCluster): CREATE_FAILED: "
        "The engine mode serverless you requested is currently unavailable."
    )
    assert trial.left == ()
