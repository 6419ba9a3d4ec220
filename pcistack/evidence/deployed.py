"""What asking the account found of the stack: the file that ``pcistack verify`` writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.wording import claim
from pcistack.verified import Verification

AS_DEPLOYED: Final = claim("As deployed on {}, in account {}")
AS_ASKED: Final = claim("The account has what the template asks for, as far as it was looked at.")
DIFFERS: Final = claim("{} is {} in the account; the template asks for {}.")
GONE: Final = claim("{} is not in the account as the template has it: {}.")
HOLDS: Final = claim("holds")
BROKEN: Final = claim("does not hold")
NOT_SEEN: Final = claim("not seen")
UNBOUND: Final = claim("not bound to one")
NOT_COMPARED: Final = claim("not compared with the account")


class VerificationError(ValueError):
    """A verification cannot be used; the message says why."""


def read(file: Path, assembly: AssessedStack) -> Verification:
    """Read what was found of a stack in its account.

    Args:
        file: The file.
        assembly: The stack that the evidence is about.

    Raises:
        VerificationError: It cannot be read, or it is about another stack or template.
    """
    try:
        found = TypeAdapter(Verification).validate_json(file.read_bytes())
    except OSError as error:
        raise VerificationError(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise VerificationError(
            f"{file}: not what `pcistack verify` writes ({where + ': ' if where else ''}"
            f"{first['msg']})"
        ) from None
    if not found.template_sha256:
        raise VerificationError(f"{file}: AWS did not tell which template is deployed")
    for what, theirs, ours in (
        ("suffix", found.suffix, {assembly.environment}),
        ("region", found.region, {assembly.region or found.region}),
        ("account", found.account, {assembly.account or found.account}),
        ("template", found.template_sha256, {assembly.sha256, assembly.content}),
    ):
        if theirs not in ours:
            raise VerificationError(
                f"{file}: is about the {what} {_short(theirs)}, not {_short(min(ours))}; deploy "
                f"what this evidence is about and run `pcistack verify` again"
            )
    return found


def _short(text: str) -> str:
    return f"{text[:12]}..." if len(text) == 64 else text


def differences(found: Verification) -> Iterator[tuple[str, str]]:
    """Yield each resource that differs, with a sentence on it; one sentence without one if none."""
    for one in found.drift:
        if one.property:
            yield one.resource, DIFFERS.format(one.property, one.found, one.expected)
        else:
            yield one.resource, GONE.format(one.resource, one.found)
    if not found.drift and not any(one.holds is False for one in found.promises):
        yield "", AS_ASKED


def promises(found: Verification) -> Iterator[tuple[str, str, str, str]]:
    """Yield each promise that was looked at: its id, its requirement, how it is, what was seen."""
    for one in found.promises:
        how = NOT_SEEN if one.holds is None else HOLDS if one.holds else BROKEN
        yield one.id, one.requirement, how, one.says
