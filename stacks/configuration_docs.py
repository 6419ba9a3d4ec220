"""Writes the page and the JSON Schema of the settings from the models, so that both are true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pci_constructs.settings.form import allowed, tables_of
from stacks.settings import Environment

SCHEMA: Final = Path(__file__).resolve().parent.parent / "environments" / "schema.json"
TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_HEAD: Final = """\
# Configuration

One TOML file per named environment: `environments/<suffix>.toml`. A suffix without a file uses
`environments/ephemeral.toml`, if that serves it. `cdk synth -c environmentSuffix=<suffix>` chooses;
the default is `dev`. `-c imageTag=<tag or digest>` and `-c images.<workload>=<image>` replace
images.

Nothing is read from the surrounding shell but the account that the CDK CLI found: what the shipped
files hold for you to replace (certificate, digest, address) is refused where it would be deployed.

Unknown settings, values of another type and whatever AWS would refuse later are refused at once.
All mistakes of a file are told together, each on one line that says where it is, what is wrong and
what is allowed:

```text
.../dev.toml: database.readers: is too large; allowed: a whole number from 0 to 15 (it is 99)
```

A default that "(follows)" depends on the settings above it.

A worker or job takes the settings of the service, less what only a service has; of what it leaves
out, image, user, architecture and scratch directories are the service's. This page and
`environments/schema.json` are written from the models by `make docs`; the first line of a file,
`#:schema ./schema.json`, makes editors complete and check it.
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_tables()]).rstrip() + "\n"


def _tables() -> Iterator[str]:
    own = {
        name: field
        for name, field in Environment.model_fields.items()
        if name != "suffix" and tables_of(field) is None
    }
    yield _table("At the top of the file", "", own)
    yield from _inner(Environment, "", set())


def _inner(model: type[BaseModel], above: str, shown: set[type[BaseModel]]) -> Iterator[str]:
    """Yield the tables inside a table; what stands in several is shown in the first."""
    for name, field in model.model_fields.items():
        tables = tables_of(field)
        if tables is None or tables.model in shown:
            continue
        shown.add(tables.model)
        path = f"{above}{name}.NAME" if tables.how == "named" else f"{above}{name}"
        title = f"`[[{path}]]`" if tables.how == "listed" else f"`[{path}]`"
        yield _table(title, tables.model.__doc__ or "", tables.model.model_fields)
        yield from _inner(tables.model, f"{path}.", shown)


def _table(title: str, text: str, fields: dict[str, FieldInfo]) -> str:
    rows = [
        f"| `{name}` | {_default(field)} | {_text(allowed(field))} | {_text(field.description)} |"
        for name, field in fields.items()
    ]
    head = f"## {title}\n" + (f"\n{text}\n" if text else "")
    return "\n".join(
        [head, "| setting | default | allowed | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _text(text: str | None) -> str:
    """Return a text as a table's cell on one line."""
    return " ".join((text or "").split()).replace("<", "\\<").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.default_factory is dict:
        return "(none)"
    if field.default_factory is not None:
        return "(follows)"
    if field.default is PydanticUndefined:
        return "(needed)"
    if field.default is None:
        return "(none)"
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def schema() -> str:
    """Return the JSON Schema of an environment's file, for editors and other tools."""
    content = Environment.model_json_schema()
    del content["properties"]["suffix"]
    content["required"].remove("suffix")
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
