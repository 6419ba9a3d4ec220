"""Requirement 10.7.2: detection that is there stays on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss import audit_settings, detection_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong


@rule(
    "PCI-10.7.2-DETECTION-OFF",
    "No service that detects attacks is switched off or silenced",
    asks="Failures of critical security controls are detected; logs are reviewed automatically.",
    requirements=("10.7.2", "10.4.1.1", "11.5.1"),
    security_hub=("GuardDuty.1",),
    types=(
        *types_of(detection_settings.DETECTION),
        *types_of(audit_settings.LEVELS),
        "AWS::AccessAnalyzer::Analyzer",
        "AWS::Events::Rule",
    ),
    fix="Enable true and every feature ENABLED; filters and automation that do not close findings; "
    "ApplicationLogLevel INFO.",
)
def detection_off(context: Context) -> Iterator[Hit]:
    yield from wrong(context, detection_settings.DETECTION)
    yield from wrong(context, audit_settings.LEVELS)
    for analyzer in context.of_type("AWS::AccessAnalyzer::Analyzer"):
        if analyzer.items("ArchiveRules"):
            message = "findings are archived unread"
            yield hit(analyzer, "ArchiveRules", message, severity=Severity.WARNING)
    for event in context.of_type("AWS::Events::Rule"):
        if event.get("State") == "DISABLED" and _WATCHERS.search(str(event.get("EventPattern"))):
            message = "what is detected reaches nobody"
            yield hit(event, "State", message, severity=Severity.WARNING)


_WATCHERS: Final = re.compile(
    r"aws\.(guardduty|securityhub|inspector2?|macie|config|access-analyzer)"
)
