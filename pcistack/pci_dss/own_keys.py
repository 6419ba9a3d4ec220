"""Whether a key is the account's own, or AWS's."""

from __future__ import annotations

from pcistack.template.view import Value


def default_key(value: Value) -> bool:
    """Whether a key is one that AWS keeps, whose policy nobody can narrow."""
    text = str(value) if isinstance(value, str) else ""
    return text.startswith("alias/aws/") or text == "AWS_OWNED_KMS_KEY"
