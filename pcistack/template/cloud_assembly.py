"""Read the manifest of a cloud assembly: which stacks it has, and where their templates are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pcistack.template.document import TemplateError

MANIFEST: Final = "manifest.json"
_STACK: Final = "aws:cloudformation:stack"
_STAGE: Final = "cdk:cloud-assembly"
_DIGEST: Final = re.compile(r"/([0-9a-f]{64})\.json$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack of a cloud assembly, or of a stage inside one.

    Attributes:
        id: Its key in the manifest.
        name: Its name.
        shown: Its path in the app, such as ``Live/Orders``.
        folder: Folder of the assembly or the stage.
        template: File of its template.
        environment: Where it is for, such as ``aws://unknown-account/eu-central-2``.
        protected: Whether its termination protection is on.
        digest: SHA-256 under which its template is an asset; empty if it is none.
    """

    id: str
    name: str
    shown: str
    folder: Path
    template: Path
    environment: str
    protected: bool
    digest: str

    @property
    def account(self) -> str | None:
        """Account that it is bound to; None for any."""
        return _known(self.environment.removeprefix("aws://").partition("/")[0])

    @property
    def region(self) -> str | None:
        """Region that it is bound to; None for any."""
        return _known(self.environment.removeprefix("aws://").partition("/")[2])

    @property
    def names(self) -> frozenset[str]:
        """Everything it may be called: its path in the app, its name, its id."""
        return frozenset({self.id, self.name, self.shown}) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one manifest lists.

    Attributes:
        stacks: Its stacks, in its order.
        stages: Folders of the stages inside it.
    """

    stacks: tuple[Stack, ...]
    stages: tuple[Path, ...]


def is_manifest(file: Path) -> bool:
    """Whether a file is the manifest of a cloud assembly."""
    return _artifacts(file) is not None


def manifest(folder: Path) -> Manifest:
    """Read what the manifest of a cloud assembly lists; templates are not opened.

    Raises:
        TemplateError: The folder has no such manifest.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise TemplateError(f"{file}: no such file")
    artifacts = _artifacts(file)
    if artifacts is None:
        raise TemplateError(f"{file}: no manifest of a cloud assembly")
    return Manifest(
        stacks=tuple(
            _stack(folder, name, artifact, properties)
            for name, artifact, properties in _of_kind(artifacts, _STACK)
        ),
        stages=tuple(
            folder / str(properties["directoryName"])
            for _, _, properties in _of_kind(artifacts, _STAGE)
            if isinstance(properties.get("directoryName"), str)
        ),
    )


def every_stack(folder: Path, _seen: frozenset[Path] = frozenset()) -> Iterator[Stack]:
    """Yield the stacks of a cloud assembly and of the stages inside it.

    Raises:
        TemplateError: The folder, or a stage inside it, has no manifest.
    """
    if folder.resolve() in _seen:
        return
    listed = manifest(folder)
    yield from listed.stacks
    for stage in listed.stages:
        yield from every_stack(stage, _seen | {folder.resolve()})


def _artifacts(file: Path) -> Mapping[str, object] | None:
    try:
        document: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    artifacts = document.get("artifacts") if isinstance(document, dict) else None
    if not isinstance(artifacts, dict) or not all(
        isinstance(one, dict) for one in artifacts.values()
    ):
        return None
    return artifacts


def _of_kind(
    artifacts: Mapping[str, object], kind: str
) -> Iterator[tuple[str, Mapping[str, object], Mapping[str, object]]]:
    for name, artifact in artifacts.items():
        if isinstance(artifact, dict) and artifact.get("type") == kind:
            properties = artifact.get("properties")
            yield name, artifact, properties if isinstance(properties, dict) else {}


def _stack(
    folder: Path, name: str, artifact: Mapping[str, object], properties: Mapping[str, object]
) -> Stack:
    digest = _DIGEST.search(_text(properties, "stackTemplateAssetObjectUrl"))
    file = _text(properties, "templateFile") or f"{name}.template.json"
    return Stack(
        id=name,
        name=_text(properties, "stackName") or name,
        shown=_text(artifact, "displayName").partition(" (")[0],
        folder=folder,
        template=folder / file,
        environment=_text(artifact, "environment"),
        protected=properties.get("terminationProtection") is True,
        digest=digest[1] if digest else "",
    )


def _text(block: Mapping[str, object], key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""


def _known(part: str) -> str | None:
    return part if part and not part.startswith("unknown-") else None
