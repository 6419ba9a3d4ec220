"""How long logs may be kept; configuration reads it, so there is no CDK here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.pci_dss.accepted import LOG_DAYS

_OFFERED: Final[Mapping[int, str]] = {
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2557: "SEVEN_YEARS",
    3653: "TEN_YEARS",
}
"""CDK's name of each longer retention that CloudWatch Logs offers, by days."""

RETENTIONS: Final[Mapping[int, str]] = {
    days: name for days, name in _OFFERED.items() if days >= LOG_DAYS
}
"""Those of them that PCI DSS 10.5.1 allows."""
