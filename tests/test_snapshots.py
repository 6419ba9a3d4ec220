"""Whole templates, so that a review sees every change. Run `make snapshots` to accept one."""

from __future__ import annotations

import re
from typing import cast

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.support import SHIPPED, template

_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_PATCH = re.compile(r"(nodejs|python)(\d+)\.(\w+)")


def stable(node: object) -> object:
    """Replace what changes with a library's patch version: asset hashes, the CDK's runtimes."""
    if isinstance(node, dict):
        return {
            key: stable(value)
            for key, value in node.items()
            if not (key.startswith("aws:asset:") or key == "BootstrapVersion")
        }
    if isinstance(node, list):
        return [stable(item) for item in node]
    if isinstance(node, str):
        return _PATCH.sub(r"\1", _HASH.sub("<asset hash>", node))
    return node


@pytest.mark.parametrize("suffix", [*SHIPPED, "pr43"])
def test_template_changes_are_seen_in_review(suffix: str, snapshot: SnapshotAssertion) -> None:
    body = cast("dict[str, object]", stable(template(suffix).body))
    assert body == snapshot(name=suffix, extension_class=JSONSnapshotExtension)


def test_two_suffixes_give_the_same_stack_under_other_names() -> None:
    def renamed(suffix: str) -> object:
        text = repr(stable(template(suffix).body)).replace(suffix, "SUFFIX")
        return re.sub(r"[0-9A-F]{8}", "", text)

    assert renamed("pr42") == renamed("pr43")
