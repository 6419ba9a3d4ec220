"""Requirements 10.4.2 and 3.3.1: web ACLs are logged and measured, without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, must_be_true
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource


@rule(
    "PCI-10.4.2-FIREWALL-LOG",
    "Web ACLs log every request",
    asks="Audit logs are on for all components, and are reviewed.",
    requirements=("10.4.2", "10.2.1", "6.4.2"),
    security_hub=("WAF.11",),
    types=("AWS::WAFv2::WebACL", "AWS::WAFv2::LoggingConfiguration"),
    extent=Extent.FULL,
    fix="Add AWS::WAFv2::LoggingConfiguration with a destination named aws-waf-logs-..., without "
    "a filter that drops by default.",
)
def firewall_log(context: Context) -> Iterator[Hit]:
    logged: set[str] = set()
    for config in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        if config.items("LogDestinationConfigs"):
            logged.add(name_of(config.get("ResourceArn")))
        if config.get("LoggingFilter.DefaultBehavior") == "DROP":
            yield hit(
                config,
                "LoggingFilter.DefaultBehavior",
                "requests are dropped from the log by default",
            )
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        if acl.logical_id not in logged:
            yield Hit(resource=acl.logical_id, message="no logging configuration logs it")


_CREDENTIALS: Final = ("authorization", "cookie")


@rule(
    "PCI-3.3.1-FIREWALL-LOG-REDACTED",
    "The web ACL's log and samples leave credentials out",
    asks="Authentication data is not kept; session tokens and passwords in headers are such.",
    requirements=("3.3.1", "8.3.2"),
    severity=Severity.WARNING,
    types=("AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACL"),
    fix="RedactedFields with SingleHeader authorization and cookie; SampledRequestsEnabled false, "
    "or a DataProtectionConfig.",
)
def firewall_log_redacted(context: Context) -> Iterator[Hit]:
    protected = {
        acl.logical_id
        for acl in context.of_type("AWS::WAFv2::WebACL")
        if acl.get("DataProtectionConfig") is not None
    }
    for config in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        text = str(config.get("RedactedFields")).lower()
        missing = [name for name in _CREDENTIALS if f"'{name}'" not in text]
        if missing and name_of(config.get("ResourceArn")) not in protected:
            yield hit(
                config, "RedactedFields", f"the log keeps the headers {' and '.join(missing)}"
            )
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        paths = _measured(acl)
        for path in paths if acl.logical_id not in protected else ():
            flag = f"{path}.VisibilityConfig.SampledRequestsEnabled".lstrip(".")
            if acl.flag(flag) is not False:
                yield hit(acl, flag, "samples show the headers that a log redacts")


@rule(
    "PCI-10.4.1.1-FIREWALL-METRICS",
    "Web ACLs are measured",
    asks="Mechanisms review the logs automatically; without metrics no alarm can.",
    requirements=("10.4.1.1", "10.7.2"),
    related=("WAF.12",),
    severity=Severity.WARNING,
    types=("AWS::WAFv2::WebACL",),
    fix="Set CloudWatchMetricsEnabled: true in every VisibilityConfig.",
)
def firewall_metrics(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        for path in _measured(acl):
            flag = f"{path}.VisibilityConfig.CloudWatchMetricsEnabled".lstrip(".")
            yield from must_be_true(acl, flag)


def _measured(acl: Resource) -> list[str]:
    """Return the paths of what has metrics and samples of its own: the web ACL, and its rules."""
    return ["", *(f"Rules.{index}" for index in range(len(acl.items("Rules"))))]
