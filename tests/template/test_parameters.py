"""Values that a user gives: every form that AWS's own tools take, and one line for what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcistack.template import parameters
from pcistack.template.document import Template, TemplateError

TEMPLATE = Template.parse(
    "Parameters:\n  Stage: {Type: String, AllowedValues: [dev, prod]}\n"
    "  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}\n"
    "  Stored: {Type: 'AWS::SSM::Parameter::Value<String>'}\nResources: {A: {Type: T}}\n"
)


@pytest.mark.parametrize(
    "document",
    [
        [
            {"ParameterKey": "A", "ParameterValue": "b=c"},
            {"ParameterKey": "N", "ParameterValue": "1"},
            {"ParameterKey": "Kept", "UsePreviousValue": True},
        ],
        {"A": "b=c", "N": 1},
        {"Parameters": {"A": "b=c", "N": "1"}},
        ["A=b=c", "N=1"],
    ],
)
def test_every_form_of_a_file_is_read(document: object, tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(document))
    assert parameters.of_file(path) == {"A": "b=c", "N": "1"}


@pytest.mark.parametrize("text", ["", "{", "1", '[{"Key": "A"}]', '{"A": {"B": 1}}', '["A"]'])
def test_what_is_no_file_of_parameters_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(text)
    with pytest.raises(TemplateError) as caught:
        parameters.of_file(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pair", ["A", "=b", " =b"])
def test_an_option_is_a_name_and_a_value(pair: str) -> None:
    with pytest.raises(TemplateError, match="NAME=VALUE"):
        parameters.of_options([pair])


def test_values_are_read_as_their_types_say() -> None:
    values = {"Stage": "dev", "Subnets": "a, b", "Stored": "/name", "Other": "x"}
    assert parameters.given(TEMPLATE, values) == {"Stage": "dev", "Subnets": ["a", "b"]}


def test_a_value_that_the_template_does_not_allow_is_refused() -> None:
    with pytest.raises(TemplateError, match="Stage is given 'test'; allowed are dev, prod"):
        parameters.given(TEMPLATE, {"Stage": "test"})
