"""Which conditions of a policy's statement really narrow it: one reading for every policy.

A condition narrows if each of its values does, and if it must hold in every request. It does not
if it is negated, passes where the key is absent (``...IfExists``, ``ForAllValues:``), only asks
for a key to be there (``Null``), names a time or a number, or has a value that is everything in
another spelling: ``*``, ``arn:aws:iam::*:role/*``, ``0.0.0.0/1``.

Source: IAM user guide, Condition operators; AWS global condition context keys.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pcistack.template.references import name_of
from pcistack.template.view import Value

_BOOLEANS: Final = frozenset(
    {
        *("kms:grantisforawsresource", "elasticfilesystem:accessedviamounttarget"),
        *("aws:multifactorauthpresent", "kms:bypasspolicylockoutsafetycheck"),
    }
)
"""Keys that are true or false and say something about who asks, or for what."""
_ALWAYS_THERE: Final = frozenset({"kms:calleraccount"})
"""Keys that every request carries, so that ``...IfExists`` is no way round."""
_SOMEBODYS: Final = frozenset(
    {"aws:principalisawsservice", "aws:principaltype", "aws:requestedregion"}
)
"""Keys whose values everybody can have."""
_ACCOUNTS: Final = re.compile(r"account|orgid$|owner$|^aws:sourcevpc|^aws:sourcevpce|vpce$")
_ARNS: Final = re.compile(r"arn$")
_LIKE: Final = re.compile(r"[*?]")
_WIDEST: Final = {4: 8, 6: 16}
"""Shortest prefix of an address range, by IP version, that is not a large part of the world."""


def narrowing_keys(condition: Value) -> Iterator[str]:
    """Yield the keys, lower-cased, by which a ``Condition`` block narrows a statement."""
    for operator, block in (condition if isinstance(condition, dict) else {}).items():
        name = operator.lower()
        if name.startswith("forallvalues:"):
            continue
        name = name.removeprefix("foranyvalue:")
        optional = name.endswith("ifexists")
        name = name.removesuffix("ifexists")
        for key, wanted in (block if isinstance(block, dict) else {}).items():
            key = key.lower()
            if optional and key not in _ALWAYS_THERE:
                continue
            values = [text_of(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
            if values and _narrows(name, key, values):
                yield key


def text_of(value: Value) -> str:
    """Return a value of a condition as text; a reference as the name that it stands for."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str) else name_of(value)


def _narrows(operator: str, key: str, values: Sequence[str]) -> bool:
    if "not" in operator or key in _SOMEBODYS:
        return False
    if operator == "bool":
        return key in _BOOLEANS and all(value.lower() == "true" for value in values)
    if operator == "ipaddress":
        return all(_is_range(value) for value in values)
    if operator.startswith(("string", "arn", "binary")):
        return not any(is_open(key, value) for value in values)
    return False


def _is_range(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return True  # a parameter, which somebody chooses
    return network.prefixlen >= _WIDEST[network.version]


def is_open(key: str, value: str) -> bool:
    """Whether a value of a condition key lets everybody through, whoever they are."""
    if not _LIKE.search(value):
        return not value
    if _ARNS.search(key):
        return _is_open_arn(value)
    if key.endswith("orgpaths"):
        return _LIKE.search(value.partition("/")[0]) is not None
    if _ACCOUNTS.search(key):
        return True
    if key.endswith(":sub"):
        return is_open_subject(value)
    literal = _LIKE.sub("", value)
    return len(literal) < 3 or (key == "kms:viaservice" and value[0] in "*?")


_UNKNOWN_PART: Final = re.compile(r"<[^<>]*>")


def arn_parts(arn: str) -> list[str]:
    """Split an ARN at its first five colons; ``<AWS::Partition>`` has colons of its own."""
    return _UNKNOWN_PART.sub("known-later", arn).split(":", 5)


def _is_open_arn(text: str) -> bool:
    parts = arn_parts(text)
    if len(parts) < 6:
        return re.search(r"\d{12}|<", text) is None
    account, name = parts[4], parts[5]
    if parts[2] == "s3":
        return not account.isdecimal() and len(_LIKE.sub("", name.partition("/")[0])) < 3
    return not account or _LIKE.search(account) is not None


def is_open_subject(text: str) -> bool:
    """Whether a subject of an identity provider is that of more than one owner."""
    kind, colon, name = text.removeprefix("system:").partition(":")
    owner = name.partition("/")[0].partition(":")[0] if colon else kind
    return _LIKE.search(kind) is not None or len(_LIKE.sub("", owner)) < 1 or "*" in owner


def narrowed_by(condition: Value, keys: Sequence[str]) -> bool:
    """Whether a condition narrows by one of some keys, or by keys that start like them."""
    return any(found.startswith(tuple(keys)) for found in narrowing_keys(condition))


# Wildcards


def is_everything(pattern: str) -> bool:
    """Whether a pattern is nothing but wildcards: ``*``, ``?*``, ``**``."""
    return bool(pattern) and not pattern.strip("*?:/") and "*" in pattern


_TYPES: Final = frozenset(
    {
        *("log-group", "log-stream", "secret", "key", "alias", "role", "user", "group", "policy"),
        *("table", "index", "parameter", "function", "stream", "cluster", "db", "dbuser", "volume"),
        *("snapshot", "cluster-snapshot", "instance", "security-group", "repository", "project"),
        *("statemachine", "execution", "event-bus", "rule", "service", "task", "task-definition"),
        *("domain", "layer", "queue", "topic", "accesspoint", "backup-vault", "recovery-point"),
        *("image", "network-interface", "subnet", "subgrp", "pg", "og", "proxy", "workgroup"),
        *("catalog", "database", "deliverystream", "userpool", "identitypool", "loadbalancer"),
        *("listener", "targetgroup", "certificate", "hostedzone", "webacl", "regional", "document"),
        *("detector", "trail", "config-rule", "session", "file-system", "access-point", "broker"),
        *("replicationgroup", "namespace", "dbname", "app", "net", "instance-profile", "backup"),
        *("export", "global-table", "object", "destination", "mfa", "oidc-provider", "stack"),
    }
)

_BELOW: Final = frozenset({"index", "log-stream", "stream", "object", "backup", "export"})


def is_every_resource(resource: str) -> bool:
    """Whether a resource of a policy is every one, of a kind or at all: ``arn:aws:s3:::*``."""
    if is_everything(resource):
        return True
    parts = arn_parts(resource)
    if len(parts) < 6:  # arn:*, arn:aws:s3*
        return resource.startswith("arn") and "*" in resource and resource[-1] == "*"
    words = [word for word in re.split(r"[:/]", parts[5]) if word]
    kind = words[:1] if parts[2] != "s3" and words and words[0].lower() in _TYPES else []
    rest = words[len(kind) :]
    return any(is_everything(word) for word in rest) and all(
        is_everything(word) or word in _BELOW for word in rest
    )
