"""Credentials in what a machine runs or reads: commands, scripts, code and documents (8.6.2)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pcistack.pci_dss.credentials import NAME, Grade, grade, is_literal, is_placeholder

_ASSIGNED: Final = re.compile(
    r"(?P<flag>--?)?(?P<name>[A-Za-z_][\w.-]{0,60})(?P<close>\\?[\"'])?\]?"
    r"(?P<sign>\s{0,3}:=\s{0,3}|\s{0,3}=>\s{0,3}|\s{0,8}=\s{0,3}|\s{0,3}:\s{0,8})"
    r"(?:(?P<quote>\\?[\"'])(?P<quoted>[^\"'\n\\]{3,200})|(?P<bare>[^\s\"'`,;|&)\]\\]{3,200}))"
)
_FLAG: Final = re.compile(
    r"(?:^|\s)--?(?P<name>[A-Za-z][\w-]{1,40})\s+(?P<quote>[\"'])?(?P<value>[^\s\"'|;&-][^\s\"'|;&]{2,200})"
)
_COMMANDS: Final = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        r"\b(?:mysql|mysqldump|mysqladmin|mysqlsh|mariadb)\b[^|;&\n]{0,200}?\s-p['\"]?(?P<value>[^\s'\"$]{3,})",
        r"\bmysqladmin\b[^|;&\n]{0,200}?\spassword\s+['\"]?(?P<value>[^\s'\"$]{3,})",
        r"\bsshpass\s+-p\s*['\"]?(?P<value>[^\s'\"]{3,})",
        r"\bcurl\b[^|;&\n]{0,300}?\s(?:-u|--user)[\s=]*['\"]?[\w.@-]+:(?P<value>[^\s'\"]{3,})",
        r"\bredis-cli\b[^|;&\n]{0,200}?\s-a\s+['\"]?(?P<value>[^\s'\"]{3,})",
        r"\bdocker\s+login\b[^|;&\n]{0,200}?\s-p\s+['\"]?(?P<value>[^\s'\"]{3,})",
        r"\becho\s+(?:-n\s+)?['\"]?[\w.-]+:(?P<value>[^\s'\"|:]{3,})['\"]?\s*\|\s*(?:sudo\s+)?chpasswd",
        r"\becho\s+(?:-n\s+)?['\"]?(?P<value>[^\s'\"|]{3,})['\"]?\s*\|[^|\n]{0,200}?-{1,2}(?:password-)?stdin",
        r"\bnet\s+user\s+\S+\s+['\"]?(?P<value>[^\s'\"/]{3,})",
        r"\baws\s+configure\s+set\s+\S*(?:secret_access_key|session_token)\s+(?P<value>[^\s$]{8,})",
        r"\bConvertTo-SecureString\s+(?:-String\s+)?['\"](?P<value>[^'\"]{3,})",
        r"\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?BY\s+['\"](?P<value>[^'\"]{3,})",
        r"\bWITH\s+(?:ENCRYPTED\s+)?PASSWORD\s+['\"](?P<value>[^'\"]{3,})",
        r"['\"](?:\w+=[^'\"\s]+\s+){1,8}password=(?P<value>[^\s'\"{}$%]{3,})",  # libpq
        r"\b(?:bearer|basic)\s+(?P<value>(?=[A-Za-z+/=._~-]*\d)[\w+/=.~-]{16,})",
    )
)
_COMMAND_SIGN: Final = re.compile(
    r"mysql|mariadb|sshpass|curl|redis-cli|docker\s+login|chpasswd|stdin|net\s+user|securestring"
    r"|identified|password|bearer|basic|configure",
    re.IGNORECASE,
)
_SIGNS: Final = (
    *("pass", "pwd", "pw", "secret", "token", "key", "jwt", "sign", "hmac", "salt", "auth", "cred"),
    *("bearer", "basic", "mysql", "mariadb", "curl", "redis", "docker", "user", "identified"),
    *("dsn", "pepper", "stdin", "session", "cookie", "psk", "seed", "securestring"),
)
_SEPARATED: Final = re.compile(r"[\s=:]")
_LOOKED_UP: Final = re.compile(  # what a build spec names there is the name of a secret
    r"(?m)^(?P<in>[ \t]*)(?:secrets-manager|parameter-store):[ \t]*\n(?:(?P=in)[ \t]+.*(?:\n|\Z))+"
    r"|\"(?:secrets-manager|parameter-store)\"\s*:\s*\{[^}]*\}"
)
_EXPRESSION: Final = re.compile(r"[$`<>{}\[\]]|\w\(")
_COMMENT: Final = re.compile(r"(?m)^\s*(?:#(?!!)|//|--\s).*$|\s#\s.*$")


@lru_cache(maxsize=8192)
def written_in(text: str, *, code: bool = False) -> str | None:
    """Return the name under which a command, a script or code holds a credential, or None.

    Args:
        text: What a machine runs or reads.
        code: Whether it is a program, where a literal stands in quotes.
    """
    if _SEPARATED.search(text) is None:
        return None
    lowered = text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return None  # nearly every text
    if "secrets-manager" in text or "parameter-store" in text:
        text = _LOOKED_UP.sub("", text)
    text = _COMMENT.sub("", text)
    found = _assigned(text, code) or _flagged(text, code) or _commanded(text)
    return found or _paired(text) or (_defaulted(text) if code else None)


def _assigned(text: str, code: bool) -> str | None:
    for found in _ASSIGNED.finditer(text):
        name, quoted, sign = found["name"], found["quoted"], found["sign"]
        given = grade(name)
        if given is Grade.NONE:
            continue
        spaced = "=" in sign and sign != "=" and not quoted
        if quoted is None and (
            code or spaced or (":" in sign and sign == ":" and not found["close"])
        ):
            continue  # an expression, a comparison, or a part of an address
        value = quoted if quoted is not None else found["bare"]
        if _EXPRESSION.search(value):
            continue
        if value.lower() == name.lower() or (given is not Grade.PASSWORD and len(value) < 8):
            continue
        if given is Grade.PASSWORD and NAME.match(value) and ("/" in value or ":" in value):
            continue
        if is_literal(given, value):
            return name
    return None


_DEFAULTED: Final = re.compile(
    r"[\"'.\[](?P<name>[A-Za-z_]\w{1,60})[\"']?\]?\s{0,3}(?:,|\|\||\?\?)\s{0,3}[\"'](?P<value>[^\"'\n]{3,200})[\"']"
)
"""What code takes where a variable is not set: ``getenv("DB_PASSWORD", "...")``."""


def _defaulted(text: str) -> str | None:
    if "env" not in text.lower():
        return None
    for found in _DEFAULTED.finditer(text):
        given = grade(found["name"])
        if given >= Grade.SECRET and is_literal(given, found["value"]):
            return found["name"]
    return None


_PAIR: Final = re.compile(
    r"(?:name|key)\\?[\"']?\s*:\s*\\?[\"']?(?P<name>[\w.-]{2,60})\\?[\"']?\s*[,\n]\s*"
    r"\\?[\"']?value\\?[\"']?\s*:\s*\\?[\"']?(?P<value>[^\s\"'\\,}]{3,200})",
    re.IGNORECASE,
)
"""A name and its value beside each other, as in ``{"name": "DB_PASSWORD", "value": "..."}``."""


def _paired(text: str) -> str | None:
    for found in _PAIR.finditer(text):
        if is_literal(grade(found["name"]), found["value"]):
            return found["name"]
    return None


def _flagged(text: str, code: bool) -> str | None:
    if code or "-" not in text:
        return None
    for found in _FLAG.finditer(text):
        given = grade(found["name"])
        if given >= Grade.SECRET and is_literal(given, found["value"]):
            return f"--{found['name']}"
    return None


def _commanded(text: str) -> str | None:
    if _COMMAND_SIGN.search(text) is None:
        return None
    for pattern in _COMMANDS:
        for found in pattern.finditer(text):
            if not is_placeholder(found["value"]):
                return found.group().split()[0]
    return None
