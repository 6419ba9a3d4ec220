"""PCI DSS v4.0.1 rules over a CloudFormation template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assurance.findings import Finding, sort_key
from assurance.pci_dss.context import Context
from assurance.pci_dss.rule import Rule
from assurance.pci_dss.rules import RULES
from assurance.resolution import View

__all__ = ["RULES", "Rule", "check"]


def check(views: Sequence[View], *, region: str | None, on: date) -> list[Finding]:
    """Return what the PCI DSS rules find in a template.

    Args:
        views: The template in every world its conditions allow.
        region: Region of the deployment; the rules do not depend on it.
        on: The day for which support dates are judged.

    Returns:
        Findings in a stable order; one that is the same in several worlds is there once.
    """
    found: dict[Finding, None] = {}
    for view in views:
        context = Context(view=view, on=on)
        for rule in RULES:
            found.update(dict.fromkeys(rule.findings(context)))
    return sorted(found, key=sort_key)
