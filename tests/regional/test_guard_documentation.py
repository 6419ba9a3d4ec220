"""What docs/regional-guard.md shows is what the guard says."""

import re
from pathlib import Path

from click.testing import CliRunner

from assurance.cli import cli
from assurance.regional import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "regional-guard.md").read_text(encoding="utf-8")
EXAMPLE = "docs/examples/serverless-v1.yaml"


def test_the_refusal_on_the_page_is_what_the_command_prints() -> None:
    words = ["check", str(ROOT / EXAMPLE), "--region", "eu-central-2", "--only", "regional"]
    result = CliRunner().invoke(cli, [*words, "--on", "2026-11-24"], env={"COLUMNS": "100"})
    shown = re.search(r"<!-- refusal -->\n```text\n(.*?)\n```\n<!-- end -->", PAGE, re.DOTALL)
    assert shown is not None
    assert result.output.rstrip().replace(str(ROOT / EXAMPLE), EXAMPLE) == shown.group(1)


def test_the_table_of_rules_is_complete_and_true() -> None:
    rows = re.findall(r"^\| `([A-Z0-9-]+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(rule.id, str(rule.severity), rule.title) for rule in RULES]
