"""Only a fresh and whole assembly is read, and the message tells how to make one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcistack.evidence.assembly import Assembly, AssemblyError
from tests.evidence import sample


def test_region_and_digest_come_from_the_assembly(tmp_path: Path) -> None:
    assembly = Assembly.read(sample.write(tmp_path), "prod")
    assert assembly.stack == "PciDss-prod"
    assert assembly.region == "eu-central-2"
    assert len(assembly.sha256) == 64


@pytest.mark.parametrize(
    "missing", ["PciDss-prod.template.json", "validation-report.json", "manifest.json"]
)
def test_each_missing_file_is_named_with_the_command_that_makes_it(
    tmp_path: Path, missing: str
) -> None:
    sample.write(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(AssemblyError, match=f"{missing}: no such file.*make synth SUFFIX=prod"):
        Assembly.read(tmp_path, "prod")


def test_a_report_of_another_environment_is_refused(tmp_path: Path) -> None:
    sample.write(tmp_path, suffix="prod")
    sample.write(tmp_path, suffix="dev")  # its report and manifest take the place of prod's
    with pytest.raises(AssemblyError, match="last synthesis was of PciDss-dev"):
        Assembly.read(tmp_path, "prod")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pluginReports": 1}', "{'a': 1}", "\x00"])
def test_a_broken_report_is_one_clear_message(tmp_path: Path, text: str) -> None:
    sample.write(tmp_path)
    (tmp_path / "validation-report.json").write_text(text, encoding="utf-8")
    with pytest.raises(AssemblyError, match="not what a synthesis writes"):
        Assembly.read(tmp_path, "prod")


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
    (plugin,) = Assembly.read(tmp_path, "prod").report.plugins
    assert [len(violation.constructs) for violation in plugin.suppressed] == [1]
