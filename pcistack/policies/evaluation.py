"""What IAM statements say to one request: allowed, denied, or not known before the deployment.

The evaluation is IAM's own for one account: an explicit denial wins, then any allowance, else the
request is denied. Answers are True, False, or None where the template does not decide.

Source: IAM user guide, Policy evaluation logic; Condition operators; kms:ViaService.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from pcistack.policies.arns import ResourceNames, is_account_root
from pcistack.policies.matching import all_of, any_of, glob, same
from pcistack.policies.statements import Statement
from pcistack.template.view import Unknown, Value

ABSENT: Final[tuple[str, ...]] = ()
"""Value of a condition key that the request certainly does not carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: a service, a role of the template, or somebody of the account.

    Attributes:
        service: The service's principal; empty for none.
        arn: ARN of the role; empty for none. With neither it is whoever deploys.
    """

    service: str = ""
    arn: str = ""


DEPLOYER: Final = Principal()
"""Whoever creates the stack: some identity of the account, which IAM lets do what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call that a service or an identity makes.

    Attributes:
        action: Such as ``kms:Decrypt``.
        resource: ARN as :class:`ResourceNames` writes it; empty where it does not matter.
        principal: Who asks.
        context: Condition keys, lower-cased, with what the request carries; a key that is not
            here may have any value, or be absent.
    """

    action: str
    resource: str = ""
    principal: Principal = DEPLOYER
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates statements of one view.

    Attributes:
        names: Writes what statements refer to as the requests do.
    """

    names: ResourceNames

    def decide(
        self, statements: Iterable[Statement], request: Request, *, with_principal: bool = False
    ) -> bool | None:
        """Whether statements allow a request, explicit denials among them considered."""
        allows, denies = self.both(statements, request, with_principal=with_principal)
        return all_of([allows, None if denies is None else not denies])

    def both(
        self, statements: Iterable[Statement], request: Request, *, with_principal: bool = False
    ) -> tuple[bool | None, bool | None]:
        """Whether any statement allows a request, and whether any denies it."""
        answers: dict[bool, list[bool | None]] = {True: [], False: []}
        for statement in statements:
            answers[statement.allows].append(
                self.covers(statement, request, with_principal=with_principal)
            )
        return any_of(answers[True]), any_of(answers[False])

    def covers(
        self, statement: Statement, request: Request, *, with_principal: bool = False
    ) -> bool | None:
        """Whether a statement is about a request."""
        tests: tuple[Callable[[], bool | None], ...] = (
            partial(self._action, statement, request.action),
            partial(self._principal, statement, request.principal)
            if with_principal
            else lambda: True,
            partial(self._resource, statement, request.resource),
            partial(self._conditions, statement, request.context),
        )
        unsure = False
        for test in tests:
            answer = test()
            if answer is False:
                return False
            unsure = unsure or answer is None
        return None if unsure else True

    def _texts(self, value: Value) -> Sequence[str]:
        items = value if isinstance(value, list) else [value]
        return [self.names.text(item) for item in items]

    def _action(self, statement: Statement, action: str) -> bool | None:
        asked = action.lower()
        if "NotAction" in statement.inverted:
            excluded = self._texts(statement.written.get("NotAction"))
            return _not(any_of(glob(text.lower(), asked) for text in excluded))
        return any_of(glob(text, asked) for text in statement.actions)

    def _resource(self, statement: Statement, resource: str) -> bool | None:
        if not resource:
            return True
        for key, wanted in (("Resource", True), ("NotResource", False)):
            value = statement.written.get(key)
            if value is not None:
                found = any_of(self._one_resource(text, resource) for text in self._texts(value))
                return found if wanted else _not(found)
        return True  # a trust policy names no resource

    @staticmethod
    def _one_resource(pattern: str, resource: str) -> bool | None:
        return pattern == "*" or (None if resource == "<value>" else glob(pattern, resource))

    def _principal(self, statement: Statement, principal: Principal) -> bool | None:
        value = statement.written.get("Principal")
        if value is None:
            inverted = statement.written.get("NotPrincipal")
            if inverted is None:
                return None
            return _not(self._one_of(inverted, principal))
        return self._one_of(value, principal)

    def _one_of(self, value: Value, principal: Principal) -> bool | None:
        if value == "*":
            return True
        if not isinstance(value, dict):
            return None
        accounts = value.get("AWS", [])
        if principal.service:
            services = self._texts(value.get("Service", []))
            everyone = "*" in self._texts(accounts)
            return any_of([everyone, *(_service(text, principal.service) for text in services)])
        return any_of(
            _identity(self.names.text(item), principal.arn)
            for item in (accounts if isinstance(accounts, list) else [accounts])
            if principal != DEPLOYER or self.names.target(item) is None  # it is not there yet
        )

    def _conditions(
        self, statement: Statement, context: Mapping[str, tuple[str, ...]]
    ) -> bool | None:
        value = statement.written.get("Condition")
        if value is None:
            return True
        if not isinstance(value, dict):
            return None
        return all_of(
            self._test(operator, key.lower(), wanted, context)
            for operator, block in value.items()
            for key, wanted in (block.items() if isinstance(block, dict) else [("", None)])
        )

    def _test(
        self, operator: str, key: str, wanted: Value, context: Mapping[str, tuple[str, ...]]
    ) -> bool | None:
        if key not in context or isinstance(wanted, Unknown):
            return None
        given = context[key]
        name = operator.lower()
        for quantifier in ("foranyvalue:", "forallvalues:"):
            if name.startswith(quantifier):
                name = name.removeprefix(quantifier)
                if not given:
                    return quantifier == "forallvalues:"
        if name.endswith("ifexists"):
            name = name.removesuffix("ifexists")
            if not given:
                return True
        if name == "null":
            asked = str(self.names.text(wanted)).lower()
            return (not given) is (asked == "true")
        compare = _OPERATORS.get(name)
        if compare is None:
            return None
        negated = "not" in name
        found = any_of(compare(pattern, text) for pattern in self._texts(wanted) for text in given)
        return _not(found) if negated else found


def _service(text: str, wanted: str) -> bool | None:
    """Whether a principal is a service's; a spelling for another place is not known to be."""
    if text in ("*", wanted):
        return True
    if "<" in text:
        return None
    places = [_REGION.search(principal) for principal in (text, wanted)]
    if all(places):
        return False  # both name a region, and they differ
    return None if _general(text) == _general(wanted) else False


@lru_cache(maxsize=1024)
def _general(principal: str) -> str:
    """Return a service principal without region and partition."""
    return _REGION.sub("", principal).removesuffix(".cn")


_REGION: Final = re.compile(r"\.[a-z]{2,4}(-[a-z]+)+-\d(?=\.)")


def _identity(text: str, arn: str) -> bool | None:
    """Whether a principal of an account stands for a role, or for whoever deploys."""
    if text == "*":
        return True
    root = is_account_root(text)
    if arn:
        return any_of([root, same(text, arn)]) if root is not False else same(text, arn)
    return True if root else None


def _fold(left: str, right: str) -> bool | None:
    return same(left.lower(), right.lower())


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool | None]]] = {
    "stringequals": same,
    "stringnotequals": same,
    "stringequalsignorecase": _fold,
    "stringnotequalsignorecase": _fold,
    "stringlike": glob,
    "stringnotlike": glob,
    "arnequals": glob,
    "arnlike": glob,
    "arnnotequals": glob,
    "arnnotlike": glob,
    "bool": _fold,
}


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
