"""The template reader and resolver: what is known is resolved, what is not is never guessed."""

import json
from pathlib import Path
from typing import cast

import pytest

from pcistack.template.document import Json, Template, TemplateError
from pcistack.template.view import UNKNOWN, Partial, Reference, View
from pcistack.template.worlds import views
from tests.tables import cases


def view(text: str, region: str | None = "eu-central-2", zones: list[str] | None = None) -> View:
    (only,) = views(Template.parse(text), region, zones=zones)
    return only


def test_short_form_yaml_means_the_same_as_the_long_form() -> None:
    short = Template.parse(
        "AWSTemplateFormatVersion: 2010-09-09\n"
        "Resources:\n  A:\n    Type: X::Y::Z\n    Properties:\n"
        "      B: !GetAtt C.Arn.Deep\n      D: !Sub '${AWS::Region}-x'\n"
        "      E: !If [F, 1, !Ref G]\n"
    )
    assert short.body == {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "A": {
                "Type": "X::Y::Z",
                "Properties": {
                    "B": {"Fn::GetAtt": ["C", "Arn.Deep"]},
                    "D": {"Fn::Sub": "${AWS::Region}-x"},
                    "E": {"Fn::If": ["F", 1, {"Ref": "G"}]},
                },
            }
        },
    }


def test_functions_are_resolved_as_far_as_the_template_allows() -> None:
    resource = view(
        """
Parameters: {Known: {Type: String, Default: v},
  Open: {Type: String},
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /name}}
Mappings: {M: {eu-central-2: {V: mapped}}}
Resources:
  K: {Type: AWS::KMS::Key}
  R:
    Type: X::Y::Z
    Properties:
      Known: !Ref Known
      Open: !Ref Open
      Stored: !Ref Stored
      Gone: !Ref AWS::NoValue
      Key: !GetAtt K.Arn
      Map: !FindInMap [M, !Ref AWS::Region, V]
      Joined: !Join [":", [a, !Ref Known, !Ref AWS::Partition]]
      Arn: !Sub "arn:aws:kms:us-east-1:${AWS::AccountId}:key/${K}"
      Literal: !Sub "${!Kept}"
      Zone: !Select [1, !GetAZs ""]
      Net: !Select [1, !Cidr [10.0.0.0/16, 2, 8]]
      Parts: !Select [0, !Split [",", "x,y"]]
      Import: !ImportValue other
      Secret: "{{resolve:secretsmanager:s:SecretString:password}}"
""",
        zones=["eu-central-2a", "eu-central-2b"],
    ).resources["R"]
    assert dict(resource.properties) == {
        "Known": "v",
        "Open": UNKNOWN,
        "Stored": UNKNOWN,
        "Key": Reference("K", "Arn"),
        "Map": "mapped",
        "Joined": "a:v:aws",
        "Arn": "arn:aws:kms:us-east-1:<AWS::AccountId>:key/<K>",
        "Literal": "${Kept}",
        "Zone": "eu-central-2b",
        "Net": "10.0.1.0/24",
        "Parts": "x",
        "Import": UNKNOWN,
        "Secret": "{{resolve:secretsmanager:s:SecretString:password}}",
    }
    assert isinstance(resource.get("Arn"), Partial)
    assert resource.referenced("Arn") == "K"
    assert resource.text("Secret") is None


CONDITIONAL = """
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {Prod: !Equals [!Ref Stage, prod], NotProd: !Not [!Condition Prod]}
Resources:
  A: {Type: X::Y::Z, Properties: {V: !If [Prod, big, small],
    W: !If [NotProd, 1, !Ref AWS::NoValue]}}
  B: {Type: X::Y::Z, Condition: Prod}
"""


def test_both_branches_of_a_condition_are_seen_and_stay_correlated() -> None:
    worlds = views(Template.parse(CONDITIONAL), "eu-central-2")
    seen = [(dict(w.resources["A"].properties), "B" in w.resources) for w in worlds]
    assert seen == [({"V": "small", "W": 1}, False), ({"V": "big"}, True)]


def test_a_condition_on_the_region_is_decided_by_the_region() -> None:
    text = """
Conditions: {Home: !Equals [!Ref AWS::Region, eu-central-2]}
Resources: {A: {Type: X::Y::Z, Properties: {V: !If [Home, here, there]}}}
"""
    assert view(text).resources["A"].get("V") == "here"
    assert view(text, "eu-west-1").resources["A"].get("V") == "there"
    assert view(text, None).resources["A"].get("V") is UNKNOWN


@pytest.mark.parametrize("index", ["3", "-1", "'3'"])
def test_selecting_past_the_ends_of_a_list_is_a_problem_not_a_guess(index: str) -> None:
    found = view(
        f"Resources: {{A: {{Type: X::Y::Z, Properties: {{Z: !Select [{index}, !GetAZs '']}}}}}}",
        zones=["a", "b", "c"],
    )
    assert found.resources["A"].get("Z") is UNKNOWN
    assert [problem.kind for problem in found.problems] == ["select-out-of-range"]


@pytest.mark.parametrize(
    "text",
    [
        "!Ref AWS::StackId",
        "!Sub '${AWS::StackName}-a-b'",
        "!Sub 'a-${Open}'",
        "!Ref Open",
        "!Join ['-', [a, !ImportValue other]]",
        "!GetAtt K.Arn",
    ],
)
@pytest.mark.parametrize("around", ["!Select [9, {}]", "!Select [0, {}]", "!Length {}", "{}"])
def test_the_parts_of_a_text_that_is_partly_known_are_not_counted(text: str, around: str) -> None:
    split = f"{{'Fn::Split': ['-', {text}]}}"
    around = around.replace("!Length {}", "{'Fn::Length': {}}")
    template = Template.parse(
        "Parameters: {Open: {Type: String}}\nConditions: {Has: !Equals [!Ref Open, '']}\n"
        "Resources:\n  K: {Type: AWS::KMS::Key, Condition: Has}\n"
        f"  R: {{Type: X::Y::Z, Properties: {{V: {around.replace('{}', split)}}}}}\n"
    )
    for each in views(template, "eu-central-2"):
        known = each.parameters["Open"] == ""
        assert each.resources["R"].is_unknown("V") or known
        assert known or not each.problems


def test_zones_of_another_region_are_those_of_that_region() -> None:
    zones = view(
        "Resources: {R: {Type: X::Y::Z, Properties: {Z: !GetAZs us-west-1, O: !GetAZs nowhere-1}}}"
    ).resources["R"]
    assert zones.items("Z") == ["us-west-1a", "us-west-1c"]
    assert zones.is_unknown("O")


def test_text_made_of_an_object_is_known_if_all_of_it_is() -> None:
    found = view(
        "Resources:\n  K: {Type: AWS::KMS::Key}\n  R:\n    Type: X::Y::Z\n    Properties:\n"
        "      A: {'Fn::ToJsonString': {a: [1, x]}}\n"
        "      B: {'Fn::ToJsonString': {a: !Ref K}}\n"
    ).resources["R"]
    assert found.get("A") == '{"a":[1,"x"]}'
    assert found.is_unknown("B")


def test_what_a_macro_adds_is_unknown_not_absent() -> None:
    found = view(
        "Resources:\n  R:\n    Type: X::Y::Z\n    Properties:\n      Own: 1\n"
        "      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n"
        "      Deep: {Own: 2, 'Fn::Transform': {Name: M}}\n"
    ).resources["R"]
    assert found.get("Own") == 1
    assert found.get("Deep.Own") == 2
    assert found.is_unknown("Other")
    assert found.is_unknown("Deep.Other.More")


def test_a_path_counts_the_items_as_the_template_has_them() -> None:
    found = view(
        "Resources:\n  R:\n    Type: X::Y::Z\n    Properties:\n"
        "      L: [!Ref AWS::NoValue, a, {M: [!Ref AWS::NoValue, b]}]\n"
    ).resources["R"]
    assert found.get("L.1.M.0") == "b"
    assert found.in_file("L.1.M.0") == "L.2.M.1"
    assert found.in_file("L.0") == "L.1"


def test_long_text_of_beginnings_is_read_in_one_pass() -> None:
    for text in ("${a" * 200_000, "{{resolve:" * 90_000, "${!" * 200_000):
        found = view(
            json.dumps({"Resources": {"R": {"Type": "A", "Properties": {"V": {"Fn::Sub": text}}}}})
        )
        assert isinstance(found.resources["R"].get("V"), str)


def test_what_grows_by_references_is_bounded() -> None:
    body = {
        "Parameters": {"P": {"Type": "String", "Default": "x" * 400_000}},
        "Resources": {
            f"R{n}": {"Type": "A", "Properties": {"V": {"Fn::Sub": "${P}${P}"}}} for n in range(50)
        },
    }
    with pytest.raises(TemplateError, match="too large to resolve"):
        views(Template(cast("dict[str, Json]", body)), None)


@cases(
    ("text", "message"),
    [
        ("", "empty"),
        ("[]", "a list"),
        ("{", "not valid JSON"),
        ('{"Resources": []}', '"Resources" is no object'),
        ("Foo: 1", 'no "Resources"'),
        ("a: [", "not valid YAML"),
        ("just words", "text"),
        ('{"Resources": ' + '{"a":' * 500 + "1" + "}" * 501, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ("Resources: " + "[" * 40_000 + "]" * 40_000, "nested too deeply|not valid YAML"),
        ("a: &a [*a]", r"1:8: a YAML alias \(\*a\)"),
        ("Resources:\n  A: &a {B: 1}\n  C: {<<: {B: 1}}", "3:7: a YAML merge key"),
        ("Resources: {}\n---\nResources: {}", "2:1: a second YAML document"),
        ("Resources: {}\nResources: {}", "2:1: the key 'Resources' stands twice"),
        ('{"Resources": {"A": {}, "A": {}}}', "the key 'A' stands twice"),
        ("Resources: {? [a] : b}", "a key that is no text"),
        ("Resources: {A: !!binary aGVsbG8=}", "the YAML tag 'binary'"),
        ("Resources: {A: 0x" + "f" * 9_000 + "}", "a number of 9002 characters"),
        ("Resources: {A: " + "9" * 9_000 + "}", "a number of 9000 characters"),
        ("Resources: {A: .nan}", "is no number"),
        ("Resources: {A: 1.0e+400}", "is no number"),
        ('{"Resources": {"A": NaN}}', "NaN is no number"),
        ('{"Resources": {"A": -Infinity}}', "-Infinity is no number"),
        ('{"Resources": {"A": 1e999}}', "1e999 is no number"),
        ('{"Resources": {"A": ' + "1" * 5_000 + "}}", "a number of 5000 characters"),
        ('{"Resources": {"A": "\\ud800"}}', "half a character"),
    ],
)
def test_what_is_not_a_template_is_refused_in_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        Template.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2010-09-09", "2010-09-09"),
        ("0x1F", 31),
        ("08", "08"),
        ("yes", True),
        ("~", None),
        ("1.5", 1.5),
        ("! 5", "5"),
        ("!!str 5", "5"),
        ("1_", 1),
    ],
)
def test_plain_text_has_the_value_that_yaml_1_1_gives_it(text: str, value: object) -> None:
    assert Template.parse(f"Resources: {{A: {text}}}").body["Resources"] == {"A": value}


def test_a_file_larger_than_a_template_may_be_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text('{"Resources": {}}' + " " * 1_000_000)
    with pytest.raises(TemplateError, match="larger than 1,000,000 bytes"):
        Template.read(path)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1" * 400, "1e999"])
def test_what_is_no_finite_number_is_not_known(value: str) -> None:
    resources = view(f"Resources: {{R: {{Type: A, Properties: {{N: '{value}'}}}}}}").resources
    assert resources["R"].number("N") is None
