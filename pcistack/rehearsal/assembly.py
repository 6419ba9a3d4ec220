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
from pcistack.template.cloud_assembly import MANIFEST, manifest
from pcistack.template.document import TemplateError

# A CloudFormation template as its JSON parses.
TemplateBody = dict[str, Any]


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
    template: TemplateBody

    @classmethod
    def load(cls, folder: Path, suffix: str) -> Assembly:
        """Read the one stack of a cloud assembly.

        Raises:
            RehearsalError: The folder holds no assembly, or not exactly one stack.
        """
        try:
            stacks = manifest(folder).stacks
        except TemplateError as error:
            raise RehearsalError(f"{folder} holds no cloud assembly: {error}") from error
        if len(stacks) != 1:
            raise RehearsalError(
                f"{folder} holds {counted(len(stacks), 'stack')}; one is expected."
            )
        (stack,) = stacks
        return cls(
            folder=folder,
            stack=stack.name,
            suffix=suffix,
            region=stack.environment.rpartition("/")[2],
            template=json.loads(stack.template.read_text(encoding="utf-8")),
        )

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = self.template["Resources"]
        return resources

    def of_type(self, *types: str) -> list[str]:
        """Return the logical ids of the resources of these types."""
        return [name for name, resource in self.resources.items() if resource["Type"] in types]

    def edited(self, into: Path, edit: Callable[[TemplateBody], None]) -> Assembly:
        """Write a copy whose template ``edit`` has changed, over an earlier one if there is one.

        The template is an asset that the CLI uploads under its hash, so the hash is written anew
        in the manifests too.
        """
        template = copy.deepcopy(self.template)
        edit(template)
        into.mkdir(parents=True, exist_ok=True)
        for item in self.folder.iterdir():
            if not item.is_dir():
                shutil.copy2(item, into)
            elif not (into / item.name).exists():  # an asset, which no edit changes
                (into / item.name).symlink_to(item.resolve(), target_is_directory=True)
        text = json.dumps(template)
        digest = hashlib.sha256(text.encode()).hexdigest()
        for stack in manifest(into).stacks:
            stack.template.write_text(text)
            assets = into / f"{stack.id}.assets.json"
            old = _asset_of(assets, stack.template.name)
            for document in (into / MANIFEST, assets):
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
