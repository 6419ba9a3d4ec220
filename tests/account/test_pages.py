"""The pages show what the commands print. To write them again: WRITE_DOCS=1 pytest tests/live."""

from __future__ import annotations

import difflib
import json
import os
import re
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from pcistack.account import sweep
from pcistack.account.aws import Call
from pcistack.account.preflight import preflight
from pcistack.account.verify.permissions import policy
from pcistack.account.verify.run import verify
from pcistack.commands.preflight import render
from pcistack.commands.verify import render as render_verified
from pcistack.migration import migrate, target_of
from pcistack.regional.facts import load
from pcistack.template.document import Json, Template
from tests.account.recorded import NOW, PREFLIGHT, REGION, StubbedAws, answers
from tests.account.sound_stack import ACCOUNT, difference, drifts, instance, sound_stack
from tests.support import template

ROOT = Path(__file__).parents[2]
FAILED = ROOT / "tests" / "migration" / "templates" / "failed_in_zurich.yaml"
NETWORK = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Audit: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shop/audit}}
"""


def _migration_example() -> str:
    text = FAILED.read_text(encoding="utf-8")
    result = migrate(text, facts=load(REGION), on=date(2026, 11, 24))
    lines = difflib.unified_diff(text.splitlines(), result.text.splitlines(), lineterm="", n=1)
    shown = [re.sub(r"^@@.*", "@@", line).rstrip() for line in list(lines)[2:]]
    return "```diff\n" + "\n".join(shown) + "\n```"


def _preflight_example() -> str:
    text = migrate(
        FAILED.read_text(encoding="utf-8"), facts=load(REGION), on=date(2026, 11, 24)
    ).text
    document = Template.parse(text.replace("Resources:\n", NETWORK.lstrip(), 1))
    types = sorted({resource.type for resource in document.resources.values()})
    left = {"logGroups": [{"logGroupName": "/shop/audit"}]}
    stub = StubbedAws(answers(types, VPCS={"Vpcs": [{}] * 5}, LOG_GROUPS=left))
    rows = preflight(document, stub.aws(), load(REGION), now=NOW, stack="database")
    lines = [
        re.sub(r"\x1b\[\d*m", "", line)
        for line in render(rows, f"database.template.json in {REGION}")
    ]
    return "```text\n" + "\n".join(lines) + "\n```"


def _policy() -> str:
    asked = PREFLIGHT - {Call.CALLER_IDENTITY}
    actions = sorted(call.permission for call in asked)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return _json({"Version": "2012-10-17", "Statement": [statement]})


def _verify_example() -> str:
    drift = difference("/RetentionInDays", "365", "7")
    logs = {"LogicalResourceId": "Audit", "ResourceType": "AWS::Logs::LogGroup"}
    deployed, _ = sound_stack(
        DATABASE_INSTANCES=instance(PubliclyAccessible=True),
        RESOURCE_DRIFTS=drifts(logs | {"PropertyDifferences": [drift]}),
    )
    title = f"{deployed.stack} in {REGION}, account {ACCOUNT}"
    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in render_verified(verify(deployed), title)]
    return "```text\n" + "\n".join(lines) + "\n```"


def _verify_policy() -> str:
    return _json(policy(Template(cast("dict[str, Json]", template("prod").body))))


def _json(document: object) -> str:
    return "```json\n" + json.dumps(document, indent=2) + "\n```"


@pytest.mark.parametrize(
    ("page", "name", "make"),
    [
        ("migration.md", "example", _migration_example),
        ("preflight.md", "example", _preflight_example),
        ("preflight.md", "policy", _policy),
        ("verify.md", "example", _verify_example),
        ("verify.md", "policy", _verify_policy),
    ],
)
def test_a_page_shows_what_the_command_prints(page: str, name: str, make: object) -> None:
    assert callable(make)
    path = ROOT / "docs" / page
    text = path.read_text(encoding="utf-8")
    marker = f"<!-- {name} -->"
    before, _, after = text.split(marker)
    expected = f"{before}{marker}\n{make()}\n{marker}{after}"
    if os.environ.get("WRITE_DOCS"):
        path.write_text(expected, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == expected


def test_the_migration_page_names_the_versions_that_are_written() -> None:
    text = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    for target in (target_of("aurora-mysql"), target_of("aurora-postgresql")):
        support = load(REGION).support(target.engine, target.version)
        assert support is not None
        assert f"`{target.version}` | long-term support until {support.ends} |" in text


def test_page_names_every_permission_of_the_sweep() -> None:
    page = (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8")
    assert [call for call in sweep.CALLS if f"`{call.permission}`" not in page] == []
