"""Writes ``docs/configuration.md`` from the models, so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pci_constructs.settings.form import allowed, model_of
from stacks.settings import Environment

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_HEAD: Final = """\
# Configuration

One TOML file per named environment: `environments/<suffix>.toml`. A suffix without a file uses
`environments/ephemeral.toml`. `cdk synth -c environmentSuffix=<suffix>` chooses; the default is
`dev`. Nothing is read from the surrounding shell.

Unknown settings, values of another type and whatever AWS would refuse later are refused at once.
All mistakes of a file are told together, each on one line that says where it is, what is wrong and
what is allowed:

```text
.../dev.toml: database.readers: is too large; allowed: a whole number from 0 to 15 (it is 99)
```

A default that "(follows)" depends on the settings above it.

This page is written from the models by `make docs`.
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_tables()]).rstrip() + "\n"


def _tables() -> Iterator[str]:
    own = {
        name: field
        for name, field in Environment.model_fields.items()
        if name != "suffix" and model_of(field) is None
    }
    yield _table("At the top of the file", "", own)
    for name, field in Environment.model_fields.items():
        model = model_of(field)
        if model is not None:
            yield _table(f"`[{name}]`", model.__doc__ or "", model.model_fields)


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


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
