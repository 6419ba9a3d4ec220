"""What the tests of the evidence share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pcistack.checks.rule import Pack, Rule
from pcistack.checks.run import Outcome
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.gather import Evidence, gather
from pcistack.pci_dss.context import Context
from tests.evidence import sample

Gather = Callable[..., Evidence]


class Chosen(Pack[Context]):
    """A pack of the rules that a test names."""

    def __init__(self, rules: Sequence[Rule[Context]]) -> None:
        super().__init__("Tests", "tests.evidence", Context.of)
        self.rules = tuple(rules)


@pytest.fixture
def gathered(tmp_path: Path) -> Gather:
    """Gather the evidence of the sample, after a change to its resources.

    The rules judge the template, unless ``found`` is what the synthesis recorded of them.
    """

    def gather_(
        change: Callable[[dict[str, sample.Body]], object] | None = None,
        *,
        rules: Sequence[Rule[Context]] = (),
        pack: Pack[Context] | None = None,
        found: Outcome | None = None,
    ) -> Evidence:
        directory = sample.write(tmp_path / "assembly", change=change, found=found)
        return gather(AssessedStack.read(directory), pack or Chosen(rules), on=sample.DAY)

    return gather_
