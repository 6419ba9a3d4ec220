"""The rule pack: will CloudFormation read the template, and was everything in it judged.

It runs in every check, whichever packs are asked for.
"""

from __future__ import annotations

from typing import Final

from pcistack.checks.rule import Pack
from pcistack.packs import PACKS
from pcistack.structure.context import Context

PACK: Final = Pack(PACKS["template"].title, "pcistack.structure.rules", Context.of)
rule: Final = PACK.rule
