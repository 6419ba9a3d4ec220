"""Which templates ``pcistack check`` looks at: files, folders, patterns, cloud assemblies."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pcistack.nearest import hint
from pcistack.template.cloud_assembly import MANIFEST, is_manifest, manifest
from pcistack.template.document import TemplateError, read_stream, read_text

STDIN: Final = Path("<stdin>")
"""Stands for the template that comes by standard input."""

_ENDINGS: Final = (".json", ".yaml", ".yml", ".template")
_SKIPPED: Final = ("node_modules", "__pycache__", "venv", "site-packages")
_LOOKS_LIKE_ONE: Final = re.compile(r"""(?:^|[{,\s])["']?Resources["']?\s*:""")
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A template to judge.

    Attributes:
        path: Its file; :data:`STDIN` for standard input.
        region: Region that its cloud assembly names; None if there is none.
        text: Its text.
        named: Whether the user named this very file; else a folder or assembly brought it.
        manifest: The cloud assembly's manifest that names it, for messages.
    """

    path: Path
    region: str | None
    text: str
    named: bool
    manifest: Path | None = None


@dataclass(slots=True)
class Selection:
    """What was selected.

    Attributes:
        targets: The templates, each once, in the order in which they were named.
        problems: One line for each path that brings nothing, or that cannot be read.
    """

    targets: list[Target] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)

    def add(self, path: Path) -> None:
        """Add what a path names; a problem is kept, so that one does not hide the others."""
        try:
            self._add(path)
        except TemplateError as error:
            self.problems.append(str(error))
        except OSError as error:
            self.problems.append(f"{path}: cannot be read ({error.strerror or error})")

    def _add(self, path: Path) -> None:
        if str(path) == "-":
            self._add_stdin()
        elif path.is_dir():
            before = len(self.targets) + len(self.problems)
            self._add_folder(path)
            if before == len(self.targets) + len(self.problems):
                raise TemplateError(f"{path}: no template in this folder (JSON or YAML)")
        elif path.name == MANIFEST and is_manifest(path):
            self._add_assembly(path.parent, set())
        elif not path.exists() and glob.has_magic(str(path)):
            self._add_pattern(str(path))
        elif not path.exists():
            if path.is_symlink():
                raise TemplateError(f"{path}: a link that leads nowhere")
            raise TemplateError(f"{path}: no such file{_near(path)}")
        else:
            region = _region_beside(path)
            self._put(path, region, named=True, manifest=path.parent / MANIFEST)

    def _put(self, path: Path, region: str | None, *, named: bool, manifest: Path | None) -> None:
        key = path.resolve()
        if key not in self._seen:
            self._seen.add(key)
            self.targets.append(
                Target(
                    path=path,
                    region=region,
                    text=read_text(path),
                    named=named,
                    manifest=manifest if region else None,
                )
            )

    def _add_stdin(self) -> None:
        if STDIN in self._seen:
            return
        self._seen.add(STDIN)
        try:
            text = read_stream(sys.stdin.buffer, STDIN)
        except (AttributeError, OSError):
            raise TemplateError(f"{STDIN}: cannot be read") from None
        if not text.strip():
            raise TemplateError(f"{STDIN}: empty; pipe a template into it, such as < T.yaml")
        self.targets.append(Target(path=STDIN, region=None, text=text, named=True))

    def _add_pattern(self, pattern: str) -> None:
        names = sorted(glob.glob(pattern, recursive=True))[:_MOST]  # noqa: PTH207  ** and absolute
        found = [path for path in map(Path, names) if not path.is_fifo()]  # it may never end
        if not found:
            raise TemplateError(f"{pattern}: matches no file")
        for each in found:
            self.add(each)

    def _add_folder(self, folder: Path) -> None:
        if is_manifest(folder / MANIFEST):
            self._add_assembly(folder, set())
            return
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                hidden = path.name.startswith((".", "asset.")) or path.name in _SKIPPED
                if not hidden and not path.is_symlink():
                    self._add_folder(path)
            elif path.suffix in _ENDINGS and path.name[0] != "." and not path.is_fifo():
                self._add_if_template(path)

    def _add_if_template(self, path: Path) -> None:
        try:
            text = read_text(path)
        except TemplateError as error:
            self.problems.append(str(error))
            return
        if _LOOKS_LIKE_ONE.search(text):
            self._put(path, None, named=False, manifest=None)

    def _add_assembly(self, folder: Path, seen: set[Path]) -> None:
        """Add every stack of a cloud assembly, those of its stages too."""
        if folder.resolve() in seen:
            return
        seen.add(folder.resolve())
        listed, file = manifest(folder), folder / MANIFEST
        for stack in listed.stacks:
            try:
                self._put(stack.template, stack.region, named=False, manifest=file)
            except TemplateError as error:
                self.problems.append(str(error))
        for stage in listed.stages:
            if stage.is_dir():
                self._add_assembly(stage, seen)
            else:
                self.problems.append(f"{stage}: no such folder; {file} names it")


def _region_beside(path: Path) -> str | None:
    if not is_manifest(path.parent / MANIFEST):
        return None
    return next(
        (one.region for one in manifest(path.parent).stacks if one.template.name == path.name), None
    )


def _near(path: Path) -> str:
    try:
        names = sorted(os.listdir(path.parent))[:_MOST]  # noqa: PTH208  names alone are needed
    except OSError:
        return f"; nor is there a folder {path.parent}"
    return hint(path.name, names)


def select(paths: Sequence[Path]) -> Selection:
    """Return the templates that paths name.

    A path is a template, a cloud assembly or its ``manifest.json`` (every stack, those of stages
    too), a folder (every template in it), a pattern such as ``infra/**/*.yaml``, or ``-``.
    """
    selection = Selection()
    for path in paths:
        selection.add(path)
    return selection
