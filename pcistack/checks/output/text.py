"""Text for people: what is wrong, where, and how to fix it, grouped by rule."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

import click

from pcistack.checks.findings import Severity, counted
from pcistack.checks.output.levels import COLOURS
from pcistack.checks.report import Checked, Entry, Report
from pcistack.regions import index

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CLEAN: Final = 20
_PLACES: Final = 5
_ACCEPTED: Final = 5


def render(report: Report) -> str:
    """Return the short text, 80 columns wide."""
    return "\n".join(lines(report, width=80))


def lines(
    report: Report, *, width: int, verbose: bool = False, quiet: bool = False
) -> Iterator[str]:
    """Yield the lines of the report.

    Args:
        report: What was found.
        width: Columns.
        verbose: Every place, the whole fix, the source, and what was accepted.
        quiet: Nothing at all if nothing fails.
    """
    if (quiet and not report.failed) or not report.checked:
        return
    clean = [each for each in report.checked if not (each.open or each.acknowledged)]
    for each in report.checked:
        if each not in clean:
            yield from _template(each, width, verbose)
    if not quiet:
        shown = clean if verbose else clean[:_CLEAN]
        for each in shown:
            yield from _heading(each, width)
        if len(clean) > len(shown):
            yield f"and {counted(len(clean) - len(shown), 'template')} without a finding"
        yield from [""] if clean else []
    yield summary(report)
    rules = [entry.finding.rule for entry in report.open]
    if rules and not (verbose or quiet):
        yield click.style(f"Why: pcistack explain {rules[0]}. All details: --verbose.", dim=True)


def summary(report: Report, *, plain: bool = False) -> str:
    """Return the verdict with the numbers."""

    def style(text: str, colour: str | None) -> str:
        return text if plain or not colour else click.style(text, fg=colour, bold=True)

    parts = [
        style(
            counted(count, severity.value) if severity is not Severity.FATAL else f"{count} fatal",
            COLOURS[severity] if count else None,
        )
        for severity, count in report.counts.items()
    ]
    accepted, known = len(list(report.acknowledged)), len(list(report.known))
    if accepted:
        parts.append(f"{accepted} acknowledged")
    if known:
        parts.append(f"{known} in the baseline")
    if report.problems:
        verdict = style("not judged", "red")
        parts.append(f"{counted(len(report.problems), 'path')} could not be judged")
    else:
        verdict = style("refused", "red") if report.failed else style("passed", "green")
    return f"{verdict}: {', '.join(parts)} in {counted(len(report.checked), 'template')}"


def groups(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Return findings of the same rule and severity together, the worst first."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.finding.severity, entry.finding.rule), []).append(entry)
    ranks = list(Severity)
    return sorted(found.values(), key=lambda group: ranks.index(group[0].finding.severity))


def visible(text: str) -> str:
    """Return a text whose control characters are written out: a template moves no cursor."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def _heading(each: Checked, width: int) -> Iterator[str]:
    about = (
        f"{each.region}, {index()[each.region]['long_name']}, {counted(each.resources, 'resource')}"
    )
    yield from _joined(click.style(visible(each.name), bold=True), len(each.name), about, width)


def _template(each: Checked, width: int, verbose: bool) -> Iterator[str]:
    yield from _heading(each, width)
    yield ""
    for group in groups(each.open):
        yield from _group(group, width, verbose)
        yield ""
    yield from _accepted(each.acknowledged, width, verbose)


def _joined(
    styled: str, length: int, about: str, width: int, about_length: int | None = None
) -> Iterator[str]:
    """Yield two texts on one line, or on two if they do not fit; styles take no columns."""
    if length + 2 + (len(about) if about_length is None else about_length) <= width:
        yield f"{styled}  {about}"
    else:
        yield styled
        yield f"  {about}"


def _group(group: Sequence[Entry], width: int, verbose: bool) -> Iterator[str]:
    first = group[0].finding
    label = click.style(first.severity.upper(), fg=COLOURS[first.severity], bold=True)
    yield f"{label}  {click.style(first.rule, bold=True)}"
    shown = group if verbose else group[:_PLACES]
    for number, entry in enumerate(shown):
        yield from _place(entry, width)
        following = shown[number + 1] if number + 1 < len(shown) else None
        if following is None or following.finding.fix != entry.finding.fix:
            yield from _fix(entry, width, verbose)
    if len(group) > len(shown):
        yield f"  and {counted(len(group) - len(shown), 'place')} more; --verbose names them"


def _place(entry: Entry, width: int) -> Iterator[str]:
    what = visible(entry.what) or "the template"
    place = visible(entry.place)
    yield from _joined(f"  {what}", len(what) + 2, click.style(place, fg="cyan"), width, len(place))
    if entry.construct:
        yield click.style(f"  {visible(entry.construct)}", dim=True)
    yield from _wrapped(entry.finding.message, width, "    ")


def _fix(entry: Entry, width: int, verbose: bool) -> Iterator[str]:
    finding = entry.finding
    head, *rest = finding.fix.splitlines() or [""]
    if rest and not verbose:
        head = f"{head} ... ({counted(len(rest), 'more line')}: --verbose)"
    if head:
        yield from _wrapped(head, width, click.style("    fix: ", fg="green"), 9)
    if verbose:
        yield from (
            f"         {visible(line)}".rstrip() for line in rest
        )  # text to paste is not wrapped
        yield from _wrapped(finding.source, width, "    source: ", 12)


def _accepted(entries: Sequence[Entry], width: int, verbose: bool) -> Iterator[str]:
    shown = entries if verbose else entries[:_ACCEPTED]
    for entry in shown:
        yield click.style(f"ACCEPTED  {entry.finding.rule}", dim=True)
        until = f" (until {entry.until})" if entry.until else ""
        if verbose:
            yield from _place(entry, width)
        else:
            yield f"  {visible(entry.what)}"
        yield from _wrapped(f"because: {entry.reason}{until}", width, "    ")
        yield ""
    if len(entries) > len(shown):
        yield f"and {counted(len(entries) - len(shown), 'accepted finding')} more: --verbose"
        yield ""


def _wrapped(text: str, width: int, head: str, indent: int = 0) -> list[str]:
    """Return a text in lines behind a head, which counts for as many columns as the indent."""
    indent = indent or len(head)
    found = textwrap.wrap(
        visible(" ".join(text.split())),
        width - indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{' ' * indent if number else head}{line}" for number, line in enumerate(found)]
