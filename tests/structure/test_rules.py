"""What CloudFormation refuses by itself is refused, and what was not judged is said."""

from __future__ import annotations

import pytest

from pcistack.checks.findings import Finding, Severity
from pcistack.checks.run import load, resolve
from pcistack.structure.pack import PACK
from pcistack.template.document import Template
from tests.regional.cases import TODAY, ZURICH, Case, resource
from tests.structure.cases import CASES
from tests.tables import cases

each_case = cases("case", CASES, ids=lambda case: case.rule)


def _findings(text: str, region: str | None = ZURICH) -> list[Finding]:
    return PACK.check(resolve(Template.parse(text), region), region=region, on=TODAY)


def _rules(text: str) -> set[str]:
    return {finding.rule for finding in _findings(text)}


def test_every_rule_has_a_bad_and_a_good_template() -> None:
    assert sorted(case.rule for case in CASES) == sorted(rule.id for rule in PACK.rules)


@each_case
def test_the_bad_template_is_refused_by_its_rule_alone(case: Case) -> None:
    found = _findings(case.bad, case.region)
    assert [(f.rule, f.severity, f.resource, f.property) for f in found] == [
        (case.rule, case.severity, case.resource, case.property)
    ]
    assert all(f.message and f.fix and f.source for f in found)


@each_case
def test_the_good_template_has_no_finding(case: Case) -> None:
    assert _findings(case.good, case.good_region or case.region) == []


@pytest.mark.parametrize(
    "properties",
    [
        "V: !GetAtt Nothing.Arn",
        "V: !Sub '${Nothing}'",
        "V: !Sub '${Nothing.Arn}'",
        "V: !Sub ['${A}${Nothing}', {A: b}]",
        "V: !If [Nothing, a, b]",
        "V: !FindInMap [Nothing, a, b]",
        "V: !Ref AWS::Nothing",
        "V: !If [Is, a, !Ref Nothing]",
    ],
)
def test_every_way_to_name_what_is_not_there_is_refused(properties: str) -> None:
    text = "Conditions: {Is: !Equals [a, a]}\n" + resource("AWS::SNS::Topic", properties)
    (found,) = [f for f in _findings(text) if f.rule == "TEMPLATE-REFERENCE"]
    assert "Nothing" in found.message
    if "Ref" in properties or "GetAtt" in properties or "Sub" in properties:
        assert found.property == "V"


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: Nothing}}",
        "Resources: {A: {Type: A::B::C, DependsOn: [B, Nothing]}, B: {Type: A::B::C}}",
        "Resources: {A: {Type: AWS::SNS::Topic, Condition: Nothing}}",
        "Resources: {A: {Type: AWS::SNS::Topic}}\nOutputs: {O: {Value: !Ref Nothing}}",
        "Resources: {A: {Type: AWS::SNS::Topic}}\nConditions: {C: !Equals [!Ref A, a]}",
        "Resources: {A: {Type: AWS::SNS::Topic}}\nConditions: {C: !Not [!Condition Nothing]}",
    ],
)
def test_names_outside_properties_are_looked_for_too(text: str) -> None:
    assert _rules(text) == {"TEMPLATE-REFERENCE"}


@pytest.mark.parametrize(
    "head",
    [
        "Transform: AWS::Serverless-2016-10-31\n",
        "Transform: [AWS::LanguageExtensions, Own]\n",
        "Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n",
    ],
)
def test_a_name_that_a_macro_may_bring_is_not_missing(head: str) -> None:
    assert "TEMPLATE-REFERENCE" not in _rules(head + resource("AWS::SNS::Topic", "V: !Ref Other"))


@pytest.mark.parametrize(
    "value",
    [
        "!Join ['-', abc]",
        "!Select [0, abc]",
        "!Split ['-', [a-b]]",
        "!Join [a]",
        "!Select [1]",
        "!If [Is, a]",
        "!GetAtt A",
        "!FindInMap [a, b]",
        "!Split [',']",
        "{'Fn::Sub': {a: b}}",
        "{'Fn::Sub': [a, b, c]}",
        "!Cidr a",
    ],
)
def test_a_function_without_what_it_needs_is_refused(value: str) -> None:
    text = (
        "Conditions: {Is: !Equals [a, a]}\nMappings: {a: {b: {c: d}}}\nResources:\n"
        f"  A: {{Type: AWS::SNS::Topic, Properties: {{V: {value}}}}}\n"
    )
    assert "TEMPLATE-FUNCTION" in _rules(text)


@pytest.mark.parametrize(
    "kind", ["hello", "AWS::Rds::DbCluster", "AWS::RDS", "Custom::", "a b::c::d"]
)
def test_what_is_no_type_is_refused(kind: str) -> None:
    text = f"Resources: {{A: {{Type: '{kind}'}}}}"
    (found,) = [f for f in _findings(text) if f.rule == "TEMPLATE-TYPE"]
    assert ("AWS::RDS::DBCluster" in found.fix) == (kind == "AWS::Rds::DbCluster")


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::RDS::DBCluster",
        "Custom::Own-1_@x",
        "Alexa::ASK::Skill",
        "My::Own::Type",
        "AWS::New::It",
    ],
)
def test_what_may_be_a_type_is_let_through(kind: str) -> None:
    assert "TEMPLATE-TYPE" not in _rules(f"Resources: {{A: {{Type: '{kind}'}}}}")


def test_what_a_macro_adds_to_properties_is_said_and_is_not_called_absent() -> None:
    text = resource(
        "AWS::RDS::DBCluster",
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}",
    )
    assert _rules(text) == {"TEMPLATE-MACRO"}
    found = load("pci").check(resolve(Template.parse(text), ZURICH), region=ZURICH, on=TODAY)
    assert not [f for f in found if "not set" in f.message]


def _pair(first: str, second: str) -> str:
    return (
        "Conditions: {Is: !Equals [!Ref AWS::Region, eu-central-2]}\nResources:\n"
        f"  A: {{Type: AWS::SNS::Topic, {first}}}\n  B: {{Type: AWS::SNS::Topic, {second}}}\n"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("DependsOn: B", "DependsOn: [A]"),
        ("Properties: {TopicName: !GetAtt B.TopicName}", "DependsOn: A"),
        ("Properties: {TopicName: !Sub 'x-${B}'}", "Properties: {TopicName: !Ref A}"),
        ("Properties: {TopicName: !Ref A}", "Properties: {TopicName: x}"),
    ],
)
def test_resources_that_wait_for_each_other_are_refused(first: str, second: str) -> None:
    (found,) = _findings(_pair(first, second))
    assert (found.rule, found.resource) == ("TEMPLATE-DEPENDENCIES", "A")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("DependsOn: B", "Properties: {TopicName: x}"),
        ("Metadata: {See: !Ref B}", "DependsOn: A"),
        (
            "Properties: {TopicName: !If [Is, !Ref B, x]}",
            "Properties: {TopicName: !If [Is, y, !Ref A]}",
        ),
    ],
)
def test_resources_that_do_not_wait_for_each_other_pass(first: str, second: str) -> None:
    assert _findings(_pair(first, second)) == []


def test_what_only_depends_on_a_circle_is_not_named() -> None:
    text = _pair("DependsOn: B", "DependsOn: A") + "  C: {Type: AWS::SNS::Topic, DependsOn: A}\n"
    (found,) = _findings(text)
    assert "A, B depend" in found.message


@pytest.mark.parametrize(
    "value",
    ["!Length [a, b]", "!ToJsonString {a: b}", "!FindInMap [M, a, b, {DefaultValue: c}]"],
)
def test_functions_of_the_language_extensions_need_their_transform(value: str) -> None:
    text = "Mappings: {M: {a: {b: c}}}\n" + resource("AWS::SNS::Topic", f"TopicName: {value}")
    (found,) = _findings(text)
    assert found.rule == "TEMPLATE-FUNCTION"
    assert "AWS::LanguageExtensions" in found.message
    assert _findings("Transform: AWS::LanguageExtensions\n" + text) == []


@pytest.mark.parametrize("section", ["Conditions", "Outputs"])
def test_the_names_of_a_loop_are_no_missing_ones(section: str) -> None:
    loop = "{Fn::ForEach::All: [Each, [a], {'X${Each}': {Value: !Ref Each}}]}"
    text = f"Transform: AWS::LanguageExtensions\n{section}: {loop}\n"
    assert _rules(text + resource("AWS::SNS::Topic", "TopicName: a")) <= {"TEMPLATE-LOOP"}


def test_what_a_macro_brings_into_a_function_is_not_judged() -> None:
    body = "TopicName: {'Fn::Sub': {'Fn::Transform': {Name: Other}}}"
    assert _rules(resource("AWS::SNS::Topic", body)) == {"TEMPLATE-MACRO"}


def test_a_serverless_resource_without_its_transform_is_refused() -> None:
    text = resource("AWS::Serverless::SimpleTable", "TableName: t")
    found = [f for f in _findings(text) if f.rule == "TEMPLATE-SERVERLESS"]
    assert [f.severity for f in found] == [Severity.FATAL]
    for head in ("Transform: AWS::Serverless-2016-10-31\n", "Transform: Own\n"):
        found = [f for f in _findings(head + text) if f.rule == "TEMPLATE-SERVERLESS"]
        assert [f.severity for f in found] == [Severity.WARNING]
