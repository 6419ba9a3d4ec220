"""What looks like a credential (8.6.2): by its name, by a known shape, by chance."""

from __future__ import annotations

import math
import re
from collections import Counter
from enum import IntEnum
from functools import lru_cache
from typing import Final


class Grade(IntEnum):
    """How much a name says that a credential is behind it.

    Attributes:
        NONE: Nothing.
        HINT: Perhaps (``JWT_SIGNING``, ``STRIPE_KEY``): its value has to look random.
        SECRET: A secret, or what leads to one (``API_TOKEN``): its value must be no plain name.
        PASSWORD: A password: every literal is one.
    """

    NONE = 0
    HINT = 1
    SECRET = 2
    PASSWORD = 3


# Names

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PASSWORD: Final = re.compile(r"passw(or)?d|passphrase|passcode|passwort")
_PASSWORD_WORDS: Final = frozenset({"pw", "pwd", "pass", "psw", "pswd", "passwd", "pwds"})
_SECRET: Final = re.compile(
    r"secret|api_?key|access_?key|private_?key|signing_?key|encryption_?key|auth_?token"
    r"|credential|master_?key|account_?key|preshared|shared_?key"
)
_SECRET_WORDS: Final = frozenset({"token", "creds", "cred", "bearer"})
_HINT_WORDS: Final = frozenset(
    {
        *("key", "keys", "jwt", "signing", "hmac", "salt", "pepper", "auth", "authorization"),
        *("dsn", "cookie", "session", "otp", "totp", "pin", "cipher", "seed", "license", "webhook"),
        *("pem", "sas", "psk", "verify", "login", "sig", "signature", "tokens", "secrets"),
    }
)
_HARMLESS: Final = frozenset(
    {
        *("arn", "arns", "id", "ids", "name", "names", "username", "user", "path", "paths"),
        *("file", "filename", "url", "uri", "urls", "prefix", "suffix", "ttl", "expiry"),
        *("expires", "alg", "expiration", "length", "policy", "parameter", "param", "region"),
        *("version", "enabled", "disabled", "host", "endpoint", "port", "type", "types"),
        *("algorithm", "issuer", "mode", "audience", "format", "class", "provider", "header"),
        *("headers", "field", "column", "role", "email", "timeout", "days", "hours", "minutes"),
        *("seconds", "validity", "duration", "min", "max", "size", "bits", "count", "group"),
        *("bucket", "table", "queue", "topic", "domain", "required", "rotation", "ref", "alias"),
        *("hint", "manager", "store", "source", "backend", "stage", "scope", "scopes", "storage"),
        *("location", "dir", "directory", "template", "label", "stdin", "method", "methods"),
        *("encryption", "reset", "change", "complexity", "pool", "service", "function", "usage"),
        *("schema", "attribute", "attributes", "description", "flow", "flows", "pair"),
        *("schedule", "spec", "age", "hash", "vault", "env", "lifetime", "interval", "retries"),
        *("regex", "pattern", "characters", "chars", "status", "delivery", "config", "context"),
        *("property", "properties", "cache", "limit", "units", "owner", "through", "thru"),
        *("rate", "percent", "percentage", "threshold", "rule", "rules", "list"),
    }
)
"""Last words of a name that say something about a credential, or where it is."""


@lru_cache(maxsize=4096)
def grade(name: str) -> Grade:
    """Return how much a name says that what has it is a credential."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _HARMLESS or "public" in words:
        return Grade.NONE
    text = "_".join(words)
    whole = "".join(words)
    if whole.endswith(("passwordfile", "keyfile", "keyname", "keyid", "keypath", "noecho")):
        return Grade.NONE
    if _PASSWORD.search(whole) or _PASSWORD_WORDS & set(words):
        return Grade.PASSWORD
    if _SECRET.search(text) or _SECRET.search(whole) or _SECRET_WORDS & set(words):
        return Grade.SECRET
    if whole.endswith("token"):
        return Grade.SECRET
    return Grade.HINT if _HINT_WORDS & set(words) or whole.endswith("key") else Grade.NONE


# Values

_TOKEN: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-"
    r"|\b[a-z][a-z0-9+.-]*://[^/\s:@<>{}$\"']*:[^/\s:@<>{}$\"']+@"  # user:password@ in an address
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abeprs]-[\w-]{10,}|\bxapp-\d-\w+|hooks\.slack\.com/services/T\w+/B\w+/\w+"
    r"|\b[sr]k_live_\w{10,}|\bwhsec_\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{6,}|\bya29\.[\w-]{20,}"
    r"|\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[\w-]{20,}|\bdckr_pat_[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}"
    r"|\bsk-(?:ant-|proj-)?[\w-]{24,}|\bshp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"
    r"|\bdop_v1_[a-f0-9]{64}|\bkey-[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b|\blin_api_\w{30,}"
    r"|\b(?:AccountKey|SharedAccessKey)=[\w+/]{20,}"
    r"|\b[Pp](?:assword|wd|WD|ASSWORD)=(?![\s;<>{}$*]|\")[^;\s<>{}$\"']+;"  # connection string
)
_SHORTEST_TOKEN: Final = 8
_TOKEN_SIGNS: Final = (
    *("://", "AKIA", "ASIA", "PRIVATE KEY", "PuTTY", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *("github_pat", "glpat", "xox", "xapp", "slack.com", "k_live", "whsec", "SG.", "AIza", "eyJ"),
    *("ya29", "npm_", "pypi-", "dckr_", "hf_", "sk-", "shp", "dop_v1", "key-", "SK", "lin_api"),
    *("Key=", "wd=", "word=", "WORD=", "WD="),
)
"""One of these is in every token; looking for them is quicker than the pattern."""
_REFERENCE: Final = re.compile(r"^\$|\$[{(]|\{\{|^<.*>$|^%.+%$|^\{.*\}$|^\*+$|^[Xx]{3,}$|^\.+$|^`")
_WORDS: Final = frozenset(
    {
        *("", "true", "false", "none", "null", "nil", "disabled", "enabled", "yes", "no", "on"),
        *("off", "string", "str", "required", "optional", "undefined", "todo", "tbd", "default"),
        *("prompt", "env", "int", "number", "boolean", "object", "bearer", "basic", "auto"),
        *("secretsmanager", "ssm", "unknown", "n/a", "na"),
    }
)
_PLACEHOLDER: Final = re.compile(
    r"^(?:replace|your|insert|enter|put|placeholder|set)[-_ ]?|[-_]here$|^change[-_]?this",
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"^(?:~|\.{1,2})?/[\w./@+-]*$|^[A-Za-z]:\\|^(?:s3|file|ssm|ssh)://")
NAME: Final = re.compile(r"^(?:[A-Za-z]+\d{0,3}|\d{1,4})(?:[-_./:]+(?:[A-Za-z]+\d{0,3}|\d{1,4}))+$")
"""A name of several words: what is kept somewhere, not the secret itself."""
_UUID: Final = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


@lru_cache(maxsize=8192)
def holds_credential(text: str) -> bool:
    """Whether a text holds an access key, a known token or an address with a password."""
    if len(text) < _SHORTEST_TOKEN or not any(sign in text for sign in _TOKEN_SIGNS):
        return False
    return _TOKEN.search(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no credential, or says only where one is."""
    bare = text.strip().strip("'\"")
    if bare.lower() in _WORDS or bare.startswith("arn:") or _REFERENCE.search(bare):
        return True
    if _PATH.match(bare) or _PLACEHOLDER.search(bare) or _number(bare):
        return True
    return "://" in bare and not holds_credential(bare)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8192)
def is_literal(given: Grade, text: str) -> bool:
    """Whether a text under a name of some grade is the credential itself."""
    if given is Grade.NONE or is_placeholder(text):
        return False
    bare = text.strip().strip("'\"")
    if given is Grade.PASSWORD:
        return True
    if given is Grade.SECRET:
        return not NAME.match(bare) and " " not in bare
    return looks_made(bare) and not _UUID.match(bare)


_SPECIAL: Final = re.compile(r"[!@#%^&*+?~=]")
_MIXED: Final = re.compile(r"(?:[A-Za-z]+\d|\d+[A-Za-z])[A-Za-z\d]*")
_TURN: Final = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])")


def looks_made(text: str) -> bool:
    """Whether a text is no word and no name, but letters and digits (or signs) mixed."""
    if len(text) < 8 or " " in text or "," in text:
        return False
    kinds = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", r"\d"))
    if _SPECIAL.search(text) and kinds >= 2 and "=" not in text[:-2]:
        return True
    longest = max((m.group() for m in _MIXED.finditer(text)), key=len, default="")
    return len(longest) >= 8 and len(_TURN.findall(longest)) >= 3


_RANDOM: Final = re.compile(r"^[A-Za-z0-9+/_=-]{32,128}$")
_HEX: Final = re.compile(r"^[0-9a-fA-F]+$")


def looks_random(text: str) -> bool:
    """Whether a text looks drawn by chance, as a key is: 32 characters or more, all kinds mixed.

    Hexadecimal digits are left out: digests of files, images and commits are many.
    """
    if len(text) < 32 or not _RANDOM.match(text) or _HEX.match(text) or _UUID.match(text):
        return False
    if any(not re.search(kind, text) for kind in ("[a-z]", "[A-Z]", r"\d")):
        return False
    parts = re.split(r"[-_/]", text)
    return max(map(len, parts)) >= 16 and entropy(text) >= 4.2 and len(_TURN.findall(text)) >= 4


def entropy(text: str) -> float:
    """Return the entropy of a text's characters, in bits for each."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
