"""How long logs may be kept; configuration reads it, so there is no CDK here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RETENTIONS: Final[Mapping[int, str]] = {
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2557: "SEVEN_YEARS",
    3653: "TEN_YEARS",
}
"""CDK's name of each retention, by days, that CloudWatch Logs offers and PCI DSS 10.5.1 allows."""
