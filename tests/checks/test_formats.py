"""What other programs read: SARIF, JUnit, annotations of GitHub, Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from pcistack.checks.output import FORMATS
from tests.checks.sarif_schema import SARIF
from tests.checks.templates import V1, check, write

ZURICH = ("--region", "eu-central-2")
NASTY = "D::b%0A,ü<b>`` `@team`|\x07\u202e"
REASON = "The old account has an exception of 2026."
BUCKET: dict[str, object] = {"Type": "AWS::S3::Bucket", "Properties": {}}


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    accepted = {
        "rule": "PCI-4.2.1-PLAIN-REQUESTS",
        "reason": REASON,
        "until": "2027-01-31",
    }
    bucket = {**BUCKET, "Metadata": {"pcistack:acknowledged": [accepted]}}
    write(tmp_path / "in fra" / "t.json", {"Database": V1, NASTY: V1, "Bucket": bucket})
    return Path("in fra/t.json")


def sarif(*words: str | Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(check(*words, "--format", "sarif").stdout)
    Draft202012Validator(SARIF).validate(document)
    run: dict[str, Any] = document["runs"][0]
    return run


def open_results(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [result for result in run["results"] if "suppressions" not in result]


def test_sarif_has_the_place_and_the_rule_of_every_finding(template: Path) -> None:
    run = sarif(template, *ZURICH, "--only", "regional")
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    result = next(r for r in run["results"] if r["ruleId"] == "AURORA-SERVERLESS-V1")
    place = result["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "in%20fra/t.json"},
        "region": {"startLine": 14, "startColumn": 9},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": NASTY, "kind": "resource"}]


def test_sarif_helps_with_every_rule(template: Path) -> None:
    for rule in sarif(template, *ZURICH)["tool"]["driver"]["rules"]:
        assert f"pcistack explain {rule['id']}" in rule["help"]["text"]
        assert "Source" in rule["help"]["markdown"]
        is_pci = rule["id"].startswith("PCI-")
        assert ("security" in rule["properties"]["tags"]) == is_pci
        assert ("security-severity" in rule["properties"]) == is_pci


def test_sarif_fingerprints_stay_when_lines_move(template: Path) -> None:
    def fingerprints() -> set[str]:
        results = sarif(template, *ZURICH)["results"]
        found = {result["partialFingerprints"]["pcistack/v1"] for result in results}
        assert len(found) == len(results)
        return found

    before = fingerprints()
    template.write_text("\n\n" + template.read_text())
    assert fingerprints() == before


def test_sarif_shows_what_is_accepted_as_suppressed_with_its_reason(template: Path) -> None:
    suppressed = [r for r in sarif(template, *ZURICH)["results"] if "suppressions" in r]
    assert [result["ruleId"] for result in suppressed] == ["PCI-4.2.1-PLAIN-REQUESTS"]
    assert suppressed[0]["suppressions"][0]["justification"] == f"{REASON} (until 2027-01-31)"


def test_sarif_tells_what_could_not_be_judged(template: Path) -> None:
    invocation = sarif(template, "none.json", *ZURICH)["invocations"][0]
    assert not invocation["executionSuccessful"]
    assert (
        "none.json: no such file" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    )


def test_sarif_of_nothing_is_valid(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", {"Topic": {"Type": "AWS::SNS::Topic"}})
    assert sarif(path, *ZURICH, "--only", "regional")["results"] == []


def test_junit_has_a_failure_for_every_finding_that_fails(template: Path) -> None:
    result = check(template, "none.json", *ZURICH, "--format", "junit")
    root = Xml.fromstring(result.stdout)
    suite, problems = root.findall("testsuite")
    assert suite.get("name") == str(template)
    assert suite.get("tests") == str(len(suite))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    assert int(suite.get("failures", "0")) > 1
    assert any(REASON in str(node.get("message")) for node in suite.iter("skipped"))
    assert problems.get("errors") == "1"


def test_junit_of_a_clean_template_has_a_case_that_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", {"Topic": {"Type": "AWS::SNS::Topic"}})
    result = check(path, *ZURICH, "--only", "regional", "--format", "junit")
    (case,) = Xml.fromstring(result.stdout).iter("testcase")
    assert case.get("name") == "no finding"
    assert len(case) == 0


def test_annotations_are_one_line_each_that_nothing_breaks_out_of(template: Path) -> None:
    result = check(template, *ZURICH, "--only", "regional", "--format", "github")
    *annotations, summary = result.stdout.splitlines()
    assert summary == "refused: 3 fatal, 0 errors, 0 warnings in 1 template"
    assert len(annotations) == 3  # the name that breaks out is none that CloudFormation takes
    for line in annotations:
        found = re.fullmatch(
            r"::error file=in fra/t\.json,line=(\d+),col=[59],title=[^:,]+::(.*)", line
        )
        assert found is not None, line
        assert "Fix: " in found[2]
    assert "D::b%250A,ü" in annotations[0]
    assert not re.search("[\x07\u202e]", result.stdout)


def test_warnings_are_warnings_in_annotations(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", {"Bucket": BUCKET})
    stdout = check(path, *ZURICH, "--only", "pci", "--format", "github").stdout
    assert re.search(r"^::(error|warning) ", stdout)


def test_markdown_lets_nothing_of_a_template_become_markup_or_call_people(template: Path) -> None:
    result = check(template, *ZURICH, "--format", "markdown")
    text = result.stdout
    assert text.startswith("<!-- pcistack check -->\n### ❌ Refused\n")
    page = MarkdownIt("commonmark", {"html": True}).render(text)
    assert "<b>" not in page
    assert "<table" not in page
    assert not re.search("[\x07\u202e]", text)
    assert not re.search(r"(?<!`)@team(?!`)", re.sub(r"<code>.*?</code>", "", page))
    assert text.count("<details>") == text.count("</details>")
    assert REASON in text


def test_markdown_fits_the_comment_that_it_is_made_for(tmp_path: Path) -> None:
    many = {f"Bucket{'x' * 200}{number}": BUCKET for number in range(400)}
    rules = {f"D{number}": V1 for number in range(90)}
    text = check(
        write(tmp_path / "t.json", {**many, **rules}), *ZURICH, "--format", "markdown"
    ).stdout
    assert len(text) < 65_536
    assert "more" in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_in_every_run(template: Path, form: str) -> None:
    words = (template, *ZURICH, "--format", form)
    assert check(*words).stdout == check(*words).stdout != ""
