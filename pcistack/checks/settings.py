"""``.pcistack.toml``, or ``[tool.pcistack]`` in ``pyproject.toml``: what holds in one repository.

Regions by path, and rules that are off or of another severity for some paths, each with a reason
and a last day::

    [regions]
    "infra/edge/*" = "us-east-1"

    [[rules]]
    rule = "PCI-11.5.2-DATABASE-EVENTS"
    paths = ["legacy/*"]
    severity = "off"
    reason = "The old account sends these events to the central team."
    until = 2027-03-31
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from pcistack.checks.acknowledgements import SHORTEST_REASON
from pcistack.checks.findings import Severity
from pcistack.checks.report import Checked, Entry
from pcistack.nearest import hint
from pcistack.packs import PACKS, SCHEMA_NAME, is_schema_rule
from pcistack.regions import known_regions, unknown_region

FILE: Final = ".pcistack.toml"
OFF: Final = "off"
_SEVERITIES: Final = (OFF, "warning", "error")
_KEYS: Final = ("rule", "paths", "severity", "reason", "until")


class SettingsError(ValueError):
    """The settings cannot be used; one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """A rule that is off, or of another severity, for some paths.

    Attributes:
        rule: Id of the rule.
        paths: Patterns of the templates, from the folder of the settings; ``*`` stands for any
            characters, slashes too.
        severity: ``off``, ``warning`` or ``error``.
        reason: Why.
        until: Last day on which it holds.
    """

    rule: str
    paths: tuple[str, ...]
    severity: str
    reason: str
    until: date


@dataclass(slots=True)
class RepositorySettings:
    """The settings of a repository.

    Attributes:
        file: Where they stand; None if there are none.
        regions: Region by pattern, the first that fits counts.
        rules: What was set of rules.
    """

    file: Path | None = None
    regions: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[RuleSetting] = ()
    _used: set[str | int] = field(default_factory=set)
    _fatal: set[int] = field(default_factory=set)

    def region(self, path: Path) -> str | None:
        """Return the region for a template, or None if no pattern fits."""
        name = self._relative(path)
        for pattern, region in self.regions.items():
            if fnmatch.fnmatchcase(name, pattern):
                self._used.add(pattern)
                return region
        return None

    def apply(self, checked: Checked, on: date) -> Checked:
        """Return a judged template with the settings for it; a fatal finding stays as it is."""
        name = self._relative(Path(checked.name))
        holding = [
            (number, setting)
            for number, setting in enumerate(self.rules)
            if setting.until >= on
            and any(fnmatch.fnmatchcase(name, pattern) for pattern in setting.paths)
        ]
        if not holding:
            return checked
        still_open: list[Entry] = []
        accepted = list(checked.acknowledged)
        for entry in checked.open:
            number, setting = next(
                (each for each in holding if each[1].rule == entry.finding.rule), (0, None)
            )
            if setting is None or entry.finding.severity is Severity.FATAL:
                still_open.append(entry)
                if setting is not None:
                    self._fatal.add(number)
                continue
            self._used.add(number)
            if setting.severity == OFF:
                accepted.append(replace(entry, reason=setting.reason, until=str(setting.until)))
            else:
                severity = Severity(setting.severity)
                still_open.append(replace(entry, finding=replace(entry.finding, severity=severity)))
        return replace(checked, open=still_open, acknowledged=accepted)

    def notes(self, checked: Sequence[Checked], packs: Sequence[str], on: date) -> Iterator[str]:
        """Yield one line for each entry that does nothing any more.

        Args:
            checked: What was judged.
            packs: Names of the packs that ran.
            on: The day for which it was judged.
        """
        judged = [self._relative(Path(each.name)) for each in checked]
        prefixes = [PACKS[name].prefix for name in PACKS if name not in packs]
        for number, setting in enumerate(self.rules):
            what = f"{self.file}: rules[{number}] ({setting.rule})"
            if setting.until < on:
                yield f"{what} ended on {setting.until}, so that its findings count again"
            elif number in self._fatal:
                yield f"{what} cannot change what is fatal: AWS refuses it, whatever is set"
            elif (
                number not in self._used
                and not _left_out(setting.rule, packs, prefixes)
                and any(fnmatch.filter(judged, pattern) for pattern in setting.paths)
            ):
                yield f"{what} changes nothing that was found; remove it"

    def _relative(self, path: Path) -> str:
        if self.file is None:
            return path.as_posix()
        return Path(os.path.relpath(path, self.file.parent)).as_posix()


def _left_out(rule: str, packs: Sequence[str], prefixes: Sequence[str]) -> bool:
    """Whether a rule is of a pack that did not run, so that nothing can be said of it."""
    if is_schema_rule(rule):
        return SCHEMA_NAME not in packs
    if set(PACKS) <= set(packs):
        return False
    own = [prefix for prefix in prefixes if prefix and rule.startswith(prefix)]
    return bool(own) or "" in prefixes


def load(start: Path) -> RepositorySettings:
    """Return the settings of a folder, or of the nearest one above it in the same repository.

    Raises:
        SettingsError: They cannot be read, or hold what cannot be used.
    """
    folder = start.resolve()
    for place in (folder, *folder.parents):
        for name in (FILE, "pyproject.toml"):
            found = _read(place / name)
            if found is not None:
                return _settings(place / name, found)
        if (place / ".git").exists():
            break
    return RepositorySettings()


def _read(path: Path) -> Mapping[str, object] | None:
    """Return what stands in a file about this program, or None."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        if path.name != FILE:
            return None  # somebody else's file
        raise SettingsError([f"{os.path.relpath(path)}: cannot be read ({error})"]) from None
    if path.name != FILE and "[tool.pcistack" not in text.replace("[[", "["):
        return None
    import tomllib

    try:
        document: Mapping[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; 1,000 brackets
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise SettingsError([f"{os.path.relpath(path)}: not valid TOML ({why})"]) from None
    if path.name == FILE:
        return document
    tool = document.get("tool")
    own = tool.get("pcistack") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def _settings(path: Path, document: Mapping[str, object]) -> RepositorySettings:
    file = Path(os.path.relpath(path))
    problems = [
        f"{file}: {key}: no such setting; allowed are regions and rules"
        for key in document
        if key not in ("regions", "rules")
    ]
    regions = document.get("regions", {})
    found: dict[str, str] = {}
    if not isinstance(regions, dict):
        problems.append(f'{file}: regions: is no table; write "infra/*" = "eu-central-2" below it')
    else:
        for pattern, region in regions.items():
            if region not in known_regions():
                problems.append(f"{file}: regions: {unknown_region(str(region))}")
            else:
                found[str(pattern)] = str(region)
    entries = document.get("rules", [])
    made: list[RuleSetting] = []
    if not isinstance(entries, list):
        problems.append(f"{file}: rules: is no list; begin each entry with [[rules]]")
    else:
        for number, entry in enumerate(entries):
            setting = _rule(entry)
            if isinstance(setting, str):
                problems.append(f"{file}: rules[{number}]: {setting}")
            else:
                made.append(setting)
    if problems:
        raise SettingsError(problems)
    return RepositorySettings(file, found, made)


def _rule(entry: object) -> RuleSetting | str:
    """Return the setting of a rule, or what is wrong with it."""
    if not isinstance(entry, dict):
        return "is no table; begin it with [[rules]]"
    wrong = _wrong_keys(entry) or _wrong_values(entry)
    if wrong:
        return wrong
    return RuleSetting(
        rule=entry["rule"],
        paths=tuple(entry["paths"]),
        severity=entry["severity"],
        reason=entry["reason"].strip(),
        until=entry["until"],
    )


def _wrong_keys(entry: Mapping[str, object]) -> str:
    for key in entry:
        if key not in _KEYS:
            return f"{key}: no such key; allowed are {', '.join(_KEYS)}"
    for key in _KEYS:
        if key not in entry:
            return f"lacks {key}; every entry has {', '.join(_KEYS)}"
    return ""


def _wrong_values(entry: Mapping[str, object]) -> str:
    from pcistack.checks.catalogue import rules  # most repositories set nothing

    rule, paths, reason = entry["rule"], entry["paths"], entry["reason"]
    if not isinstance(rule, str) or not (rule in rules() or is_schema_rule(rule)):
        return f"unknown rule {rule!r}{hint(str(rule), rules())}"
    if not isinstance(paths, list) or not paths or not all(isinstance(p, str) and p for p in paths):
        return 'paths: is no list of patterns, such as ["legacy/*"]'
    if entry["severity"] not in _SEVERITIES:
        return f"severity: {entry['severity']!r} is none; allowed are {', '.join(_SEVERITIES)}"
    if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON:
        return f"reason: is too short; at least {SHORTEST_REASON} characters that convince a reader"
    if type(entry["until"]) is not date:
        return "until: is no day; write it without quotes, such as until = 2027-03-31"
    return ""
