"""What a template has at a path where the value is not known before the deployment."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from pcistack.pci_dss.property_names import ENCODED
from pcistack.pci_dss.unresolved import chosen, flat_text, hides, referred
from pcistack.template.document import Json
from pcistack.template.view import Resource, Unknown, Value, View


class Written:
    """The properties of one resource as its template has them."""

    def __init__(self, view: View, resource: Resource) -> None:
        """Look at a resource of a view."""
        self._view = view
        self._resource = resource

    def readable(self, value: Value, path: str) -> str | None:
        """Return a text, decoded where it is base64; of one that is not known, what is written."""
        if isinstance(value, Unknown):
            return flat_text(self._raw(path))
        if not isinstance(value, str):
            return None
        text = str(value)
        return _decoded(text) if path.endswith(ENCODED) else text

    def _raw(self, path: str) -> Json:
        node: Json = dict(self._resource.raw.properties)
        for step in self._resource.in_file(path).split("."):
            node = chosen(node)
            if isinstance(node, dict) and step in node:
                node = node[step]
            elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
                node = node[int(step)]
            else:
                return None if isinstance(node, list) else node
        return node

    def parameters(self, path: str) -> list[str]:
        """Return the parameters that the value at a path refers to."""
        known = self._view.template.section("Parameters")
        return [name for name in referred(self._raw(path)) if name in known]

    def no_echo(self, name: str) -> bool:
        """Whether a parameter is one that CloudFormation does not show."""
        return hides(self._view.template.section("Parameters").get(name))


def _decoded(text: str) -> str:
    if len(text) < 12 or not _BASE64.fullmatch(text):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text


_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
