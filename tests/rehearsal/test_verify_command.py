"""``pcistack verify`` against the embedded AWS, reached as an account is: by the environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.trial import Lab
from pcistack.verified import content_digest


@pytest.fixture(autouse=True)
def account(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.emulator.environment(lab.region).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def _verify(folder: Path, *options: str) -> Result:
    arguments = ["verify", "--suffix", "dev", "--app", str(folder), *options]
    return CliRunner().invoke(cli, arguments)


def test_sound_stack_is_verified_in_json(up: Assembly) -> None:
    result = _verify(up.folder, "--format", "json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["suffix"], found["region"]) == ("dev", up.region)
    assert found["account"] == "111111111111"
    assert found["template_sha256"] == content_digest(up.template)
    assert all(promise["holds"] for promise in found["promises"])
    assert len(found["promises"]) >= 18
    assert found["drift"] == []


@pytest.fixture
def changed_by_hand(lab: Lab, up: Assembly) -> Iterator[tuple[str, str]]:
    """Logical ids of a service that runs too many tasks and a log group that forgets early."""
    ids = lab.direct.physical_ids(up.stack)
    ecs, logs = lab.client("ecs"), lab.client("logs")
    service = up.of_type("AWS::ECS::Service")[0]
    group = next(name for name in up.of_type("AWS::Logs::LogGroup") if "FlowLog" in name)
    cluster, name = ids[service].split("/")[-2:]
    (found,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    (kept,) = logs.describe_log_groups(logGroupNamePrefix=ids[group])["logGroups"]

    def change(count: int, days: int) -> None:
        ecs.update_service(cluster=cluster, service=name, desiredCount=count)
        logs.put_retention_policy(logGroupName=ids[group], retentionInDays=days)

    change(99, 1)
    yield service, group
    change(found["desiredCount"], kept["retentionInDays"])


def test_what_was_changed_by_hand_is_named(up: Assembly, changed_by_hand: tuple[str, str]) -> None:
    service, group = changed_by_hand

    result = _verify(up.folder)

    assert result.exit_code == 1
    assert f"{service}: 99 tasks desired, outside of " in result.stdout
    assert f"drift    {group} RetentionInDays: expected " in result.stdout
    assert result.stdout.rstrip().endswith("2 broken")


def test_another_template_than_the_deployed_one_is_said(up: Assembly, tmp_path: Path) -> None:
    def shorten(template: dict[str, object]) -> None:
        template["Description"] = "another"

    result = _verify(up.edited(tmp_path / "other", shorten).folder)

    assert result.exit_code == 1
    said = (
        f"broken   What is deployed is the template that was checked (6.5.1)\n{'':11}{up.stack}: "
    )
    assert said in result.stdout


def test_stack_that_is_not_there_is_bad_input(dev: Assembly) -> None:
    result = _verify(dev.folder, "--region", "eu-west-1")

    assert result.exit_code == 2
    assert result.stderr == f"pcistack: there is no stack {dev.stack} in eu-west-1\n"
