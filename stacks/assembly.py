"""Put environments into a CDK app, without any check attached."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

from aws_cdk import App

from stacks.environment import Environment
from stacks.pci_dss_stack import PciDssStack

_CDK_JSON: Final = Path(__file__).resolve().parent.parent / "cdk.json"


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


def create_app(*, outdir: str | None = None) -> App:
    """Create an empty app under the feature flags of ``cdk.json``.

    Args:
        outdir: Folder of the cloud assembly; None leaves the choice to the CDK.
    """
    # The CDK's own WebAssembly validation is replaced by its native build in app.py.
    return App(
        outdir=outdir,
        context=_feature_flags(),
        builtin_cloud_formation_validation=False,
        tree_metadata=False,  # nothing here reads it
    )


def add_stack(app: App, environment: Environment) -> PciDssStack:
    """Add the stack of an environment to an app."""
    return PciDssStack(app, environment.names.stack, environment=environment)


def _feature_flags() -> dict[str, object]:
    """What the CLI passes to the app; given here too, so that tests see the same template."""
    content = cast("dict[str, dict[str, object]]", json.loads(_CDK_JSON.read_text("utf-8")))
    return {
        "aws:cdk:enable-path-metadata": True,
        "aws:cdk:enable-asset-metadata": True,
        "aws:cdk:disable-stack-trace": True,  # they would show the library's code only
        **content["context"],
    }
