"""Records of Route 53, as it takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_RECORD: Final = "AWS::Route53::RecordSet"


@rule(
    "DEPLOY-RECORD",
    "A record that Route 53 refuses",
    types=(_RECORD,),
    severity=Severity.FATAL,
    source="Route 53 API reference: ChangeResourceRecordSets (RRSet with DNS name is not permitted "
    "in zone); developer guide: CNAME record type",
)
def record_rule(context: Context) -> Iterator[Hit]:
    yield from _beside(context)
    for record in context.of_type(_RECORD):
        zone = context.target(record.get("HostedZoneId"), "AWS::Route53::HostedZone")
        known = zone.text("Name") if zone else record.text("HostedZoneName")
        name = (record.text("Name") or "").rstrip(".").lower()
        its = (known or "").rstrip(".").lower()
        if not name or not its:
            continue
        if name != its and not name.endswith(f".{its}"):
            yield hit(
                record,
                "Name",
                f"{name} is not in the zone {its}",
                f"write a name that ends in .{its}",
            )
        elif name == its and record.text("Type") == "CNAME":
            yield hit(
                record,
                "Type",
                f"{name} is the zone itself, which has no CNAME",
                "write an A record with AliasTarget",
            )
        alias = context.target(record.get("AliasTarget.HostedZoneId"), "AWS::Route53::HostedZone")
        balancer = context.target(record.get("AliasTarget.DNSName"))
        if (
            alias is not None
            and balancer is not None
            and not balancer.type.startswith("AWS::Route53")
        ):
            yield hit(
                record,
                "AliasTarget.HostedZoneId",
                f"{alias.logical_id} is the zone of the record, not of {balancer.logical_id}",
                f"write the zone of {balancer.logical_id}, such as CanonicalHostedZoneID",
            )


def _beside(context: Context) -> Iterator[Hit]:
    """A name with a CNAME has no other record."""
    seen: dict[tuple[str, str], list[Resource]] = {}
    for record in context.of_type(_RECORD):
        name = (record.text("Name") or "").rstrip(".").lower()
        zone = name_of(record.get("HostedZoneId") or record.get("HostedZoneName"))
        if name and zone not in ("", "unknown"):
            seen.setdefault((name, zone), []).append(record)
    for (name, _), records in seen.items():
        kinds = {record.text("Type") for record in records}
        for record in records if len(kinds) > 1 and None not in kinds else ():
            if record.text("Type") == "CNAME":
                others = ", ".join(sorted(str(kind) for kind in kinds - {"CNAME"}))
                yield hit(
                    record,
                    "Type",
                    f"{name} has a record of the type {others} too, and beside a CNAME is no other",
                    "delete one of them",
                )
