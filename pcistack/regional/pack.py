"""The rule pack: will a template deploy in its region."""

from __future__ import annotations

from typing import Final

from pcistack.checks.rule import Pack
from pcistack.packs import PACKS
from pcistack.regional.context import Context

PACK: Final = Pack(PACKS["regional"].title, "pcistack.regional.rules", Context.of)
rule: Final = PACK.rule
