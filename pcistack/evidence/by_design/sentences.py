"""Every sentence, and what they say of a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.evidence.by_design import access, data, logs, network
from pcistack.evidence.by_design.sentence import REGISTERED, Sentence
from pcistack.pci_dss.context import Context

_MODULES: Final = (network, data, access, logs)
SENTENCES: Final[tuple[Sentence, ...]] = tuple(REGISTERED)


def by_design(context: Context) -> Mapping[str, tuple[str, ...]]:
    """Return what a template does for each requirement, by the requirement's number."""
    found: dict[str, list[str]] = {}
    for sentence in SENTENCES:
        text = sentence.text(context)
        for number in sentence.numbers if text else ():
            found.setdefault(number, []).append(text)
    return {number: tuple(texts) for number, texts in found.items()}
