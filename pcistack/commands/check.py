"""``pcistack check``: will these templates deploy in their region, do they support PCI DSS."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pcistack.checks import native
from pcistack.checks.output import FORMATS, writer
from pcistack.checks.report import Checked, Report, checked
from pcistack.checks.rule import Pack
from pcistack.checks.run import check_template, load
from pcistack.checks.selection import Target, select
from pcistack.nearest import hint
from pcistack.packs import PACKS, SCHEMA_NAME
from pcistack.regions import known_regions, unknown_region
from pcistack.template import parameters
from pcistack.template.document import Template, TemplateError
from pcistack.usage import (
    PATH,
    BadInputError,
    day_of,
    debugging,
    quiet_option,
    region_of,
    unforeseen,
    width,
)

if TYPE_CHECKING:
    from pcistack.checks.schema import SchemaEngine
    from pcistack.checks.settings import RepositorySettings

_NAMES: Final = (*PACKS, SCHEMA_NAME)
_INSTALL: Final = "pip install 'pcistack[schema]'"
_EPILOG: Final = """\b
Exit codes:
  0  nothing at level error or fatal
  1  findings at level error or fatal
  2  bad input: no such file, not a template, unknown region, bad date;
     whatever else could be judged is reported all the same

\b
Examples:
  pcistack check cdk.out
  pcistack check template.yaml --region eu-central-2
  pcistack check infra --region eu-central-2 --format sarif > pcistack.sarif
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=PATH, metavar="PATH...")
@click.option("--region", help="Region for what names none, such as eu-central-2.")
@click.option("--on", metavar="YYYY-MM-DD", help="Judge support dates for this day [today].")
@click.option(
    "--format", "form", default="text", metavar="FORM", help=f"{', '.join(FORMATS)} [text]."
)
@click.option("--only", metavar="PACK", help=f"Run one rule pack only: {', '.join(_NAMES)}.")
@click.option("--baseline", type=PATH, help="Report only what this file does not hold.")
@click.option(
    "--write-baseline",
    "written",
    type=PATH,
    help="Write the findings of now to this file; with --baseline, drop what is fixed.",
)
@click.option("--verbose", is_flag=True, help="In text: every place, whole fixes, sources.")
@click.option(
    "--parameter",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a template parameter; may stand several times.",
)
@click.option("--parameters", "values", type=PATH, help="File of parameter values, JSON.")
@click.option("--strict", is_flag=True, help="What could not be judged is an error.")
@quiet_option
@click.option("--list-rules", is_flag=True, help="List every rule, and check nothing.")
def check(
    paths: tuple[Path, ...],
    region: str | None,
    on: str | None,
    form: str,
    only: str | None,
    baseline: Path | None,
    written: Path | None,
    verbose: bool,
    pairs: tuple[str, ...],
    values: Path | None,
    strict: bool,
    quiet: bool,
    list_rules: bool,
) -> None:
    """Check CloudFormation templates before they are deployed.

    PATH is a template (JSON or YAML), a cloud assembly (cdk.out: every stack for its own region),
    a folder, a quoted pattern such as 'infra/**/*.yaml', or - for standard input.

    Says whether each will deploy in its region and whether it supports PCI DSS v4.0.1. Findings
    are fatal (can never deploy), error (fix, or acknowledge beside the resource) or warning.
    """
    if list_rules:
        from pcistack.commands.explain import rule_list

        click.echo("\n".join(rule_list()))
        return
    if not paths:
        raise BadInputError("no template given; example: pcistack check cdk.out")
    if form not in FORMATS:
        allowed = f"allowed are {', '.join(FORMATS)}"
        raise BadInputError(f"unknown format {form!r}{hint(form, FORMATS)}; {allowed}")
    run = _Run(
        region=region_of(region) if region is not None else None,
        on=day_of(on),
        names=_packs(only),
        settings=_settings(),
        given=_given(pairs, values),
        strict=strict,
    )
    report = _with_baseline(run, paths, baseline, written)
    if form == "text":
        from pcistack.checks.output.text import lines

        for line in lines(report, width=width(), verbose=verbose, quiet=quiet):
            click.echo(line)
    else:
        click.echo(writer(form)(report))
    if not quiet:
        for note in report.notes:
            click.echo(f"pcistack: note: {note}", err=True)
    for problem in report.problems:
        click.echo(f"pcistack: {problem}", err=True)
    sys.exit(report.exit_code)


def report_of(paths: Sequence[Path], on: date) -> Report:
    """Return what every pack says of templates and cloud assemblies.

    Args:
        paths: As the command takes them.
        on: The day for which they are judged.

    Raises:
        BadInputError: The settings of the repository cannot be used.
    """
    run = _Run(region=None, on=on, names=_NAMES, settings=_settings())
    return run.report(paths)


def _packs(only: str | None) -> Sequence[str]:
    if only is None:
        return _NAMES
    if only not in _NAMES:
        allowed = f"allowed are {', '.join(_NAMES)}"
        raise BadInputError(f"unknown rule pack {only!r}{hint(only, _NAMES)}; {allowed}")
    if only == SCHEMA_NAME and not native.is_installed():
        raise BadInputError(f"--only {SCHEMA_NAME} needs another package: {_INSTALL}")
    return tuple(dict.fromkeys(("template", only)))  # whether it is one is always asked


def _given(pairs: Sequence[str], values: Path | None) -> dict[str, str]:
    try:
        from_file = parameters.of_file(values) if values is not None else {}
        return from_file | parameters.of_options(pairs)
    except TemplateError as error:
        raise BadInputError(str(error)) from None


def _settings() -> RepositorySettings | None:
    """Return what the repository sets; None, without loading a thing, if it sets nothing."""
    from pcistack.checks.settings import SettingsError
    from pcistack.checks.settings import load as load_settings

    try:
        return load_settings(Path.cwd())
    except SettingsError as error:
        raise BadInputError(str(error)) from None


def _with_baseline(
    run: _Run, paths: Sequence[Path], baseline: Path | None, written: Path | None
) -> Report:
    """Judge; leave out what the baseline knows, and write one if asked."""
    if baseline is None and written is None:
        return run.report(paths)
    from pcistack.checks.baseline import Baseline, BaselineError, write

    try:
        known = Baseline.read(baseline) if baseline is not None else None
        report = run.report(paths)
        notes = list(report.notes)
        judged = report.checked
        if known is not None:
            judged = [known.apply(each) for each in judged]
            notes += known.notes(judged, rewritten=written is not None)
        if written is not None:
            notes.append(write(written, judged, known))
    except BaselineError as error:
        raise BadInputError(str(error)) from None
    if written is not None and known is None:  # what has just been written is known
        judged = [Baseline.read(written).apply(each) for each in judged]
    return Report(on=report.on, checked=judged, problems=report.problems, notes=notes)


@dataclass(slots=True)
class _Run:
    """One run over what was selected."""

    region: str | None
    on: date
    names: Sequence[str]
    settings: RepositorySettings | None
    given: dict[str, str] = field(default_factory=dict)
    strict: bool = False
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _declared: set[str] = field(default_factory=set)

    def report(self, paths: Sequence[Path]) -> Report:
        """Judge every template; what cannot be judged is a problem and hides nothing."""
        selection = select(paths)
        schema = self._schema() if selection.targets else None
        packs = [load(name) for name in self.names if name in PACKS]
        self.problems += selection.problems
        found: list[tuple[Target, Checked]] = []
        for target in selection.targets:
            try:
                found.append((target, self._checked(target, packs, schema)))
            except TemplateError as error:
                self.problems.append(str(error))
            except RecursionError:
                self.problems.append(f"{target.path}: nested too deeply to be a template")
            except Exception as error:
                if debugging():
                    raise
                self.problems.append(unforeseen(str(target.path), error))
        if found:
            self._refuse_unknown_parameters()
        judged = self._set(found)
        return Report(on=self.on, checked=judged, problems=self.problems, notes=self.notes)

    def _schema(self) -> SchemaEngine | None:
        """Start the schema engine if it is asked for and there."""
        if SCHEMA_NAME not in self.names:
            return None
        if not native.is_installed():
            self.notes.append(f"the schemas of resources are not checked; {_INSTALL}")
            self.names = [name for name in self.names if name != SCHEMA_NAME]
            return None
        from pcistack.checks.schema import engine

        return engine()

    def _checked(
        self, target: Target, packs: Sequence[Pack[Any]], schema: SchemaEngine | None
    ) -> Checked:
        template = Template.parse(target.text, path=target.path)
        template.require_resources()
        region = self._region(target)
        self._declared.update(template.section("Parameters"))
        outcome = check_template(
            template,
            packs,
            region=region,
            on=self.on,
            parameters=parameters.given(template, self.given),
            strict=self.strict,
            schema=schema,
        )
        return checked(str(target.path), region, outcome, {target.path: target.text})

    def _refuse_unknown_parameters(self) -> None:
        """Note the parameters that no template has: a misspelt one decides nothing."""
        for name in self.given:
            if name not in self._declared:
                near = hint(name, sorted(self._declared))
                self.problems.append(f"no template has a parameter {name!r}{near}")

    def _region(self, target: Target) -> str:
        """Return the region of a template: see docs/check.md for the order.

        Raises:
            TemplateError: There is none, or nothing is known of it.
        """
        if target.named and self.region:
            if target.region not in (None, self.region):
                self.notes.append(
                    f"{target.path}: judged for {self.region}, as --region says; "
                    f"{target.manifest} deploys it to {target.region}"
                )
            return self.region
        from_settings = self.settings.region(target.path) if self.settings else None
        region = target.region or from_settings or self.region
        if region is None:
            raise TemplateError(
                f"{target.path}: no region given, and nothing names one; add --region, such as "
                "--region eu-central-2 (AWS_REGION is not read)"
            )
        if region not in known_regions():
            raise TemplateError(f"{target.path}: {unknown_region(region)}")
        return region

    def _set(self, found: Sequence[tuple[Target, Checked]]) -> list[Checked]:
        """Apply the settings; leave out what was judged as a nested stack of another template."""
        nested = frozenset[Path]().union(*(each.nested for _, each in found))
        judged = [
            each for target, each in found if target.named or target.path.resolve() not in nested
        ]
        if self.settings is None or self.settings.file is None:
            return judged
        judged = [self.settings.apply(each, self.on) for each in judged]
        self.notes += self.settings.notes(judged, self.names, self.on)
        return judged
