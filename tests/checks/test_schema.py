"""What ``pcistack check`` takes from the schema engine, and what it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import cloudformation_validate as bindings  # type: ignore[import-untyped]
import pytest

from pcistack.checks.diagnostics import LEVELS, EngineError
from pcistack.checks.findings import Finding, Severity
from pcistack.checks.native import VERSION, _Library, native
from pcistack.checks.run import check_template, load
from pcistack.checks.schema import engine
from pcistack.template.document import Template
from tests.regional.cases import resource

ENGINE = engine()
TODAY = date(2026, 11, 24)


def found(text: str, parameters: Mapping[str, str] | None = None) -> list[Finding]:
    every = ENGINE.begin(Template.parse(text), "eu-central-2", parameters).result()
    return [finding for finding in every if finding.severity.fails]


def test_a_sound_template_has_no_finding() -> None:
    assert found("Resources: {T: {Type: AWS::SNS::Topic}}") == []


def test_a_property_of_another_type_is_fatal_at_its_place() -> None:
    (finding,) = found(resource("AWS::S3::Bucket", "VersioningConfiguration: always"))
    assert (finding.severity, finding.resource) == (Severity.FATAL, "Thing")
    assert finding.property == "VersioningConfiguration"
    assert finding.source.startswith("https://")


def test_what_a_parameter_decides_is_judged_with_its_value() -> None:
    text = "Parameters: {P: {Type: String}}\nConditions: {Is: !Equals [!Ref P, a]}\n" + resource(
        "AWS::IAM::Role", "AssumeRolePolicyDocument: !If [Is, {Statement: []}, !Ref AWS::NoValue]"
    )
    assert ["required" in f.message for f in found(text)] == [True]
    assert found(text, {"P": "a"}) == []


@pytest.mark.parametrize(("attribute", "wrong"), [("B", False), ("S", False), ("Z", True)])
def test_a_choice_that_does_not_grow_is_an_error_when_it_is_none(
    attribute: str, *, wrong: bool
) -> None:
    text = resource(
        "AWS::DynamoDB::Table",
        "KeySchema: [{AttributeName: a, KeyType: HASH}]\nBillingMode: PAY_PER_REQUEST\n"
        f"AttributeDefinitions: [{{AttributeName: a, AttributeType: {attribute}}}]",
    )
    assert bool(found(text)) == wrong


def test_what_a_condition_chooses_is_an_error_that_names_it() -> None:
    body = "Runtime: python3.13\nHandler: a.b\nCode: {ZipFile: a}\n"
    text = "Conditions: {Is: !Equals [!Ref AWS::Region, a]}\n" + resource(
        "AWS::Lambda::Function", body + "Role: !If [Is, x, !Ref AWS::NoValue]"
    )
    messages = [f.message for f in found(text) if "required" in f.message]
    assert messages == ["if Is is false: 'Role' is a required property"]
    assert {f.severity for f in found(text)} == {Severity.ERROR}


@pytest.mark.parametrize(
    "text",
    [
        # a condition that the default makes false, and the value that it chooses otherwise
        """
        Parameters: {Arns: {Type: CommaDelimitedList, Default: ''}}
        Conditions: {Has: !Not [!Equals [!Join ['', !Ref Arns], '']]}
        Resources:
          R:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: 'sts:AssumeRole',
                Principal: {Service: ec2.amazonaws.com}}]}
              ManagedPolicyArns: !If [Has, !Ref Arns, !Ref AWS::NoValue]
        """,
        # two items that never meet with the names they have by default
        """
        Parameters: {A: {Type: String, Default: ''}, B: {Type: String, Default: ''}}
        Conditions: {HasA: !Not [!Equals [!Ref A, '']], HasB: !Not [!Equals [!Ref B, '']]}
        Resources:
          T:
            Type: AWS::ECS::TaskDefinition
            Properties:
              ContainerDefinitions:
                - Name: app
                  Image: a
                  Environment:
                    - !If [HasA, {Name: !Ref A, Value: a}, !Ref AWS::NoValue]
                    - !If [HasB, {Name: !Ref B, Value: a}, !Ref AWS::NoValue]
        """,
        # the properties that a macro adds are not there yet
        """
        Resources:
          R:
            Type: AWS::DynamoDB::Table
            Properties: {'Fn::Transform': {Name: Other}}
        """,
        # a type of the account's own registry
        "Resources: {R: {Type: 'Acme::Data::Store', Properties: {A: b}}}",
        # zones are a list of texts
        "Resources: {T: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, "
        "Value: !Join [',', !GetAZs '']}}}",
        # a type that another rule judges by two sources: one says that the region has the service
        "Resources: {R: {Type: 'AWS::DMS::ReplicationSubnetGroup', Properties: {"
        "ReplicationSubnetGroupDescription: a, SubnetIds: [a, b]}}}",
        # a replica takes these from its source, and CloudFormation drops them
        """
        Resources:
          R:
            Type: AWS::RDS::DBInstance
            Properties: {DBInstanceClass: db.r6g.large, SourceDBInstanceIdentifier: a,
              MasterUsername: b, StorageEncrypted: true}
        """,
        # a script
        "Resources: {T: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, "
        "Value: 'echo ${HOME}'}}}",
    ],
)
def test_where_the_engine_errs_nothing_is_refused(text: str) -> None:
    assert found(text) == []


def test_a_template_that_a_macro_changes_is_left_to_the_macro() -> None:
    assert found("Transform: Other\n" + resource("AWS::S3::Bucket", "Nothing: b")) == []


def test_what_a_rule_of_ours_found_is_said_once() -> None:
    text = resource("AWS::SNS::Topic", "KmsMasterKeyId: !Ref Kye")
    outcome = check_template(
        Template.parse(text), [load("template")], region="eu-central-2", on=TODAY, schema=ENGINE
    )
    assert [f.rule for f in outcome.open if f.severity.fails] == ["TEMPLATE-REFERENCE"]


def test_an_error_is_accepted_beside_its_resource_like_any_other() -> None:
    entry = {"rule": "CloudFormation-schema::E3045", "reason": "Fits what this account is set to."}
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Metadata": {"pcistack:acknowledged": [entry]},
        "Properties": {"AccessControl": "PublicRead"},
    }
    outcome = check_template(
        Template.parse(json.dumps({"Resources": {"B": bucket}})),
        [],
        region="eu-central-2",
        on=TODAY,
        schema=ENGINE,
    )
    assert [f.rule for f, _ in outcome.acknowledged] == ["E3045"]
    assert outcome.open == []


MIXED = """
Parameters:
  Size: {Type: Number, Default: ten, AllowedValues: [ten, 1]}
Conditions:
  Is: !Equals [!Ref Size, 1]
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: UPPER, Tags: a, Nothing: b}}
  Same: {Type: AWS::S3::Bucket, Properties: {BucketName: UPPER, AccessControl: PublicRead}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: !If [Is, {}, !Ref None]}}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.7, Code: {}, Role: !If [Is, x, !Ref 'AWS::NoValue']}
Outputs:
  Ä: {Value: !GetAtt Bucket.Nowhere}
"""


@pytest.mark.parametrize("text", [MIXED, "Resources: {}", json.dumps([])])
def test_what_is_read_is_what_the_bindings_read(text: str) -> None:
    region = "eu-central-2"
    config = bindings.ValidateConfig(
        severity_level=bindings.Severity.WARN,
        detail_level=bindings.DetailLevel.STANDARD,
        pseudo_parameter_overrides=bindings.PseudoParameterOverrides(region=region),
        parameter_overrides={"Size": "1"},
    )
    report = bindings.CelEngine().validate_template(
        bindings.TemplateContent(text, "template.json"), config
    )
    assert native().judge(text, region, {"Size": "1"}) == [
        (
            one.rule_id,
            LEVELS[one.severity.value + 1],
            one.message,
            one.entity.logical_id if one.entity else "",
            (one.entity.resource_type if one.entity else "") or "",
            one.property_path or "",
            one.suggested_fix or "",
            one.condition_scenario or {},
        )
        for one in report.diagnostics
    ]
    assert bindings.version() == VERSION


def test_what_the_engine_cannot_do_is_one_error() -> None:
    with pytest.raises(EngineError, match=r"has no .*such_function"):
        _Library().number("such_function")


@pytest.mark.parametrize(
    "resources",
    [
        {"T": {"Type": "AWS::SNS::Topic", "Properties": {"A": "${" * 40_000}}},
        {f"T{number}": {"Type": "AWS::SNS::Topic"} for number in range(2_001)},
    ],
)
def test_what_the_engine_would_take_minutes_for_is_said_to_be_unjudged(
    resources: dict[str, object],
) -> None:
    text = json.dumps({"Resources": resources})
    (finding,) = ENGINE.begin(Template.parse(text), "eu-central-2").result()
    assert (finding.rule, finding.severity) == ("TEMPLATE-SCHEMA", Severity.WARNING)
