"""Read a CloudFormation template, JSON or YAML, as it is written in the wild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from pcistack.template import read_json
from pcistack.template.bounds import UnreadableError
from pcistack.template.uses import Uses, circle, uses

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
KeyPath: TypeAlias = tuple[str, ...]
"""The keys that lead to a value."""

KEEPING: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
"""Values of ``DeletionPolicy`` and ``UpdateReplacePolicy`` that keep what a resource holds."""

MAX_BYTES: Final = 1_000_000
"""CloudFormation's limit for a template body, in bytes."""

SAM: Final = "AWS::Serverless-2016-10-31"
"""The transform of the Serverless Application Model."""
EXTENSIONS: Final = "AWS::LanguageExtensions"
"""The transform that brings loops and further functions."""

_HARMLESS: Final = (
    EXTENSIONS,  # resolved here; a loop is a finding of its own
    "AWS::SecretsManager-2020-07-23",  # adds the function of a hosted rotation
    "AWS::SecretsManager-2024-09-16",
    "AWS::CodeDeployBlueGreen",
)


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
        memo: What was once found out about it, by who asked.
    """

    body: Mapping[str, Json]
    path: Path | None = field(default=None, compare=False)
    memo: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

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
            document = cast("Json", _read(text))
        except UnreadableError as error:
            position = f":{error.line}:{error.column}" if error.line else ""
            raise TemplateError(f"{where}{position}: {error.problem}") from None
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

    def uses(self, logical_id: str) -> Uses:
        """Return what the properties of a resource name."""
        return self._uses[logical_id]

    @cached_property
    def _uses(self) -> Mapping[str, Uses]:
        return {name: uses(raw.properties) for name, raw in self.resources.items()}

    @cached_property
    def macros(self) -> Sequence[str]:
        """Names of the macros that change the template before anything is created."""
        names = list(self.transforms)
        resources = self.section("Resources")
        if any(key.startswith("Fn::Transform") for key in resources):
            names.append(_macro(resources.get("Fn::Transform")))
        return [name for name in names if name not in _HARMLESS]

    @property
    def transforms(self) -> Sequence[str]:
        """Names under ``Transform``."""
        named = self.body.get("Transform")
        each = named if isinstance(named, list) else [named] if named is not None else []
        return [_macro(one) for one in each]

    @cached_property
    def circular(self) -> Sequence[str]:
        """Resources that depend on each other in a circle, whatever their conditions say."""
        return circle({name: self.needs(name, used) for name, used in self._uses.items()})

    def needs(self, logical_id: str, used: Uses) -> set[str]:
        """Return the resources that one waits for, of the names that it uses and ``DependsOn``."""
        after = self.resources[logical_id].body.get("DependsOn")
        named = after if isinstance(after, list) else [after]
        return {
            other
            for other in (*used.names, *named)
            if isinstance(other, str) and other in self.resources
        }

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
            if isinstance(body.get("Properties"), str | int | float | list):
                raise TemplateError(f'{where}: "Properties" of {logical_id!r} is no object')

    def section(self, name: str) -> Mapping[str, Json]:
        """Return a top-level section such as ``Parameters``; empty if absent or not an object."""
        value = self.body.get(name)
        return value if isinstance(value, dict) else {}


def _macro(value: Json) -> str:
    name = value.get("Name") if isinstance(value, dict) else value
    return name if isinstance(name, str) else "a macro"


def read_stream(stream: BinaryIO, path: Path) -> str:
    """Return the text of a stream; a device or a pipe has no size to ask for.

    Raises:
        TemplateError: Too large, or not UTF-8.
    """
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TemplateError(
            f"{path}: larger than {MAX_BYTES:,} bytes, the most that CloudFormation takes; "
            "split it into nested stacks"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TemplateError(f"{path}: not UTF-8 text; a template is JSON or YAML") from None


def read_text(path: Path) -> str:
    """Return the text of a template file with its line endings as they are.

    Raises:
        TemplateError: No such file, unreadable, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file, path)
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, TemplateError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TemplateError(f"{path}: cannot be read ({reason})") from None


def _read(text: str) -> object:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            return read_json.read(text)
        except UnreadableError as error:
            # a YAML flow mapping also starts with a brace
            if error.line is None or start == "[" or not any(sign in text for sign in "'#!"):
                raise
    from pcistack.template import read_yaml  # only YAML templates pay for it

    return read_yaml.read(text)


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


def as_text(value: object) -> str:
    """Return a scalar as CloudFormation turns it into text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
