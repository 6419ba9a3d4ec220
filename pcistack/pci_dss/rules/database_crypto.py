"""Requirements 4.2.1 and 8.3.2: ciphers and password hashes that databases take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import Setting, refuse, types_of, wrong
from pcistack.template.view import Partial, Value

_GROUPS: Final = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
_BROKEN: Final = re.compile(
    r"(?<![A-Z])(?:RC4|RC2|NULL|EXP(?:ORT)?\d*|ANON|ADH|AECDH|MD5|3DES\w*|DES\w*|CBC3|IDEA|SEED)(?![A-Z])"
)
_OLD: Final = re.compile(r"^(?!.*(?:GCM|CHACHA20|POLY1305|CCM)).*(?:AES|CAMELLIA)")
_CIPHERS: Final = ("ssl_cipher", "ssl_ciphers", "tls_ciphersuites")
_SWITCHES: Final = tuple(
    refuse(kind, f"Parameters.{name}", "broken ciphers are taken", "enabled")
    for kind in _GROUPS
    for name in ("rds.rc4", "rds.3des168")
)
_NATIVE: Final = {
    "SQLNET.ENCRYPTION_TYPES_SERVER": _BROKEN,
    "SQLNET.CIPHER_SUITE": _BROKEN,
    "SQLNET.CRYPTO_CHECKSUM_TYPES_SERVER": re.compile(r"MD5|SHA1\b"),
    "SQLNET.SSL_VERSION": re.compile(r"1\.[01]"),
    "SQLNET.ENCRYPTION_SERVER": re.compile(r"REJECTED|ACCEPTED"),
}


def broken(value: str) -> list[str]:
    """Return the ciphers of an OpenSSL list that are broken; what it takes out is none of them."""
    parts = [part.strip() for part in re.split(r"[:, ]+", value.upper())]
    return [part for part in parts if part[:1] not in ("!", "-") and _BROKEN.search(part)]


def _old(value: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[:, ]+", value.upper())]
    return [part for part in parts if "-" in part[1:] and part[0] not in "!-" and _OLD.match(part)]


@rule(
    "PCI-4.2.1-DATABASE-CIPHERS",
    "Databases take strong ciphers only",
    asks="Strong cryptography protects card data in transit; broken ciphers are off.",
    requirements=("4.2.1", "12.3.3"),
    types=(*_GROUPS, "AWS::RDS::OptionGroup"),
    fix="Leave the parameter out, or name ciphers with GCM or CHACHA20; SQLNET.SSL_VERSION 1.2, "
    "SQLNET.ENCRYPTION_SERVER REQUIRED with AES256, checksums of SHA256 or longer.",
)
def database_ciphers(context: Context) -> Iterator[Hit]:
    yield from wrong(context, _SWITCHES)
    for group in context.of_type(*_GROUPS):
        parameters = group.get("Parameters")
        for name in _CIPHERS:
            value = parameters.get(name) if isinstance(parameters, dict) else None
            if not isinstance(value, str) or isinstance(value, Partial):
                continue
            path = f"Parameters.{name}"
            if bad := broken(str(value)):
                yield hit(group, path, f"{name} takes {', '.join(bad)}")
            elif old := _old(str(value)):
                message = f"{name} takes {', '.join(old)}, without authenticated encryption"
                yield hit(group, path, message, severity=Severity.WARNING)
    yield from _oracle(context)


def _oracle(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::RDS::OptionGroup"):
        for index, option in enumerate(group.items("OptionConfigurations")):
            settings = option.get("OptionSettings") if isinstance(option, dict) else None
            for item in settings if isinstance(settings, list) else ():
                name = str(item.get("Name")) if isinstance(item, dict) else ""
                value: Value = item.get("Value") if isinstance(item, dict) else None
                pattern, text = _NATIVE.get(name), str(value).upper()
                at = f"OptionConfigurations.{index}.OptionSettings"
                if pattern is not None and pattern.search(text):
                    yield hit(group, at, f"{name} is {show(value)}")
                elif name == "SQLNET.ENCRYPTION_SERVER" and text == "REQUESTED":
                    message = f"{name} is {show(value)}: a client may leave it out"
                    yield hit(group, at, message, severity=Severity.WARNING)


_HASH: Final = "passwords are kept or sent as a hash that is broken in hours"
HASHES: Final = (
    *(
        setting
        for kind in _GROUPS
        for setting in (
            refuse(kind, "Parameters.password_encryption", _HASH, "md5", "on", "off"),
            refuse(kind, "Parameters.rds.accepted_password_auth_method", _HASH, "md5+scram", "md5"),
            refuse(
                kind,
                "Parameters.default_authentication_plugin",
                _HASH,
                "mysql_native_password",
                severity=Severity.WARNING,
            ),
        )
    ),
    refuse(
        "AWS::RDS::DBProxy",
        "Auth.*.ClientPasswordAuthType",
        _HASH,
        *("postgres_md5", "mysql_native_password"),
        severity=Severity.WARNING,
    ),
    refuse(
        "AWS::RDS::DBProxy",
        "Auth.*.IAMAuth",
        "whoever has the password is let in; no role has to allow it",
        "disabled",
        severity=Severity.WARNING,
    ),
    Setting(
        type="AWS::DocDBElastic::Cluster",
        path="AuthType",
        why="the password is a plain text of the template, not a secret",
        bad=("plain_text",),
        severity=Severity.WARNING,
    ),
)


@rule(
    "PCI-8.3.2-PASSWORD-HASHES",
    "Databases keep and take passwords as strong hashes",
    asks="Passwords are unreadable in transmission and storage, by strong cryptography.",
    requirements=("8.3.2", "8.6.1"),
    types=types_of(HASHES),
    fix="password_encryption scram-sha-256 with rds.accepted_password_auth_method scram; "
    "caching_sha2_password; IAMAuth REQUIRED; AuthType SECRET_ARN.",
)
def password_hashes(context: Context) -> Iterator[Hit]:
    yield from wrong(context, HASHES)
    for group in context.of_type(*_GROUPS):
        policy = str(group.get("Parameters.authentication_policy"))
        if policy.startswith("mysql_native_password"):
            at = "Parameters.authentication_policy"
            yield hit(group, at, f"it is {policy}: {_HASH}", severity=Severity.WARNING)


FILES: Final = tuple(
    refuse(kind, f"Parameters.{name}", why, *("1", "on", "true"), severity=Severity.WARNING)
    for kind in _GROUPS
    for name, why in (
        ("local_infile", "a server may ask a client for any of its files"),
        ("clr enabled", "code of a user runs inside of the server"),
        ("external scripts enabled", "code of a user runs inside of the server"),
    )
)


@rule(
    "PCI-2.2.4-DATABASE-FUNCTIONS",
    "Functions of databases that nobody needs stay off",
    asks="Only the services and functions that are needed are on.",
    requirements=("2.2.4", "2.2.6"),
    severity=Severity.WARNING,
    types=types_of(FILES),
    fix="Leave the parameter out, or set it to 0.",
)
def database_functions(context: Context) -> Iterator[Hit]:
    yield from wrong(context, FILES)
