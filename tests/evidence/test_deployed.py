"""The page takes what asking the account found, of this very stack and template only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from pcistack.checks.run import Outcome
from pcistack.commands.evidence import evidence
from pcistack.evidence import deployed
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.files import content
from pcistack.evidence.gather import Evidence, gather
from pcistack.evidence.standing import Standing
from pcistack.pci_dss.pack import PACK
from pcistack.verified import Drift, Verification, VerifiedPromise, content_digest
from tests.evidence import sample

ASKED = Verification(
    suffix="prod",
    region=sample.REGION,
    account="111111111111",
    day=date(2026, 11, 25),
    template_sha256=content_digest(sample.template()),
)
KEPT = VerifiedPromise(id="flow-log", requirement="10.2.1", holds=True, says="It delivers.")
BROKEN = replace(KEPT, holds=False, says="Not so: it delivers. FlowLog: nothing arrives")
UNSEEN = replace(KEPT, holds=None, says="AWS did not answer.")
DRIFT = Drift(resource="Cluster", property="StorageEncrypted", expected="true", found="false")
GONE = Drift(resource="FlowLog", property="", expected="", found="deleted")


def _evidence(folder: Path, verified: Verification | None) -> Evidence:
    clean = Outcome(resources=1, open=(), acknowledged=())
    assembly = AssessedStack.read(sample.write(folder / "assembly", found=clean))
    return gather(assembly, PACK, on=sample.DAY, verified=verified)


SAID: dict[str, tuple[Verification | None, Verification | None]] = {
    deployed.AS_DEPLOYED: (ASKED, None),
    deployed.AS_ASKED: (ASKED, replace(ASKED, drift=(DRIFT,))),
    deployed.DIFFERS: (replace(ASKED, drift=(DRIFT,)), ASKED),
    deployed.GONE: (replace(ASKED, drift=(GONE,)), ASKED),
    deployed.HOLDS: (replace(ASKED, promises=(KEPT,)), replace(ASKED, promises=(BROKEN,))),
    deployed.BROKEN: (replace(ASKED, promises=(BROKEN,)), replace(ASKED, promises=(KEPT,))),
    deployed.NOT_SEEN: (replace(ASKED, promises=(UNSEEN,)), replace(ASKED, promises=(KEPT,))),
    deployed.NOT_COMPARED: (None, ASKED),
    deployed.UNBOUND: (None, ASKED),
}


@pytest.fixture(scope="module")
def pages() -> dict[Verification | None, str]:
    """Each is written once."""
    return {}


@pytest.mark.parametrize("claim", SAID, ids=lambda claim: claim[:30])
def test_a_claim_of_the_account_goes_when_the_account_is_otherwise(
    claim: str, tmp_path: Path, pages: dict[Verification | None, str]
) -> None:
    with_, without = SAID[claim]
    words = max(claim.split("{}"), key=len)
    for verified, shown in ((with_, True), (without, False)):
        page = pages.get(verified) or content(_evidence(tmp_path, verified), "index.html")
        pages[verified] = page
        body = page[page.index("<main>") : page.index('<section id="requirements">')]
        assert (f">{words}<" in body or (" " in words[:-1] and words in body)) is shown


def test_what_differs_in_the_account_is_no_support(tmp_path: Path) -> None:
    def settings(*drift: Drift) -> set[tuple[str, str]]:
        drawn = _evidence(tmp_path, replace(ASKED, drift=drift))
        return {
            (name, setting.property)
            for one in drawn.requirements
            for setting in one.settings
            for name in setting.resources
        }

    assert ("Cluster", "StorageEncrypted") in settings()
    assert ("Cluster", "StorageEncrypted") not in settings(DRIFT)
    assert not [1 for name, _ in settings(GONE) if name == "FlowLog"]


def test_a_promise_that_does_not_hold_needs_you(tmp_path: Path) -> None:
    def standing(promise: VerifiedPromise) -> Standing:
        drawn = _evidence(tmp_path, replace(ASKED, promises=(promise,)))
        (found,) = [one for one in drawn.requirements if one.number == "10.2.1"]
        assert ("FlowLog: nothing arrives. Fix it" in found.why) is (promise is BROKEN)
        return found.standing

    assert standing(KEPT) is Standing.PART
    assert standing(UNSEEN) is Standing.PART
    assert standing(BROKEN) is Standing.YOU


def test_the_file_that_is_written_is_the_one_that_is_read(tmp_path: Path) -> None:
    verified = replace(ASKED, promises=(KEPT, UNSEEN), drift=(DRIFT, GONE))
    file = tmp_path / "verified.json"
    file.write_text(verified.as_text(), encoding="utf-8")
    assembly = AssessedStack.read(sample.write(tmp_path / "assembly"))
    assert deployed.read(file, assembly) == verified
    document = json.loads(content(_evidence(tmp_path, verified), "evidence.json"))
    assert document["as_deployed"] == json.loads(verified.as_text())


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"suffix": "dev"}, "is about the suffix dev, not prod"),
        ({"region": "eu-west-1"}, "is about the region eu-west-1, not eu-central-2"),
        ({"template_sha256": "0" * 64}, "is about the template 000000000000..."),
        ({"template_sha256": ""}, "AWS did not tell which template is deployed"),
        ({"day": "yesterday"}, "not what `pcistack verify` writes (day: "),
        ({"promises": [{"id": "x"}]}, "not what `pcistack verify` writes (promises.0."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_verification_of_something_else_is_refused_in_one_line(
    other: dict[str, object], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "verified.json"
    file.write_text(json.dumps(json.loads(ASKED.as_text()) | other), encoding="utf-8")
    app = sample.write(tmp_path / "assembly")
    options = ["--app", str(app), "--out", str(tmp_path / "out"), "--verified", str(file)]
    ended = CliRunner().invoke(evidence, options)
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
