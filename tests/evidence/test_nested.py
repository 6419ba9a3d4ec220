"""Nested stacks are parts of what the evidence shows, with what their parent gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pcistack.checks.run import resolve
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.files import content
from pcistack.evidence.gather import Evidence, gather
from pcistack.evidence.nested import inlined
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Template
from pcistack.template.view import View
from tests.evidence import sample

Body = dict[str, Any]


def _stack(file: str, **parameters: object) -> Body:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": file, "Parameters": parameters},
    }


def _write(folder: Path, **bodies: Body) -> Template:
    for name, body in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    return Template.read(folder / "Root.json")


KEYS: Body = {
    "Parameters": {"Turns": {"Type": "String", "Default": "false"}},
    "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Turns"}, "true"]}},
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "EnableKeyRotation": {"Fn::If": ["Yes", True, False]},
                "Description": {"Fn::Sub": "of ${Turns} and ${AWS::Region}"},
            },
        }
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
}
LOGS: Body = {
    "Parameters": {"KeyArn": {"Type": "String"}, "Names": {"Type": "CommaDelimitedList"}},
    "Resources": {
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": "Other",
            "Properties": {
                "KmsKeyId": {"Ref": "KeyArn"},
                "LogGroupName": {"Fn::Select": [1, {"Ref": "Names"}]},
            },
        },
        "Other": {"Type": "AWS::SNS::Topic", "Condition": "Never"},
    },
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
}
ROOT: Body = {
    "Resources": {
        "Keys": _stack("Keys.json", Turns="true"),
        "Logs": _stack(
            "Logs.json", KeyArn={"Fn::GetAtt": ["Keys", "Outputs.Arn"]}, Names="one,two"
        ),
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"KmsMasterKeyId": {"Fn::Sub": "${Keys.Outputs.Arn}"}},
        },
    }
}


def _view(folder: Path) -> View:
    whole = inlined(_write(folder, Root=ROOT, Keys=KEYS, Logs=LOGS), sample.REGION)
    assert whole.shown == ["Keys", "Logs"]
    return resolve(whole.template, sample.REGION)[0]


def test_parameters_outputs_and_conditions_hold_across_stacks(tmp_path: Path) -> None:
    view = _view(tmp_path)
    assert set(view.resources) == {"Keys/Key", "Logs/Group", "Queue"}
    assert view.resources["Keys/Key"].flag("EnableKeyRotation") is True
    assert view.resources["Keys/Key"].get("Description") == "of true and eu-central-2"
    for name, path in (("Logs/Group", "KmsKeyId"), ("Queue", "KmsMasterKeyId")):
        target = view.target(view.resources[name].get(path))
        assert target is not None
        assert target.logical_id == "Keys/Key"
    assert view.resources["Logs/Group"].get("LogGroupName") == "two"


def test_a_stack_in_a_stack_is_shown_and_one_that_is_not_made_is_not(tmp_path: Path) -> None:
    middle = {
        "Parameters": {"Turns": {"Type": "String"}},
        "Resources": {"In": _stack("Keys.json", Turns={"Ref": "Turns"})},
    }
    never = {"Fn::Equals": ["a", "b"]}
    root = {
        "Conditions": {"Never": never},
        "Resources": {
            "Out": _stack("Middle.json", Turns="true"),
            "Off": {**_stack("Keys.json"), "Condition": "Never"},
        },
    }
    whole = inlined(_write(tmp_path, Root=root, Middle=middle, Keys=KEYS), sample.REGION)
    view = resolve(whole.template, sample.REGION)[0]
    assert view.resources["Out/In/Key"].flag("EnableKeyRotation") is True
    assert not [name for name in view.resources if name.startswith("Off/")]


def _evidence(folder: Path, *, turns: str) -> Evidence:
    """Gather the sample with its keys in a nested stack."""
    body = sample.template()
    body["Resources"]["Keys"] = _stack("Keys.json", Turns=turns)
    body["Resources"]["Lost"] = _stack("Lost.json")
    sample.write(folder, body=body)
    (folder / "Keys.json").write_text(json.dumps(KEYS), encoding="utf-8")
    return gather(AssessedStack.read(folder), PACK, on=sample.DAY)


@pytest.mark.parametrize(("turns", "shown"), [("true", True), ("false", False)])
def test_settings_and_registers_of_a_nested_stack_are_on_the_page(
    tmp_path: Path, turns: str, shown: bool
) -> None:
    evidence = _evidence(tmp_path, turns=turns)
    (rotation,) = [one for one in evidence.requirements if one.number == "3.7.4"]
    holders = {name for setting in rotation.settings for name in setting.resources}
    assert ("Keys/Key" in holders) is shown
    assert ("Keys/Key" in {one.resource for one in rotation.open}) is not shown
    keys = next(one for one in evidence.registers if one.name == "keys")
    assert "Keys/Key" in {row["resource"] for row in keys.rows}
    assert "Keys/Key" in content(evidence, "index.html")
    assert evidence.notes[1:] == (
        "Nested stacks are shown as parts of it: Keys.",
        "Nested stacks whose templates are not at hand are not shown: Lost.",
    )
