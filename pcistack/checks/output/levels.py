"""How each severity is shown."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity

LEVELS: Final = {Severity.FATAL: "error", Severity.ERROR: "error", Severity.WARNING: "warning"}
"""Where only errors and warnings are known: in SARIF and at GitHub."""

COLOURS: Final = {Severity.FATAL: "magenta", Severity.ERROR: "red", Severity.WARNING: "yellow"}
"""In a terminal."""
