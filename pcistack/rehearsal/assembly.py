"""What `cdk synth` writes: the cloud assembly of one stack, and edited copies of it."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcistack.checks.findings import counted
from pcistack.rehearsal.emulator import RehearsalError

# A CloudFormation template as its JSON parses.
Template = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A synthesized stack.

    Attributes:
        folder: The cloud assembly.
        stack: The stack's name.
        suffix: Its environment suffix.
        region: Where it deploys.
        template: Its template. Never changed in place; see :meth:`edited`.
    """

    folder: Path
    stack: str
    suffix: str
    region: str
    template: Template

    @classmethod
    def load(cls, folder: Path, suffix: str) -> Assembly:
        """Read the one stack of a cloud assembly.

        Raises:
            RehearsalError: The folder holds no assembly, or not exactly one stack.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
        except (OSError, ValueError) as error:
            raise RehearsalError(f"{folder} holds no cloud assembly: {error}") from error
        stacks = {
            name: artifact
            for name, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        if len(stacks) != 1:
            raise RehearsalError(
                f"{folder} holds {counted(len(stacks), 'stack')}; one is expected."
            )
        name, artifact = next(iter(stacks.items()))
        template = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
        region = artifact["environment"].rpartition("/")[2]
        return cls(
            folder=folder,
            stack=artifact["properties"].get("stackName", name),
            suffix=suffix,
            region=region,
            template=template,
        )

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = self.template["Resources"]
        return resources

    def of_type(self, *types: str) -> list[str]:
        """Return the logical ids of the resources of these types."""
        return [name for name, resource in self.resources.items() if resource["Type"] in types]

    def edited(self, into: Path, edit: Callable[[Template], None]) -> Assembly:
        """Write a copy whose template ``edit`` has changed.

        The template is an asset that the CLI uploads under its hash, so the hash is written anew
        in the manifests too.
        """
        template = copy.deepcopy(self.template)
        edit(template)
        shutil.copytree(self.folder, into, dirs_exist_ok=True)
        text = json.dumps(template, indent=1)
        digest = hashlib.sha256(text.encode()).hexdigest()
        manifest = json.loads((into / "manifest.json").read_text())
        for name, artifact in manifest["artifacts"].items():
            if artifact["type"] != "aws:cloudformation:stack":
                continue
            file = artifact["properties"]["templateFile"]
            (into / file).write_text(text)
            old = _asset_of(into / f"{name}.assets.json", file)
            for document in (into / "manifest.json", into / f"{name}.assets.json"):
                document.write_text(document.read_text().replace(old, digest))
        return Assembly(
            folder=into,
            stack=self.stack,
            suffix=self.suffix,
            region=self.region,
            template=template,
        )


def _asset_of(manifest: Path, file: str) -> str:
    """Return the hash under which an asset manifest lists a file.

    Raises:
        RehearsalError: It does not list it.
    """
    files: Mapping[str, Mapping[str, Any]] = json.loads(manifest.read_text())["files"]
    for digest, asset in files.items():
        if asset["source"].get("path") == file:
            return digest
    raise RehearsalError(f"{manifest} does not list {file}.")
