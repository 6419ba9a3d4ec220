"""``pcistack evidence``: write what an assessor reads."""

from __future__ import annotations

from pathlib import Path

import click

from pcistack.checks.findings import counted
from pcistack.usage import PATH, BadInputError, day_of, quiet_option, suffix_of


@click.command(
    epilog="Example: pcistack evidence --environment prod --out evidence-out/prod",
    short_help="Write what an assessor reads",
)
@click.option(
    "--environment",
    "suffix",
    metavar="SUFFIX",
    help="Environment suffix, such as dev or prod: the stack that is tagged with it.",
)
@click.option(
    "--stack",
    metavar="NAME",
    help="Any stack of the assembly, by its name or its path, such as Stage/Orders [the only one].",
)
@click.option(
    "--out",
    "out",
    required=True,
    type=PATH,
    help="Directory to write. Evidence that is in it already is replaced.",
)
@click.option(
    "--app",
    "assembly",
    default=Path("cdk.out"),
    show_default=True,
    type=PATH,
    help="Cloud assembly to read, made by `make synth` or by any `cdk synth`.",
)
@click.option(
    "--on",
    metavar="YYYY-MM-DD",
    help="Judge for this day where the synthesis kept no findings of these checks [today].",
)
@click.option(
    "--verified",
    metavar="FILE",
    type=PATH,
    help="What `pcistack verify` found of this stack in its account; refused if of another one.",
)
@quiet_option
def evidence(
    suffix: str | None,
    stack: str | None,
    out: Path,
    assembly: Path,
    on: str | None,
    verified: Path | None,
    quiet: bool,
) -> None:
    """Write the PCI DSS v4.0.1 evidence of one stack.

    From the template and what the checks of its synthesis found, this writes index.html (a
    self-contained page), the network and data-flow diagrams as SVG, evidence.json and an OSCAL
    component definition. In an assembly that these checks did not see, they run now.

    A template that was changed after its synthesis is refused.

    Exit codes: 0 written, 2 bad input or nothing could be written.
    """
    from pcistack.evidence.assembly import AssemblyError, AssessedStack
    from pcistack.evidence.deployed import VerificationError, read
    from pcistack.evidence.files import WriteError, write
    from pcistack.evidence.gather import gather
    from pcistack.pci_dss.pack import PACK
    from pcistack.template.document import TemplateError

    if suffix is not None and stack is not None:
        raise BadInputError("--environment and --stack both name the stack; give one")
    wanted = None if suffix is None else suffix_of(suffix)
    try:
        chosen = AssessedStack.read(assembly, stack, suffix=wanted)
        asked = read(verified, chosen) if verified is not None else None
        found = gather(chosen, PACK, on=day_of(on), verified=asked)
        written = write(found, out)
    except (AssemblyError, VerificationError, TemplateError, WriteError) as error:
        raise BadInputError(str(error)) from None
    if quiet:
        return
    columns = max(len(standing) for standing in found.counts)
    click.echo(f"PCI DSS v4.0.1 evidence of {found.stack}")
    for standing, count in found.counts.items():
        number, noun = counted(count, "requirement").split()
        click.echo(f"  {standing:<{columns}}  {number:>3} {noun}")
    click.echo("Written:")
    for path in written:
        click.echo(f"  {path}")
