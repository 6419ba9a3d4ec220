"""JSON, the published report that other programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pcistack.checks.report import Entry, Report


def render(report: Report) -> str:
    """Return the report as JSON; each finding names its template."""
    return json.dumps(as_json(report), indent=2, ensure_ascii=False)


def as_json(report: Report) -> Mapping[str, object]:
    """Return the report as a JSON object."""
    return {
        "findings": [entry.as_json() for entry in report.open],
        "acknowledged": [_accepted(entry) for entry in report.acknowledged],
        "baseline": [entry.as_json() for entry in report.known],
        "templates": [
            {"template": each.name, "region": each.region, "resources": each.resources}
            for each in report.checked
        ],
        "problems": list(report.problems),
        "notes": list(report.notes),
    }


def _accepted(entry: Entry) -> dict[str, str | int]:
    return entry.as_json() | {"reason": entry.reason, "until": entry.until}
