"""Settings of what detects attacks, and of what closes its findings unread (10.7.2, 11.5.1)."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting, refuse

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_WARN: Final = Severity.WARNING

_OFF: Final = "it detects nothing"
DETECTION: Final = (
    Setting(type="AWS::GuardDuty::Detector", path="Enable", why=_OFF, good=_TRUE, needed=True),
    refuse("AWS::GuardDuty::Detector", "Features.*.Status", _OFF, "disabled", severity=_WARN),
    *(
        refuse("AWS::GuardDuty::Detector", f"DataSources.{path}", _OFF, *_FALSE, severity=_WARN)
        for path in (
            "S3Logs.Enable",
            "Kubernetes.AuditLogs.Enable",
            "MalwareProtection.ScanEc2InstanceWithFindings.EbsVolumes",
        )
    ),
    refuse(
        "AWS::GuardDuty::Filter",
        "Action",
        "findings are archived unread",
        "archive",
        severity=_WARN,
    ),
    refuse(
        "AWS::GuardDuty::Detector",
        "Features.*.AdditionalConfiguration.*.Status",
        _OFF,
        "disabled",
        severity=_WARN,
    ),
    refuse(
        "AWS::GuardDuty::IPSet",
        "Activate",
        "nothing is found about these addresses",
        *_TRUE,
        severity=_WARN,
    ),
    refuse(
        "AWS::InspectorV2::Filter",
        "FilterAction",
        "findings are suppressed",
        "suppress",
        severity=_WARN,
    ),
    refuse(
        "AWS::Macie::FindingsFilter",
        "Action",
        "findings are archived unread",
        "archive",
        severity=_WARN,
    ),
    refuse(
        "AWS::SecurityHub::AutomationRule",
        "Actions.*.FindingFieldsUpdate.Severity.Label",
        "findings are made small",
        *("informational", "low"),
        severity=_WARN,
    ),
    refuse("AWS::Macie::Session", "Status", _OFF, "paused", severity=_WARN),
    refuse("AWS::SecurityHub::Hub", "AutoEnableControls", _OFF, *_FALSE, severity=_WARN),
    refuse(
        "AWS::SecurityHub::AutomationRule",
        "Actions.*.FindingFieldsUpdate.Workflow.Status",
        "findings are closed unread",
        *("suppressed", "resolved"),
        severity=_WARN,
    ),
)
