"""Network ACLs: entries that EC2 takes, and that let through what must pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open
from pcistack.template.references import name_of
from pcistack.template.view import Reference, Resource

_ENTRY: Final = "AWS::EC2::NetworkAclEntry"


@rule(
    "DEPLOY-ACL-ENTRY",
    "An entry of a network ACL that EC2 refuses",
    types=(_ENTRY,),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNetworkAclEntry (NetworkAclEntryAlreadyExists)",
)
def entry_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, bool, str], str] = {}
    for entry in context.of_type(_ENTRY):
        low, high = entry.number("PortRange.From"), entry.number("PortRange.To")
        if low is not None and high is not None and low > high:
            yield hit(
                entry,
                "PortRange.To",
                f"the range of ports {low:g} to {high:g} runs backwards",
                "exchange From and To",
            )
        acl, number = entry.get("NetworkAclId"), entry.text("RuleNumber")
        known = isinstance(acl, Reference) and not is_open(entry.get("Egress"))
        if number is None or not known:
            continue
        key = (str(acl), entry.flag("Egress") is True, number)
        first = seen.setdefault(key, entry.logical_id)
        if first != entry.logical_id:
            yield hit(
                entry,
                "RuleNumber",
                f"{first} has the number {number} of the same ACL and direction already",
                "give each entry a number of its own",
            )


@rule(
    "DEPLOY-WAY-ACL",
    "A network ACL that lets nothing pass in one direction",
    types=("AWS::EC2::SubnetNetworkAclAssociation",),
    severity=Severity.WARNING,
    source="VPC user guide: Network ACLs deny what no entry allows",
)
def closed_rule(context: Context) -> Iterator[Hit]:
    for link in context.of_type("AWS::EC2::SubnetNetworkAclAssociation"):
        acl = context.target(link.get("NetworkAclId"), "AWS::EC2::NetworkAcl")
        if acl is None or context.has_macro:
            continue
        entries = [
            entry
            for entry in context.of_type(_ENTRY)
            if name_of(entry.get("NetworkAclId")) in (acl.logical_id, "unknown")
        ]
        for way, outward in (("in", False), ("out", True)):
            if not any(_lets(entry, outward=outward) for entry in entries):
                yield hit(
                    link,
                    "NetworkAclId",
                    f"no entry of {acl.logical_id} lets anything {way}: nothing in the subnet has "
                    "a connection",
                    f"add an {_ENTRY} with RuleAction: allow and Egress: {str(outward).lower()}",
                )


def _lets(entry: Resource, *, outward: bool) -> bool:
    side = is_open(entry.get("Egress")) or (entry.flag("Egress") is True) == outward
    return side and entry.get("RuleAction") != "deny"
