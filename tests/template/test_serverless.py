"""Serverless resources are judged by what their own properties become."""

from __future__ import annotations

from datetime import date

import pytest

from pcistack.checks.findings import Finding
from pcistack.checks.run import check_template, load
from pcistack.checks.schema import engine
from pcistack.template.document import Template
from pcistack.template.serverless import expanded

_SAM = "Transform: AWS::Serverless-2016-10-31\n"
_PACKS = ("template", "regional", "deployment", "pci")


def _function(properties: str, before: str = "") -> str:
    return (
        f"{_SAM}{before}Resources:\n  Pay:\n    Type: AWS::Serverless::Function\n"
        f"    Properties: {{Handler: a.b, CodeUri: src/, Runtime: python3.13, {properties}}}\n"
    )


def _findings(text: str) -> list[Finding]:
    packs = [load(name) for name in _PACKS]
    outcome = check_template(Template.parse(text), packs, region="us-east-1", on=date(2026, 11, 24))
    return [finding for finding in outcome.open if finding.severity.fails]


@pytest.mark.parametrize(
    ("properties", "rule", "place"),
    [
        ("Policies: AdministratorAccess", "PCI-7.2.5-BROAD-POLICY", "Policies"),
        ("Policies: [AdministratorAccess]", "PCI-7.2.5-BROAD-POLICY", "Policies"),
        (
            "Policies: [{Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}]",
            "PCI-7.2.5-ACTION-WILDCARD",
            "Policies",
        ),
        ("FunctionUrlConfig: {AuthType: NONE}", "PCI-7.3.3-FUNCTION-PUBLIC", "FunctionUrlConfig"),
        (
            "Environment: {Variables: {DB_PASSWORD: hunter2Secret}}",
            "PCI-8.6.2-ENVIRONMENT",
            "Environment.Variables.DB_PASSWORD",
        ),
    ],
)
def test_what_a_function_becomes_is_refused_at_the_function(
    properties: str, rule: str, place: str
) -> None:
    found = {(f.rule, f.resource, f.property) for f in _findings(_function(properties))}
    assert (rule, "Pay", place) in found


def test_a_plain_function_has_no_error_of_its_role_or_address() -> None:
    text = _function("FunctionUrlConfig: {AuthType: AWS_IAM}, Policies: [AWSXrayWriteOnlyAccess]")
    assert {f.rule for f in _findings(text)} & {
        "PCI-7.2.5-BROAD-POLICY",
        "PCI-7.3.3-FUNCTION-PUBLIC",
    } == set()


def test_globals_count_and_the_function_wins() -> None:
    shared = "Globals: {Function: {Runtime: python3.8, Timeout: 5, Layers: [a]}}\n"
    text = _function("Timeout: 9, Layers: [b]", shared)
    properties = expanded(Template.parse(text)).template.resources["Pay"].properties
    assert properties["Runtime"] == "python3.13"
    assert properties["Timeout"] == 9
    assert properties["Layers"] == ["a", "b"]


def test_a_function_with_a_role_gets_no_other() -> None:
    text = _function("Role: 'arn:aws:iam::111111111111:role/x'")
    assert list(expanded(Template.parse(text)).template.resources) == ["Pay"]


def test_a_table_is_encrypted_and_named_as_its_properties_say() -> None:
    body = (
        "{TableName: t, SSESpecification: {SSEEnabled: true}, PrimaryKey: {Name: k, Type: Number}}"
    )
    text = f"{_SAM}Resources: {{T: {{Type: AWS::Serverless::SimpleTable, Properties: {body}}}}}"
    table = expanded(Template.parse(text)).template.resources["T"]
    assert table.type == "AWS::DynamoDB::Table"
    assert table.properties["AttributeDefinitions"] == [
        {"AttributeName": "k", "AttributeType": "N"}
    ]
    assert table.properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize(
    ("kind", "log"), [("Api", "AccessLogSetting"), ("HttpApi", "AccessLogSettings")]
)
def test_a_stage_without_access_logs_is_refused_at_its_api(kind: str, log: str) -> None:
    text = (
        f"{_SAM}Resources: {{A: {{Type: AWS::Serverless::{kind}, Properties: {{StageName: p}}}}}}"
    )
    places = {(f.rule, f.resource, f.property) for f in _findings(text)}
    assert ("PCI-10.2.1-SERVICE-LOGS", "A", f"{log}.DestinationArn") in places


def test_without_the_transform_nothing_is_expanded() -> None:
    template = Template.parse(_function("Timeout: 9").removeprefix(_SAM))
    assert expanded(template).template is template


@pytest.mark.parametrize(
    "properties", ["[]", "{Policies: {A: [1]}, Tags: 3, FunctionUrlConfig: [], DeadLetterQueue: x}"]
)
def test_odd_properties_do_not_stop_the_check(properties: str) -> None:
    function = f"{{Type: AWS::Serverless::Function, Properties: {properties}}}"
    text = f"{_SAM}Globals: [3]\nResources: {{F: {function}}}"
    assert isinstance(_findings(text), list)


@pytest.mark.parametrize(
    "properties",
    [
        "DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queue.Arn}",
        "Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Queue.QueueName}}], "
        "DeadLetterQueue: {TargetArn: !GetAtt Queue.Arn}",
        "Policies: AWSLambdaRole",  # whose path the transform finds: service-role
        "Tracing: Active",
        "EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}",
        "Events: {E: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}",
    ],
)
def test_what_the_transform_adds_to_a_role_is_not_missed(properties: str) -> None:
    text = _function(properties) + "  Queue: {Type: AWS::SQS::Queue}\n"
    assert [f for f in _findings(text) if f.rule.startswith("DEPLOY-")] == []


@pytest.mark.parametrize(
    "connector",
    [
        "  C: {Type: AWS::Serverless::Connector, Properties: {Source: {Id: Queue}, "
        "Destination: {Id: Read}, Permissions: [Read]}}\n  Queue: {Type: AWS::SQS::Queue}\n",
        "  Queue: {Type: AWS::SQS::Queue, Connectors: {C: {Properties: {Destination: {Id: Read}, "
        "Permissions: [Read]}}}}\n",
    ],
)
def test_a_connector_lets_the_role_of_its_function(connector: str) -> None:
    text = _SAM + (
        "Resources:\n"
        "  Read: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn, "
        "Runtime: python3.13, Handler: a.b, Code: {ZipFile: a}}}\n"
        "  Role:\n    Type: AWS::IAM::Role\n    Properties: {AssumeRolePolicyDocument: {"
        "Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: "
        "{Service: lambda.amazonaws.com}}]}}\n"
        "  Poll: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Read, "
        "EventSourceArn: !GetAtt Queue.Arn}}\n"
    )
    rules = {f.rule for f in _findings(f"{text}  Queue: {{Type: AWS::SQS::Queue}}\n")}
    assert "DEPLOY-FUNCTION-SOURCE" in rules
    assert "DEPLOY-FUNCTION-SOURCE" not in {f.rule for f in _findings(text + connector)}


def test_an_api_that_only_events_ask_for_is_judged_at_the_event() -> None:
    text = _function("Events: {Get: {Type: Api, Properties: {Path: /, Method: get}}}")
    places = {(f.rule, f.resource, f.property) for f in _findings(text)}
    assert ("PCI-10.2.1-SERVICE-LOGS", "Pay", "Events.Get") in places
    named = _function("Events: {Get: {Type: Api, Properties: {RestApiId: !Ref A}}}")
    assert not any(f.property == "Events.Get" for f in _findings(named))


def test_a_state_machine_is_judged_by_its_log_and_its_role() -> None:
    body = "{DefinitionUri: a.json, Policies: AdministratorAccess}"
    text = f"{_SAM}Resources: {{M: {{Type: AWS::Serverless::StateMachine, Properties: {body}}}}}"
    rules = {(f.rule, f.resource) for f in _findings(text)}
    assert {("PCI-7.2.5-BROAD-POLICY", "M"), ("PCI-10.2.1-SERVICE-LOGS", "M")} <= rules


def test_names_that_the_transform_makes_are_no_finding_of_the_schema_engine() -> None:
    text = _function("Events: {Get: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}")
    text += "Outputs: {Rule: {Value: !GetAtt PayGet.Arn}, Role: {Value: !GetAtt PayRole.Arn}}\n"
    found = engine().begin(Template.parse(text), "us-east-1").result()
    assert [f for f in found if f.severity.fails] == []
