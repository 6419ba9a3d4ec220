"""The pipeline's stack as a whole: its settings, and what the packs say of it."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from pcistack.checks.run import check_template, load
from pcistack.packs import PACKS
from pcistack.template.document import Template
from stacks.delivery.settings import FILE, load_delivery
from stacks.mistakes import ConfigurationError
from tests.delivery.support import REGION, app_of, delivery
from tests.test_acknowledgements import accepted, open_findings
from tests.test_snapshots import stable

MOST_CHARACTERS = 6_144


def test_no_finding_is_open() -> None:
    assert open_findings(app_of()) == set()
    found = check_template(
        Template.parse(json.dumps(delivery().body)),
        [load(name) for name in PACKS],
        region=REGION,
        on=date(2026, 11, 24),
    )
    assert found.open == []


def test_every_wildcard_that_is_accepted_is_there_and_has_a_reason() -> None:
    text = json.dumps(delivery().body)
    for entry, reason in accepted(delivery()).items():
        assert len(reason) > 40
        _, found, wildcard = entry.partition(" at ")[0].rstrip("]").partition("::")
        if found:
            assert wildcard.rpartition(">")[2] in text


def test_the_template_is_seen_in_review(snapshot: SnapshotAssertion) -> None:
    body = copy.deepcopy(cast("dict[str, Any]", stable(delivery().body)))
    # What is read follows the commands that ask; test_roles holds it against them.
    body["Resources"]["Read"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = []
    assert body == snapshot(name="PciDssDelivery", extension_class=JSONSnapshotExtension)


def test_no_policy_is_larger_than_iam_takes() -> None:
    for properties in delivery().all("AWS::IAM::ManagedPolicy"):
        text = json.dumps(properties["PolicyDocument"], separators=(",", ":"))
        assert len(text) <= MOST_CHARACTERS  # the template's references are longer than ARNs


def write(folder: Path, text: str) -> Path:
    path = folder / "delivery.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_wants_nothing_but_the_repository(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_delivery()
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f'{FILE}: repository: is missing; allowed: "OWNER/REPOSITORY"')
    text = FILE.read_text(encoding="utf-8").replace("# repository =", "repository =")
    assert load_delivery(write(tmp_path, text)).repository == "OWNER/REPOSITORY"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('repository = "example"', "repository: cannot be used"),
        ('repository = "example/*"', "repository: cannot be used"),
        ('repository = "a/b"\nsubjects.check = ["environment:*"]', "subjects.check: cannot be"),
        ('repository = "a/b"\nsubjects.production = []', "subjects.production: has too few items"),
        ('repository = "a/b"\nsubject = 1', "subject: is no setting; allowed: repository"),
        ('repository = "a/b"\nregion = "Zurich"', "region: "),
        ('repository = "a/b"\nprovider = "bitbucket"', "provider: is none of the choices"),
        ("repository = ", "is not valid TOML"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load_delivery(path)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path}: {message}")


def test_a_repository_may_carry_the_ids_that_github_writes_into_subjects(tmp_path: Path) -> None:
    delivery = load_delivery(write(tmp_path, 'repository = "octo@123456/payments@456789"'))
    assert delivery.trusted(delivery.subjects.production) == [
        "repo:octo@123456/payments@456789:environment:production"
    ]
