"""Why a mutant of the production template may live: classes of changes that weaken nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.mutation import Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """A class of harmless mutants.

    Attributes:
        reason: Why they weaken no requirement.
        type: Regular expression of the CloudFormation type; matches all of it.
        where: Regular expression of the path, stars for list positions; matches all of it.
        change: Regular expression of the change and its new value.
    """

    reason: str
    type: str
    where: str
    change: str = ".*"

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant is of this class."""
        return bool(
            re.fullmatch(self.type, mutant.type)
            and re.fullmatch(self.where, mutant.where)
            and re.fullmatch(self.change, f"{mutant.change} {mutant.value}")
        )


HARMLESS: Final[tuple[Harmless, ...]] = ()
