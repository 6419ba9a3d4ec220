"""Whether a certificate can be validated in its hosted zone, before a deployment waits for it.

ACM looks for its record in the public DNS, and CloudFormation waits until it is there. A zone that
is private or that nobody delegates to never shows it; a CAA record may forbid Amazon to issue.

Source: ACM user guide: DNS validation; Configure a CAA record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from pcistack.account import dns
from pcistack.account.aws import Aws, Call, part, text, texts
from pcistack.account.needed import Zone
from pcistack.account.rows import Row, Verdict, tried

_AMAZON: Final = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
"""Names under which Amazon issues certificates."""

_ASKED: Final = Call.HOSTED_ZONE.permission


def zones(wanted: Sequence[Zone], aws: Aws, lookup: dns.Lookup) -> Iterator[Row]:
    """Yield a row for each hosted zone, and one for who may issue for each domain."""
    for zone in wanted:
        yield from tried(partial(_zone, zone, lookup), aws, f"hosted zone {zone.id}")
    for zone in wanted:
        if zone.validates:
            yield _issuers(zone, lookup)


def _zone(zone: Zone, lookup: dns.Lookup, aws: Aws) -> Iterator[Row]:
    asked = {"Id": zone.id}
    absent = ("NoSuchHostedZone",)
    found = aws.items(Call.HOSTED_ZONE, "HostedZone", asked, at_home=True, absent=absent)
    sets = aws.items(Call.HOSTED_ZONE, "DelegationSet", asked, at_home=True, absent=absent)
    name = text(found[0], "Name").rstrip(".") if found else ""
    servers = {server for item in sets for server in texts(item, "NameServers")}
    state, answer = Verdict.FAILS, ""
    if not found:
        answer = "there is no such zone in this account"
    elif zone.domain != name and not zone.domain.endswith(f".{name}"):
        answer = f"it is {name}, which does not hold {zone.domain}"
    elif zone.validates and part(found[0], "Config").get("PrivateZone") is True:
        answer = (
            "it is private: ACM validates in the public DNS only, and the deployment would wait "
            "for the certificate until it fails"
        )
    elif zone.validates:
        state, answer = _delegation(name, servers, lookup)
    else:
        state, answer = Verdict.CONFIRMED, f"it is {name}"
    yield Row(
        state=state,
        need=f"hosted zone {zone.id} for {zone.domain}",
        answer=answer,
        asked=_ASKED,
        resources=(zone.resource,),
    )


def _delegation(name: str, servers: set[str], lookup: dns.Lookup) -> tuple[Verdict, str]:
    public = lookup(name, dns.NAME_SERVERS)
    if public is None:
        return Verdict.UNKNOWN, f"it is {name}; no DNS server says whether it is delegated to"
    if {server.rstrip(".") for server in servers} & {server.rstrip(".") for server in public}:
        return Verdict.CONFIRMED, f"it is {name}, and the public DNS leads to it"
    led = f"leads to {', '.join(sorted(public))}" if public else "does not know the name"
    return Verdict.FAILS, (
        f"it is {name}, but the public DNS {led}: set {', '.join(sorted(servers))} at the "
        "registrar or in the zone above; until then the certificate is not validated"
    )


def _issuers(zone: Zone, lookup: dns.Lookup) -> Row:
    """Say whether the nearest CAA records let Amazon issue; without any, everybody may."""
    labels = zone.domain.removeprefix("*.").split(".")
    state, answer = Verdict.CONFIRMED, "no CAA record, so Amazon may"
    for number in range(len(labels) - 1):
        name = ".".join(labels[number:])
        found = lookup(name, dns.ISSUERS)
        if found is None:
            state, answer = Verdict.UNKNOWN, "no DNS server answers"
            break
        tags = ("issuewild", "issue") if zone.domain.startswith("*.") else ("issue",)
        named = next((list(_named(found, tag)) for tag in tags if any(_named(found, tag))), [])
        if not found:
            continue
        if named and not _AMAZON & set(named):
            state = Verdict.FAILS
            answer = f'{name} lets only {", ".join(named)}; add the CAA record 0 issue "amazon.com"'
        else:
            answer = f"the CAA records of {name} let Amazon"
        break
    return Row(
        state=state,
        need=f"Amazon may issue a certificate for {zone.domain}",
        answer=answer,
        asked="DNS: CAA",
        resources=(zone.resource,),
    )


def _named(found: Sequence[str], tag: str) -> Iterator[str]:
    """Yield who may issue by the records with a tag; ``;`` alone is nobody."""
    for record in found:
        kind, _, value = record.partition(" ")
        if kind == tag:
            yield value.partition(";")[0].strip() or "nobody"
