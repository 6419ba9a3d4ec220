"""``pcistack check``: will these templates deploy in their region, do they support PCI DSS."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from pcistack.checks.acknowledgements import Acknowledgement
from pcistack.checks.findings import Finding, Severity, counted
from pcistack.checks.rule import Pack
from pcistack.checks.run import Outcome, check_template, load
from pcistack.packs import PACKS
from pcistack.template.document import Template, TemplateError
from pcistack.usage import PATH, BadInputError, day_of, region_of

_COLOURS: Final = {Severity.FATAL: "magenta", Severity.ERROR: "red", Severity.WARNING: "yellow"}
_LABEL_WIDTH: Final = 9
_INDENT: Final = " " * _LABEL_WIDTH


_EPILOG: Final = """\b
Exit codes:
  0  nothing at level error or fatal
  1  findings at level error or fatal
  2  bad input: no such file, not a template, unknown region, bad date

\b
Example:
  pcistack check cdk.out/*.template.json --region eu-central-2
"""


@click.command(epilog=_EPILOG)
@click.argument("templates", nargs=-1, type=PATH)
@click.option("--region", help="Region the templates are meant for, such as eu-central-2.")
@click.option("--on", metavar="YYYY-MM-DD", help="Judge support dates for this day [today].")
@click.option("--format", "form", default="text", metavar="[text|json]", help="[text]")
@click.option("--only", metavar=f"[{'|'.join(PACKS)}]", help="Run one rule pack only.")
def check(
    templates: tuple[Path, ...], region: str | None, on: str | None, form: str, only: str | None
) -> None:
    """Check CloudFormation templates, JSON or YAML, before they are deployed.

    Says whether each will deploy in its region and whether it supports PCI DSS v4.0.1. Findings
    are fatal (can never deploy), error (fix, or acknowledge beside the resource) or warning.
    """
    if not templates:
        raise BadInputError(
            "no template given; example: pcistack check T.json --region eu-central-2"
        )
    place, day = region_of(region), day_of(on)
    packs = [load(name) for name in _packs(only)]
    if form not in ("text", "json"):
        raise BadInputError(f"unknown format {form!r}; allowed are text and json")
    outcomes = [(path, _outcome(path, packs, place, day)) for path in templates]
    click.echo(as_json(outcomes) if form == "json" else "\n".join(as_text(outcomes, place, day)))
    failed = any(f.severity.fails for _, outcome in outcomes for f in outcome.open)
    sys.exit(1 if failed else 0)


def _outcome(path: Path, packs: Sequence[Pack[Any]], region: str, day: date) -> Outcome:
    try:
        template = Template.read(path)
        template.require_resources()
        return check_template(template, packs, region=region, on=day)
    except TemplateError as error:
        raise BadInputError(str(error)) from None
    except RecursionError:
        raise BadInputError(f"{path}: nested too deeply to be a template") from None


def _packs(only: str | None) -> Sequence[str]:
    if only is None:
        return tuple(PACKS)
    if only not in PACKS:
        raise BadInputError(f"unknown rule pack {only!r}; allowed are {', '.join(PACKS)}")
    return (only,)


# Output


def as_json(outcomes: Sequence[tuple[Path, Outcome]]) -> str:
    """Return the JSON report; with several templates each finding names its own."""
    several = len(outcomes) > 1

    def entry(path: Path, finding: Finding) -> dict[str, str]:
        return finding.as_json() | ({"template": str(path)} if several else {})

    report = {
        "findings": [entry(path, f) for path, outcome in outcomes for f in outcome.open],
        "acknowledged": [
            entry(path, finding) | {"reason": accepted.reason, "until": str(accepted.until or "")}
            for path, outcome in outcomes
            for finding, accepted in outcome.acknowledged
        ],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def as_text(outcomes: Sequence[tuple[Path, Outcome]], region: str, on: date) -> Iterator[str]:
    """Yield the lines of the report for people: per template, worst finding first."""
    from pcistack.regional.facts import load as load_facts

    # what is no terminal gets the same lines everywhere
    width = min(shutil.get_terminal_size().columns, 110) if sys.stdout.isatty() else 100
    name = load_facts(region).long_name
    for path, outcome in outcomes:
        heading = click.style(str(path), bold=True)
        count = counted(outcome.resources, "resource")
        yield f"{heading}  {region}, {name}, {on}  ({count})"
        yield ""
        for finding in outcome.open:
            yield from _finding(finding, width)
            yield ""
        for finding, accepted in outcome.acknowledged:
            yield from _accepted(finding, accepted, width)
            yield ""
    yield _summary(outcomes)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    colour = _COLOURS[finding.severity]
    where = finding.resource or "the template"
    if finding.property:
        where += f" . {finding.property}"
    label = click.style(f"{finding.severity.upper():<{_LABEL_WIDTH}}", fg=colour, bold=True)
    gap = " " * max(width - _LABEL_WIDTH - len(where) - len(finding.rule), 2)
    yield f"{label}{click.style(where, bold=True)}{gap}{click.style(finding.rule, dim=True)}"
    yield from _block("", finding.message, width)
    yield from _block("fix", finding.fix, width)
    yield from _block("source", finding.source, width)


def _accepted(finding: Finding, accepted: Acknowledgement, width: int) -> Iterator[str]:
    where = finding.resource or "the template"
    until = f", until {accepted.until}" if accepted.until else ""
    label = f"{'ACCEPTED':<{_LABEL_WIDTH}}"
    gap = " " * max(width - _LABEL_WIDTH - len(where) - len(finding.rule), 2)
    yield click.style(f"{label}{where}{gap}{finding.rule}", dim=True)
    yield from _block("", finding.message, width)
    yield from _block("because", f"{accepted.reason}{until}", width)


def _block(label: str, text: str, width: int) -> Iterator[str]:
    """Yield wrapped lines behind a label; lines that are already broken keep their shape."""
    head = click.style(f"{label:<{_LABEL_WIDTH}}", fg="cyan") if label else _INDENT
    for number, line in enumerate(text.splitlines() or [""]):
        inner = " " * (len(line) - len(line.lstrip()))
        wrapped = textwrap.wrap(
            line.lstrip(),
            width - _LABEL_WIDTH - len(inner),
            break_long_words=False,
            break_on_hyphens=False,
        )
        if number and inner:
            wrapped = [line.lstrip()]  # text to paste is not wrapped
        for part in wrapped or [""]:
            yield f"{head}{inner}{part}"
            head = _INDENT


def _summary(outcomes: Sequence[tuple[Path, Outcome]]) -> str:
    open_findings = [finding for _, outcome in outcomes for finding in outcome.open]
    counts = {s: sum(f.severity is s for f in open_findings) for s in Severity}
    accepted = sum(len(outcome.acknowledged) for _, outcome in outcomes)
    parts = [
        click.style(
            counted(count, severity.value) if severity is not Severity.FATAL else f"{count} fatal",
            fg=_COLOURS[severity] if count else None,
            bold=bool(count),
        )
        for severity, count in counts.items()
    ]
    if accepted:
        parts.append(f"{accepted} acknowledged")
    failed = any(finding.severity.fails for finding in open_findings)
    verdict = (
        click.style("refused", fg="red", bold=True)
        if failed
        else click.style("passed", fg="green", bold=True)
    )
    return f"{verdict}: {', '.join(parts)} in {counted(len(outcomes), 'template')}"
