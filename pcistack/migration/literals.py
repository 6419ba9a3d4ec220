"""Literals that properties should have, written there or as the default of their parameter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from pcistack.migration.draft import Draft, Wanted
from pcistack.migration.values import is_token, referenced, shown
from pcistack.template.document import Json, KeyPath, Template


def write(draft: Draft) -> None:
    """Write what is wanted; ask where a token supplies the value, or a parameter serves others."""
    by_parameter: dict[str, list[Wanted]] = {}
    for wanted in draft.wanted:
        current = draft.template.resources[wanted.path[1]].properties.get(wanted.path[-1])
        parameter = referenced(current)
        if parameter in draft.template.section("Parameters"):
            by_parameter.setdefault(parameter, []).append(wanted)
        elif is_token(current):
            _refuse(draft, wanted, current)
        else:
            draft.text.set(wanted.path, wanted.value)
            before = shown(current)
            draft.note(wanted.path[1], wanted.path[-1], before, wanted.value, wanted.reason)
    uses = _parameter_uses(draft.template)
    for parameter, asked in by_parameter.items():
        _write_default(draft, parameter, asked, uses.get(parameter, []))


def _refuse(draft: Draft, wanted: Wanted, current: Json) -> None:
    draft.ask(
        wanted.path[1],
        wanted.path[-1],
        f"{shown(current)} was kept; it must give {wanted.value} ({wanted.reason})",
        blocks=True,
    )


def _write_default(
    draft: Draft, parameter: str, asked: Sequence[Wanted], uses: Sequence[KeyPath]
) -> None:
    """Raise a parameter's default if it serves only what is migrated."""
    declaration = draft.template.section("Parameters").get(parameter)
    value = asked[0].value
    only_ours = set(uses) <= {wanted.path for wanted in asked}
    same = all(wanted.value == value for wanted in asked)
    if (
        not isinstance(declaration, dict)
        or "Default" not in declaration
        or declaration.get("Type") != "String"
        or not (only_ours and same)
        or not _allows_pattern(declaration, value)
    ):
        for wanted in asked:
            _refuse(draft, wanted, {"Ref": parameter})
        return
    default = declaration["Default"]
    path = ("Parameters", parameter)
    draft.text.set((*path, "Default"), value)
    allowed = declaration.get("AllowedValues")
    if isinstance(allowed, list) and value not in allowed and default in allowed:
        draft.text.set_item((*path, "AllowedValues"), allowed.index(default), value)
    last = asked[-1]
    reason = f"{last.path[1]}.{last.path[-1]}: {last.reason}"
    draft.note(parameter, "Default", shown(default), value, reason)
    draft.ask(
        parameter,
        "",
        f"a running stack keeps the value it was given; pass {value} when you update it",
    )


def _allows_pattern(declaration: Mapping[str, Json], value: str) -> bool:
    pattern = declaration.get("AllowedPattern")
    if not isinstance(pattern, str):
        return True
    if len(pattern) > 200 or re.search(r"\)[*+{]", pattern):
        return False  # a repeated group can take for ever; its owner decides
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False


def _parameter_uses(template: Template) -> Mapping[str, list[KeyPath]]:
    """Map each name that is referred to, to the places that do."""
    uses: dict[str, list[KeyPath]] = {}
    stack: list[tuple[KeyPath, Json]] = [((), dict(template.body))]
    while stack:
        path, node = stack.pop()
        if isinstance(node, list):
            stack += [((*path, str(index)), item) for index, item in enumerate(node)]
        elif isinstance(node, dict):
            if isinstance(node.get("Ref"), str) and len(node) == 1:
                uses.setdefault(str(node["Ref"]), []).append(path)
            if "Fn::Sub" in node:
                for name in re.findall(r"\$\{([^!${}.]+)\}", json.dumps(node["Fn::Sub"])):
                    uses.setdefault(name.strip(), []).append((*path, "Fn::Sub"))
            stack += [((*path, key), item) for key, item in node.items()]
    return uses
