"""The page of later changes says of every setting what the templates say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stacks import changes_docs
from stacks.changes_docs import TARGET, TriedChange, samples, settings
from stacks.changes_samples import SAMPLES

PAGE = TARGET.read_text(encoding="utf-8")
NOTHING_DEPLOYED = {"serves", "acknowledged", "accepted_changes"}
"""What decides which environments there are and what the checks accept, and no resource."""
ROWS = re.findall(r"^\| `([\w.]+)` \| (.+?) \| (.+?) \| (.*) \|$", PAGE, flags=re.MULTILINE)


def test_every_setting_has_a_row() -> None:
    tried = samples()
    assert set(settings()) <= set(tried)
    assert [name for name, *_ in ROWS] == [name for name in tried for _ in tried[name]]


def test_setting_without_a_change_of_its_own_is_tried_with_the_value_of_the_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = {name: tried for name, tried in SAMPLES.items() if name != "database.rotation_hour"}
    monkeypatch.setattr(changes_docs, "SAMPLES", own)
    changes_docs.samples.cache_clear()
    try:
        assert changes_docs.samples()["database.rotation_hour"] == (
            {"database": {"rotation_hour": 2}},
        )
    finally:
        changes_docs.samples.cache_clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("synthesized")


@pytest.mark.parametrize("setting", samples())
def test_every_setting_changes_the_template_as_the_page_says(folder: Path, setting: str) -> None:
    found = changes_docs.rows(folder, only=setting)
    assert found == [TriedChange(*row) for row in ROWS if row[0] == setting], "run: make docs"
    without = [row.tried for row in found if "nothing deployed changes" in row.verdict]
    assert not without or setting in NOTHING_DEPLOYED


@pytest.mark.parametrize(
    ("setting", "verdict"),
    [
        ("database.name", "refused"),
        ("database.master_username", "refused"),
        ("network.cidr", "refused"),
        ("network.zones", "refused"),
        ("project", "loses"),
        ("ingress", "loses"),
        ("protection.keep_data", "loses"),
        ("protection.deletion_protection", "loses"),
        ("database.port", "database restarts"),
        ("database.max_capacity", "in place"),
        ("region", "another stack"),
    ],
)
def test_live_production_environment_is_judged_as_aws_does(setting: str, verdict: str) -> None:
    found = [row[2] for row in ROWS if row[0] == setting]
    assert found
    assert all(verdict in each for each in found)


def test_new_port_reaches_the_identities(folder: Path) -> None:
    """No secret is left with the old port, and no user with a password that nobody knows."""
    old, new = changes_docs.templates(folder, "database.port")
    for name, raw in new.resources.items():
        if raw.type == "AWS::SecretsManager::Secret":
            generated = raw.properties["GenerateSecretString"]
            assert isinstance(generated, dict)
            assert '"port":"6604"' in json.dumps(generated).replace("\\", "")
            assert generated != old.resources[name].properties["GenerateSecretString"]
    (row,) = (row for row in ROWS if row[0] == "database.port")
    assert "runs again with it" in row[3]
