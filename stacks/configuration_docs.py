"""Writes ``docs/configuration.md`` from the models, so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from stacks.environment import Environment

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_HEAD: Final = """\
# Configuration

One TOML file per named environment: `environments/<suffix>.toml`. A suffix without a file uses
`environments/ephemeral.toml`. `cdk synth -c environmentSuffix=<suffix>` chooses; the default is
`dev`. Unknown settings are refused, all errors are told together, and nothing is read from the
surrounding shell.

This page is written from the models by `make docs`.
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_tables()]).rstrip() + "\n"


def _tables() -> Iterator[str]:
    own = {
        name: field
        for name, field in Environment.model_fields.items()
        if name != "suffix" and _model(field) is None
    }
    yield _table("At the top of the file", "", own)
    for name, field in Environment.model_fields.items():
        model = _model(field)
        if model is not None:
            yield _table(f"`[{name}]`", model.__doc__ or "", model.model_fields)


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that is a table of its own."""
    candidates = (field.annotation, *getattr(field.annotation, "__args__", ()))
    return next(
        (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)),
        None,
    )


def _table(title: str, text: str, fields: dict[str, FieldInfo]) -> str:
    rows = [
        f"| `{name}` | {_default(field)} | {_allowed(name, field)} | "
        f"{' '.join((field.description or '').split())} |".replace("||", "\\|\\|")
        for name, field in fields.items()
    ]
    head = f"## {title}\n" + (f"\n{text}\n" if text else "")
    return "\n".join(
        [head, "| setting | default | allowed | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _default(field: FieldInfo) -> str:
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


def _allowed(name: str, field: FieldInfo) -> str:
    """Say the range or the choices, as JSON schema knows them."""
    holder = Environment if name in Environment.model_fields else _holder(name)
    schema = holder.model_json_schema(mode="validation")["properties"][name]
    for part in schema.get("anyOf", []):
        if part.get("type") != "null":
            schema = {**schema, **part}
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if "minItems" in schema:
        return f"{schema['minItems']} to {schema['maxItems']} items"
    kinds = {"boolean": "`true`, `false`", "integer": "whole number", "number": "number"}
    return kinds.get(
        str(schema.get("type")),
        {"array": "list", "object": "table"}.get(str(schema.get("type")), "text"),
    )


def _holder(name: str) -> type[BaseModel]:
    models = (_model(field) for field in Environment.model_fields.values())
    return next(m for m in models if m is not None and name in m.model_fields)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
