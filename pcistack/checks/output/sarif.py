"""SARIF 2.1.0, which GitHub code scanning and many editors show."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pcistack.checks.catalogue import RuleInfo, rules
from pcistack.checks.findings import Severity
from pcistack.checks.output.levels import LEVELS
from pcistack.checks.report import Entry, Report

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
# GitHub sorts by this number: above 9 critical, above 7 high, above 4 medium
_WEIGHTS: Final = {Severity.FATAL: "9.5", Severity.ERROR: "7.5", Severity.WARNING: "4.5"}


def render(report: Report) -> str:
    """Return the report as SARIF."""
    entries = [
        *((entry, "open") for entry in report.open),
        *((entry, "accepted") for entry in report.acknowledged),
        *((entry, "known") for entry in report.known),
    ]
    used = {entry.finding.rule: _info(entry) for entry, _ in entries}
    order = list(used)
    with_baseline = any(report.known)
    seen: dict[str, int] = {}
    results = [_result(entry, state, order, seen, with_baseline) for entry, state in entries]
    run = {
        "tool": {
            "driver": {
                "name": "pcistack",
                "semanticVersion": importlib.metadata.version("pcistack"),
                "rules": [_rule(info) for info in used.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "toolExecutionNotifications": [
                    *(_notification(line, "error") for line in report.problems),
                    *(_notification(line, "note") for line in report.notes),
                ],
            }
        ],
        "results": results,
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _info(entry: Entry) -> RuleInfo:
    """Return what is known of a rule; of a rule of the schema engine that is the finding."""
    finding = entry.finding
    return rules().get(finding.rule) or RuleInfo(
        id=finding.rule,
        title=finding.rule,
        pack="CloudFormation schema",
        severity=finding.severity,
        source=finding.source,
    )


def _rule(info: RuleInfo) -> Mapping[str, object]:
    is_pci = bool(info.requirements)
    tags = [info.pack, *(f"PCI DSS v4.0.1 {number}" for number in info.requirements)]
    properties: dict[str, object] = {"tags": ["security", *tags] if is_pci else tags}
    if is_pci:
        properties["security-severity"] = _WEIGHTS[info.severity]
    parts = [
        ("Why", info.why),
        ("How to fix it", info.fix),
        ("Source", info.source),
        ("More", f"pcistack explain {info.id}"),
    ]
    return {
        "id": info.id,
        "name": "".join(word.capitalize() for word in info.id.replace(".", "-").split("-")),
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.why or info.title},
        "help": {
            "text": "\n\n".join(f"{name}: {text}" for name, text in parts if text),
            "markdown": "\n\n".join(
                f"**{name}**: {_escaped(text)}" for name, text in parts if text
            ),
        },
        "defaultConfiguration": {"level": LEVELS[info.severity]},
        "properties": properties,
    }


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", r"\*")


def _result(
    entry: Entry, state: str, order: Sequence[str], seen: dict[str, int], with_baseline: bool
) -> Mapping[str, object]:
    finding = entry.finding
    first_line = finding.fix.partition("\n")[0]
    number = seen[entry.fingerprint] = seen.get(entry.fingerprint, 0) + 1
    found: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": order.index(finding.rule),
        "level": LEVELS[finding.severity],
        "message": {
            "text": f"{entry.what or 'The template'}: {finding.message}"
            + (f"\nFix: {first_line}" if first_line else "")
        },
        "locations": [_location(entry)],
        "partialFingerprints": {"pcistack/v1": f"{entry.fingerprint}:{number}"},
        "properties": {"severity": finding.severity.value, "region": entry.region},
    }
    if state == "accepted":
        until = f" (until {entry.until})" if entry.until else ""
        found["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"{entry.reason}{until}"}
        ]
    if with_baseline:
        found["baselineState"] = "unchanged" if state == "known" else "new"
    return found


def _location(entry: Entry) -> Mapping[str, object]:
    logical: list[Mapping[str, str]] = []
    if entry.finding.resource:
        logical.append({"fullyQualifiedName": entry.finding.resource, "kind": "resource"})
    if entry.construct:
        logical.append({"fullyQualifiedName": entry.construct, "kind": "construct"})
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(entry.file)},
            "region": {"startLine": entry.line, "startColumn": entry.column},
        },
        **({"logicalLocations": logical} if logical else {}),
    }


def _uri(file: str) -> str:
    """Return a path relative to the working directory if it is below it, else as a file URI."""
    path = Path(file)
    try:
        path = path.resolve().relative_to(Path.cwd())
    except (ValueError, OSError):
        return path.absolute().as_uri()
    return quote(path.as_posix())


def _notification(line: str, level: str) -> Mapping[str, object]:
    return {"level": level, "message": {"text": line}}
