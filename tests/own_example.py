"""The example of resources of one's own, and the page that shows it; ``make docs`` writes it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "own_resources.py"
PAGE = ROOT / "docs" / "own-resources.md"
BLOCK = re.compile(r"(<!-- own_resources.py -->\n```python\n)(.*?)(```\n<!-- end -->)", re.DOTALL)


def load() -> ModuleType:
    """The example as it would be imported from ``stacks/own_resources.py``."""
    spec = importlib.util.spec_from_file_location("own_resources_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown() -> str:
    """The code that the page shows."""
    found = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None, f"{PAGE.name} has lost its example"
    return found.group(2)


if __name__ == "__main__":
    code, page = EXAMPLE.read_text(encoding="utf-8"), PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda found: found[1] + code + found[3], page), encoding="utf-8")
