"""Write which properties a template cannot set, from CloudFormation's resource schemas.

cfn-lint carries them. Run ``python -m pcistack.deployment.refresh_read_only`` after an update of
the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pcistack.deployment.read_only import DATA
from pcistack.resource_schemas import newest


def main() -> None:
    """Write the table anew."""
    rows = {schema["typeName"]: paths(schema) for schema in newest()}
    lines = [" ".join([kind, *found]) for kind, found in sorted(rows.items()) if found]
    DATA.write_text("\n".join(lines) + "\n", encoding="utf-8")


def paths(schema: Mapping[str, Any]) -> list[str]:
    """Return the read-only properties of a type, without those that something else says are set.

    Left out is what stands below another, inside of lists, or is required, create-only or
    write-only as well.
    """
    given = {path for key in ("createOnlyProperties", "writeOnlyProperties", "required")
             for path in _paths(schema, key)}  # fmt: skip
    known = {path for path in _paths(schema, "readOnlyProperties") if "*" not in path.split(".")}
    known = {path for path in known if not any(f"{each}.".startswith(f"{path}.") for each in given)}
    return sorted(
        path for path in known if not any(path.startswith(f"{above}.") for above in known)
    )


def _paths(schema: Mapping[str, Any], key: str) -> list[str]:
    found = schema.get(key, [])
    return [str(path).removeprefix("/properties/").replace("/", ".") for path in found]


if __name__ == "__main__":
    main()
