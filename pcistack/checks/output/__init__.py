"""How a report is written: one format a file, each a function from a report to text."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final, cast

from pcistack.checks.report import Report

FORMATS: Final = ("text", "json", "sarif", "junit", "github", "markdown")
"""What ``--format`` takes."""


def writer(form: str) -> Callable[[Report], str]:
    """Return what writes a report in a format; only its module is imported."""
    name = "json_report" if form == "json" else form  # no module is called as Python's own
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("Callable[[Report], str]", module.render)
