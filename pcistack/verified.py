"""What asking the account found: the file that ``verify`` writes and the evidence reads.

Plain dataclasses: whoever writes the file needs nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

_OUTSIDE_ASCII: Final = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPromise:
    """A promise of the stack that was looked at in the account.

    Attributes:
        id: Its name, such as ``flow-log-delivers``.
        requirement: Number of the PCI DSS requirement it speaks to; empty for none.
        holds: Whether it holds; None where AWS did not answer.
        says: What was seen, in a sentence.
    """

    id: str
    requirement: str
    holds: bool | None
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A property that the account has otherwise than the template.

    Attributes:
        resource: Logical id.
        property: Path of the property; empty if the whole resource is gone.
        expected: What the template asks for.
        found: What the account has.
    """

    resource: str
    property: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A deployed stack as the account had it on a day.

    Attributes:
        suffix: Environment suffix.
        region: Region that was asked.
        account: Account that was asked.
        day: The day.
        template_sha256: Digest of what the deployed template says; see :func:`content_digest`.
        promises: What was looked at.
        drift: What differs from the template.
    """

    suffix: str
    region: str
    account: str
    day: date
    template_sha256: str
    promises: tuple[VerifiedPromise, ...] = ()
    drift: tuple[Drift, ...] = ()

    def as_text(self) -> str:
        """Return the text of the file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, default=str) + "\n"


def content_digest(body: Mapping[str, object]) -> str:
    """Return the SHA-256 of what a template says, in whatever form it is written.

    Taken of its JSON with sorted keys, so that a file and what CloudFormation returns of it
    (``GetTemplate``, parsed) have the same: it returns a ``?`` for each character outside of ASCII
    (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220).
    """
    returned = json.loads(_OUTSIDE_ASCII.sub("?", json.dumps(body, ensure_ascii=False)))
    return hashlib.sha256(json.dumps(returned, sort_keys=True).encode()).hexdigest()
