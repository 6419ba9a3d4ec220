"""The rule pack: will AWS accept what the template asks, and will it start and work."""

from __future__ import annotations

from typing import Final

from pcistack.checks.rule import Pack
from pcistack.deployment.context import Context
from pcistack.packs import PACKS

PACK: Final = Pack(PACKS["deployment"].title, "pcistack.deployment.rules", Context.of)
rule: Final = PACK.rule
