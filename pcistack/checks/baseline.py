"""A baseline: findings that were there when a repository began to check, so that new ones show.

It only ages: a finding that is fixed leaves it, and none comes back by itself. A fatal finding is
never in it, because AWS refuses the deployment all the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from pcistack.checks.findings import Severity, counted
from pcistack.checks.report import Checked, Entry

_VERSION: Final = 1
_FIELDS: Final = ("template", "rule", "resource", "property", "message")

_Key: TypeAlias = tuple[str, ...]


class BaselineError(ValueError):
    """The baseline cannot be read or written; one line."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Findings that are known.

    Attributes:
        path: Its file; templates are written from its folder.
        keys: Template, rule, resource, property and message of each.
    """

    path: Path
    keys: frozenset[_Key]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline.

        Raises:
            BaselineError: No such file, or it is none.
        """
        try:
            document: object = json.loads(path.read_text(encoding="utf-8"))
            assert isinstance(document, dict)
            assert document["version"] == _VERSION
            keys = frozenset(
                tuple(str(entry[name]) for name in _FIELDS) for entry in document["findings"]
            )
        except FileNotFoundError:
            how = f"write it with --write-baseline {path}"
            raise BaselineError(f"{path}: no such baseline; {how}") from None
        except OSError as error:
            raise BaselineError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AssertionError, RecursionError):
            how = f"write it again with --write-baseline {path}"
            raise BaselineError(f"{path}: not a baseline of pcistack; {how}") from None
        return cls(path, keys)

    def apply(self, checked: Checked) -> Checked:
        """Return a judged template with the findings that are known apart."""
        known = [entry for entry in checked.open if self._knows(entry)]
        if not known:
            return checked
        still_open = [entry for entry in checked.open if not self._knows(entry)]
        return replace(checked, open=still_open, known=known)

    def fixed(self, checked: Sequence[Checked]) -> list[_Key]:
        """Return what is known of the judged templates and no longer there, sorted."""
        names = {_relative(each.name, self.path) for each in checked}
        there = {_key(entry, self.path) for each in checked for entry in each.known}
        return sorted(key for key in self.keys if key[0] in names and key not in there)

    def notes(self, checked: Sequence[Checked], *, rewritten: bool) -> Iterator[str]:
        """Yield a line about what is fixed."""
        fixed = self.fixed(checked)
        if fixed:
            have = "has" if len(fixed) == 1 else "have"
            gone = f"{counted(len(fixed), 'finding')} of it {have} been fixed"
            how = "left out now" if rewritten else f"add --write-baseline {self.path} to drop them"
            yield f"{self.path}: {gone} ({fixed[0][1]} first); {how}"

    def _knows(self, entry: Entry) -> bool:
        return entry.finding.severity is not Severity.FATAL and _key(entry, self.path) in self.keys


def write(path: Path, checked: Sequence[Checked], old: Baseline | None) -> str:
    """Write a baseline; return a line that says what it holds.

    Args:
        path: Its file.
        checked: What was judged.
        old: The baseline that was applied; then what is fixed leaves it, and nothing is added.

    Raises:
        BaselineError: It cannot be written.
    """
    if old is None:
        keys = {
            _key(entry, path)
            for each in checked
            for entry in each.open
            if entry.finding.severity is not Severity.FATAL
        }
    else:
        keys = {_moved(key, old.path, path) for key in old.keys - set(old.fixed(checked))}
    fatal = sum(e.finding.severity is Severity.FATAL for each in checked for e in each.open)
    document = {
        "version": _VERSION,
        "findings": [dict(zip(_FIELDS, key, strict=True)) for key in sorted(keys)],
    }
    try:
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written ({error.strerror})") from None
    left = f"; {fatal} fatal left out, which no baseline can hold" if fatal else ""
    return f"{path}: {counted(len(keys), 'finding')}{left}"


def _key(entry: Entry, path: Path) -> _Key:
    found = entry.finding
    name = _relative(entry.template, path)
    return (name, found.rule, found.resource, found.property, found.message)


def _moved(key: _Key, old: Path, new: Path) -> _Key:
    return (_relative(str(old.parent / key[0]), new), *key[1:]) if old != new else key


def _relative(template: str, path: Path) -> str:
    return Path(os.path.relpath(template, path.parent)).as_posix()
