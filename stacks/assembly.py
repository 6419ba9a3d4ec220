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
    """Build an app with one stack per environment, under the feature flags of ``cdk.json``.

    Args:
        environments: The environments.
        outdir: Folder of the cloud assembly; None leaves the choice to the CDK.
    """
    # The CDK's own WebAssembly validation is replaced by its native build in app.py.
    app = App(outdir=outdir, context=_feature_flags(), builtin_cloud_formation_validation=False)
    for environment in environments:
        PciDssStack(app, environment.names.stack, environment=environment)
    return app


def _feature_flags() -> dict[str, object]:
    """What the CLI passes to the app; given here too, so that tests see the same template."""
    content = cast("dict[str, dict[str, object]]", json.loads(_CDK_JSON.read_text("utf-8")))
    return {
        "aws:cdk:enable-path-metadata": True,
        "aws:cdk:enable-asset-metadata": True,
        **content["context"],
    }
