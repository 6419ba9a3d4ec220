"""Values that a user gives for a template's parameters, from options and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from pcistack.template import read_json
from pcistack.template.bounds import UnreadableError
from pcistack.template.document import Json, Template, TemplateError, as_text, read_text

_FORMS: Final = (
    'a list of {"ParameterKey": ..., "ParameterValue": ...}, or an object of names and values'
)


def of_options(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``NAME=VALUE``.

    Raises:
        TemplateError: One has no equals sign, or no name.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise TemplateError(f"the parameter {pair[:80]!r} is not written as NAME=VALUE")
        found[name.strip()] = value
    return found


def of_file(path: Path) -> dict[str, str]:
    """Read a file of parameters: CloudFormation's list, the CLI's, CodePipeline's or a plain map.

    Raises:
        TemplateError: It cannot be read, or has another form.
    """
    text = read_text(path)
    try:
        document = cast("Json", read_json.read(text))
    except UnreadableError as error:
        raise TemplateError(f"{path}: {error}; parameters are {_FORMS}") from None
    for key in ("Parameters", "parameters"):  # CodePipeline's, and that of a stack synced with Git
        if isinstance(document, dict) and isinstance(document.get(key), dict | list):
            document = document[key]
    if isinstance(document, dict):
        return {name: _text(path, name, value) for name, value in document.items()}
    if isinstance(document, list) and all(isinstance(entry, str) for entry in document):
        return of_options([str(entry) for entry in document])
    found: dict[str, str] = {}
    for entry in document if isinstance(document, list) else [None]:
        if not isinstance(entry, dict) or not isinstance(entry.get("ParameterKey"), str):
            raise TemplateError(f"{path}: not a file of parameters, which is {_FORMS}")
        if "ParameterValue" in entry:  # UsePreviousValue gives none
            name = str(entry["ParameterKey"])
            found[name] = _text(path, name, entry["ParameterValue"])
    return found


def _text(path: Path, name: str, value: Json) -> str:
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ",".join(as_text(item) for item in value)
    if isinstance(value, str | int | float):
        return as_text(value)
    raise TemplateError(f"{path}: the value of {name[:80]!r} is no text")


def given(template: Template, values: Mapping[str, str]) -> dict[str, Json]:
    """Return the values that a template's own parameters are given, as its types read them.

    Raises:
        TemplateError: A value is not among those that the template allows.
    """
    found: dict[str, Json] = {}
    for name, declaration in template.section("Parameters").items():
        if name not in values or not isinstance(declaration, dict):
            continue
        kind = str(declaration.get("Type", "String"))
        if kind.startswith("AWS::SSM::Parameter::"):
            continue  # what is given names the stored value
        is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
        value = values[name]
        parts = [part.strip() for part in value.split(",")] if is_list else [value]
        allowed = declaration.get("AllowedValues")
        texts = [as_text(each) for each in allowed] if isinstance(allowed, list) else parts
        for part in parts:
            wrong = _refusal(part, kind, declaration)
            if part not in texts:
                wrong = f"allowed are {', '.join(texts[:12])}"
            if wrong:
                raise TemplateError(
                    f"{template.path or 'template'}: the parameter {name} is given {part[:80]!r}; "
                    f"{wrong}"
                )
        found[name] = list[Json](parts) if is_list else value
    return found


def _refusal(value: str, kind: str, declaration: Mapping[str, Json]) -> str:
    """Return what a parameter allows that a value is not; empty if the value fits.

    ``AllowedPattern`` is not asked: it may take any time.
    """
    if kind in ("Number", "List<Number>"):
        number = _number(value)
        if number is None:
            return "it is a number"
        low, high = (_number(declaration.get(key)) for key in ("MinValue", "MaxValue"))
        if (low is not None and number < low) or (high is not None and number > high):
            return f"it is from {_shown(low)} to {_shown(high)}"
        return ""
    low, high = (_number(declaration.get(key)) for key in ("MinLength", "MaxLength"))
    if kind == "String" and (
        (low is not None and len(value) < low) or (high is not None and len(value) > high)
    ):
        return f"it has from {_shown(low)} to {_shown(high)} characters"
    return ""


def _number(value: Json) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def _shown(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
