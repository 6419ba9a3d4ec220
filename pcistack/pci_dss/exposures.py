"""Where a template holds a credential in the clear (8.6.2): one walk over all that it has.

A credential is found by the name of what holds it, by a known shape, in what a machine runs, or
because it looks drawn by chance where only settings stand.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pcistack.pci_dss.credentials import (
    Grade,
    grade,
    holds_credential,
    is_literal,
    looks_random,
    written_in,
)
from pcistack.template.document import Json
from pcistack.template.uses import substituted
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View


class Place(StrEnum):
    """What kind of place holds a credential.

    Attributes:
        SETTING: A variable, an option, a label or an argument with a name of its own.
        PASSWORD: A property that is a password or a key by its type.
        TEXT: A command, a script, code or a document.
        SHAPE: Anywhere: the text has a shape that only credentials have.
        CHANCE: A setting whose name says nothing and whose value looks drawn by chance.
    """

    SETTING = "setting"
    PASSWORD = "password"
    TEXT = "text"
    SHAPE = "shape"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A credential in the clear.

    Attributes:
        place: What kind of place holds it.
        resource: Logical id.
        path: Property path.
        message: What is wrong.
        hidden: Whether it comes from a parameter that CloudFormation does not show.
    """

    place: Place
    resource: str
    path: str
    message: str
    hidden: bool = False


_PASSWORD_KEYS: Final = frozenset(
    {
        *("AuthToken", "OAuthToken", "OauthToken", "AccessToken", "SecretToken", "ClientSecret"),
        *("ApiKeyValue", "SecretString", "SecretAccessKey", "SharedSecret", "PreSharedKey"),
        *("PrivateKey", "ApiKey", "ApiToken", "SecretKey", "AuthPassword", "TokenSecret"),
        *("ConsumerSecret", "AppSecret", "BotToken", "HecToken", "SslKeystorePassword"),
    }
)
_FREE: Final = frozenset(
    {
        *("Variables", "EnvironmentVariables", "Environment", "DockerLabels", "Options"),
        *("DefaultArguments", "NonOverridableArguments", "ConnectionProperties", "Parameters"),
        *("ProviderDetails", "Configuration", "StageVariables", "Labels", "OptionSettings"),
        *("RuntimeEnvironmentVariables", "ContainerEnvironment", "Hyperparameters", "Tags"),
        *("AirflowConfigurationOptions", "ConfigurationProperties", "ConnectorConfiguration"),
        *("AdditionalAuthenticationParameters", "Metadata", "Arguments", "Env", "Properties"),
        *("BodyParameters", "HeaderParameters", "QueryStringParameters", "Headers", "Input"),
        *("UserParameters", "PlaintextValue", "SecretValues", "Values"),
    }
)
"""Properties below which the template chooses the names."""

_REFERRING: Final = frozenset(
    {"Secrets", "SecretOptions", "RuntimeEnvironmentSecrets", "BuildSecrets", "ResponseParameters"}
)
"""Properties that say where a secret is kept, or no value at all."""
_PROSE: Final = frozenset(
    {
        "Description",
        "Comment",
        "Title",
        "DisplayName",
        "AlarmDescription",
        "GroupDescription",
        "Sid",
    }
)
_SKIPPED: Final = (
    _PROSE
    | _REFERRING
    | {"Statement", "KeyPolicy", "AssumeRolePolicyDocument", "Condition", "SecretStringTemplate"}
    | {"TokenValidityUnits"}
)
_CODE: Final = frozenset({"ZipFile", "InlineCode", "FunctionCode", "RequestMappingTemplate"})
_NAMES: Final = (
    "Name",
    "Key",
    "OptionName",
    "ParameterName",
    "ParameterKey",
    "name",
    "key",
    "HeaderName",
)
_VALUES: Final = ("Value", "ParameterValue", "value", "StringValue", "DefaultValue", "HeaderValue")
_PARAMETER_GROUPS: Final = re.compile(
    r"ParameterGroup$|::WebACL$|::RuleGroup$|::Alarm$|::Dashboard$"
)


_RUN_BY_HELPERS: Final = ("AWS::CloudFormation::Init", "AWS::CloudFormation::Authentication")


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
        self._found: list[Exposure] = []
        self._named = _PARAMETER_GROUPS.search(resource.type) is None
        self._custom = not resource.type.startswith("AWS::") or resource.type in _OPEN_TYPES

    def run(self) -> list[Exposure]:
        properties = self._resource.properties
        self._object(properties, "", free=self._custom)
        metadata = self._resource.raw.body.get("Metadata")
        for key in _RUN_BY_HELPERS if isinstance(metadata, dict) else ():
            if isinstance(metadata, dict) and key in metadata:
                self._value("", _flat(metadata[key]), f"Metadata.{key}", free=True)
        return self._found

    def _object(self, block: Mapping[str, Value], path: str, *, free: bool) -> None:
        pair = self._pair(block, path) if self._named else None
        for key, value in block.items():
            if key in _SKIPPED:
                continue
            below = f"{path}.{key}" if path else key
            if pair is not None and key == pair[0]:
                self._setting(pair[1], value, below)
            else:
                self._value(key, value, below, free=free)

    def _pair(self, block: Mapping[str, Value], path: str) -> tuple[str, str] | None:
        """Return the key of the value and the name of a pair such as ``Name`` and ``Value``."""
        if not path and self._resource.type not in _NAMED_BY_THEMSELVES:
            return None
        if block.get("Type") in ("SECRETS_MANAGER", "PARAMETER_STORE"):
            return None
        name = next((block[key] for key in _NAMES if isinstance(block.get(key), str)), None)
        value = next((key for key in _VALUES if key in block), None)
        return (value, str(name)) if name is not None and value is not None else None

    def _value(self, key: str, value: Value, path: str, *, free: bool) -> None:
        if isinstance(value, dict):
            self._object(value, path, free=free or key in _FREE)
        elif isinstance(value, list):
            self._list(key, value, path, free=free)
        elif isinstance(value, str | Unknown | Reference):
            if key and self._named and self._is_named(key, free):
                free_name = free and key not in _PASSWORD_KEYS
                if free_name:
                    self._setting(key, value, path)
                else:
                    self._password(key, value, path)
            elif not isinstance(value, Reference):
                self._text(key, value, path)

    def _is_named(self, key: str, free: bool) -> bool:
        if (self._resource.type, key) in _BY_TYPE or key in _PASSWORD_KEYS:
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
        if len(self._found) == before and len(items) > 1 and key in _COMMANDS:
            words = [
                self._readable(item, f"{path}.{n}") or "$UNKNOWN" for n, item in enumerate(items)
            ]
            self._written(" ".join(words), path)

    # What is found

    def _add(self, place: Place, path: str, message: str, *, hidden: bool = False) -> None:
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
                Place.SETTING,
                path,
                f"{name} holds an access key, a private key, a token or a password in an address",
            )
        elif "{{resolve:secretsmanager" in text or "{{resolve:ssm-secure" in text:
            self._add(
                Place.SETTING,
                path,
                f"{name} is a secret that CloudFormation writes out in clear text here",
            )
        elif isinstance(value, Partial):
            self._text("", value, path)
        elif isinstance(value, Unknown):
            self._unknown_setting(name, path)
        elif not isinstance(value, str):
            return
        elif is_literal(grade(name), text):
            self._add(Place.SETTING, path, f"{name} is a literal")
        elif looks_random(text) and grade(name) is Grade.NONE and _tells_nothing(name):
            self._add(Place.CHANCE, path, f"{name} looks drawn by chance, as a key is")
        else:
            self._written(text, path)

    def _unknown_setting(self, name: str, path: str) -> None:
        given = grade(name)
        parameters = self._parameters(path)
        telling = [
            one for one in parameters if given is Grade.PASSWORD or grade(one) >= Grade.SECRET
        ]
        if given >= Grade.SECRET and (telling or (given is Grade.PASSWORD and not parameters)):
            hidden = bool(telling) and all(self._no_echo(one) for one in telling)
            self._add(
                Place.SETTING,
                path,
                f"{name} comes from a parameter, in clear text",
                hidden=hidden,
            )

    def _password(self, key: str, value: Value, path: str) -> None:
        if isinstance(value, Reference):
            return
        parameters = self._parameters(path) if isinstance(value, Unknown | Partial) else []
        if parameters and all(self._no_echo(one) for one in parameters):
            return
        if parameters or isinstance(value, Unknown):
            if "{{resolve:" not in str(value):
                self._add(
                    Place.PASSWORD,
                    path,
                    f"{path} comes from a parameter that is shown to whoever may see the stack",
                )
        elif isinstance(value, Partial):
            if "{{resolve:" not in value:
                self._add(Place.PASSWORD, path, f"{path} is put together in the template")
        elif isinstance(value, str) and value and "{{resolve:" not in value:
            self._add(
                Place.PASSWORD,
                path,
                f"{path} is written in the template, or is a parameter's default",
            )

    def _text(self, key: str, value: Value, path: str) -> None:
        text = self._readable(value, path)
        if not text or len(text) < 8:
            return
        if holds_credential(text):
            self._add(
                Place.SHAPE,
                path,
                "an access key, a private key, a token or an address with a password is here",
            )
            return
        self._written(text, path, code=key in _CODE)

    def _written(self, text: str, path: str, *, code: bool = False) -> None:
        name = written_in(text, code=code)
        if name is not None:
            self._add(Place.TEXT, path, f"a credential is written in the text, at {name}")

    # What the template has where a value is not known

    def _readable(self, value: Value, path: str) -> str | None:
        """Return a text, decoded where it is base64; of one that is not known, what is written."""
        if isinstance(value, Unknown):
            return _flat_text(self._raw(path))
        if not isinstance(value, str):
            return None
        text = str(value)
        return _decoded(text) if path.endswith(_ENCODED) else text

    def _raw(self, path: str) -> Json:
        node: Json = dict(self._resource.raw.properties)
        for step in self._resource.in_file(path).split("."):
            node = _chosen(node)
            if isinstance(node, dict) and step in node:
                node = node[step]
            elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
                node = node[int(step)]
            else:
                return None if isinstance(node, list) else node
        return node

    def _parameters(self, path: str) -> list[str]:
        known = self._view.template.section("Parameters")
        return [name for name in _referred(self._raw(path)) if name in known]

    def _no_echo(self, name: str) -> bool:
        return hides(self._view.template.section("Parameters").get(name))


_ENCODED: Final = ("UserData", "Content", "content")
_OPEN_TYPES: Final = frozenset(
    {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"}
)
_NAMED_BY_THEMSELVES: Final = frozenset({"AWS::SSM::Parameter"})
_BY_TYPE: Final = frozenset({("AWS::ApiGateway::ApiKey", "Value")})
_COMMANDS: Final = frozenset(
    {"Command", "EntryPoint", "Entrypoint", "ContainerArguments", "ContainerEntrypoint", "Args"}
    | {"Commands", "commands", "command", "StartCommand", "BootstrapCommand"}
)


def _tells_nothing(name: str) -> bool:
    words = re.split(r"[_\-.\s]|(?<=[a-z])(?=[A-Z])", name)
    return words[-1].lower() not in _IDENTIFYING


_IDENTIFYING: Final = frozenset(
    {
        *("id", "ids", "hash", "sha", "sha256", "digest", "checksum", "version", "commit", "arn"),
        *("image", "tag", "url", "uri", "endpoint", "bucket", "name", "fingerprint", "etag"),
        *("thumbprint", "path", "certificate", "cert", "public", "key"),
    }
)


def hides(parameter: Json) -> bool:
    """Whether a parameter is one that CloudFormation does not show (``NoEcho``)."""
    return isinstance(parameter, dict) and str(parameter.get("NoEcho")).lower() == "true"


def _decoded(text: str) -> str:
    if len(text) < 12 or not _BASE64.fullmatch(text):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text


_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")


def _chosen(node: Json) -> Json:
    """Look through a choice at the first thing that it may be."""
    while isinstance(node, dict) and len(node) == 1 and "Fn::If" in node:
        branches = node["Fn::If"]
        if not isinstance(branches, list) or len(branches) != 3:
            return node
        node = next((one for one in branches[1:] if one != {"Ref": "AWS::NoValue"}), None)
    return node


def _referred(node: Json) -> Iterator[str]:
    """Yield what a node of the template refers to by ``Ref`` and ``Fn::Sub``."""
    if isinstance(node, list):
        for item in node:
            yield from _referred(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::Sub":
                yield from substituted(item)
                yield from _referred(item if isinstance(item, list) else None)
            else:
                yield from _referred(item)


def _flat(node: Json) -> Value:
    """Return a part of the template with the texts of its functions in their place."""
    if isinstance(node, list):
        return [_flat(item) for item in node]
    if isinstance(node, dict):
        text = _flat_text(node)
        return text if text is not None else {key: _flat(item) for key, item in node.items()}
    return node


def _flat_text(node: Json) -> str | None:
    """Return the text that a function of the template writes; what it refers to is ``${it}``."""
    if isinstance(node, str):
        return node
    if not isinstance(node, dict) or len(node) != 1:
        return None
    ((key, argument),) = node.items()
    if key == "Fn::Base64":
        return _flat_text(argument)
    if key == "Fn::Sub":
        return _flat_text(argument[0] if isinstance(argument, list) and argument else argument)
    if key == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        parts = argument[1] if isinstance(argument[1], list) else [argument[1]]
        return str(argument[0]).join(_flat_text(part) or "${...}" for part in parts)
    if key == "Fn::If" and isinstance(argument, list):
        return "\n".join(_flat_text(part) or "" for part in argument[1:])
    return "${...}" if key == "Ref" or key.startswith("Fn::") else None


def published(view: View) -> Iterator[tuple[str, str]]:
    """Yield the outputs of a template that show a credential, with what is wrong."""
    parameters = view.template.section("Parameters")
    for name, body in view.template.section("Outputs").items():
        value = body.get("Value") if isinstance(body, dict) else None
        text = _flat_text(value) or ""
        shown = [one for one in _referred(value) if one in parameters]
        secret = next(
            (one for one in shown if hides(parameters[one]) or _of_password(one, parameters[one])),
            None,
        )
        attribute = next((one for one in _attributes(value) if _SHOWN.search(one)), None)
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


def _attributes(node: Json) -> Iterator[str]:
    """Yield what a node of the template asks of resources, as ``Key.SecretAccessKey``."""
    if isinstance(node, list):
        for item in node:
            yield from _attributes(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "Fn::GetAtt":
                yield ".".join(map(str, item)) if isinstance(item, list) else str(item)
            elif key == "Fn::Sub":
                yield from substituted(item)
            else:
                yield from _attributes(item)
