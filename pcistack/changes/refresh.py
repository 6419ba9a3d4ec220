"""Write which properties CloudFormation replaces a resource for, from the packages that carry it.

Source: the resource schemas of CloudFormation as cfn-lint carries them. It is needed here only.
Run it with ``python -m pcistack.changes.refresh`` after an update of the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pcistack.changes.replacement import SCHEMAS
from pcistack.resource_schemas import newest


def refresh() -> None:
    """Write the file again."""
    lines = sorted(line(schema) for schema in newest())
    SCHEMAS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def line(schema: Mapping[str, Any]) -> str:
    """Return the line of one type: its name, then what replaces it.

    A ``?`` stands before what replaces it in some cases only, a ``=`` before its physical name.
    """
    kind = str(schema["typeName"])
    always = _paths(schema, "createOnlyProperties")
    sometimes = _paths(schema, "conditionalCreateOnlyProperties")
    identity = set(_paths(schema, "primaryIdentifier"))
    words = [f"={path}" if is_name(kind, path, identity) else path for path in always]
    words += [f"?{path}" for path in sometimes if path not in always]
    return " ".join([kind, *words])


def is_name(kind: str, path: str, identity: set[str]) -> bool:
    """Whether a create-only property is the physical name of a resource of this type.

    Such a property is the whole identity, or is called after the type: ``TopicName`` of a topic,
    ``GroupName`` of a security group, or plainly ``Name``.
    """
    if identity == {path} and path.endswith(("Name", "Identifier")):
        return True
    for ending in ("Name", "Identifier", "Id"):
        stem = path.removesuffix(ending)
        if stem != path and kind.rpartition("::")[2].endswith(stem):
            return bool(stem) or ending == "Name"
    return False


def _paths(schema: Mapping[str, Any], key: str) -> list[str]:
    return sorted(
        {str(path).removeprefix("/properties/").replace("/", ".") for path in schema.get(key, [])}
    )


if __name__ == "__main__":
    refresh()
