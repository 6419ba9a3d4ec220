"""Mutation run of the PCI DSS rules: loosen every property of the production template, once.

Each mutant is the shipped template with one property removed, flipped or loosened. The mutants
come from CloudFormation's resource schemas (as cfn-lint carries them): every property that the
template has, and every absent flag and choice that a schema offers beside them. A mutant is
killed when a rule finds something that it does not find in the template itself. One that no rule
kills has to be harmless, for a reason given in :mod:`mutation.harmless`; else it survives, and
the run fails.

Run it with ``make mutation``; with ``--write`` the numbers go into ``docs/compliance.md``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.page import write_between
from mutation import refused
from mutation.harmless import HARMLESS, Harmless
from mutation.mutants import REGION, Mutant, mutants
from mutation.mutated import DAY, ZONES, identity, mutated
from pcistack.checks.findings import Finding
from pcistack.checks.run import check_template
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Template

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "compliance.md"
MARKER: Final = "<!-- mutation -->"
REFUSED: Final = "<!-- refused -->"

_TYPES_SHOWN: Final = 14
_REASONS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a mutant: the rules that kill it, or the reason why it is harmless."""

    mutant: Mutant
    rules: tuple[str, ...]
    harmless: Harmless | None

    @property
    def survives(self) -> bool:
        """Whether it counts against the rules."""
        return not self.rules and self.harmless is None


def findings_of(template: Template) -> list[Finding]:
    """Return what the rules find in a template."""
    outcome = check_template(template, (PACK,), region=REGION, on=DAY, zones=ZONES)
    return [*outcome.open, *(finding for finding, _ in outcome.acknowledged)]


def judge(template: Template, mutant: Mutant, known: frozenset[tuple[str, ...]]) -> Fate:
    """Return what becomes of a mutant."""
    new = {
        finding.rule
        for finding in findings_of(mutated(template, mutant))
        if identity(finding) not in known
    }
    reason = None if new else next((one for one in HARMLESS if one.covers(mutant)), None)
    return Fate(mutant=mutant, rules=tuple(sorted(new)), harmless=reason)


def known_of(template: Template) -> frozenset[tuple[str, ...]]:
    """Return what the rules find in a template itself, which kills no mutant."""
    return frozenset(identity(finding) for finding in findings_of(template))


def idle(every: Sequence[Mutant]) -> list[Harmless]:
    """Return the reasons that cover none of some mutants: nobody would see when they turn false."""
    return [reason for reason in HARMLESS if not any(reason.covers(mutant) for mutant in every)]


def run(template: Template) -> list[Fate]:
    """Return the verdict on every mutant of a template."""
    known = known_of(template)
    found: list[Fate] = []
    everything = list(mutants(template))
    for index, mutant in enumerate(everything, start=1):
        found.append(judge(template, mutant, known))
        if sys.stderr.isatty() and index % 50 == 0:
            print(f"\r{index} of {len(everything)} mutants", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return found


def production() -> Template:
    """Return the template of the shipped production environment, built in this process."""
    from stacks.app import build_app
    from stacks.environment import load_environment

    with tempfile.TemporaryDirectory() as folder:
        assembly = build_app([load_environment("prod")], outdir=folder).synth()
        return Template.read(Path(assembly.stacks[0].template_full_path))


def report(verdicts: Sequence[Fate], seconds: float) -> list[str]:
    """Return the lines that the run prints."""
    lines = [f"{'Type':44}{'Mutants':>8}{'Killed':>8}{'Harmless':>10}{'Survive':>9}"]
    by_type: dict[str, list[Fate]] = {}
    for verdict in verdicts:
        by_type.setdefault(verdict.mutant.type, []).append(verdict)
    for kind, group in sorted(by_type.items()):
        lines.append(_row(kind, group))
    lines += [_row("Total", verdicts), "", "Killed by"]
    killers = Counter(rule for verdict in verdicts for rule in verdict.rules)
    lines += [f"  {rule:44}{count:>8}" for rule, count in sorted(killers.items())]
    lines += ["", "Harmless, because"]
    lines += [f"  {count:>5}  {reason}" for reason, count in sorted(_reasons(verdicts).items())]
    excused = f"{_excused(verdicts)} of the killed mutants are also of a class with such a reason"
    lines += ["", excused]
    survivors = [verdict for verdict in verdicts if verdict.survives]
    if survivors:
        lines += ["", "Survivors"]
        lines += [f"  {verdict.mutant}" for verdict in survivors]
    lines += ["", f"Score: {_score(verdicts)}, in {seconds:.0f} s"]
    return lines


def _score(verdicts: Sequence[Fate]) -> str:
    _, killed, _, survive = _numbers(verdicts)
    matter = killed + survive
    score = 100 * killed / matter if matter else 100.0
    return f"{killed} of {matter} mutants that matter are killed, {score:.1f} %"


def _reasons(verdicts: Sequence[Fate]) -> Counter[str]:
    return Counter(v.harmless.reason for v in verdicts if v.harmless is not None)


def _excused(verdicts: Sequence[Fate]) -> int:
    """Count the killed mutants that a reason for harmless ones would cover too."""
    return sum(
        bool(verdict.rules) and any(one.covers(verdict.mutant) for one in HARMLESS)
        for verdict in verdicts
    )


def _numbers(group: Sequence[Fate]) -> tuple[int, int, int, int]:
    """Count a group: all, killed, harmless, surviving."""
    return (
        len(group),
        sum(bool(verdict.rules) for verdict in group),
        sum(verdict.harmless is not None for verdict in group),
        sum(verdict.survives for verdict in group),
    )


def _row(name: str, group: Sequence[Fate]) -> str:
    every, killed, harmless, survive = _numbers(group)
    return f"{name:44}{every:>8}{killed:>8}{harmless:>10}{survive:>9}"


def page(verdicts: Sequence[Fate]) -> str:
    """Return what the page on compliance says of a run: the same for the same template."""
    by_type: dict[str, list[Fate]] = {}
    for verdict in verdicts:
        by_type.setdefault(verdict.mutant.type, []).append(verdict)
    ranked = sorted(by_type.items(), key=lambda item: (-_numbers(item[1])[1], item[0]))
    rest = [verdict for _, group in ranked[_TYPES_SHOWN:] for verdict in group]
    reasons = _reasons(verdicts)
    shown = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_REASONS_SHOWN]
    further = len(reasons) - len(shown)
    lines = [
        f"**{_score(verdicts)}**, of {len(verdicts)} in all.",
        "",
        "| type | mutants | killed | harmless | survive |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(_page_row(f"`{kind}`", group) for kind, group in ranked[:_TYPES_SHOWN]),
        _page_row(f"{len(ranked) - _TYPES_SHOWN} other types", rest),
        _page_row("**all**", verdicts),
        "",
        "The reasons of the harmless ones are a person's judgement and are there to be challenged;",
        "that a deployment refuses a mutant is one of them and was not tried out on AWS. A reason",
        f"covers a class of changes, and {_excused(verdicts)} of the killed mutants are of such a",
        "class too; `tests/pci_dss` pins the ones that must never be excused. The most frequent:",
        "",
        "| mutants | because |",
        "| ---: | --- |",
        *(f"| {count} | {reason} |" for reason, count in shown),
        f"| {reasons.total() - sum(count for _, count in shown)} | {further} further reasons, in "
        "`mutation/harmless.py` |",
    ]
    return "\n".join(lines)


def _page_row(name: str, group: Sequence[Fate]) -> str:
    return f"| {name} | {' | '.join(str(number) for number in _numbers(group))} |"


def main() -> int:
    """Print both scores and the survivors; 1 if there are any, or an idle reason."""
    files = [word for word in sys.argv[1:] if word != "--write"]
    template = Template.read(Path(files[0])) if files else production()
    start = time.perf_counter()
    verdicts = run(template)
    print("\n".join(report(verdicts, time.perf_counter() - start)))
    start = time.perf_counter()
    refusals = refused.run(template)
    print("\n".join(refused.report(refusals, time.perf_counter() - start)))
    if "--write" in sys.argv:
        write_between(PAGE, MARKER, page(verdicts))
        write_between(PAGE, REFUSED, refused.page(refusals))
    without_use = [] if files else idle([verdict.mutant for verdict in verdicts])
    for reason in without_use:
        print(
            f"mutation/harmless.py: {reason} covers no mutant of the production template; "
            "delete it",
            file=sys.stderr,
        )
    survives = refused.survives(refusals) or any(verdict.survives for verdict in verdicts)
    return int(bool(without_use) or survives)


if __name__ == "__main__":
    sys.exit(main())
