"""``pcistack evidence``: write what an assessor reads."""

from __future__ import annotations

from pathlib import Path

import click

from pcistack.checks.findings import counted
from pcistack.usage import PATH, BadInputError, suffix_of


@click.command(
    epilog="Example: pcistack evidence --environment prod --out evidence-out/prod",
    short_help="Write what an assessor reads",
)
@click.option(
    "--environment",
    "suffix",
    required=True,
    metavar="SUFFIX",
    help="Environment suffix, such as dev or prod; its stack is PciDss-SUFFIX.",
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
    help="Cloud assembly to read, made by `make synth`.",
)
def evidence(suffix: str, out: Path, assembly: Path) -> None:
    """Write the PCI DSS v4.0.1 evidence of one environment.

    From the template and the report of its checks in the cloud assembly, and nothing else, this
    writes index.html (a self-contained page), the network and data-flow diagrams as SVG,
    evidence.json and an OSCAL component definition. The same input gives the same bytes.

    Exit codes: 0 written, 2 bad input or nothing could be written.
    """
    from pcistack.evidence.assembly import Assembly, AssemblyError
    from pcistack.evidence.files import WriteError, write
    from pcistack.evidence.gather import gather
    from pcistack.pci_dss.pack import PACK

    try:
        found = gather(Assembly.read(assembly, suffix_of(suffix)), PACK.rules)
        written = write(found, out)
    except (AssemblyError, WriteError) as error:
        raise BadInputError(str(error)) from None
    width = max(len(standing) for standing in found.counts)
    click.echo(f"PCI DSS v4.0.1 evidence of {found.stack}")
    for standing, count in found.counts.items():
        number, noun = counted(count, "requirement").split()
        click.echo(f"  {standing:<{width}}  {number:>3} {noun}")
    click.echo("Written:")
    for path in written:
        click.echo(f"  {path}")
