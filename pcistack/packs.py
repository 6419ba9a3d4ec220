"""Names of the rule packs: what ``--only``, reports and acknowledgements call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PackName:
    """How a pack is called.

    Attributes:
        title: Name of its plugin in the validation report.
        module: Module that holds the pack as ``PACK``.
        prefix: What the ids of its rules begin with; empty for the pack of all other ids.
    """

    title: str
    module: str
    prefix: str = ""


PACKS: Final[Mapping[str, PackName]] = {
    "template": PackName(title="Template", module="pcistack.structure.pack", prefix="TEMPLATE-"),
    "regional": PackName(title="Regional guard", module="pcistack.regional.pack"),
    "deployment": PackName(title="Deployment", module="pcistack.deployment.pack", prefix="DEPLOY-"),
    "pci": PackName(title="PCI DSS", module="pcistack.pci_dss.pack", prefix="PCI-"),
}
"""Every pack by the name that ``--only`` takes."""


def qualified(rule: str) -> str:
    """Return the id under which the CDK looks for an acknowledgement of a rule of the packs."""
    own = [pack for pack in PACKS.values() if pack.prefix and rule.startswith(pack.prefix)]
    pack = own[0] if own else PACKS["regional"]
    return f"{pack.title.replace(' ', '-')}::{rule}"


def bare(rule: str) -> str:
    """Return a rule's id without the name of its pack, as reports print it: ``Pack::ID``."""
    head, bracket, rest = rule.partition("[")
    return head.rpartition("::")[2] + bracket + rest
