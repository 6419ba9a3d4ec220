"""Put environments into a CDK app, without any check attached."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import App

from stacks.environment import Environment
from stacks.pci_dss_stack import PciDssStack


def build_app(environments: Iterable[Environment], *, outdir: str | None = None) -> App:
    """Build an app with one stack per environment.

    Args:
        environments: The environments.
        outdir: Folder of the cloud assembly; None leaves the choice to the CDK.
    """
    # The CDK's own WebAssembly validation is replaced by its native build in app.py.
    app = App(outdir=outdir, builtin_cloud_formation_validation=False)
    for environment in environments:
        PciDssStack(app, environment.names.stack, environment=environment)
    return app
