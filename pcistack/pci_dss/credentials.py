"""What looks like a credential (8.6.2): its name, or its text."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(
    r"(passw(or)?d|passphrase|secret|api_?key|access_?key|private_?key|auth_?token|credential"
    r"|(^|_)(pass|pwd|token)($|_))",
    re.IGNORECASE,
)
_HARMLESS_NAME: Final = re.compile(
    r"(arn|_id|_?name|_?path|_file|_url|_uri|_?prefix|_ttl|_expiry|_length|_policy|_parameter"
    r"|_region|_version|_enabled|_host|_endpoint|access_key_id)$",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b[a-z][a-z0-9+.-]*://[^/\s:@<>{}$]+:[^/\s:@<>{}$]+@"  # user:password@ in an address
)
_PLACEHOLDERS: Final = frozenset({"", "true", "false", "none", "null", "disabled", "enabled"})


def holds_credential(text: str) -> bool:
    """Whether a text holds an access key, a private key or an address with a password."""
    return _TEXT.search(text) is not None


def names_credential(name: str) -> bool:
    """Whether what has this name is a credential."""
    return _NAME.search(name) is not None and _HARMLESS_NAME.search(name) is None


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no credential, or says only where one is."""
    return text.lower() in _PLACEHOLDERS or text.startswith("arn:")
