"""Requirement 6.4.2: the rules of a web ACL reach every request that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value

_PREFIXES: Final = ("", "/", ".*", "^", "^/", "^.*", ".+", "/.*", "^/.*", ".*$", "^.*$")
_MANY_COUNTRIES: Final = 60
_GUARDS: Final = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement", "RateBasedStatement")
_ASKS: Final = "The control in front of public web applications is set up to prevent web attacks."


def _table(value: Value, key: str) -> dict[str, Value]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _rules(acl: Resource) -> list[tuple[str, dict[str, Value]]]:
    """Return the rules of a web ACL or rule group in the order in which they are asked."""
    found = [
        (f"Rules.{index}", item)
        for index, item in enumerate(acl.items("Rules"))
        if isinstance(item, dict)
    ]
    return sorted(found, key=lambda pair: _priority(pair[1]))


def _priority(item: dict[str, Value]) -> float:
    value = item.get("Priority")
    return float(value) if isinstance(value, int | float) else float("inf")


def matches_everything(context: Context, statement: Value) -> bool:
    """Whether a statement of a web ACL is true of (nearly) every request."""
    if not isinstance(statement, dict) or len(statement) != 1:
        return False
    kind, body = next(iter(statement.items()))
    if not isinstance(body, dict):
        return False
    if kind == "ByteMatchStatement":
        return str(body.get("SearchString")) in ("", "/") and body.get("PositionalConstraint") in (
            "STARTS_WITH",
            "CONTAINS",
        )
    if kind == "RegexMatchStatement":
        return str(body.get("RegexString")) in _PREFIXES
    if kind == "SizeConstraintStatement":
        size, operator = body.get("Size"), body.get("ComparisonOperator")
        return (operator, size) in (("GE", 0), ("GE", "0"), ("NE", 999_999_999))
    if kind == "IPSetReferenceStatement":
        return _holds_everybody(context, body.get("Arn"))
    if kind == "GeoMatchStatement":
        codes = body.get("CountryCodes")
        return isinstance(codes, list) and len(codes) >= _MANY_COUNTRIES
    if kind in ("OrStatement", "AndStatement"):
        parts = body.get("Statements")
        each = (
            [matches_everything(context, part) for part in parts]
            if (isinstance(parts, list))
            else [False]
        )
        return any(each) if kind == "OrStatement" else all(each)
    return False


def _holds_everybody(context: Context, arn: Value) -> bool:
    addresses = context.target(arn)
    ranges = {str(item) for item in addresses.items("Addresses")} if addresses else set()
    halves = ({"0.0.0.0/1", "128.0.0.0/1"}, {"::/1", "8000::/1"})
    return bool({"0.0.0.0/0", "::/0"} & ranges) or any(half <= ranges for half in halves)


@rule(
    "PCI-6.4.2-FIREWALL-SHADOWED",
    "No rule lets requests pass before the rules that would block them",
    asks=_ASKS,
    requirements=("6.4.2",),
    types=("AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"),
    fix="Give the rule that allows a higher Priority number than those that block, or make it "
    "match what it is for and nothing else.",
)
def firewall_shadowed(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"):
        items = _rules(acl)
        for place, (path, item) in enumerate(items):
            if "Allow" not in _table(item, "Action"):
                continue
            later = [
                str(other.get("Name"))
                for _, other in items[place + 1 :]
                if "Allow" not in _table(other, "Action")
            ]
            if not later:
                continue
            everything = matches_everything(context, item.get("Statement"))
            yield hit(
                acl,
                f"{path}.Action",
                f"{item.get('Name')} lets {'every request' if everything else 'what it matches'} "
                f"pass before {', '.join(later[:3])}{' and others' if len(later) > 3 else ''} "
                "are asked",
                severity=None if everything else Severity.WARNING,
            )


@rule(
    "PCI-6.4.2-FIREWALL-SCOPED-AWAY",
    "The rules of a web ACL look at every request",
    asks=_ASKS,
    requirements=("6.4.2",),
    types=("AWS::WAFv2::WebACL",),
    fix="Delete ScopeDownStatement, or make it leave out (NotStatement) no more than must be.",
)
def firewall_scoped_away(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        for path, item in _rules(acl):
            for kind in _GUARDS:
                scope = _table(_table(item, "Statement"), kind).get("ScopeDownStatement")
                if scope is None or matches_everything(context, scope):
                    continue
                leaves_out = isinstance(scope, dict) and "NotStatement" in scope
                swallowed = leaves_out and matches_everything(
                    context, _table(scope, "NotStatement").get("Statement")
                )
                mild = kind == "RateBasedStatement" or (leaves_out and not swallowed)
                yield hit(
                    acl,
                    f"{path}.Statement.{kind}.ScopeDownStatement",
                    f"{item.get('Name')} looks at "
                    + ("no request" if swallowed else "some requests only"),
                    severity=Severity.WARNING if mild else None,
                )


@rule(
    "PCI-10.4.2-FIREWALL-LOG-FILTER",
    "No filter drops what a web ACL has blocked or let pass from its log",
    asks="Audit logs are on for all components, and hold what happened.",
    requirements=("10.4.2", "10.2.1"),
    types=("AWS::WAFv2::LoggingConfiguration",),
    fix="Delete the filter, or let it keep what was blocked and what was allowed.",
)
def firewall_log_filter(context: Context) -> Iterator[Hit]:
    for config in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        for index, item in enumerate(config.items("LoggingFilter.Filters")):
            if not isinstance(item, dict) or item.get("Behavior") != "DROP":
                continue
            conditions = item.get("Conditions")
            actions = {
                str(_table(condition, "ActionCondition").get("Action"))
                for condition in (conditions if isinstance(conditions, list) else [])
            }
            dropped = actions & {"ALLOW", "BLOCK", "CAPTCHA", "CHALLENGE"}
            severe = "BLOCK" in dropped
            if dropped or not actions - {"None"}:
                yield hit(
                    config,
                    f"LoggingFilter.Filters.{index}",
                    f"the log drops {', '.join(sorted(dropped)) or 'what carries some label'}",
                    severity=None if severe else Severity.WARNING,
                )
