"""``pcistack facts``: show what is known of a region, or generate it again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from textwrap import wrap
from typing import Final

import click

from pcistack.checks.findings import counted
from pcistack.commands.tables import Cell, table
from pcistack.regional import facts as regional_facts
from pcistack.regional.catalog import known_types
from pcistack.regional.curated import Support, curated
from pcistack.regional.facts import Availability, Facts
from pcistack.regional.versions import AURORA_ENGINES, parse
from pcistack.regions import known_regions
from pcistack.usage import BadInputError, day_of, quiet_option, region_of

_YEARS: Final = 4  # that the time line shows
_STEP: Final = 2  # months that one of its characters stands for
_VALUE_WIDTH: Final = 68  # of what stands beside a label, on 80 columns
_NOTICE: Final = timedelta(days=90)
_MARKS: Final[Mapping[Availability, Cell]] = {
    Availability.AVAILABLE: Cell("available", "green"),
    Availability.UNAVAILABLE: Cell("unavailable", "red"),
    Availability.UNKNOWN: Cell("unknown", "yellow"),
}
_SERVICES: Final[Mapping[str, str]] = {
    "Amazon ECS": "ecs",
    "AWS Fargate": "fargate",
    "Amazon Aurora": "aurora",
    "Elastic Load Balancing": "elb",
    "AWS WAF": "waf",
    "AWS KMS": "kms",
    "AWS Secrets Manager": "secretsmanager",
    "AWS Backup": "backup",
    "AWS CloudTrail": "cloudtrail",
    "AWS Config": "config",
    "Amazon GuardDuty": "guardduty",
    "AWS Security Hub": "securityhub",
    "Amazon Inspector": "inspector2",
    "Amazon Macie": "macie",
    "Serverless Application Repository": "serverlessrepo",
}


@click.group(epilog="\b\nExample:\n  pcistack facts show eu-central-2")
def facts() -> None:
    """Show or refresh what is known of AWS regions."""


@facts.command(
    epilog="\b\nExample:\n  pcistack facts show eu-central-2",
    short_help="Show what is known of a region",
)
@click.argument("region", required=False)
@click.option("--on", metavar="YYYY-MM-DD", help="Draw the time line from this day [today].")
def show(region: str | None, on: str | None) -> None:
    """Show what is known of REGION: Aurora on a time line, features, zones, what is missing.

    Exit codes: 0 shown, 2 unknown region or bad date.
    """
    day = day_of(on)
    if not region:
        raise BadInputError("no region given; example: pcistack facts show eu-central-2")
    known = regional_facts.load(region_of(region))
    for line in _page(known, day):
        click.echo(line)


@facts.command(
    epilog="\b\nExamples:\n  pcistack facts refresh && git diff pcistack/regional/data\n"
    "  pcistack facts refresh --live --region eu-central-2 --profile audit",
    short_help="Generate the facts again, or ask AWS",
)
@click.option("--live", is_flag=True, help="Ask AWS, reading only; its answers override the rest.")
@click.option("--region", "regions", multiple=True, help="With --live: region to ask about.")
@click.option("--profile", help="With --live: profile of the AWS configuration.")
@quiet_option
def refresh(live: bool, regions: tuple[str, ...], profile: str | None, quiet: bool) -> None:
    """Generate the region files again from the installed packages, and say what changed.

    With --live, ask AWS about the regions that --region names (it may be repeated) and write its
    answers into their files; the packages are not read then.

    Exit codes: 0 written or unchanged, 1 a source package cannot be read, 2 bad input, no
    credentials, or a permission is missing.
    """
    today = day_of(None)
    if live:
        _refresh_live(regions, profile, today, quiet=quiet)
        return
    if regions or profile:
        raise BadInputError("--region and --profile need --live; packages cover every region")
    from pcistack.regional import refresh as generator

    try:
        changed = generator.refresh()
    except generator.RefreshError as error:
        click.echo(f"pcistack: {error}", err=True)
        sys.exit(1)
    if quiet:
        return
    for name in changed:
        click.echo(f"changed  {name}")
    total = counted(len(known_regions()), "region")
    click.echo(f"{len(changed)} of the files of {total} changed" if changed else "nothing changed")
    for key, source in sorted(curated()["sources"].items()):
        if source["review_by"] < today:
            click.echo(f"due      {key} in curated.toml: read {source['url']} again")


def _refresh_live(
    regions: tuple[str, ...], profile: str | None, today: date, *, quiet: bool
) -> None:
    """Ask AWS about some regions and write the answers."""
    from pcistack.account.ask_facts import refresh_live
    from pcistack.account.aws import AwsError
    from pcistack.commands import preflight as preflight_command

    if not regions:
        raise BadInputError("--live needs --region, such as --region eu-central-2")
    for region in map(region_of, regions):
        try:
            aws = preflight_command.connect(region, profile)
            changed = refresh_live(aws, on=today)
        except AwsError as error:
            preflight_command.show_progress(None)
            raise BadInputError(f"{region}: {error}") from None
        preflight_command.show_progress(None)
        if not quiet:
            click.echo(f"changed  regions/{region}.json" if changed else f"unchanged  {region}")


# What is shown of a region


def _page(known: Facts, day: date) -> Iterator[str]:
    yield f"{click.style(known.region, bold=True)}  {known.long_name}"
    yield ""
    yield from table((), _wrapped(_overview_rows(known)))
    for engine in AURORA_ENGINES:
        yield from _engine_table(known, engine, day)
    yield from _features_table(known)
    yield from _titled("Services", ("service", "here"), _service_rows(known))
    yield from _sources(known)


def _titled(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell | str]]
) -> Iterator[str]:
    yield ""
    yield click.style(title, bold=True)
    yield from table(columns, rows)


def _wrapped(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for label, value in rows:
        first, *others = wrap(value, _VALUE_WIDTH)
        yield label, first
        yield from (("", other) for other in others)


def _overview_rows(known: Facts) -> Iterator[tuple[str, str]]:
    opt_in = {True: "must be enabled in the account first", False: "enabled in every account"}
    yield "zones", ", ".join(known.zones) or "unknown"
    yield "zone ids", ", ".join(known.zone_ids) or "unknown"
    yield "opt-in", "unknown" if known.opt_in is None else opt_in[known.opt_in]
    yield "partition", f"{known.partition}, {known.domain}"
    yield (
        "ALB logs",
        f"delivered by account {known.load_balancer_account}"
        if known.load_balancer_account
        else "delivered by logdelivery.elasticloadbalancing.amazonaws.com",
    )
    every = len(known_types())
    absent = known.absent_types
    yield (
        "types",
        "unknown" if absent is None else f"{every - len(absent)} of {every} resource types",
    )


def _engine_table(known: Facts, engine: str, day: date) -> Iterator[str]:
    years = "".join(f"{day.year + offset:<{12 // _STEP}}" for offset in range(_YEARS)).rstrip()
    columns = ("version", "supported", years, "serverless", "ACU", "newest")
    rows = (_engine_row(known, engine, day, *line) for line in _lines(known, engine))
    yield from _titled(engine, columns, rows)


def _engine_row(
    known: Facts, engine: str, day: date, line: str, newest: str, support: Support
) -> Sequence[Cell | str]:
    ends = support.ends
    capacity = known.capacity(engine, newest)
    colour = "red" if ends < day else "yellow" if ends < day + _NOTICE else "green"
    return (
        f"{line} LTS" if support.long_term else line,
        Cell(str(ends) if support.exact else "unknown", colour),
        Cell(_bar(day, ends), colour) if support.exact else "",
        _MARKS[known.serverless_v2(engine, newest)],
        f"{capacity.minimum:g} to {capacity.maximum:g}" if capacity else "",
        newest.rpartition("aurora.")[2],
    )


def _lines(known: Facts, engine: str) -> Iterator[tuple[str, str, Support]]:
    """Yield the minor lines that can still be created, newest first, with their newest release."""
    newest: dict[str, tuple[tuple[int, ...], str]] = {}
    for text in known.engine_versions.get(engine, {}):
        parsed = parse(engine, text)
        if parsed is None or not parsed.is_exact or "-" in parsed.line:
            continue
        if known.engine_version(engine, text) == "available":
            newest[parsed.line] = max(newest.get(parsed.line, ((), "")), (parsed.numbers, text))
    for line, (_, text) in sorted(newest.items(), key=lambda item: item[1], reverse=True):
        support = known.support(engine, text)
        if support is not None:
            yield line, text, support


def _bar(day: date, ends: date) -> str:
    """Draw standard support from the start of the year, one character per two months."""
    now = (day.month - 1) // _STEP
    months = (ends.year - day.year) * 12 + ends.month
    length = min(-(-months // _STEP), _YEARS * 12 // _STEP)
    if ends < day:
        return f"{'·' * now}✗"
    return f"{'·' * now}{'━' * max(length - now, 1)}"


def _features_table(known: Facts) -> Iterator[str]:
    columns = ("feature", "engine", "here", "from version")
    yield from _titled("Features of Aurora", columns, _feature_rows(known))


def _feature_rows(known: Facts) -> Iterator[Sequence[Cell | str]]:
    names = {(row["feature"], row["engine"]): None for row in curated()["features"]}
    for name, engine in names:
        feature = known.feature(name, engine)
        oldest = ", ".join(feature.minimum.values())
        shown = oldest if feature.availability is Availability.AVAILABLE else ""
        yield name, engine, _MARKS[feature.availability], shown
    for row in curated()["certificate_authorities"]:
        authority = known.certificate_authority(row["name"])
        yield authority.name, "all", _MARKS[authority.availability], ""


def _service_rows(known: Facts) -> Iterator[Sequence[Cell | str]]:
    for title, name in _SERVICES.items():
        yield title, _MARKS[known.service(name)]


def _sources(known: Facts) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(known.versions.items()))
    yield ""
    for line in wrap(f"Generated from {versions}.", 80):
        yield click.style(line, dim=True)
    dates = sorted(source["as_of"] for source in curated()["sources"].values())
    yield click.style(f"Documents as of {dates[0]} to {dates[-1]}.", dim=True)
