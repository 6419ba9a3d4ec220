"""The empty CDK app; apart from the stack, so that it can be created while the stack loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, cast

from aws_cdk import App

_CDK_JSON: Final = Path(__file__).resolve().parent.parent / "cdk.json"


def create_app(*, outdir: str | None = None) -> App:
    """Create an empty app under the feature flags of ``cdk.json``.

    Args:
        outdir: Folder of the cloud assembly; None leaves the choice to the CDK.
    """
    # The CDK's own WebAssembly validation is replaced by its native build in app.py.
    return App(
        outdir=outdir,
        context=_context(),
        builtin_cloud_formation_validation=False,
        tree_metadata=False,  # nothing here reads it
    )


def _context() -> dict[str, object]:
    """What the CLI passes to the app; given here too, so that tests see the same template."""
    content = cast("dict[str, dict[str, object]]", json.loads(_CDK_JSON.read_text("utf-8")))
    return {
        "aws:cdk:enable-path-metadata": True,
        "aws:cdk:enable-asset-metadata": True,
        # Stack traces would show the library's code only.
        "aws:cdk:disable-stack-trace": True,
        "aws:cdk:disable-creation-stack-traces": True,
        **content["context"],
    }
