"""The rule pack: PCI DSS v4.0.1 over a CloudFormation template."""

from __future__ import annotations

from typing import Final

from pcistack.checks.rule import Pack
from pcistack.packs import PACKS
from pcistack.pci_dss.context import Context

PACK: Final = Pack(PACKS["pci"].title, "pcistack.pci_dss.rules", Context.of)
rule: Final = PACK.rule
