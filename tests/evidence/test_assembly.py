"""Only a fresh and whole assembly is read, and the message tells how to make one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcistack.checks.run import Outcome
from pcistack.evidence.assembly import AssemblyError, AssessedStack
from tests.evidence import sample


def test_region_and_digest_come_from_the_assembly(tmp_path: Path) -> None:
    assembly = AssessedStack.read(sample.write(tmp_path), "PciDss-prod")
    assert assembly.stack == "PciDss-prod"
    assert assembly.region == "eu-central-2"
    assert len(assembly.sha256) == 64


@pytest.mark.parametrize("missing", ["PciDss-prod.template.json", "manifest.json"])
def test_each_missing_file_is_named_with_the_command_that_makes_it(
    tmp_path: Path, missing: str
) -> None:
    sample.write(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(AssemblyError, match=f"{missing}: no such file.*make synth SUFFIX=prod"):
        AssessedStack.read(tmp_path, "PciDss-prod")


def test_a_report_of_another_environment_is_refused(tmp_path: Path) -> None:
    sample.write(tmp_path, suffix="prod")
    sample.write(tmp_path, suffix="dev")  # its report and manifest take the place of prod's
    with pytest.raises(AssemblyError, match="last synthesis was of PciDss-dev, not of PciDss-prod"):
        AssessedStack.read(tmp_path, "PciDss-prod")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pluginReports": 1}', "{'a': 1}", "\x00"])
def test_a_broken_report_is_one_clear_message(tmp_path: Path, text: str) -> None:
    sample.write(tmp_path)
    (tmp_path / "validation-report.json").write_text(text, encoding="utf-8")
    with pytest.raises(AssemblyError, match="not what a synthesis writes"):
        AssessedStack.read(tmp_path, "PciDss-prod")


def test_what_the_report_says_of_other_stacks_is_left_out(tmp_path: Path) -> None:
    sample.write(tmp_path)
    document = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))
    (report,) = document["pluginReports"]
    other = json.loads(json.dumps(report["suppressedViolations"][0]))
    other["violatingConstructs"][0]["cloudFormationResource"]["templatePath"] = (
        "Other.template.json"
    )
    report["suppressedViolations"].append(other)
    (tmp_path / "validation-report.json").write_text(json.dumps(document), encoding="utf-8")
    report = AssessedStack.read(tmp_path, "PciDss-prod").report
    assert report is not None
    (plugin,) = report.plugins
    assert [len(violation.constructs) for violation in plugin.suppressed] == [1]


def _edit(directory: Path) -> None:
    template = directory / "PciDss-prod.template.json"
    template.write_text(template.read_text("utf-8").replace("400", "30"), encoding="utf-8")


def test_a_template_that_was_edited_after_its_checks_is_refused(tmp_path: Path) -> None:
    sample.write(tmp_path, found=Outcome(resources=1, open=(), acknowledged=()))
    record = AssessedStack.read(tmp_path, "PciDss-prod").record
    assert record is not None
    assert record.on == sample.DAY
    _edit(tmp_path)
    with pytest.raises(AssemblyError, match=r"changed after the synthesis.*pcistack-checks\.json"):
        AssessedStack.read(tmp_path, "PciDss-prod")


def test_a_template_that_is_not_the_one_of_the_manifest_is_refused(tmp_path: Path) -> None:
    """CDK names a template's file in the assets by its SHA-256."""
    sample.write(tmp_path)
    file = tmp_path / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    digest = AssessedStack.read(tmp_path).sha256
    manifest["artifacts"]["PciDss-prod"]["properties"] = {
        "templateFile": "PciDss-prod.template.json",
        "stackTemplateAssetObjectUrl": f"s3://assets/{digest}.json",
    }
    file.write_text(json.dumps(manifest), encoding="utf-8")
    assert AssessedStack.read(tmp_path).sha256 == digest
    _edit(tmp_path)
    with pytest.raises(AssemblyError, match=r"changed after the synthesis.*manifest\.json"):
        AssessedStack.read(tmp_path)


def _stage(directory: Path) -> None:
    """Somebody's app: a stack at the top, and two stacks of one name in stages."""
    for folder, id_ in (
        (".", "Orders"),
        ("assembly-Live", "LiveOrders"),
        ("assembly-Try", "TryOrders"),
    ):
        inner = directory / folder
        inner.mkdir(exist_ok=True)
        template = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
        (inner / f"{id_}.template.json").write_text(json.dumps(template), encoding="utf-8")
        artifacts: dict[str, object] = {
            id_: {
                "type": "aws:cloudformation:stack",
                "environment": "aws://111111111111/eu-west-1",
                "properties": {
                    "templateFile": f"{id_}.template.json",
                    "stackName": "Top" if folder == "." else "Orders",
                },
                "displayName": {"LiveOrders": "Live/Orders", "TryOrders": "Try/Orders"}.get(
                    id_, id_
                ),
            }
        }
        if folder == ".":
            artifacts |= {
                name: {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}
                for name in ("assembly-Live", "assembly-Try")
            }
        (inner / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")


def test_any_stack_of_any_assembly_is_found_also_in_a_stage(tmp_path: Path) -> None:
    _stage(tmp_path)
    live = AssessedStack.read(tmp_path, "Live/Orders")
    assert (live.stack, live.account, live.region) == ("Orders", "111111111111", "eu-west-1")
    assert AssessedStack.read(tmp_path, "Top").environment == "Top"
    assert live.record is None
    assert live.report is None


def test_a_name_that_is_two_stacks_or_none_says_which_there_are(tmp_path: Path) -> None:
    _stage(tmp_path)
    with pytest.raises(AssemblyError, match="holds Orders, Orders, Top; choose one with --stack"):
        AssessedStack.read(tmp_path)
    with pytest.raises(AssemblyError, match="Sales"):
        AssessedStack.read(tmp_path, "Sales")
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"Orders": {', '"X": {'), "utf-8")
    with pytest.raises(AssemblyError, match="several stacks; name one of Live/Orders, "):
        AssessedStack.read(tmp_path, "Orders")


def test_an_environment_is_found_by_its_tag_whatever_its_stack_is_called(tmp_path: Path) -> None:
    _stage(tmp_path)
    file = tmp_path / "assembly-Try" / "TryOrders.template.json"
    tags = [{"Key": "EnvironmentSuffix", "Value": "pr42"}]
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": tags}}
    file.write_text(json.dumps({"Resources": {"T": topic}}), encoding="utf-8")
    manifest = file.with_name("manifest.json")
    manifest.write_text(manifest.read_text("utf-8").replace('"Orders"', '"orders-pr42"'), "utf-8")
    found = AssessedStack.read(tmp_path, suffix="pr42")
    assert (found.stack, found.environment) == ("orders-pr42", "pr42")
    with pytest.raises(AssemblyError, match="not of PciDss-pr43"):
        AssessedStack.read(tmp_path, suffix="pr43")
