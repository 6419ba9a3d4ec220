"""The cases of every rule of the pack, by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.pci_dss import cases, edge_cases, service_cases
from tests.pci_dss.cases import Case

CASES: Final[Mapping[str, Case]] = {
    **cases.CASES,
    **edge_cases.EDGE_CASES,
    **service_cases.SERVICE_CASES,
}
