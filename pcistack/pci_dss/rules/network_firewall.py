"""Requirements 1.3.1 and 10.2.1: a network firewall inspects what passes, and logs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value

_POLICY: Final = "AWS::NetworkFirewall::FirewallPolicy"
_GROUP: Final = "AWS::NetworkFirewall::RuleGroup"
_FIREWALL: Final = "AWS::NetworkFirewall::Firewall"
_LOGGING: Final = "AWS::NetworkFirewall::LoggingConfiguration"
_PASS_ANY: Final = re.compile(r"(?m)^\s*pass\s+(?:ip|tcp|udp)\s+any\s+any\s*(?:->|<>)\s*any\s+any")
_DEFAULTS: Final = ("StatelessDefaultActions", "StatelessFragmentDefaultActions")


@rule(
    "PCI-1.3.1-FIREWALL-PASSES",
    "A network firewall passes nothing without looking at it",
    asks="Only necessary traffic comes in and goes out; all other traffic is denied.",
    requirements=("1.3.1", "1.3.2", "1.4.2"),
    related=("NetworkFirewall.4", "NetworkFirewall.5"),
    types=(_POLICY, _GROUP),
    fix="aws:forward_to_sfe (or aws:drop) by default; rules that pass name addresses and ports.",
)
def firewall_passes(context: Context) -> Iterator[Hit]:
    for policy in context.of_type(_POLICY):
        for name in _DEFAULTS:
            path = f"FirewallPolicy.{name}"
            if "aws:pass" in policy.items(path):
                yield hit(policy, path, "what no rule matches passes unseen")
    for group in context.of_type(_GROUP):
        path = "RuleGroup.RulesSource.RulesString"
        if _PASS_ANY.search(str(group.get(path))):
            yield hit(group, path, "a rule passes everything")
        path = "RuleGroup.RulesSource.StatefulRules"
        for index, item in enumerate(group.items(path)):
            if isinstance(item, dict) and _passes_all(item):
                yield hit(group, f"{path}.{index}", "a rule passes everything")


def _passes_all(item: dict[str, Value]) -> bool:
    header = item.get("Header")
    ends = ("Source", "SourcePort", "Destination", "DestinationPort")
    return (
        str(item.get("Action")).upper() == "PASS"
        and isinstance(header, dict)
        and all(str(header.get(end)).upper() == "ANY" for end in ends)
    )


@rule(
    "PCI-10.2.1-NETWORK-FIREWALL-LOGS",
    "Network firewalls log what they see and what they stop",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1", "10.4.2"),
    related=("NetworkFirewall.2",),
    types=(_FIREWALL, _LOGGING),
    fix="Add AWS::NetworkFirewall::LoggingConfiguration with a FLOW and an ALERT log.",
)
def network_firewall_logs(context: Context) -> Iterator[Hit]:
    logged: set[str] = set()
    for logging in context.of_type(_LOGGING):
        logged |= {name_of(logging.get("FirewallArn")), name_of(logging.get("FirewallName"))}
        yield from _kinds(logging)
    for firewall in context.of_type(_FIREWALL):
        if firewall.logical_id not in logged and str(firewall.get("FirewallName")) not in logged:
            yield hit(firewall, "", "no logging configuration logs it")


def _kinds(logging: Resource) -> Iterator[Hit]:
    path = "LoggingConfiguration.LogDestinationConfigs"
    kinds = {str(item.get("LogType")) for item in logging.items(path) if isinstance(item, dict)}
    missing = sorted({"FLOW", "ALERT"} - kinds)
    if kinds and missing:
        message = f"{' and '.join(missing)} is not logged"
        yield hit(logging, path, message, severity=Severity.WARNING)
