"""``pcistack evidence``: write what an assessor reads."""

from __future__ import annotations

import sys
from pathlib import Path

import click


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
    type=click.Path(path_type=Path),
    help="Directory to write. Evidence that is in it already is replaced.",
)
@click.option(
    "--app",
    "assembly",
    default=Path("cdk.out"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Cloud assembly to read, made by `make synth`.",
)
def evidence(suffix: str, out: Path, assembly: Path) -> None:
    """Write the PCI DSS v4.0.1 evidence of one environment.

    From the template and the report of its checks in the cloud assembly, and nothing else, this
    writes index.html (a self-contained page), the network and data-flow diagrams as SVG,
    evidence.json and an OSCAL component definition. The same input gives the same bytes.

    Exit codes: 0 written, 2 bad input or nothing could be written.
    """
    from assurance.evidence.assembly import Assembly, AssemblyError
    from assurance.evidence.files import WriteError, write
    from assurance.evidence.model import gather
    from assurance.pci_dss import RULES

    try:
        found = gather(Assembly.read(assembly, suffix), RULES)
        written = write(found, out)
    except (AssemblyError, WriteError) as error:
        click.echo(f"pcistack evidence: {error}", err=True)
        sys.exit(2)
    width = max(len(standing) for standing in found.counts)
    click.echo(f"PCI DSS v4.0.1 evidence of {found.stack}")
    for standing, count in found.counts.items():
        click.echo(f"  {standing:<{width}}  {count:>3} requirements")
    click.echo("Written:")
    for path in written:
        click.echo(f"  {path}")
