"""A certificate whose zone cannot validate it is told before the deployment waits for it."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest

from pcistack.account import dns
from pcistack.account.aws import Call
from pcistack.account.preflight import preflight
from pcistack.account.rows import Row, Verdict
from pcistack.regional.facts import load
from pcistack.template.document import Json, Template
from tests.account.recorded import NOW, REGION, Answer, Refusal, StubbedAws, answers, hosted_zone

ANSWERS = {("example.com", dns.NAME_SERVERS): ["ns-1.awsdns-00.com"]}
"""What the public DNS says of the zone in :mod:`tests.account.recorded`."""


def rows(
    found: Mapping[tuple[str, int], list[str] | None] = ANSWERS,
    domain: str = "pay.example.com",
    **changes: Answer,
) -> list[Row]:
    """Ask for a stack with a certificate and its record; the DNS says ``found``."""
    option: dict[str, Json] = {"DomainName": domain, "HostedZoneId": "Z1"}
    resources: dict[str, Json] = {
        "Certificate": {
            "Type": "AWS::CertificateManager::Certificate",
            "Properties": {"DomainName": domain, "DomainValidationOptions": [option]},
        }
    }
    types = ["AWS::CertificateManager::Certificate"]
    stub = StubbedAws(answers(types, **changes))
    return preflight(
        Template({"Resources": resources}),
        stub.aws(),
        load(REGION),
        now=NOW,
        lookup=lambda name, kind: found.get((name, kind), []),
    )


def _about(found: list[Row], need: str) -> Row:
    (row,) = [row for row in found if row.need.startswith(need)]
    return row


@pytest.mark.parametrize(
    ("answer", "found", "state", "said"),
    [
        (hosted_zone(), ANSWERS, Verdict.CONFIRMED, "the public DNS leads to it"),
        (hosted_zone(private=True), ANSWERS, Verdict.FAILS, "it is private"),
        (hosted_zone("other.com."), ANSWERS, Verdict.FAILS, "does not hold pay.example.com"),
        (Refusal("NoSuchHostedZone"), ANSWERS, Verdict.FAILS, "there is no such zone"),
        (Refusal("AccessDenied"), ANSWERS, Verdict.REFUSED, "route53:GetHostedZone"),
        (hosted_zone(), {}, Verdict.FAILS, "does not know the name"),
        (
            hosted_zone(),
            {("example.com", dns.NAME_SERVERS): ["ns.elsewhere.example"]},
            Verdict.FAILS,
            "leads to ns.elsewhere.example: set ns-1.awsdns-00.com",
        ),
        (
            hosted_zone(),
            {("example.com", dns.NAME_SERVERS): None},
            Verdict.UNKNOWN,
            "no DNS server says",
        ),
    ],
)
def test_zone_that_cannot_validate_fails(
    answer: Answer,
    found: Mapping[tuple[str, int], list[str] | None],
    state: Verdict,
    said: str,
) -> None:
    row = _about(rows(found, HOSTED_ZONE=answer), "hosted zone Z1")
    assert (row.state, said in row.answer) == (state, True), row


@pytest.mark.parametrize(
    ("domain", "records", "state"),
    [
        ("pay.example.com", {}, Verdict.CONFIRMED),
        ("pay.example.com", {"example.com": ["issue letsencrypt.org"]}, Verdict.FAILS),
        ("pay.example.com", {"example.com": ["issue amazon.com; a=b"]}, Verdict.CONFIRMED),
        ("pay.example.com", {"example.com": ["issue ;"]}, Verdict.FAILS),
        ("pay.example.com", {"example.com": ["iodef mailto:a@b.example"]}, Verdict.CONFIRMED),
        (
            "pay.example.com",
            {"pay.example.com": ["issue amazontrust.com"], "example.com": ["issue x.org"]},
            Verdict.CONFIRMED,
        ),
        (
            "*.example.com",
            {"example.com": ["issue amazon.com", "issuewild x.org"]},
            Verdict.FAILS,
        ),
        ("pay.example.com", {"pay.example.com": None}, Verdict.UNKNOWN),
    ],
)
def test_nearest_records_say_who_may_issue(
    domain: str, records: Mapping[str, list[str] | None], state: Verdict
) -> None:
    found = {**ANSWERS, **{(name, dns.ISSUERS): each for name, each in records.items()}}
    assert _about(rows(found, domain), "Amazon may issue").state is state


@pytest.mark.parametrize("there", [True, False])
def test_service_linked_role_that_is_missing_is_a_warning_with_its_command(there: bool) -> None:
    types = ["AWS::ECS::Cluster"]
    changes: dict[str, Answer] = {} if there else {"ROLE": Refusal("NoSuchEntity")}
    resources: dict[str, Json] = {"Cluster": {"Type": "AWS::ECS::Cluster"}}
    stub = StubbedAws(answers(types, **changes))
    found = preflight(Template({"Resources": resources}), stub.aws(), load(REGION), now=NOW)
    row = _about(found, "role of ecs.amazonaws.com")
    command = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
    assert (row.state, row.fix) == (
        (Verdict.CONFIRMED, "") if there else (Verdict.WARNING, command)
    )
    assert Call.ROLE in {call for call, _, _ in stub.log}


def _answer(question: bytes, kind: int, data: bytes, code: int = 0) -> bytes:
    header = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    return header + question[12:] + record


def test_answers_of_the_dns_are_read() -> None:
    asked = dns.query("pay.example.com", dns.ISSUERS)
    issue = _answer(asked, dns.ISSUERS, b"\x00\x05issueamazon.com")
    assert dns.records(issue, asked, dns.ISSUERS) == ["issue amazon.com"]
    asked = dns.query("example.com", dns.NAME_SERVERS)
    server = _answer(asked, dns.NAME_SERVERS, b"\x02ns\xc0\x0c")
    assert dns.records(server, asked, dns.NAME_SERVERS) == ["ns.example.com"]
    assert dns.records(_answer(asked, 2, b"\x02ns\xc0\x0c", code=2), asked, 2) is None


@pytest.mark.parametrize("data", [b"\xc0\xff", b"\x02n", b"\xc0\x29"])
def test_malformed_answers_are_errors_that_lookup_takes_for_none(data: bytes) -> None:
    asked = dns.query("example.com", dns.NAME_SERVERS)
    with pytest.raises((ValueError, IndexError, struct.error)):
        dns.records(_answer(asked, dns.NAME_SERVERS, data), asked, dns.NAME_SERVERS)
