"""Nested stacks cost what is different in them, not how often they are used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcistack.checks.nested import MAX_PARTS, Tree
from pcistack.checks.run import check_template, load
from pcistack.template.document import Json, Template
from tests.regional.cases import TODAY, ZURICH

WIDTH = 8


def tree(folder: Path, *, levels: int, different: bool) -> Template:
    """Templates in levels; each nests the next level's eight times."""
    for level in range(levels):
        resources: dict[str, object] = {
            f"S{number}": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": f"{level + 1}.json",
                    "Parameters": {"Way": {"Fn::Sub": f"${{Way}}{number}"}} if different else {},
                },
            }
            for number in range(WIDTH)
        }
        if level == levels - 1:
            resources = {"Bucket": {"Type": "AWS::S3::Bucket"}}
        body = {
            "Parameters": {"Way": {"Type": "String", "Default": "x"}},
            "Resources": resources,
        }
        (folder / f"{level}.json").write_text(json.dumps(body), encoding="utf-8")
    return Template.read(folder / "0.json")


def test_a_template_that_is_nested_often_is_judged_once_and_told_for_every_use(
    tmp_path: Path,
) -> None:
    template = tree(tmp_path, levels=2, different=False)
    assert len(Tree.of(template, ZURICH, None).parts) == 2
    outcome = check_template(template, [load("pci")], region=ZURICH, on=TODAY)
    assert {finding.resource for finding in outcome.open} == {
        f"S{number}/Bucket" for number in range(WIDTH)
    }


@pytest.mark.parametrize("different", [True, False])
def test_nested_stacks_that_multiply_are_bounded_and_what_is_left_out_is_said(
    tmp_path: Path, different: bool
) -> None:
    found = Tree.of(tree(tmp_path, levels=8, different=different), ZURICH, None)
    assert len(found.parts) <= MAX_PARTS + 1
    assert [note.message.partition(";")[0] for note in found.notes] == (
        [f"more than {MAX_PARTS} different nested stacks, or 10 levels of them"]
        if different
        else []
    )


def test_a_nested_template_of_a_cdk_app_is_found_without_metadata_too(tmp_path: Path) -> None:
    digest = "17a2706a5c052bc98b445e36c56461aee1f20969eb4b595b00a9e5542b903ae7"
    bucket = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    (tmp_path / "Child.nested.template.json").write_text(json.dumps(bucket))
    address = ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}, f"/assets/{digest}.json"]]
    stack = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": {"Fn::Join": address}},
    }
    parent = tmp_path / "Home.template.json"
    parent.write_text(json.dumps({"Resources": {"Data": stack}}))
    assert len(Tree.of(Template.read(parent), ZURICH, None).parts) == 1
    assets = {"files": {digest: {"source": {"path": "Child.nested.template.json"}}}}
    (tmp_path / "Home.assets.json").write_text(json.dumps(assets))
    assert len(Tree.of(Template.read(parent), ZURICH, None).parts) == 2


def test_the_template_that_a_stack_set_holds_is_judged() -> None:
    body = json.dumps({"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {}}}})
    resources: dict[str, Json] = {
        "Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": body}},
        "Bad": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": "["}},
    }
    outcome = check_template(
        Template({"Resources": resources}), [load("pci")], region=ZURICH, on=TODAY
    )
    assert ("PCI-3.7.4-KEY-ROTATION", "Set/Key") in {(f.rule, f.resource) for f in outcome.open}
    assert ("TEMPLATE-NESTED", "Bad") in {(f.rule, f.resource) for f in outcome.open}
