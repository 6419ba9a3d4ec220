"""Outputs that show a credential (8.6.2): to whoever may see the stack, or to every stack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.pci_dss.credentials import Grade, grade, holds_credential, is_literal
from pcistack.pci_dss.credentials_in_text import written_in
from pcistack.pci_dss.unresolved import attributes, flat_text, hides, referred
from pcistack.template.document import Json
from pcistack.template.view import View


def published(view: View) -> Iterator[tuple[str, str]]:
    """Yield the outputs of a template that show a credential, with what is wrong."""
    parameters = view.template.section("Parameters")
    for name, body in view.template.section("Outputs").items():
        value = body.get("Value") if isinstance(body, dict) else None
        text = flat_text(value) or ""
        shown = [one for one in referred(value) if one in parameters]
        secret = next(
            (one for one in shown if hides(parameters[one]) or _of_password(one, parameters[one])),
            None,
        )
        attribute = next((one for one in attributes(value) if _SHOWN.search(one)), None)
        if secret is not None:
            yield name, f"shows the parameter {secret}"
        elif attribute is not None:
            yield name, f"shows {attribute}"
        elif holds_credential(text) or "{{resolve:secretsmanager" in text or written_in(text):
            yield name, "shows a credential"
        elif isinstance(value, str) and is_literal(grade(name), value):
            yield name, "is a credential"


def _of_password(name: str, parameter: Json) -> bool:
    kind = parameter.get("Type") if isinstance(parameter, dict) else None
    return grade(name) >= Grade.SECRET and kind == "String"


_SHOWN: Final = re.compile(
    r"\.(SecretAccessKey|SecretString|(Master)?(User)?Password|ApiKey|Token)$"
)
