"""Ask for every promise of a deployed stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pcistack.account.aws import AwsError, Call, CallRefusedError, CredentialsError, text
from pcistack.account.verify import database, monitoring, names, network, service, template
from pcistack.account.verify.deployed import Deployed
from pcistack.account.verify.drift import drift
from pcistack.account.verify.promise import Check, Promise
from pcistack.checks.findings import counted
from pcistack.verified import Drift, Verification

PROMISES: Final[Sequence[Promise]] = (
    *template.PROMISES,
    *names.PROMISES,
    *database.PROMISES,
    *network.PROMISES,
    *service.PROMISES,
    *monitoring.PROMISES,
)
"""Everything that is asked, beside the settings that CloudFormation compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of a stack's promises.

    Attributes:
        account: Account that was asked.
        digest: Digest of what the deployed template says; empty if AWS did not tell.
        checks: The promises.
        drift: Settings that are not as the template has them.
    """

    account: str
    digest: str
    checks: tuple[Check, ...]
    drift: tuple[Drift, ...]

    @property
    def problems(self) -> list[str]:
        """Every broken promise, the resource first."""
        return [problem for check in self.checks for problem in check.problems]

    @property
    def unanswered(self) -> list[str]:
        """Every promise that AWS did not answer for, and why."""
        return [f"{c.promise.says}: {c.unanswered}" for c in self.checks if c.unanswered]

    @property
    def missing(self) -> list[str]:
        """IAM permissions that the credentials lack."""
        return sorted({check.missing for check in self.checks if check.missing})

    @property
    def holds(self) -> bool:
        """Whether every promise holds and AWS answered about each."""
        return all(check.holds for check in self.checks)

    def as_verification(self, stack: Deployed, on: date) -> Verification:
        """Return it in the shape of the file that the evidence reads."""
        return Verification(
            suffix=stack.suffix,
            region=stack.aws.region,
            account=self.account,
            day=on,
            template_sha256=self.digest,
            promises=tuple(check.as_verified() for check in self.checks),
            drift=self.drift,
        )


def verify(
    stack: Deployed,
    *,
    more: Iterable[Promise] = (),
    pause: Callable[[float], None] = time.sleep,
) -> Verified:
    """Ask for every promise, and let CloudFormation compare the settings.

    A promise about types that the stack does not have is left out.

    Args:
        stack: The stack.
        more: Promises to ask besides.
        pause: Waits some seconds while CloudFormation compares.

    Raises:
        CredentialsError: There are no credentials, or AWS does not accept them.
        AwsError: There is no such stack, or it could not be listed.
    """
    account = stack.aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    _ = stack.physical_ids
    checks = [
        _looked_into(stack, promise)
        for promise in (*PROMISES, *more)
        if not promise.types or stack.of_type(*promise.types)
    ]
    differing: list[Drift] = []
    checks.append(_looked_into(stack, _settings(differing, pause)))
    return Verified(
        account=text(account[0], "") if account else "",
        digest="" if checks[0].holds is None else template.deployed_digest(stack),
        checks=tuple(checks),
        drift=tuple(differing),
    )


def _settings(differing: list[Drift], pause: Callable[[float], None]) -> Promise:
    """Return the promise of the settings; what differs is put into the list."""

    def problems(stack: Deployed) -> Iterator[str]:
        differing.extend(drift(stack, pause=pause))
        for name in dict.fromkeys(item.resource for item in differing):
            paths = [item.property for item in differing if item.resource == name]
            yield f"{name}: {', '.join(path or 'deleted' for path in paths)}"

    return Promise(
        id="settings",
        says="Settings that support a requirement are as the template has them",
        requirement="2.2.1",
        problems=problems,
    )


def _looked_into(stack: Deployed, promise: Promise) -> Check:
    try:
        return Check(promise=promise, problems=tuple(promise.problems(stack)))
    except CredentialsError:
        raise
    except CallRefusedError as error:
        permission = error.call.permission
        return Check(
            promise=promise,
            unanswered=f"It needs the IAM permission {permission}.",
            missing=permission,
        )
    except AwsError as error:
        return Check(promise=promise, unanswered=f"{error}.")


def summary(result: Verified) -> str:
    """Return how many promises hold, such as ``21 promises kept, 1 broken``."""
    kept = sum(check.holds is True for check in result.checks)
    broken = sum(check.holds is False for check in result.checks)
    unknown = sum(check.holds is None for check in result.checks)
    parts = [f"{counted(kept, 'promise')} kept"]
    parts += [f"{broken} broken"] if broken else []
    parts += [f"{unknown} not known"] if unknown else []
    return ", ".join(parts)
