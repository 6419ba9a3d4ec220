"""``pcistack check`` as a command: its contract, its output, and what it does with bad input."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from pcistack.checks import run as packs
from pcistack.checks.rule import Pack
from pcistack.cli import cli
from pcistack.packs import PACKS
from pcistack.regional import facts
from pcistack.regional.pack import PACK as REGIONAL
from pcistack.regions import known_regions
from pcistack.template.document import Template
from tests import support
from tests.regional.cases import CASES, CORRECTED, TODAY, V2, V304, WRITER, ZURICH, cluster
from tests.tables import cases

BAD = cluster("EngineMode: serverless")
KEYS = {
    *("template", "rule", "severity", "resource", "property", "message", "fix", "source"),
    *("region", "file", "line", "column", "construct"),
}
COMMERCIAL = [name for name in known_regions() if facts.load(name).partition == "aws"]


def run(*arguments: str | Path, region: str | None = ZURICH) -> Result:
    words = ["check", *(str(argument) for argument in arguments), "--on", str(TODAY)]
    if region:
        words += ["--region", region]
    return CliRunner().invoke(cli, words)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good.yaml", CORRECTED)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return write(tmp_path / "bad.yaml", BAD)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# The contract


def test_a_template_without_findings_exits_with_0(good: Path) -> None:
    result = run(good, "--only", "regional")
    assert result.exit_code == 0
    assert "passed: 0 fatal, 0 errors, 0 warnings in 1 template" in result.output


def test_a_template_with_findings_exits_with_1(bad: Path) -> None:
    result = run(bad, "--only", "regional")
    assert result.exit_code == 1
    assert "FATAL" in result.output
    assert "refused: 1 fatal" in result.output


def test_warnings_alone_exit_with_0(tmp_path: Path) -> None:
    path = write(tmp_path / "t.yaml", cluster("EngineVersion: 8.0.mysql_aurora.3.99.0"))
    result = run(path, "--only", "regional")
    assert result.exit_code == 0
    assert "passed: 0 fatal, 0 errors, 1 warning" in result.output


def test_json_has_the_published_keys(bad: Path) -> None:
    result = run(bad, "--format", "json", "--only", "regional")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert [set(finding) for finding in report["findings"]] == [KEYS]
    assert report["findings"][0]["severity"] == "fatal"
    assert report["acknowledged"] == []


def test_several_templates_are_told_apart(good: Path, bad: Path) -> None:
    result = run(good, bad, "--format", "json", "--only", "regional")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert {finding["template"] for finding in report["findings"]} == {str(bad)}
    text = run(good, bad, "--only", "regional").output
    assert str(good) in text
    assert "in 2 templates" in text


def test_json_and_yaml_give_the_same_findings(tmp_path: Path, bad: Path) -> None:
    same = {
        "Resources": {
            "Database": {
                "Type": "AWS::RDS::DBCluster",
                "Properties": {"Engine": "aurora-mysql", "EngineMode": "serverless"},
            }
        }
    }
    other = write(tmp_path / "t.json", json.dumps(same))
    told = ("rule", "severity", "resource", "property", "message", "fix")
    reports = [
        [
            [finding[key] for key in told]
            for finding in json.loads(run(path, "--format", "json").output)["findings"]
        ]
        for path in (bad, other)
    ]
    assert reports[0] == reports[1] != []


def test_the_day_decides_over_support(tmp_path: Path) -> None:
    path = write(tmp_path / "t.yaml", cluster(f"{V304}\n{V2}", more=WRITER))
    words = ["check", str(path), "--region", ZURICH, "--only", "regional", "--on"]
    assert CliRunner().invoke(cli, [*words, "2026-10-31"]).exit_code == 0
    assert CliRunner().invoke(cli, [*words, "2026-11-01"]).exit_code == 1


def test_every_pack_runs_unless_one_is_asked_for(
    bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(name: str) -> Pack[Any]:
        asked.append(name)
        return packs.load(name)

    monkeypatch.setattr("pcistack.commands.check.load", load)
    run(bad)
    run(bad, "--only", "pci")
    assert asked == [*PACKS, "template", "pci"]


def test_help_shows_an_example_and_the_exit_codes() -> None:
    output = CliRunner().invoke(cli, ["check", "--help"]).output
    assert "pcistack check cdk.out" in output
    assert "bad input" in output


# Bad input


@cases(
    ("text", "message"),
    [
        (None, "no such file"),
        ("", "empty"),
        ("[1, 2]", "a list"),
        ("just words", "text"),
        ("{", "not valid"),
        ("Resources: [", "not valid YAML"),
        ("A: 1", 'no "Resources" section'),
        ("Resources: 3", "no object"),
        ("Resources: {}", "at least one resource is needed"),
        ("Resources: {A: 1}", "the resource 'A' is no object"),
        ("Resources: {A: {Properties: {}}}", "the resource 'A' has no \"Type\""),
        ("Resources: {A: {Type: ''}}", "the resource 'A' has no \"Type\""),
        ("Resources: {A: {Type: AWS::SNS::Topic, Properties: x}}", "\"Properties\" of 'A' is no"),
        ("Resources: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ('{"Resources": ' + '{"a": ' * 5000 + "1" + "}" * 5001, "nested too deeply"),
    ],
)
def test_bad_templates_are_one_clear_line(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "t.yaml"
    if text is not None:
        write(path, text)
    result = run(path)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert result.output.startswith("pcistack: ")
    assert message in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--region", "eu-nowhere-9"], "unknown region 'eu-nowhere-9'; did you mean 'eu-north-1'?"),
        (["--region", "eu-cental-2"], "unknown region 'eu-cental-2'; did you mean 'eu-central-2'?"),
        (["--region", "zurich"], "unknown region 'zurich'; did you mean eu-central-2 (Zurich)?"),
        ([], "no region given"),
        (["--region", ZURICH, "--on", "tomorrow"], "bad date 'tomorrow'"),
        (["--region", ZURICH, "--on", "2026-13-01"], "bad date '2026-13-01'"),
        (["--region", ZURICH, "--only", "hipaa"], "unknown rule pack 'hipaa'"),
        (["--region", ZURICH, "--format", "xml"], "unknown format 'xml'"),
    ],
)
def test_bad_options_are_one_clear_line(good: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["check", str(good), *arguments])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert message in result.output


def test_no_template_is_one_clear_line() -> None:
    result = run()
    assert result.exit_code == 2
    assert "no template given" in result.output


def test_loops_and_macros_among_the_resources_are_no_resources(tmp_path: Path) -> None:
    text = "Transform: AWS::LanguageExtensions\nResources: {Fn::ForEach::Topics: [N, [A], {}]}"
    assert run(write(tmp_path / "t.yaml", text)).exit_code == 0


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "b.json"
    binary.write_bytes(b"\xff\xfe\x00{")
    assert run(binary).exit_code == 2


# Acknowledgements


def acknowledged(entry: str) -> str:
    text = cluster(f"{V304}\n{V2}", more=WRITER)
    metadata = f'    Metadata: {{"pcistack:acknowledged": {entry}}}\n'
    return text.replace("    Properties:\n", f"{metadata}    Properties:\n", 1)


ENDED = "rule: AURORA-VERSION-SUPPORT-ENDED, reason: 'the upgrade is planned for spring'"


def check_text(tmp_path: Path, text: str) -> Result:
    return run(write(tmp_path / "t.yaml", text), "--only", "regional")


@pytest.mark.parametrize("until", ["", ", until: 2026-11-24", ", until: '2027-01-01'"])
def test_an_acknowledged_error_is_counted_apart(tmp_path: Path, until: str) -> None:
    result = check_text(tmp_path, acknowledged(f"[{{{ENDED}{until}}}]"))
    assert result.exit_code == 0
    assert "1 acknowledged" in result.output
    assert "the upgrade is planned for spring" in result.output


def test_json_lists_what_was_acknowledged_with_its_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "t.yaml", acknowledged(f"[{{{ENDED}}}]"))
    report = json.loads(run(path, "--format", "json", "--only", "regional").output)
    assert report["findings"] == []
    assert [entry["reason"] for entry in report["acknowledged"]] == [
        "the upgrade is planned for spring"
    ]


def test_an_expired_acknowledgement_is_an_error_and_sets_nothing_aside(tmp_path: Path) -> None:
    result = check_text(tmp_path, acknowledged(f"[{{{ENDED}, until: 2026-11-23}}]"))
    assert result.exit_code == 1
    assert "ACKNOWLEDGEMENT-EXPIRED" in result.output
    assert "AURORA-VERSION-SUPPORT-ENDED" in result.output
    assert "2 errors" in result.output


def test_a_fatal_finding_is_never_set_aside(tmp_path: Path) -> None:
    text = acknowledged("[{rule: AURORA-SERVERLESS-V1, reason: 'we like it'}]")
    result = check_text(tmp_path, text.replace(V304, f"{V304}\n      EngineMode: serverless"))
    assert result.exit_code == 1
    assert "0 acknowledged" not in result.output
    assert "1 fatal" in result.output


@pytest.mark.parametrize(
    "entry",
    [
        "[{rule: AURORA-VERSION-SUPPORT-ENDED}]",
        "[{reason: because}]",
        "[{rule: AURORA-VERSION-SUPPORT-ENDED, reason: ' '}]",
        "[AURORA-VERSION-SUPPORT-ENDED]",
        "yes",
        f"[{{{ENDED}, until: soon}}]",
    ],
)
def test_a_malformed_acknowledgement_is_an_error(tmp_path: Path, entry: str) -> None:
    result = check_text(tmp_path, acknowledged(entry))
    assert result.exit_code == 1
    assert "ACKNOWLEDGEMENT-INVALID" in result.output
    assert "2 errors" in result.output


def test_an_acknowledgement_holds_for_its_own_resource_only(tmp_path: Path) -> None:
    text = acknowledged(f"[{{{ENDED}}}]")
    other = (
        text.partition("Resources:\n")[2]
        .replace("Database", "Second")
        .replace("Writer", "SecondWriter")
    )
    other = other.replace(f'    Metadata: {{"pcistack:acknowledged": [{{{ENDED}}}]}}\n', "")
    result = check_text(tmp_path, text + other)
    assert result.exit_code == 1
    assert "1 error, 0 warnings, 1 acknowledged" in result.output


# Nested stacks

PARENT = """
Parameters: {Version: {Type: String, Default: 8.0.mysql_aurora.3.10.4}}
Resources:
  Data:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./child.yaml
      Parameters: {Mode: serverless}
"""
CHILD = """
Parameters: {Mode: {Type: String, Default: provisioned}}
Resources:
  Database:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-mysql, EngineMode: !Ref Mode}
"""


def test_a_nested_template_beside_its_parent_is_checked_with_its_parameters(
    tmp_path: Path,
) -> None:
    write(tmp_path / "child.yaml", CHILD)
    path = write(tmp_path / "parent.yaml", PARENT)
    report = json.loads(run(path, "--format", "json", "--only", "regional").output)
    assert [f["resource"] for f in report["findings"]] == ["Data/Database"]


def test_a_parameter_that_the_parent_does_not_know_is_not_taken_for_the_default(
    tmp_path: Path,
) -> None:
    write(tmp_path / "child.yaml", CHILD.replace("Default: provisioned", "Default: serverless"))
    parent = PARENT.replace("Mode: serverless", "Mode: !ImportValue mode")
    path = write(tmp_path / "parent.yaml", parent)
    assert run(path, "--only", "regional").exit_code == 0


def test_a_nested_template_of_cdk_is_found_by_its_asset_path(tmp_path: Path) -> None:
    write(tmp_path / "hash.nested.template.json", CHILD)
    parent = PARENT.replace("./child.yaml", "https://s3.example/asset.json").replace(
        "    Properties:\n",
        "    Metadata: {aws:asset:path: hash.nested.template.json}\n    Properties:\n",
    )
    result = run(write(tmp_path / "parent.yaml", parent), "--only", "regional")
    assert "Data/Database" in result.output


def test_a_nested_template_that_is_not_at_hand_is_said_to_be_unchecked(tmp_path: Path) -> None:
    result = run(write(tmp_path / "parent.yaml", PARENT), "--only", "regional")
    assert result.exit_code == 0
    assert "TEMPLATE-NESTED" in result.output


def test_a_template_that_nests_itself_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "child.yaml", PARENT)
    result = run(path, "--only", "regional")
    assert result.exit_code == 0
    assert "contains itself" in result.output


def test_an_acknowledgement_in_a_nested_template_holds_there(tmp_path: Path) -> None:
    write(tmp_path / "child.yaml", acknowledged(f"[{{{ENDED}}}]"))
    result = run(write(tmp_path / "parent.yaml", PARENT), "--only", "regional")
    assert result.exit_code == 0
    assert "Data/Database" in result.output
    assert "1 acknowledged" in result.output


# What people see


def test_the_refusal_reads_as_documented(bad: Path) -> None:
    lines = run(bad, "--only", "regional").output.splitlines()
    assert lines[:2] == [str(bad), "  eu-central-2, Europe (Zurich), 1 resource"]
    assert lines[3:5] == ["FATAL  AURORA-SERVERLESS-V1", "  Database.EngineMode"]
    assert lines[5] == f"  {bad}:6:7"
    assert lines[-2] == "refused: 1 fatal, 0 errors, 0 warnings in 1 template"
    assert lines[-1] == "Why: pcistack explain AURORA-SERVERLESS-V1. All details: --verbose."
    assert all(len(line) <= 80 or str(bad) in line for line in lines)


def test_verbose_shows_the_whole_fix_and_the_source(bad: Path) -> None:
    short = run(bad, "--only", "regional").output
    whole = run(bad, "--only", "regional", "--verbose").output
    assert "Type: AWS::RDS::DBCluster" not in short
    assert "             Type: AWS::RDS::DBCluster" in whole.splitlines()
    assert "source: Supported Regions" in whole


def test_a_rule_with_many_places_shows_a_few_and_says_how_many(tmp_path: Path) -> None:
    one = BAD.partition("Resources:\n")[2]
    text = "Resources:\n" + "".join(one.replace("Database", f"Db{number}") for number in range(9))
    path = write(tmp_path / "t.yaml", text)
    assert "  and 4 places more; --verbose names them" in run(path, "--only", "regional").output
    assert run(path, "--only", "regional", "--verbose").output.count("EngineMode  ") <= 9


def test_quiet_says_nothing_of_what_passes(good: Path, bad: Path) -> None:
    assert run(good, "--only", "regional", "-q").output == ""
    assert "refused: 1 fatal" in run(bad, "--only", "regional", "-q").output


def test_control_characters_of_a_template_move_no_cursor(tmp_path: Path) -> None:
    path = write(tmp_path / "t.yaml", BAD.replace("Database", '"Da\\e[2Jta"'))
    result = run(path, "--only", "regional")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\\x1b[2J" in result.output


def test_output_that_is_no_terminal_does_not_depend_on_the_surroundings(
    bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = set()
    for columns in ("60", "100", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        outputs.add(run(bad, "--only", "regional").output)
    assert len(outputs) == 1


def test_output_that_is_no_terminal_has_no_colour(bad: Path) -> None:
    assert "\x1b" not in run(bad).output


# Our own stack


@pytest.mark.parametrize("suffix", support.SHIPPED)
def test_our_own_environments_pass_the_regional_guard(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / "t.json", json.dumps(support.template(suffix).body))
    result = run(path, "--only", "regional")
    assert result.exit_code == 0, result.output


@cases("region", COMMERCIAL)
def test_our_own_stack_passes_in_every_commercial_region(region: str) -> None:
    text = json.dumps(support.template("prod").body)
    zones = facts.load(region).zones
    for letter, zone in zip("ab", zones, strict=False):
        text = text.replace(f"{ZURICH}{letter}", zone)
    text = text.replace(ZURICH, region)
    outcome = packs.check_template(Template.parse(text), [REGIONAL], region=region, on=TODAY)
    refused = [finding for finding in outcome.open if finding.severity.fails]
    assert refused == []


def test_our_own_stack_is_refused_in_another_partition_for_a_true_reason() -> None:
    text = json.dumps(support.template("prod").body).replace(ZURICH, "cn-north-1")
    outcome = packs.check_template(Template.parse(text), [REGIONAL], region="cn-north-1", on=TODAY)
    assert {f.rule for f in outcome.open if f.severity.fails} == {
        "ARN-PARTITION",
        "REGION-SERVICE-PRINCIPAL",  # in China logs has the domain amazonaws.com.cn
    }


# Anything at all


def outcome_of(path: Path) -> int:
    result = run(path)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code


def test_mutated_templates_never_end_in_a_traceback(tmp_path: Path) -> None:
    chance = random.Random(4711)
    texts = [case.bad for case in CASES] + [case.good for case in CASES]
    path = tmp_path / "t.yaml"
    codes = set()
    for _ in range(600):
        path.write_text(mutate(chance.choice(texts), chance), encoding="utf-8")
        codes.add(outcome_of(path))
    assert {1, 2} <= codes <= {0, 1, 2}  # whether a mutant is clean is chance


def test_our_own_template_mutated_or_truncated_never_ends_in_a_traceback(tmp_path: Path) -> None:
    chance = random.Random(4711)
    body = support.template("dev").body
    text = json.dumps(body)
    path = tmp_path / "t.json"
    texts = [text[: chance.randrange(len(text))] for _ in range(40)]
    texts += [json.dumps(damaged(body, chance)) for _ in range(10)]
    texts += [json.dumps(damaged(_third(body, chance), chance)) for _ in range(20)]
    codes = []
    for each in texts:
        path.write_text(each, encoding="utf-8")
        codes.append(outcome_of(path))
    assert set(codes[:40]) == {2}
    assert codes[40:50].count(1) > 4, "most are judged"
    assert codes[50:].count(1) > 10, "most are judged"


def _third(body: support.Body, chance: random.Random) -> support.Body:
    """A template with a third of the resources: what the others are to it is not known."""
    resources = cast("dict[str, object]", body["Resources"])
    kept = chance.sample(sorted(resources), len(resources) // 3)
    return {**body, "Resources": {name: resources[name] for name in kept}}


def mutate(text: str, chance: random.Random) -> str:
    """Change a text at one to three places."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(start + chance.randint(0, 12), len(text))
        piece = chance.choice(
            ["", "{", "[", "}", "]", ":", "!Ref ", "!Sub ", "!If ", "null", "\n", " ", "- ", "*",
             "&a ", "!GetAZs", "Fn::Select: ", "Ref: ", "0", "-1", "1e999", "\x00", "é", "'", '"',
             text[start : start + 40]]
        )  # fmt: skip
        text = text[:start] + piece + text[end:]
    return text


def damaged(node: object, chance: random.Random, depth: int = 0) -> object:
    """Replace values of a template by values of another kind: dozens below the properties.

    Few above them, since the first odd resource is all that is told of a template.
    """
    odd: list[object] = [
        None,
        0,
        -1.5,
        True,
        "",
        [],
        {},
        [[]],
        {"Ref": 3},
        {"Fn::GetAtt": 1},
        {"Fn::If": []},
    ]
    if chance.random() < (0.01 if depth > 3 else 0.0005):
        return chance.choice(odd)
    if isinstance(node, dict):
        return {key: damaged(value, chance, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [damaged(value, chance, depth + 1) for value in node]
    return node


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
_WORDS = st.sampled_from(
    ["Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::Select", "Fn::GetAZs", "Fn::FindInMap", "Engine",
     "EngineVersion", "ServerlessV2ScalingConfiguration", "MinCapacity", "AvailabilityZone",
     "PolicyDocument", "Statement", "Principal", "AWS", "Metadata"]
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=8,
)
_TYPES = st.sampled_from(
    ["AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::EC2::Subnet", "AWS::EC2::VPCEndpoint",
     "AWS::S3::BucketPolicy", "AWS::Lambda::Function", "AWS::CloudFormation::Stack",
     "AWS::CloudFront::Distribution", "AWS::WAFv2::WebACL", "AWS::Logs::LogGroup", "", "::"]
)  # fmt: skip
_RESOURCES = st.dictionaries(
    st.text(max_size=5),
    st.fixed_dictionaries(
        {"Type": _TYPES},
        optional={
            "Properties": st.dictionaries(
                st.sampled_from(
                    [
                        "Engine",
                        "EngineVersion",
                        "EngineMode",
                        "ServerlessV2ScalingConfiguration",
                        "DBClusterIdentifier",
                        "DBInstanceClass",
                        "AvailabilityZone",
                        "ServiceName",
                        "PolicyDocument",
                        "Runtime",
                        "TemplateURL",
                        "Parameters",
                        "KmsKeyId",
                        "DistributionConfig",
                        "Scope",
                        "BacktrackWindow",
                        "EnableHttpEndpoint",
                    ]
                ),
                _VALUES,
                max_size=4,
            ),
            "Metadata": _VALUES,
            "Condition": st.text(max_size=3),
        },
    ),
    max_size=4,
)


@settings(max_examples=100)
@given(
    resources=_RESOURCES,
    sections=st.dictionaries(
        st.sampled_from(["Parameters", "Mappings", "Conditions", "Outputs"]), _VALUES, max_size=2
    ),
)
def test_any_document_of_a_templates_shape_is_judged(
    resources: dict[str, object], sections: dict[str, object]
) -> None:
    text = json.dumps({"Resources": resources, **sections})
    template = Template.parse(text)
    outcome = packs.check_template(
        template, [packs.load(name) for name in PACKS], region=ZURICH, on=TODAY
    )
    assert all(finding.rule for finding in outcome.open)


# Budgets


def test_500_resources_take_under_50_milliseconds() -> None:
    one = cluster(f"{V304}\n{V2}", more=WRITER).partition("Resources:\n")[2]
    text = json.dumps(Template.parse(f"Resources:\n{one}").body)
    body = json.loads(text)["Resources"]
    resources = {
        f"{key}{number}": json.loads(json.dumps(value).replace('"Database"', f'"Database{number}"'))
        for number in range(250)
        for key, value in body.items()
    }
    template = Template.parse(json.dumps({"Resources": resources}))
    assert len(template.resources) == 500
    best = min(_timed(template) for _ in range(5))
    assert best < 0.05 * _slowness()


def _timed(template: Template) -> float:
    started = time.process_time()
    packs.check_template(template, [REGIONAL], region=ZURICH, on=TODAY)
    return time.process_time() - started


def _slowness() -> float:
    """How much slower than the reference machine this one is now, at least 1."""
    started = time.process_time()
    sum(number % 7 for number in range(1_000_000))
    return max((time.process_time() - started) / 0.04, 1)


def test_the_command_loads_nothing_heavy(good: Path) -> None:
    code = (
        "import sys\nfrom pcistack.cli import cli\n"
        f"try: cli(['check', {str(good)!r}, '--region', 'eu-central-2'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'aws_cdk', 'jsii', 'rich', 'botocore', 'boto3', "
        "'ruamel', 'moto', 'cfnlint', 'cloudformation_validate'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
