"""The rules, one file per family."""

from __future__ import annotations

from typing import Final

from assurance.pci_dss.rule import Rule
from assurance.pci_dss.rules import (
    access,
    addresses,
    compute,
    database,
    keys,
    logs,
    monitoring,
    network_acls,
    secrets,
    security_groups,
    storage,
    tiers,
    transport,
    waf,
)

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            *security_groups.RULES,
            *tiers.RULES,
            *addresses.RULES,
            *network_acls.RULES,
            *compute.RULES,
            *database.RULES,
            *storage.RULES,
            *keys.RULES,
            *transport.RULES,
            *waf.RULES,
            *access.RULES,
            *secrets.RULES,
            *logs.RULES,
            *monitoring.RULES,
        ),
        key=lambda rule: [int(part) for part in rule.requirements[0].split(".")],
    )
)
"""Every rule, in the order of the requirements."""
