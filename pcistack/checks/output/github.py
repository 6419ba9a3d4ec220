"""Workflow commands of GitHub Actions, which it shows beside the lines of a pull request."""

from __future__ import annotations

from pcistack.checks.output.levels import LEVELS
from pcistack.checks.output.text import summary, visible
from pcistack.checks.report import Entry, Report


def render(report: Report) -> str:
    """Return one command for each finding, then the summary; GitHub shows ten of a level."""
    lines = [_annotation(entry) for entry in report.open]
    lines += [f"::error title=pcistack::{_data(line)}" for line in report.problems]
    lines += [f"::notice title=pcistack::{_data(line)}" for line in report.notes]
    return "\n".join([*lines, summary(report, plain=True)])


def _annotation(entry: Entry) -> str:
    finding = entry.finding
    properties = {
        "file": entry.file,
        "line": str(entry.line),
        "col": str(entry.column),
        "title": f"{finding.rule} ({finding.severity.value})",
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = f"{entry.what or 'The template'}: {finding.message}"
    if finding.fix:
        message += f"\nFix: {finding.fix}"
    return f"::{LEVELS[finding.severity]} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text.replace("\r", "")).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
