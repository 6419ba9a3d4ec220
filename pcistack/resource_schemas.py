"""CloudFormation's resource schemas, as cfn-lint carries them; no check reads them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Return where the schemas are: ``resources``, and by region which in ``providers``.

    Raises:
        SystemExit: cfn-lint is not installed.
    """
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        raise SystemExit("cfnlint is missing; run 'make install'")
    return Path(found.origin).parent / "data" / "schemas"


def newest() -> Iterator[Mapping[str, Any]]:
    """Yield one schema for each type that any region has."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((folder() / "resources").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        found[schema["typeName"]] = schema
    yield from found.values()
