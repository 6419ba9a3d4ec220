"""What the checks of a synthesis found, kept beside the templates so that nothing judges twice.

A record names each template by its SHA-256: a template that was edited later has no findings.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pcistack.checks.acknowledgements import Acknowledgement
from pcistack.checks.findings import Finding, Severity
from pcistack.checks.run import Outcome

FILE: Final = "pcistack-checks.json"
_FORMAT: Final = 1


class RecordError(ValueError):
    """A record cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The checks of one synthesis.

    Attributes:
        on: The day for which support dates and acknowledgements were judged.
        commit: Commit of the source; empty if it is not known.
        version: Version of pcistack.
        outcomes: What was found, by the SHA-256 of the template.
        templates: SHA-256 of each template, by its file name.
    """

    on: date
    commit: str
    version: str
    outcomes: Mapping[str, Outcome]
    templates: Mapping[str, str]


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def commit_of(folder: Path) -> str:
    """Return the commit of a Git working tree, marked if files differ from it; empty for none."""
    try:
        said = [
            subprocess.run(
                ["git", "-C", str(folder), *arguments],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout.strip()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        ]
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{said[0]}, with changes" if said[1] else said[0]


def write(
    directory: Path, found: Iterable[Mapping[Path, Outcome]], *, on: date, commit: str, version: str
) -> None:
    """Write the record of a synthesis.

    Args:
        directory: The cloud assembly.
        found: What each set of checks found, by template.
        on: The day for which support dates and acknowledgements were judged.
        commit: Commit of the source; empty if it is not known.
        version: Version of pcistack.
    """
    joined: dict[Path, Outcome] = {}
    for outcomes in found:
        for path, outcome in outcomes.items():
            joined[path] = _joined(joined[path], outcome) if path in joined else outcome
    document = {
        "format": _FORMAT,
        "on": on.isoformat(),
        "commit": commit,
        "version": version,
        "templates": [
            {
                "file": path.name,
                "sha256": digest(path),
                "resources": outcome.resources,
                "open": [finding.as_json() for finding in outcome.open],
                "acknowledged": [
                    {
                        "finding": finding.as_json(),
                        "resource": entry.resource,
                        "reason": entry.reason,
                        "until": entry.until.isoformat() if entry.until else None,
                        "owner": entry.owner,
                        "property": entry.property,
                    }
                    for finding, entry in outcome.acknowledged
                ],
            }
            for path, outcome in sorted(joined.items())
        ],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (directory / FILE).write_text(text + "\n", encoding="utf-8")


def _joined(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(
        resources=one.resources,
        open=tuple(dict.fromkeys((*one.open, *other.open))),
        acknowledged=tuple(dict.fromkeys((*one.acknowledged, *other.acknowledged))),
    )


def read(directory: Path) -> Record | None:
    """Read the record of a cloud assembly; None if its checks left none.

    Raises:
        RecordError: The file is not what :func:`write` writes.
    """
    file = directory / FILE
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_bytes())
        if document["format"] != _FORMAT:
            raise RecordError(f"{file}: written by another version of pcistack")
        return Record(
            on=date.fromisoformat(document["on"]),
            commit=str(document["commit"]),
            version=str(document["version"]),
            outcomes={str(one["sha256"]): _outcome(one) for one in document["templates"]},
            templates={str(one["file"]): str(one["sha256"]) for one in document["templates"]},
        )
    except OSError as error:
        raise RecordError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{file}: not what the checks of a synthesis write") from None


def _outcome(entry: Mapping[str, object]) -> Outcome:
    found, accepted = entry["open"], entry["acknowledged"]
    if not isinstance(found, list) or not isinstance(accepted, list):
        raise TypeError
    return Outcome(
        resources=int(str(entry["resources"])),
        open=tuple(_finding(one) for one in found),
        acknowledged=tuple((_finding(one["finding"]), _acknowledgement(one)) for one in accepted),
    )


def _finding(entry: Mapping[str, str]) -> Finding:
    return Finding(**{**entry, "severity": Severity(entry["severity"])})  # type: ignore[arg-type]


def _acknowledgement(entry: Mapping[str, object]) -> Acknowledgement:
    finding, until = entry["finding"], entry["until"]
    if not isinstance(finding, dict):
        raise TypeError
    return Acknowledgement(
        resource=str(entry["resource"]),
        rule=str(finding["rule"]),
        reason=str(entry["reason"]),
        until=None if until is None else date.fromisoformat(str(until)),
        owner=str(entry["owner"]),
        property=str(entry["property"]),
    )
