"""Templates and cloud assemblies that the tests of ``pcistack check`` write, and the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pcistack.cli import cli
from tests.regional.cases import TODAY

V1 = {
    "Type": "AWS::RDS::DBCluster",
    "Properties": {"Engine": "aurora-mysql", "EngineMode": "serverless"},
}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}


def check(*words: str | Path, stdin: str | None = None, on: str = str(TODAY)) -> Result:
    arguments = ["check", *(str(word) for word in words), "--on", on]
    return CliRunner().invoke(cli, arguments, input=stdin)


def report(*words: str | Path, stdin: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check(*words, "--format", "json", stdin=stdin).stdout)
    return found


def write(path: Path, resources: Mapping[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Resources": resources}, indent=2), encoding="utf-8")
    return path


def assembly(
    folder: Path, stacks: Mapping[str, str], stages: Mapping[str, str] | None = None
) -> Path:
    """Write a cloud assembly: each stack with its region; each stage with its folder."""
    artifacts: dict[str, object] = {
        name: {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://111111111111/{region}",
            "properties": {"templateFile": f"{name}.template.json"},
        }
        for name, region in stacks.items()
    }
    for name, below in (stages or {}).items():
        artifacts[name] = {"type": "cdk:cloud-assembly", "properties": {"directoryName": below}}
    for name in stacks:
        write(folder / f"{name}.template.json", {"Database": V1})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(
        json.dumps({"version": "55.0.0", "artifacts": artifacts}), encoding="utf-8"
    )
    return folder
