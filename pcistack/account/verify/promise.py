"""A promise of the stack, and what became of asking for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pcistack.account.verify.deployed import Deployed
from pcistack.verified import VerifiedPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something that the services can be asked about a deployed stack.

    Attributes:
        id: Its name in reports, such as ``flow-logs``.
        says: What should hold, in a sentence without its full stop.
        requirement: Number of the PCI DSS requirement that it speaks to; empty for none.
        types: Resource types that it is about; a stack without any is not asked.
        problems: Asks, and yields a line for each resource that breaks it, named first.
    """

    id: str
    says: str
    requirement: str = ""
    types: tuple[str, ...] = ()
    problems: Callable[[Deployed], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise that was looked into.

    Attributes:
        promise: The promise.
        problems: One line per resource that breaks it, named first; empty when it holds.
        unanswered: Why AWS could not be asked; empty when it answered.
        missing: IAM permission that the credentials lack; empty when they lack none.
    """

    promise: Promise
    problems: tuple[str, ...] = ()
    unanswered: str = ""
    missing: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the promise holds; None where AWS did not answer."""
        return None if self.unanswered else not self.problems

    def as_verified(self) -> VerifiedPromise:
        """Return it in the shape of the file that the evidence reads."""
        seen = self.promise.says
        if self.problems:
            seen = f"Not so: {seen}. {'; '.join(self.problems)}"
        elif self.unanswered:
            seen = f"Not known: {seen}. {self.unanswered}"
        return VerifiedPromise(
            id=self.promise.id, requirement=self.promise.requirement, holds=self.holds, says=seen
        )
