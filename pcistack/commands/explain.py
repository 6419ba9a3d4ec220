"""``pcistack explain``: what a rule asks, why, a bad and a good example, and its source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

import click

from pcistack.checks.catalogue import RuleInfo, rules
from pcistack.checks.examples import Example, example_of
from pcistack.checks.findings import Severity
from pcistack.checks.output.levels import COLOURS
from pcistack.nearest import nearest
from pcistack.packs import is_schema_rule, schema_page
from pcistack.usage import BadInputError, width

_EPILOG = """\b
Exit codes:
  0  explained
  2  no such rule

\b
Examples:
  pcistack explain AURORA-SERVERLESS-V1
  pcistack explain --list-rules
"""
_MEANINGS = {
    Severity.FATAL: "fatal: AWS refuses the deployment; nothing accepts it",
    Severity.ERROR: "error: fix it, or accept it beside the resource with a reason",
    Severity.WARNING: "warning: worth a look, never fails a check",
}


@click.command(epilog=_EPILOG, short_help="Say what a rule asks, and why")
@click.argument("rule", required=False)
@click.option("--list-rules", is_flag=True, help="List every rule, one a line.")
def explain(rule: str | None, list_rules: bool) -> None:
    """Say what RULE asks and why, with a bad and a good example and its source.

    RULE is an id as a report prints it, such as PCI-1.4.4-STORE-TIER.
    """
    if list_rules:
        click.echo("\n".join(rule_list()))
        return
    if rule is None:
        raise BadInputError("no rule given; pcistack explain --list-rules names them")
    wanted = rule.rpartition("::")[2]  # the id that CDK prints begins with the plugin's name
    info = next(
        (each for each in rules().values() if each.id.casefold() == wanted.casefold()), None
    )
    if info is None:
        raise BadInputError(_unknown(rule, wanted))
    click.echo("\n".join(_page(info, example_of(info.id), width())))


def rule_list() -> Iterator[str]:
    """Yield every rule with its severity and title, under the name of its pack."""
    longest = max(len(info.id) for info in rules().values())
    for number, (pack, group) in enumerate(groupby(rules().values(), key=lambda info: info.pack)):
        yield from ([""] if number else [])
        yield click.style(pack, bold=True)
        for info in group:
            severity = click.style(f"{info.severity:<7}", fg=COLOURS[info.severity])
            yield f"  {severity}  {info.id:<{longest}}  {info.title}"


def _unknown(rule: str, wanted: str) -> str:
    if is_schema_rule(wanted):
        return f"{wanted} is a rule of CloudFormation Validate and cfn-lint: {schema_page(wanted)}"
    near = nearest(wanted, rules())
    mean = f"; did you mean {near}?" if near else "; pcistack explain --list-rules names them"
    return f"no rule {rule!r}{mean}"


def _page(info: RuleInfo, example: Example | None, columns: int) -> Iterator[str]:
    yield click.style(info.id, bold=True)
    yield from textwrap.wrap(info.title, columns)
    yield ""
    severity = click.style(_MEANINGS[info.severity], fg=COLOURS[info.severity])
    yield f"{'Level':<9}{severity}"
    said = example.says if example and not info.why else ""
    rows = {
        "Pack": info.pack,
        "Asks": info.why,
        "Why": said,
        "Fix": info.fix,
        "Looks at": ", ".join(info.types),
        "Source": info.source,
    }
    for name, text in rows.items():
        if text:
            yield from textwrap.wrap(
                " ".join(text.split()),
                columns,
                initial_indent=f"{name:<9}",
                subsequent_indent=" " * 9,
                break_long_words=False,
                break_on_hyphens=False,
            )
    if example is not None:
        for title, text, colour in (
            ("Refused", example.bad, "red"),
            ("Right", example.good, "green"),
        ):
            yield ""
            yield click.style(title, fg=colour, bold=True)
            yield from (f"  {line}".rstrip() for line in text.splitlines())
