"""Read a CloudFormation template, JSON or YAML, as it is written in the wild."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    import yaml

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_MAX_BYTES = 51_200_000  # CloudFormation's own limit is 1 MB; far above it is not a template
_MAX_DEPTH = 200
_MAX_NODES = 1_000_000  # YAML aliases can make a small file explode; no template comes near this


class TemplateError(ValueError):
    """The input is not a template that can be read; the message says what, where and how to fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResource:
    """A resource as the template has it, intrinsic functions unresolved.

    Attributes:
        logical_id: Its key under ``Resources``.
        type: CloudFormation type, such as ``AWS::RDS::DBCluster``.
        properties: The ``Properties`` block; empty if there is none.
        body: The whole resource, with ``Metadata``, ``DependsOn``, ``DeletionPolicy`` and others.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Json]
    body: Mapping[str, Json]

    @property
    def condition(self) -> str | None:
        """Name of the condition under which the resource exists, if it has one."""
        value = self.body.get("Condition")
        return value if isinstance(value, str) else None

    @property
    def is_kept(self) -> bool:
        """Whether it outlives its stack: ``Retain``, also ``RetainExceptOnCreate``.

        The second differs only where the operation that created the resource is rolled back.
        """
        return self.body.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")

    @property
    def construct_path(self) -> str:
        """CDK's construct path when the template carries it, else the empty string."""
        metadata = self.body.get("Metadata")
        path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
        return path if isinstance(path, str) else ""


@dataclass(frozen=True)
class Template:
    """A CloudFormation template.

    Attributes:
        body: The parsed document; every key is a string.
        path: File it was read from, or None; nested templates are looked for beside it.
    """

    body: Mapping[str, Json]
    path: Path | None = field(default=None, compare=False)

    @classmethod
    def read(cls, path: Path) -> Template:
        """Read a template file.

        Raises:
            TemplateError: No such file, unreadable, neither JSON nor YAML, or no ``Resources``.
        """
        return cls.parse(read_text(path), path=path)

    @classmethod
    def parse(cls, text: str, *, path: Path | None = None) -> Template:
        """Parse the text of a template.

        Raises:
            TemplateError: The text is neither JSON nor YAML, or not a template.
        """
        where = str(path) if path else "template"
        try:
            document = (
                _json(text, where) if text.lstrip().startswith(("{", "[")) else _yaml(text, where)
            )
        except RecursionError:
            raise TemplateError(f"{where}: nested too deeply to be a template") from None
        _check_shape(document, where)
        return cls(cast("dict[str, Json]", document), path)

    @cached_property
    def resources(self) -> Mapping[str, RawResource]:
        """Resources by logical id, in the template's order; entries without a type are left out."""
        return dict(self._resources())

    def _resources(self) -> Iterator[tuple[str, RawResource]]:
        for logical_id, body in self.section("Resources").items():
            if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
                continue
            properties = body.get("Properties")
            yield (
                logical_id,
                RawResource(
                    logical_id=logical_id,
                    type=str(body["Type"]),
                    properties=properties if isinstance(properties, dict) else {},
                    body=body,
                ),
            )

    def require_resources(self) -> None:
        """Refuse what CloudFormation itself refuses to read: no resource, or one without a type.

        Loops and macros, ``Fn::ForEach::...`` and ``Fn::Transform``, stand among the resources.

        Raises:
            TemplateError: The resource, and what is missing.
        """
        where = f"{self.path or 'template'}: not a CloudFormation template"
        resources = self.section("Resources")
        if not resources:
            raise TemplateError(f'{where}: "Resources" is empty, at least one resource is needed')
        for logical_id, body in resources.items():
            if logical_id.startswith("Fn::"):
                continue
            if not isinstance(body, dict):
                raise TemplateError(
                    f'{where}: the resource {logical_id!r} is no object with a "Type"'
                )
            if not isinstance(body.get("Type"), str) or not body["Type"]:
                raise TemplateError(f'{where}: the resource {logical_id!r} has no "Type"')

    def section(self, name: str) -> Mapping[str, Json]:
        """Return a top-level section such as ``Parameters``; empty if absent or not an object."""
        value = self.body.get(name)
        return value if isinstance(value, dict) else {}


def read_text(path: Path) -> str:
    """Return the text of a template file with its line endings as they are.

    Raises:
        TemplateError: No such file, unreadable, too large, or not UTF-8.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise TemplateError(f"{path}: larger than 50 MB, which no template is")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise TemplateError(f"{path}: not UTF-8 text; a template is JSON or YAML") from None
    except (OSError, ValueError) as error:
        if isinstance(error, TemplateError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TemplateError(f"{path}: cannot be read ({reason})") from None


def _json(text: str, where: str) -> Json:
    try:
        return cast("Json", json.loads(text))
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{") and ("'" in text or "#" in text or "!" in text):
            return _yaml(text, where)  # a YAML flow mapping also starts with a brace
        raise TemplateError(
            f"{where}:{error.lineno}:{error.colno}: not valid JSON ({error.msg})"
        ) from None
    except ValueError as error:
        raise TemplateError(f"{where}: not valid JSON ({error})") from None


def _yaml(text: str, where: str) -> Json:
    import yaml  # only YAML templates pay for it

    loader = _loader()(text)
    try:
        document = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = error.problem or error.context or "syntax error"
        raise TemplateError(f"{where}{position}: not valid YAML ({problem})") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:
        problem = str(error).splitlines()[0] if str(error) else "syntax error"
        raise TemplateError(f"{where}: not valid YAML ({problem})") from None
    finally:
        loader.dispose()
    return _Plain().copy(document)


_loader_class: type[yaml.SafeLoader] | None = None


def _loader() -> type[yaml.SafeLoader]:
    """Return a safe YAML loader that understands CloudFormation's short forms."""
    global _loader_class
    if _loader_class is not None:
        return _loader_class
    import yaml

    base = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    class Loader(base):  # type: ignore[valid-type,misc]
        """Safe loader; the timestamp type is dropped so that 2010-09-09 stays a string."""

    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    Loader.add_multi_constructor("!", _short_form)
    _loader_class = Loader
    return Loader


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    """Turn ``!Sub x`` into ``{"Fn::Sub": "x"}``, and so on for every intrinsic function."""
    import yaml

    value: Json
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = cast("list[Json]", loader.construct_sequence(node, deep=True))
    else:
        assert isinstance(node, yaml.MappingNode)
        value = cast("dict[str, Json]", loader.construct_mapping(node, deep=True))
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        resource, _, attribute = value.partition(".")
        value = [resource, attribute]
    return {f"Fn::{suffix}": value}


class _Plain:
    """Copies a YAML document into plain JSON: string keys, no aliases, bounded size."""

    def __init__(self) -> None:
        self.nodes = 0

    def copy(self, value: object, depth: int = 0) -> Json:
        self.nodes += 1
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            raise RecursionError
        if isinstance(value, dict):
            return {str(key): self.copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, depth + 1) for item in value]
        if value is None or isinstance(value, str | int | float | bool):
            return value
        return str(value)


def _check_shape(document: Json, where: str) -> None:
    if not isinstance(document, dict):
        kind = {list: "a list", str: "text", type(None): "empty"}.get(type(document), "a number")
        raise TemplateError(
            f"{where}: not a CloudFormation template: the document is {kind}, "
            'it must be an object with a "Resources" section'
        )
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        problem = 'no "Resources" section' if resources is None else '"Resources" is no object'
        raise TemplateError(f"{where}: not a CloudFormation template: {problem}")
    if _depth_exceeds(document, _MAX_DEPTH):
        raise TemplateError(f"{where}: nested too deeply to be a template")


def _depth_exceeds(document: Json, limit: int) -> bool:
    level: list[Json] = [document]
    for _ in range(limit):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True
