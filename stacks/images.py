"""Puts the images of a build pipeline in the place of those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pci_constructs.names import SERVICE
from pci_constructs.settings.words import listed
from pci_constructs.settings.workload import ServiceSettings
from stacks.command_line import IMAGES, Chosen
from stacks.mistakes import ConfigurationError, shown


def replaced(values: Mapping[str, Any], chosen: Chosen) -> dict[str, Any]:
    """Return a file's values with other images.

    Args:
        values: The file's values, not judged yet.
        chosen: What the command line says of images.

    Raises:
        ConfigurationError: It names a workload that the file does not have.
    """
    values = dict(values)
    if chosen.tag is not None:
        service = _table(values, SERVICE)
        present = service.get("image", ServiceSettings.model_fields["image"].default)
        if isinstance(present, str):
            values[SERVICE] = {**service, "image": _tagged(present, chosen.tag)}
    for name, image in chosen.images.items():
        table = _holder(values, name)
        if table is None:
            values[SERVICE] = {**_table(values, SERVICE), "image": image}
        else:
            workloads = values[table]
            values[table] = {**workloads, name: {**workloads[name], "image": image}}
    return values


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name, {})
    return table if isinstance(table, dict) else {}


def _holder(values: Mapping[str, Any], name: str) -> str | None:
    """Return the table that holds a workload; None for the service, which has its own."""
    if name == SERVICE:
        return None
    known = [SERVICE]
    for table in ("workers", "jobs"):
        names = [key for key, value in _table(values, table).items() if isinstance(value, dict)]
        if name in names:
            return table
        known += names
    raise ConfigurationError(
        f"-c {IMAGES}{name}: no such workload; allowed: {listed(shown(word) for word in known)}"
    )


def _tagged(image: str, tag: str) -> str:
    """Return an image under another tag or digest."""
    bare = image.partition("@")[0]
    head, colon, last = bare.rpartition(":")
    name = head if colon and "/" not in last else bare
    return f"{name}@{tag}" if tag.startswith("sha256:") else f"{name}:{tag}"
