"""What ``pcistack check PATH...`` looks at, and for which region."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.checks.templates import TOPIC, V1, assembly, check, report, write

REGIONAL = ("--only", "regional")
ZURICH = ("--region", "eu-central-2")


def judged(*words: str | Path) -> dict[str, str]:
    """The region of each template, by the end of its path."""
    found = report(*words, *REGIONAL)
    return {Path(row["template"]).name: row["region"] for row in found["templates"]}


@pytest.fixture
def cdk_out(tmp_path: Path) -> Path:
    folder = assembly(
        tmp_path / "cdk.out",
        {"Edge": "us-east-1", "Home": "eu-central-2", "Anywhere": "unknown-region"},
        {"assembly-Prod": "assembly-Prod"},
    )
    assembly(folder / "assembly-Prod", {"Stage": "eu-west-1"})
    return folder


@pytest.mark.parametrize("inside", ["", "manifest.json"])
def test_a_cloud_assembly_brings_every_stack_and_stage_for_its_own_region(
    cdk_out: Path, inside: str
) -> None:
    assert judged(cdk_out / inside, "--region", "eu-north-1") == {
        "Edge.template.json": "us-east-1",
        "Home.template.json": "eu-central-2",
        "Anywhere.template.json": "eu-north-1",
        "Stage.template.json": "eu-west-1",
    }


def test_a_stack_without_a_region_is_told_and_hides_no_other(cdk_out: Path) -> None:
    result = check(cdk_out, *REGIONAL)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "Anywhere.template.json: no region given" in result.stderr
    assert result.stdout.count("AURORA-SERVERLESS-V1") >= 3


def test_a_template_of_an_assembly_is_judged_for_the_region_of_its_manifest(cdk_out: Path) -> None:
    template = cdk_out / "Edge.template.json"
    assert judged(template) == {"Edge.template.json": "us-east-1"}


def test_a_named_template_is_judged_for_the_region_asked_for_and_the_difference_is_told(
    cdk_out: Path,
) -> None:
    result = check(cdk_out / "Edge.template.json", *ZURICH, *REGIONAL)
    assert "eu-central-2, Europe (Zurich)" in result.stdout
    assert "judged for eu-central-2, as --region says" in result.stderr
    assert "manifest.json deploys it to us-east-1" in result.stderr


def test_an_assembly_that_contains_itself_ends(tmp_path: Path) -> None:
    folder = assembly(tmp_path, {"A": "eu-central-2"}, {"again": "."})
    assert judged(folder) == {"A.template.json": "eu-central-2"}


def test_a_stage_or_stack_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = assembly(tmp_path, {"A": "eu-central-2", "B": "eu-central-2"}, {"gone": "gone"})
    (folder / "B.template.json").unlink()
    result = check(folder, *REGIONAL)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert "AURORA-SERVERLESS-V1" in result.stdout


def test_a_folder_brings_its_templates_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.json", {"Database": V1})
    (tmp_path / "b.yml").write_text("Resources:\n  T: {Type: AWS::SNS::Topic}\n")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "ci.yaml").write_text("jobs: {}\n")
    write(tmp_path / "node_modules" / "x.json", {"T": TOPIC})
    write(tmp_path / ".hidden" / "x.json", {"T": TOPIC})
    assert sorted(judged(tmp_path, *ZURICH)) == ["b.yml", "one.json"]


def test_a_nested_template_of_a_folder_is_judged_with_its_parent_alone(tmp_path: Path) -> None:
    write(tmp_path / "child.json", {"Database": V1})
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
    write(tmp_path / "parent.json", {"Data": stack})
    found = report(tmp_path, *ZURICH, *REGIONAL)["findings"]
    assert [(row["resource"], Path(row["file"]).name) for row in found] == [
        ("Data/Database", "child.json")
    ]


def test_a_folder_with_a_cloud_assembly_inside_uses_its_regions(cdk_out: Path) -> None:
    write(cdk_out.parent / "t.json", {"T": TOPIC})
    found = judged(cdk_out.parent, *ZURICH)
    assert found["Edge.template.json"] == "us-east-1"
    assert found["t.json"] == "eu-central-2"


def test_a_quoted_pattern_is_expanded(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "one.json", {"T": TOPIC})
    write(tmp_path / "two.json", {"T": TOPIC})
    assert sorted(judged(tmp_path / "**" / "*.json", *ZURICH)) == ["one.json", "two.json"]


def test_a_dash_is_standard_input() -> None:
    text = (
        "Resources:\n  D:\n    Type: AWS::RDS::DBCluster\n    Properties: {EngineMode: serverless}"
    )
    result = check("-", *ZURICH, *REGIONAL, stdin=text)
    assert result.exit_code == 1
    assert "<stdin>:4:18" in result.stdout


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("templat.yaml", "no such file; did you mean 'template.yaml'?"),
        ("none/*.yaml", "matches no file"),
        ("empty", "no template in this folder"),
        ("gone/x.yaml", "no such file; nor is there a folder"),
        ("-", "<stdin>: empty"),
        ("nowhere", "a link that leads nowhere"),
        ("pipes", "no template in this folder"),  # one that nobody writes into never ends
        ("pipes/*", "matches no file"),
    ],
)
def test_a_path_that_brings_nothing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "x.yaml")
    (tmp_path / "nowhere").symlink_to("gone")
    write(tmp_path / "template.yaml", {"T": TOPIC})
    result = check(word, *ZURICH)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
def test_a_bad_file_does_not_hide_the_others(tmp_path: Path, form: str) -> None:
    good = write(tmp_path / "good.json", {"Database": V1})
    bad, worse = tmp_path / "bad.json", tmp_path / "none.json"
    bad.write_text("{")
    result = check(bad, good, worse, *ZURICH, *REGIONAL, "--format", form)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert "AURORA-SERVERLESS-V1" in result.stdout
    if form != "text":
        assert "bad.json" in result.stdout


def test_the_region_of_the_shell_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-2")
    result = check(write(tmp_path / "t.json", {"T": TOPIC}))
    assert result.exit_code == 2
    assert "(AWS_REGION is not read)" in result.stderr


def test_the_same_template_named_twice_is_judged_once(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", {"T": TOPIC})
    assert len(report(path, path, tmp_path, *ZURICH)["templates"]) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    result = check(closed, *ZURICH)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
