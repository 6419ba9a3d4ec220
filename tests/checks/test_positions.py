"""Each finding has the line and column of its property, in JSON and in YAML."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pcistack.checks.positions import locate, steps
from tests.checks.templates import check, report, write

YAML = """\
Parameters:
  Mode: {Type: String, Default: serverless}
Resources:
  First:
    Type: AWS::SNS::Topic
  Database:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties:
      Tags: [{Key: é, Value: "ü"}, {Key: b, Value: c}]
      Limits: !If
        - Big
        - {Min: 1}
        - Max: 2
"""
JSON = """\
{
  "Resources": {
    "First": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": "a\\"}{"}},
    "Database": {
      "Type": "AWS::RDS::DBCluster",
      "DeletionPolicy": "Delete",
\t"Properties": {
        "Tags": [{"Key": "é", "Value": "ü"}, {"Key": "b", "Value": "c"}],
        "Limits": {"Fn::If": ["Big", {"Min": 1}, {"Max": 2}]}
      }
    }
  }
}
"""


@pytest.mark.parametrize(
    ("path", "in_yaml", "in_json"),
    [
        ("", (1, 1), (1, 1)),
        ("Resources.Database", (6, 3), (4, 5)),
        ("Resources.Database.DeletionPolicy", (8, 5), (6, 7)),
        ("Resources.Database.Properties", (9, 5), (7, 2)),
        ("Resources.Database.Properties.Tags.1.Value", (10, 45), (8, 59)),
        ("Resources.Database.Properties.Tags[1]", (10, 36), (8, 46)),
        ("Resources.Database.Properties.Limits.Min", (13, 12), (9, 39)),
        ("Resources.Database.Properties.Limits.Max", (14, 11), (9, 51)),
        ("Resources.Database.Properties.Limits.Other", (11, 7), (9, 9)),
        ("Resources.Database.Properties.Absent.Deep", (9, 5), (7, 2)),
        ("Resources.Gone.Properties", (3, 1), (2, 3)),
    ],
)
def test_a_path_is_found_or_what_comes_nearest_to_it(
    path: str, in_yaml: tuple[int, int], in_json: tuple[int, int]
) -> None:
    assert locate(YAML, [steps(path)])[0].position == in_yaml
    assert locate(JSON, [steps(path)])[0].position == in_json


def test_line_endings_of_windows_count_once() -> None:
    path = steps("Resources.Database.Properties.Limits.Max")
    for text in (YAML, JSON):
        crlf = text.replace("\n", "\r\n")
        assert locate(crlf, [path])[0].position == locate(text, [path])[0].position


def test_a_yaml_flow_mapping_that_looks_like_json_is_found() -> None:
    text = "{Resources: {A: {Type: 'x',\n Properties: {B: 1}}}}"
    assert locate(text, [steps("Resources.A.Properties.B")])[0].position == (2, 15)


def test_a_finding_of_a_property_that_is_not_there_stands_at_its_resource(tmp_path: Path) -> None:
    bucket = write(tmp_path / "t.json", {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}}})
    found = report(bucket, "--region", "eu-central-2", "--only", "pci")["findings"]
    assert found
    assert {(row["line"], row["column"]) for row in found} == {(3, 5)}


def test_a_nested_finding_stands_in_the_nested_file(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text(
        "Resources:\n  D:\n    Type: AWS::RDS::DBCluster\n    Properties:\n"
        "      EngineMode: serverless\n"
    )
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.yaml"}}
    parent = write(tmp_path / "parent.json", {"Data": stack})
    (row,) = report(parent, "--region", "eu-central-2", "--only", "regional")["findings"]
    assert row["template"] == str(parent)
    assert (Path(row["file"]).name, row["line"], row["column"]) == ("child.yaml", 5, 7)


def test_a_synthesized_template_tells_the_construct(tmp_path: Path) -> None:
    body = {
        "Type": "AWS::RDS::DBCluster",
        "Properties": {"EngineMode": "serverless"},
        "Metadata": {"aws:cdk:path": "App/Database/Cluster"},
    }
    path = write(tmp_path / "t.json", {"Database": body})
    words = (path, "--region", "eu-central-2", "--only", "regional")
    assert [row["construct"] for row in report(*words)["findings"]] == ["App/Database/Cluster"]
    assert "App/Database/Cluster" in check(*words).stdout


def test_nothing_is_looked_up_for_a_template_without_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pcistack.checks.report.locate", None)
    path = write(tmp_path / "t.json", {"Topic": {"Type": "AWS::SNS::Topic"}})
    assert check(path, "--region", "eu-central-2", "--only", "regional").exit_code == 0


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_time_follows_the_length_of_the_text(form: str) -> None:
    def seconds(count: int) -> float:
        resources = {
            f"T{n}": {"Type": "AWS::SNS::Topic", "Properties": {"A": n}} for n in range(count)
        }
        text = json.dumps({"Resources": resources}, indent=1)
        if form == "yaml":
            text = "# no JSON\n" + text
        paths = [("Resources", f"T{n}", "Properties", "A") for n in range(count)]
        begun = time.process_time()
        locate(text, paths)
        return time.process_time() - begun

    small = min(seconds(500) for _ in range(3))
    # eight times the length; if the time grew with its square, it would be sixty-four
    assert min(seconds(4000) for _ in range(2)) < 40 * small
