"""``pcistack diff`` over two assemblies or templates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.account.aws import Aws
from pcistack.cli import cli

CLUSTER: dict[str, object] = {
    "Type": "AWS::RDS::DBCluster",
    "Properties": {"DBClusterIdentifier": "shop", "DatabaseName": "a", "DeletionProtection": True},
}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a"}}


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["diff", *map(str, words)])


def template(path: Path, **resources: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Resources": resources}))
    return path


def assembly(
    folder: Path,
    *,
    protected: bool = True,
    region: str = "eu-central-2",
    name: str = "Shop",
    **resources: object,
) -> Path:
    template(folder / "shop.json", **resources)
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://unknown-account/{region}",
        "properties": {
            "templateFile": "shop.json",
            "terminationProtection": protected,
            "stackName": name,
        },
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Id": artifact}}))
    return folder


def renamed(cluster: dict[str, object]) -> dict[str, object]:
    properties = cluster["Properties"]
    assert isinstance(properties, dict)
    return {**cluster, "Properties": {**properties, "DatabaseName": "b"}}


def test_nothing_changes_between_equal_assemblies(tmp_path: Path) -> None:
    result = run(assembly(tmp_path / "a", T=TOPIC), assembly(tmp_path / "b", T=TOPIC))
    assert (result.exit_code, result.output) == (0, "no resource changes\n")


def test_harmless_change_is_exit_code_0(tmp_path: Path) -> None:
    changed = {**TOPIC, "Properties": {"DisplayName": "b"}}
    result = run(assembly(tmp_path / "a", T=TOPIC), assembly(tmp_path / "b", T=changed))
    assert result.exit_code == 0
    assert "changed in place: DisplayName" in result.output


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_refused_replacement_is_exit_code_1_in_every_format(tmp_path: Path, form: str) -> None:
    old = template(tmp_path / "old.json", D=CLUSTER)
    result = run(old, template(tmp_path / "new.json", D=renamed(CLUSTER)), "--format", form)
    assert result.exit_code == 1
    assert "custom-named resource" in result.output


def test_json_names_what_is_dangerous(tmp_path: Path) -> None:
    old = assembly(tmp_path / "a", D=CLUSTER, T=TOPIC)
    result = run(old, assembly(tmp_path / "b", D=renamed(CLUSTER), T=TOPIC), "--format", "json")
    document = json.loads(result.output)
    (stack,) = document["stacks"]
    (found,) = stack["resources"]
    assert (stack["stack"], found["logicalId"], found["change"]) == ("Shop", "D", "refused")
    assert found["replacedFor"] == ["DatabaseName"]
    assert document["dangerous"]
    assert found["stateful"]


def test_lifted_termination_protection_is_dangerous(tmp_path: Path) -> None:
    old = assembly(tmp_path / "a", T=TOPIC)
    result = run(old, assembly(tmp_path / "b", protected=False, T=TOPIC))
    assert result.exit_code == 1
    assert "termination protection is lifted" in result.output


def test_other_region_is_another_stack_and_leaves_the_old_one(tmp_path: Path) -> None:
    old = assembly(tmp_path / "a", T=TOPIC)
    result = run(old, assembly(tmp_path / "b", region="eu-west-1", T=TOPIC))
    assert result.exit_code == 1
    assert "stays where it is" in result.output


def test_stack_that_leaves_the_app_stays_deployed(tmp_path: Path) -> None:
    old = assembly(tmp_path / "a", T=TOPIC)
    result = run(old, assembly(tmp_path / "b", name="Other", T=TOPIC))
    assert "Shop" in result.output
    assert "stays in the account until it is destroyed" in result.output


def test_nested_stack_is_compared_where_its_template_lies_beside(tmp_path: Path) -> None:
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://example.com/inner"},
        "Metadata": {"aws:asset:path": "inner.json"},
    }
    old, new = (assembly(tmp_path / name, N=nested) for name in "ab")
    template(old / "inner.json", D=CLUSTER)
    template(new / "inner.json", D=renamed(CLUSTER))
    result = run(old, new)
    assert result.exit_code == 1
    assert "Shop/N: 1 refused" in result.output


@pytest.mark.parametrize("content", ["", "[]", '{"artifacts": 3}', '{"artifacts": {"a": 1}}'])
def test_broken_manifest_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    result = run(tmp_path, assembly(tmp_path / "b", T=TOPIC))
    assert result.exit_code == 2
    assert "no manifest of a cloud assembly" in result.stderr


def test_template_and_assembly_cannot_be_compared(tmp_path: Path) -> None:
    result = run(assembly(tmp_path / "a", T=TOPIC), template(tmp_path / "t.json", T=TOPIC))
    assert result.exit_code == 2
    assert "name two of a kind" in result.stderr


def test_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    result = run(tmp_path, tmp_path, "--format", "markdwn")
    assert result.exit_code == 2
    assert "markdown" in result.stderr


def test_cost_difference_is_told_where_a_region_is_known(tmp_path: Path) -> None:
    nat = {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": "subnet-1"}}
    old, new = assembly(tmp_path / "a", T=TOPIC), assembly(tmp_path / "b", T=TOPIC, N=nat)
    said = "Fixed cost a month: 0.00 to 42.71 US dollars (+42.71, estimated)"
    assert f"  {said}\n" in run(old, new).stdout
    assert f". {said}.\n" in run(old, new, "--format", "markdown").stdout
    (stack,) = json.loads(run(old, new, "--format", "json").stdout)["stacks"]
    assert stack["cost"] == {"before": 0.0, "after": pytest.approx(42.705), "estimated": True}


NAME = "lifts-protection AWS::RDS::DBCluster"
UNPROTECTED = {**CLUSTER, "Properties": {"DBClusterIdentifier": "shop", "DatabaseName": "a"}}


def _accepting(folder: Path, **entries: object) -> Path:
    """An assembly without protection of the database, whose environment accepts something."""
    made = assembly(folder, D=UNPROTECTED)
    document = json.loads((made / "shop.json").read_text())
    document["Metadata"] = {"pcistack:acceptedChanges": entries}
    (made / "shop.json").write_text(json.dumps(document))
    return made


@pytest.mark.parametrize(
    ("name", "until", "code"),
    [
        (NAME, "2999-01-01", 0),
        (NAME, "2020-01-01", 1),
        (NAME, "soon", 1),
        ("loses-data AWS::RDS::DBCluster", "2999-01-01", 1),
        ("lifts-protection AWS::RDS::DBInstance", "2999-01-01", 1),
    ],
)
def test_dangerous_change_needs_the_word_of_the_environment_until_a_day(
    tmp_path: Path, name: str, until: str, code: int
) -> None:
    base = assembly(tmp_path / "a", D=CLUSTER)
    word = {"reason": "The environment is taken down.", "until": until}

    result = run(base, _accepting(tmp_path / "b", **{name: word}))

    assert result.exit_code == code
    if code:
        assert f'needs [accepted_changes] "{NAME}"' in result.output
    else:
        assert "accepted until 2999-01-01: The environment is taken down." in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cdk.out",), "1 paths: BASE and HEAD are needed"),
        (("--deployed", "a", "b"), "2 paths: one path, HEAD, goes with --deployed"),
    ],
)
def test_paths_that_do_not_fit_are_one_line(words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert (result.exit_code, said in result.output) == (2, True)


class _Account:
    """CloudFormation with one deployed stack, or none."""

    def __init__(self, status: str, template: object) -> None:
        self._status, self._template = status, template

    def can_paginate(self, _name: str) -> bool:
        return False

    def describe_stacks(self, **_asked: object) -> dict[str, object]:
        stack = {"StackStatus": self._status, "EnableTerminationProtection": True}
        return {"Stacks": [stack] if self._status else []}

    def get_template(self, **_asked: object) -> dict[str, object]:
        return {"TemplateBody": self._template}


@pytest.mark.parametrize("as_text", [False, True], ids=["json", "yaml"])
@pytest.mark.parametrize(
    ("status", "code"), [("UPDATE_COMPLETE", 1), ("ROLLBACK_COMPLETE", 0), ("", 0)]
)
def test_what_is_deployed_is_asked_of_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, code: int, as_text: bool
) -> None:
    deployed: object = {"Resources": {"D": CLUSTER}}
    account = _Account(status, json.dumps(deployed) if as_text else deployed)
    monkeypatch.setattr(
        "pcistack.commands.diff.connect",
        lambda region, _profile: Aws(region, lambda _service, _where: account),
    )
    head = assembly(tmp_path / "head", D=UNPROTECTED, protected=False)

    result = run("--deployed", head)

    assert result.exit_code == code, result.output
    if code:
        assert "Its deletion protection is lifted" in result.output
        assert "! Its termination protection is lifted" in result.output
        assert 'needs [accepted_changes] "lifts-protection stack"' in result.output
    else:
        assert "A new stack" in result.output
