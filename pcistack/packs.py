"""Names of the rule packs: what ``--only``, reports and acknowledgements call them."""

from __future__ import annotations

import re
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

SCHEMA: Final = PackName(title="CloudFormation schema", module="pcistack.checks.schema")
"""The engine that judges by the schemas of resources: no pack of ours, but named like one."""
SCHEMA_NAME: Final = "schema"
"""What ``--only`` calls it."""
_SCHEMA_RULE: Final = re.compile(r"[EFW]\d{4}")


def is_schema_rule(rule: str) -> bool:
    """Whether an id is one of CloudFormation Validate or cfn-lint, such as ``E3012``."""
    return _SCHEMA_RULE.fullmatch(rule) is not None


def schema_page(rule: str) -> str:
    """Return the address of the page that explains a rule of the schema engine."""
    if rule.startswith("F") or rule[1] == "9":  # its own; the others it shares with cfn-lint
        return "https://github.com/aws-cloudformation/cloudformation-validate#readme"
    return "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md"


def qualified(rule: str) -> str:
    """Return the id under which the CDK looks for an acknowledgement of a rule of the packs."""
    own = [pack for pack in PACKS.values() if pack.prefix and rule.startswith(pack.prefix)]
    if is_schema_rule(rule):
        own = [SCHEMA]
    pack = own[0] if own else PACKS["regional"]
    return f"{pack.title.replace(' ', '-')}::{rule}"


def bare(rule: str) -> str:
    """Return a rule's id without the name of its pack, as reports print it: ``Pack::ID``."""
    head, bracket, rest = rule.partition("[")
    return head.rpartition("::")[2] + bracket + rest
