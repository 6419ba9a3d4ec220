"""What the tests of the evidence share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pcistack.checks.rule import Rule
from pcistack.evidence.assembly import Assembly
from pcistack.evidence.gather import Evidence, gather
from pcistack.pci_dss.context import Context
from tests.evidence import sample

Gather = Callable[..., Evidence]


@pytest.fixture
def gathered(tmp_path: Path) -> Gather:
    """Gather the evidence of the sample, after a change to its resources.

    The rules are judged for the template, ``found`` is what the synthesis reports of them.
    """

    def gather_(
        change: Callable[[dict[str, sample.Body]], object] | None = None,
        *,
        rules: Sequence[Rule[Context]] = (),
        found: Sequence[sample.Body] = (),
    ) -> Evidence:
        directory = sample.write(tmp_path / "assembly", change=change, found=found)
        return gather(Assembly.read(directory, "prod"), rules)

    return gather_
