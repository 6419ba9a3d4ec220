"""A question of ``pcistack preflight`` with its answer, and asking it so that no error is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from pcistack.account.aws import Aws, AwsError, CallRefusedError, CredentialsError

T = TypeVar("T")


class Verdict(StrEnum):
    """What an answer means for the deployment.

    Attributes:
        CONFIRMED: AWS said that it is there.
        FAILS: AWS said that it is not there, or not enough of it: the deployment would fail.
        UNKNOWN: It could not be asked: only the deployment knows the value, or AWS gave no answer.
        REFUSED: The credentials may not ask.
        WARNING: Worth a look; it keeps no deployment from succeeding.
    """

    CONFIRMED = "ok"
    FAILS = "fails"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question and its answer.

    Attributes:
        state: What the answer means.
        need: What the template needs.
        answer: What AWS answered.
        asked: The call, by its IAM permission; empty if nothing was asked.
        resources: Logical ids of the resources that need it.
        fix: Commands that help, each on its own line; empty if there is none.
    """

    state: Verdict
    need: str
    answer: str
    asked: str
    resources: Sequence[str] = ()
    fix: str = ""


def undecided(need: str, resource: str) -> Row:
    """Return the row of what cannot be asked, because only the deployment knows the value."""
    return Row(
        state=Verdict.UNKNOWN,
        need=need,
        answer="only the deployment knows the value",
        asked="",
        resources=(resource,),
    )


def answered(ask: Callable[[Aws], T], aws: Aws, need: str) -> tuple[T | None, list[Row]]:
    """Return what AWS answers, or None with the row of a refusal or failure."""
    try:
        return ask(aws), []
    except CredentialsError:
        raise
    except CallRefusedError as error:
        row = Row(
            state=Verdict.REFUSED,
            need=need,
            answer=f"needs the IAM permission {error.call.permission}",
            asked=error.call.permission,
        )
    except AwsError as error:
        row = Row(state=Verdict.UNKNOWN, need=need, answer=str(error), asked="")
    return None, [row]


def tried(ask: Callable[[Aws], Iterable[Row]], aws: Aws, need: str) -> Sequence[Row]:
    """Return the rows of a question; a refusal or failure becomes a row of its own."""
    rows, failure = answered(lambda aws: list(ask(aws)), aws, need)
    return failure if rows is None else rows
