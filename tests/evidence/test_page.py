"""The page is whole, fetches nothing, and nothing that a template says can run in it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from pcistack.checks.findings import Finding, Severity
from pcistack.checks.run import Outcome
from pcistack.evidence import explanations
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.files import content
from pcistack.evidence.gather import gather
from pcistack.evidence.standing import Standing
from pcistack.pci_dss.requirements import REQUIREMENTS
from pcistack.pci_dss.untreated import UNTREATED
from tests.evidence import sample
from tests.evidence.conftest import Chosen, Gather

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>]]>--> </style>{{ 7*7 }}"


class _Parsed(HTMLParser):
    """Collects what a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def all(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the sample as it is, without a record of its synthesis."""
    assembly = AssessedStack.read(sample.write(tmp_path_factory.mktemp("page")))
    return content(gather(assembly, Chosen(()), on=sample.DAY), "index.html")


def test_every_requirement_is_on_the_page_in_one_of_the_states(page: str) -> None:
    parsed = _Parsed(page)
    states = parsed.all("data-state")[len(Standing) :]
    assert len(states) == len(REQUIREMENTS)
    assert set(states) <= {str(standing) for standing in Standing}
    assert {f"req-{item.number}" for item in REQUIREMENTS} <= set(parsed.all("id"))


def test_the_page_fetches_nothing(page: str) -> None:
    parsed = _Parsed(page)
    assert not {"img", "link", "iframe", "object", "embed", "audio", "video"} & set(parsed.tags)
    assert not parsed.all("src")
    assert all(target.startswith("#") for target in parsed.all("href"))
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|https?://", page)


def test_every_link_leads_to_a_place_on_the_page(page: str) -> None:
    parsed = _Parsed(page)
    ids = parsed.all("id")
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in parsed.all("href")} <= set(ids)


def test_only_the_page_s_own_script_and_style_may_run(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not _Parsed(page).all("style")


def poison(resources: dict[str, sample.Body]) -> None:
    """Put markup wherever a template can hold text that the evidence shows."""
    resources["AlbGroup"]["Properties"]["SecurityGroupIngress"][0]["Description"] = ATTACK
    resources["AlbGroup"]["Properties"]["GroupDescription"] = ATTACK
    resources["DataKey"]["Properties"]["Description"] = ATTACK
    resources["Cluster"]["Properties"]["MasterUsername"] = ATTACK
    resources["Cluster"]["Metadata"]["aws:cdk:path"] = f"PciDss-prod/{ATTACK}/Resource"
    resources["Vpc"]["Properties"]["CidrBlock"] = ATTACK
    resources["PublicA"]["Properties"]["AvailabilityZone"] = ATTACK
    resources["Https"]["Properties"]["SslPolicy"] = f"TLS13-1-3 {ATTACK}"
    resources["FlowLogs"]["Properties"]["LogGroupName"] = ATTACK
    resources["LogBucket"]["Metadata"]["pcistack:acknowledged"][0]["reason"] = ATTACK
    resources[ATTACK] = {"Type": f"AWS::{ATTACK}", "Properties": {}}


def test_markup_in_a_template_stays_text(gathered: Gather) -> None:
    clean, poisoned = gathered(), gathered(poison)
    page = content(poisoned, "index.html")
    for tag in ("<script", "</script", "<style", "</style"):
        assert page.count(tag) == 1, tag
    assert "<img" not in page
    parsed = _Parsed(page)
    assert set(parsed.tags) == set(_Parsed(content(clean, "index.html")).tags)
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page.replace("<wbr>", "")
    for name in ("network.svg", "data-flow.svg"):
        svg = _Parsed(content(poisoned, name))
        assert set(svg.tags) == set(_Parsed(content(clean, name)).tags)


@pytest.mark.parametrize("name", ["index.html", "evidence.json", "network.svg"])
def test_poisoned_text_is_really_shown(gathered: Gather, name: str) -> None:
    text = content(gathered(poison), name)
    assert "alert(1)" in text


def test_the_page_is_bound_to_a_day_a_commit_and_a_template(gathered: Gather, page: str) -> None:
    found = Outcome(resources=1, open=(), acknowledged=())
    evidence = gathered(found=found)
    text = content(evidence, "index.html")
    for said in ("2026-11-24", "1" * 40, evidence.judgement.sha256, evidence.judgement.content):
        assert said in text
    assert "they ran when this was written" not in text
    assert "not known<" not in text
    assert "not known<" in page
    assert "they ran when this was written" in page
    assert "--stack-name PciDss-prod" in text


def test_the_command_on_the_page_gives_the_digest_on_the_page(gathered: Gather) -> None:
    """CloudFormation hands a template back in another order and with other white space."""
    evidence = gathered()
    program = explanations.COMMAND.split("python3 -c ")[1].strip("'")
    deployed = json.dumps(dict(reversed([*evidence.view.template.body.items()])), indent=4)
    said = subprocess.run(
        [sys.executable, "-c", program], input=deployed, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == evidence.judgement.content


def test_the_page_says_of_how_many_requirements_it_speaks(page: str) -> None:
    assert f"{len(REQUIREMENTS)} of the 250 requirements of the standard" in page
    assert not set(UNTREATED) & {item.number for item in REQUIREMENTS}
    for number, words in UNTREATED.items():
        assert f"<b>{number}</b>&nbsp;{html.escape(words)}" in page.replace("&#39;", "&#x27;")


def test_a_finding_that_belongs_to_no_requirement_is_on_the_page(gathered: Gather) -> None:
    stray = Finding(
        rule="REGION-ZONE",
        severity=Severity.ERROR,
        resource="PublicA",
        property="AvailabilityZone",
        message="the zone is not known",
        fix="",
        source="",
    )
    evidence = gathered(found=Outcome(resources=1, open=(stray,), acknowledged=()))
    assert evidence.others == (stray,)
    assert "the zone is not known" in content(evidence, "index.html")
