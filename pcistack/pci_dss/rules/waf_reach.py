"""Requirement 6.4.2: the rules of a web ACL reach every request that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value

_PREFIXES: Final = (
    *("", "/", ".*", "^", "^/", "^.*", ".+", "/.*", "^/.*", ".*$", "^.*$"),
    *("^/.+", ".*.*", "(.*)", "[\\s\\S]*", "[\\s\\S]+"),
)
_MANY_COUNTRIES: Final = 60
_ORDINARY: Final = 1024
"""Bytes below which ordinary queries, paths and bodies stay."""
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
    if kind == "RegexPatternSetReferenceStatement":
        patterns = context.target(body.get("Arn"))
        written = patterns.items("RegularExpressionList") if patterns else []
        return any(str(one) in _PREFIXES for one in written)
    if kind == "SizeConstraintStatement":
        return _any_size(body)
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


def _any_size(body: dict[str, Value]) -> bool:
    """Whether a path that begins with a slash, or an ordinary body, has this size."""
    operator, text = body.get("ComparisonOperator"), str(body.get("Size"))
    size = int(text) if text.isdecimal() else None
    if size is None:
        return False
    least = {"GE": 1, "GT": 0}.get(str(operator))
    return (least is not None and size <= least) or (
        operator in ("NE", "LE", "LT") and size >= _ORDINARY
    )


def _holds_everybody(context: Context, arn: Value) -> bool:
    """Whether the set's ranges are half of all addresses, or more."""
    addresses = context.target(arn)
    share = 0.0
    for item in addresses.items("Addresses") if addresses else ():
        length = str(item).partition("/")[2]
        share += 2.0 ** -int(length) if length.isdecimal() else 0.0
    return share >= 0.5


def _leaves_out_little(context: Context, statement: Value) -> bool:
    """Whether a statement is true of all requests but few: not one path, not few countries."""
    inner = _table(_table(statement, "NotStatement"), "Statement")
    return bool(inner) and not matches_everything(context, inner)


def _is_method(statement: Value) -> bool:
    """Whether a statement is true of every request with some usual method."""
    for kind in ("OrStatement", "AndStatement"):
        parts = _table(statement, kind).get("Statements")
        if isinstance(parts, list):
            return bool(parts) and all(_is_method(part) for part in parts)
    match = _table(statement, "ByteMatchStatement")
    return "Method" in _table(match, "FieldToMatch") and str(match.get("SearchString")).upper() in (
        "GET",
        "POST",
    )


def _group_allows(context: Context, item: dict[str, Value]) -> bool:
    """Whether a rule asks a group of the template that lets requests pass."""
    reference = _table(_table(item, "Statement"), "RuleGroupReferenceStatement")
    group = context.target(reference.get("Arn"))
    return group is not None and any(
        "Allow" in _table(inner, "Action") for _, inner in _rules(group)
    )


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
            if "Allow" not in _table(item, "Action") and not _group_allows(context, item):
                continue
            later = [
                str(other.get("Name"))
                for _, other in items[place + 1 :]
                if "Allow" not in _table(other, "Action")
            ]
            if not later:
                continue
            statement = item.get("Statement")
            everything = (
                matches_everything(context, statement)
                or _leaves_out_little(context, statement)
                or _is_method(statement)
            )
            yield hit(
                acl,
                f"{path}.Action" if "Action" in item else f"{path}.Statement",
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


_FIELDS: Final = ("Body", "JsonBody", "Headers", "Cookies", "HeaderOrder")
_LONGEST: Final = 86_400
_IMMUNE: Final = ("ChallengeConfig", "CaptchaConfig")


@rule(
    "PCI-6.4.2-FIREWALL-LOOKS-AWAY",
    "Rules of a web ACL do not pass what is too long for them, nor tokens of others",
    asks=_ASKS,
    requirements=("6.4.2",),
    severity=Severity.WARNING,
    types=("AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"),
    fix="OversizeHandling MATCH in a rule that blocks; TokenDomains of your own; ImmunityTime of a "
    "day at most.",
)
def firewall_looks_away(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"):
        for path, item in _rules(acl):
            if "Allow" in _table(item, "Action"):
                continue
            for field, handling in _oversize(item.get("Statement")):
                if handling != "MATCH":
                    yield hit(
                        acl,
                        f"{path}.Statement",
                        f"{item.get('Name')} does not see what stands behind the first part of "
                        f"{field}: OversizeHandling is {handling or 'not set'}",
                    )
        for index, domain in enumerate(acl.items("TokenDomains")):
            if isinstance(domain, str) and "." not in domain.strip("."):
                yield hit(acl, f"TokenDomains.{index}", f"tokens of all of {domain} are taken")
        for config in _IMMUNE:
            flag = f"{config}.ImmunityTimeProperty.ImmunityTime"
            seconds = acl.number(flag)
            if seconds is not None and seconds > _LONGEST:
                yield hit(acl, flag, f"who has passed once is not asked for {seconds:.0f} s")


def _oversize(statement: Value) -> Iterator[tuple[str, str]]:
    """Yield what a statement looks at that may be too long, and what is done then."""
    if isinstance(statement, list):
        for item in statement:
            yield from _oversize(item)
    elif isinstance(statement, dict):
        if "SizeConstraintStatement" in statement:
            return  # it asks for the length itself
        for key, value in statement.items():
            if key != "FieldToMatch":
                yield from _oversize(value)
            elif isinstance(value, dict):
                for field in _FIELDS:
                    if isinstance(value.get(field), dict):
                        yield field, str(_table(value, field).get("OversizeHandling") or "")


@rule(
    "PCI-10.4.2-FIREWALL-LOG-FILTER",
    "No filter drops what a web ACL has blocked or let pass from its log",
    asks="Audit logs are on for all components, and hold what happened.",
    requirements=("10.4.2", "10.2.1"),
    types=("AWS::WAFv2::LoggingConfiguration",),
    fix="Leave UriPath out of RedactedFields; delete the filter, or let it keep what was blocked "
    "and what was allowed.",
)
def firewall_log_filter(context: Context) -> Iterator[Hit]:
    for config in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        for index, field in enumerate(config.items("RedactedFields")):
            if isinstance(field, dict) and "UriPath" in field:
                yield hit(
                    config,
                    f"RedactedFields.{index}",
                    "the log does not say what was asked for",
                    severity=Severity.WARNING,
                )
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
