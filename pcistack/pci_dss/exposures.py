"""Where a template holds a credential in the clear (8.6.2): one walk over all that it has.

A credential is found by the name of what holds it, by a known shape, in what a machine runs, or
because it looks drawn by chance where only settings stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pcistack.pci_dss.credentials import (
    Grade,
    grade,
    holds_credential,
    is_literal,
    looks_random,
)
from pcistack.pci_dss.credentials_in_text import written_in
from pcistack.pci_dss.exposure import Exposure, PlaceKind
from pcistack.pci_dss.property_names import (
    BY_TYPE,
    CODE,
    COMMANDS,
    FREE,
    IDENTIFYING,
    NAMED_BY_THEMSELVES,
    NAMES,
    OPEN_TYPES,
    PARAMETER_GROUPS,
    PASSWORD_KEYS,
    RUN_BY_HELPERS,
    SKIPPED,
    VALUES,
)
from pcistack.pci_dss.unresolved import flat
from pcistack.pci_dss.written import Written
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View


def exposures(view: View) -> tuple[Exposure, ...]:
    """Return every credential that the resources of a view hold in the clear."""
    found: list[Exposure] = []
    for resource in view.resources.values():
        found += _Scan(view, resource).run()
    return tuple(dict.fromkeys(found))


class _Scan:
    def __init__(self, view: View, resource: Resource) -> None:
        self._view = view
        self._resource = resource
        self._source = Written(view, resource)
        self._found: list[Exposure] = []
        self._named = PARAMETER_GROUPS.search(resource.type) is None
        self._custom = not resource.type.startswith("AWS::") or resource.type in OPEN_TYPES

    def run(self) -> list[Exposure]:
        properties = self._resource.properties
        self._object(properties, "", free=self._custom)
        metadata = self._resource.raw.body.get("Metadata")
        for key in RUN_BY_HELPERS if isinstance(metadata, dict) else ():
            if isinstance(metadata, dict) and key in metadata:
                self._value("", flat(metadata[key]), f"Metadata.{key}", free=True)
        return self._found

    def _object(self, block: Mapping[str, Value], path: str, *, free: bool) -> None:
        pair = self._pair(block, path) if self._named else None
        for key, value in block.items():
            if key in SKIPPED:
                continue
            below = f"{path}.{key}" if path else key
            if pair is not None and key == pair[0]:
                self._setting(pair[1], value, below)
            else:
                self._value(key, value, below, free=free)

    def _pair(self, block: Mapping[str, Value], path: str) -> tuple[str, str] | None:
        """Return the key of the value and the name of a pair such as ``Name`` and ``Value``."""
        if not path and self._resource.type not in NAMED_BY_THEMSELVES:
            return None
        if block.get("Type") in ("SECRETS_MANAGER", "PARAMETER_STORE"):
            return None
        name = next((block[key] for key in NAMES if isinstance(block.get(key), str)), None)
        value = next((key for key in VALUES if key in block), None)
        return (value, str(name)) if name is not None and value is not None else None

    def _value(self, key: str, value: Value, path: str, *, free: bool) -> None:
        if isinstance(value, dict):
            self._default(key, value, path)
            self._object(value, path, free=free or key in FREE)
        elif isinstance(value, list):
            self._list(key, value, path, free=free)
        elif isinstance(value, str | Unknown | Reference):
            if key and self._named and self._is_named(key, free):
                free_name = free and key not in PASSWORD_KEYS
                if free_name:
                    self._setting(key, value, path)
                else:
                    self._password(key, value, path)
            elif not isinstance(value, Reference):
                self._text(key, value, path)

    def _default(self, key: str, block: Mapping[str, Value], path: str) -> None:
        """Look at what a document takes for a parameter of its own that nobody gives."""
        for name in ("default", "Default"):
            if name in block and grade(key) >= Grade.SECRET:
                self._setting(key, block[name], f"{path}.{name}")

    def _is_named(self, key: str, free: bool) -> bool:
        if (self._resource.type, key) in BY_TYPE or key in PASSWORD_KEYS:
            return True
        return free or grade(key) is Grade.PASSWORD

    def _list(self, key: str, items: list[Value], path: str, *, free: bool) -> None:
        before = len(self._found)
        for index, item in enumerate(items):
            at = f"{path}.{index}"
            if key == "Passwords" and not isinstance(item, dict | list):
                self._password(key, item, at)
            else:
                self._value("", item, at, free=free)
        if len(self._found) == before and len(items) > 1 and key in COMMANDS:
            words = [
                self._source.readable(item, f"{path}.{n}") or "$UNKNOWN"
                for n, item in enumerate(items)
            ]
            self._written(" ".join(words), path)

    # What is found

    def _add(self, place: PlaceKind, path: str, message: str, *, hidden: bool = False) -> None:
        self._found.append(
            Exposure(
                place=place,
                resource=self._resource.logical_id,
                path=path,
                message=message,
                hidden=hidden,
            )
        )

    def _setting(self, name: str, value: Value, path: str) -> None:
        text = str(value) if isinstance(value, str) else ""
        if holds_credential(text):
            self._add(
                PlaceKind.SETTING,
                path,
                f"{name} holds an access key, a private key, a token or a password in an address",
            )
        elif "{{resolve:" in text and ("resolve:ssm:" not in text or grade(name) >= Grade.SECRET):
            self._add(
                PlaceKind.SETTING,
                path,
                f"{name} is a secret that CloudFormation writes out in clear text here",
            )
        elif isinstance(value, Unknown | Partial):
            if isinstance(value, Partial):
                self._text("", value, path)
            self._unknown_setting(name, path)
        elif isinstance(value, Reference):
            if _SHOWN.search(value.attribute or ""):
                message = f"{name} is {value}, which CloudFormation writes out in clear text here"
                self._add(PlaceKind.SETTING, path, message)
        elif not isinstance(value, str):
            return
        elif is_literal(grade(name), text):
            self._add(PlaceKind.SETTING, path, f"{name} is a literal")
        elif looks_random(text) and grade(name) is Grade.NONE and _tells_nothing(name):
            self._add(PlaceKind.CHANCE, path, f"{name} looks drawn by chance, as a key is")
        else:
            self._written(text, path)

    def _unknown_setting(self, name: str, path: str) -> None:
        given = grade(name)
        parameters = self._source.parameters(path)
        hidden = [one for one in parameters if self._source.no_echo(one)]
        shown = [
            one
            for one in parameters
            if one not in hidden and (given is Grade.PASSWORD or grade(one) >= Grade.SECRET)
        ]
        known = isinstance(self._resource.get(path), Partial)
        if given >= Grade.SECRET and (shown or (given is Grade.PASSWORD and not parameters)):
            if not known:
                message = f"{name} comes from a parameter, in clear text"
                self._add(PlaceKind.SETTING, path, message)
        elif hidden and not self._custom:
            message = f"{name} shows the parameter {hidden[0]}, in clear text"
            self._add(
                PlaceKind.SETTING,
                path,
                message,
                hidden=max(given, *map(grade, hidden)) < Grade.SECRET,
            )

    def _password(self, key: str, value: Value, path: str) -> None:
        if isinstance(value, Reference):
            return
        if "{{resolve:ssm:" in str(value):
            message = f"{path} is kept as a plain String of Parameter Store"
            self._add(PlaceKind.PASSWORD, path, message)
            return
        known = not isinstance(value, Unknown | Partial)
        parameters = [] if known else self._source.parameters(path)
        if parameters and all(self._source.no_echo(one) for one in parameters):
            return
        if parameters or isinstance(value, Unknown):
            if "{{resolve:" not in str(value):
                self._add(
                    PlaceKind.PASSWORD,
                    path,
                    f"{path} comes from a parameter that is shown to whoever may see the stack",
                )
        elif isinstance(value, Partial):
            if "{{resolve:" not in value:
                self._add(PlaceKind.PASSWORD, path, f"{path} is put together in the template")
        elif isinstance(value, str) and value.startswith("{{resolve:ssm:"):
            self._add(
                PlaceKind.PASSWORD, path, f"{path} is kept as a plain String of Parameter Store"
            )
        elif isinstance(value, str) and value and "{{resolve:" not in value:
            self._add(
                PlaceKind.PASSWORD,
                path,
                f"{path} is written in the template, or is a parameter's default",
            )

    def _text(self, key: str, value: Value, path: str) -> None:
        text = self._source.readable(value, path)
        if not text or len(text) < 8:
            return
        if holds_credential(text):
            self._add(
                PlaceKind.SHAPE,
                path,
                "an access key, a private key, a token or an address with a password is here",
            )
            return
        if key == "AccessString" and _ACCESS_PASSWORD.search(text):
            self._add(PlaceKind.PASSWORD, path, f"{path} sets a password")
            return
        shown = self._shown_to_a_machine(value, path)
        if shown is not None:
            self._add(PlaceKind.TEXT, path, f"the parameter {shown} is written out in the text")
        else:
            self._written(text, path, code=key in CODE)

    def _shown_to_a_machine(self, value: Value, path: str) -> str | None:
        """Return the parameter for a password that is put into what a machine runs, or None."""
        if path.startswith("Metadata."):
            known = self._view.template.section("Parameters")
            named = [one for one in _PUT_IN.findall(str(value)) if one in known]
        elif path.startswith(_RUN) and isinstance(value, Unknown | Partial):
            named = self._source.parameters(path)
        else:
            return None
        return next((one for one in named if grade(one) is Grade.PASSWORD), None)

    def _written(self, text: str, path: str, *, code: bool = False) -> None:
        name = written_in(text, code=code)
        if name is not None:
            self._add(PlaceKind.TEXT, path, f"a credential is written in the text, at {name}")


_RUN: Final = ("UserData", "LaunchTemplateData.UserData")


_PUT_IN: Final = re.compile(r"\$\{(\w+)\}")


_ACCESS_PASSWORD: Final = re.compile(r"(?:^|\s)>\S{3,}")
"""A password in the access string of a cache's user."""


_SHOWN: Final = re.compile(r"(?:SecretAccessKey|SecretString|Password|ApiKey|Token)$")
"""Attributes of a resource that are a credential."""


def _tells_nothing(name: str) -> bool:
    words = re.split(r"[_\-.\s]|(?<=[a-z])(?=[A-Z])", name)
    return words[-1].lower() not in IDENTIFYING
