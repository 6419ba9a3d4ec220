"""Put environments into a CDK app, without any check attached."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import App

from stacks.cdk_app import create_app
from stacks.environment import Environment
from stacks.pci_dss_stack import PciDssStack


def build_app(environments: Iterable[Environment], *, outdir: str | None = None) -> App:
    """Build an app with one stack per environment.

    Args:
        environments: The environments.
        outdir: Folder of the cloud assembly; None leaves the choice to the CDK.
    """
    app = create_app(outdir=outdir)
    for environment in environments:
        add_stack(app, environment)
    return app


def add_stack(app: App, environment: Environment) -> PciDssStack:
    """Add the stack of an environment to an app."""
    return PciDssStack(app, environment.names.stack, environment=environment)
