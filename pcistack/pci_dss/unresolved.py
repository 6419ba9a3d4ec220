"""What a template has where a value is not known: its functions, parameters and attributes."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.template.document import Json
from pcistack.template.uses import substituted
from pcistack.template.view import Value


def hides(parameter: Json) -> bool:
    """Whether a parameter is one that CloudFormation does not show (``NoEcho``)."""
    return isinstance(parameter, dict) and str(parameter.get("NoEcho")).lower() == "true"


def chosen(node: Json) -> Json:
    """Look through a choice at the first thing that it may be."""
    while isinstance(node, dict) and len(node) == 1 and "Fn::If" in node:
        branches = node["Fn::If"]
        if not isinstance(branches, list) or len(branches) != 3:
            return node
        node = next((one for one in branches[1:] if one != {"Ref": "AWS::NoValue"}), None)
    return node


def referred(node: Json) -> Iterator[str]:
    """Yield what a node of the template refers to by ``Ref`` and ``Fn::Sub``."""
    if isinstance(node, list):
        for item in node:
            yield from referred(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::Sub":
                yield from substituted(item)
                yield from referred(item if isinstance(item, list) else None)
            else:
                yield from referred(item)


def flat(node: Json) -> Value:
    """Return a part of the template with the texts of its functions in their place."""
    if isinstance(node, list):
        return [flat(item) for item in node]
    if isinstance(node, dict):
        text = flat_text(node)
        return text if text is not None else {key: flat(item) for key, item in node.items()}
    return node


def flat_text(node: Json) -> str | None:
    """Return the text that a function of the template writes; what it refers to is ``${it}``."""
    if isinstance(node, str):
        return node
    if not isinstance(node, dict) or len(node) != 1:
        return None
    ((key, argument),) = node.items()
    if key == "Fn::Base64":
        return flat_text(argument)
    if key == "Fn::Sub":
        return flat_text(argument[0] if isinstance(argument, list) and argument else argument)
    if key == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        parts = argument[1] if isinstance(argument[1], list) else [argument[1]]
        return str(argument[0]).join(flat_text(part) or "${...}" for part in parts)
    if key == "Fn::If" and isinstance(argument, list):
        return "\n".join(flat_text(part) or "" for part in argument[1:])
    return "${...}" if key == "Ref" or key.startswith("Fn::") else None


def attributes(node: Json) -> Iterator[str]:
    """Yield what a node of the template asks of resources, as ``Key.SecretAccessKey``."""
    if isinstance(node, list):
        for item in node:
            yield from attributes(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "Fn::GetAtt":
                yield ".".join(map(str, item)) if isinstance(item, list) else str(item)
            elif key == "Fn::Sub":
                yield from substituted(item)
            else:
                yield from attributes(item)
