"""Writes what Security Hub's PCI DSS standard shows of the stack, and what no rule covers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pcistack.checks.run import resolve
from pcistack.evidence.security_hub import red_controls
from pcistack.evidence.values import label
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.security_hub import OF_THE_ACCOUNT, STANDARD, covered, uncovered
from pcistack.template.document import Template
from stacks.app import build_app
from stacks.environment import load_environment

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "security-hub.md"
_HEAD: Final = """\
# Security Hub's PCI DSS v4.0.1 standard

This page is written by `make docs` from the rules, the shipped environments and the list of the
standard's controls in Security Hub's user guide. The evidence of an environment has the same list
for its own template.

"""


def render() -> str:
    """Return the page."""
    return _HEAD + "\n".join([*_red(), *_covered()]) + "\n"


def _red() -> Iterator[str]:
    yield "## What will be red, and why"
    yield ""
    yield "| environment | control | it wants | for | why it is so |"
    yield "| --- | --- | --- | --- | --- |"
    for suffix in ("prod", "dev"):
        context = _context(suffix)
        for red in red_controls(context):
            names = ", ".join(label(context.view.resources[name]) for name in red.resources)
            yield f"| {suffix} | {red.control} | {red.looks_at} | {names} | {red.why} |"
    yield ""
    yield "Controls on the account itself are red or green by what the account has:"
    yield ""
    reasons: dict[str, list[str]] = {}
    for control, reason in OF_THE_ACCOUNT.items():
        reasons.setdefault(reason, []).append(control)
    for reason, controls in reasons.items():
        yield f"- {', '.join(controls)}: {reason}."
    yield ""


def _context(suffix: str) -> Context:
    environment = load_environment(suffix)
    with TemporaryDirectory() as folder:
        build_app([environment], outdir=folder).synth()
        path = Path(folder) / f"{environment.names.stack}.template.json"
        template = Template(json.loads(path.read_text(encoding="utf-8")))
    return Context(view=resolve(template, environment.region)[0], on=date.min)


def _covered() -> Iterator[str]:
    by_control, without = covered(PACK.rules), uncovered(PACK.rules)
    yield "## What the rules cover"
    yield ""
    yield (
        f"Of {len(STANDARD)} controls, rules look at what {len(by_control)} look at, "
        f"{len(OF_THE_ACCOUNT.keys() - by_control.keys())} are the account's, and no rule covers "
        f"these {len(without)}: {', '.join(without)}."
    )
    yield ""
    yield "| control | rules |"
    yield "| --- | --- |"
    for control, rules in by_control.items():
        yield f"| {control} | {', '.join(f'`{rule}`' for rule in rules)} |"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
