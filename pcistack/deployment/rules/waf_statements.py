"""Web ACLs: what statements and answers need, addresses, and what is attached twice."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, referred_again, text
from pcistack.template.view import Resource, Value, number

_ACL: Final = "AWS::WAFv2::WebACL"
_GROUP: Final = "AWS::WAFv2::RuleGroup"
_PATTERNS: Final = "AWS::WAFv2::RegexPatternSet"
_SET: Final = "AWS::WAFv2::IPSet"
_LINK: Final = "AWS::WAFv2::WebACLAssociation"
# How requests are counted -> what a rate-based statement needs for it.
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "FORWARDED_IP": ("ForwardedIPConfig", "the header with the address"),
    "CONSTANT": ("ScopeDownStatement", "which requests are counted together"),
    "CUSTOM_KEYS": ("CustomKeys", "the keys"),
}
# Managed groups that need a configuration of their own.
_CONFIGURED: Final[Mapping[str, str]] = {
    "AWSManagedRulesATPRuleSet": "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesACFPRuleSet": "AWSManagedRulesACFPRuleSet",
}
_COMMON: Final = (
    *("NoUserAgent_HEADER", "UserAgent_BadBots_HEADER", "SizeRestrictions_QUERYSTRING"),
    *("SizeRestrictions_Cookie_HEADER", "SizeRestrictions_BODY", "SizeRestrictions_URIPATH"),
    *("EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_URIPATH"),
    *("EC2MetaDataSSRF_QUERYARGUMENTS", "GenericLFI_QUERYARGUMENTS", "GenericLFI_URIPATH"),
    *("GenericLFI_BODY", "RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS"),
    *("GenericRFI_QUERYARGUMENTS", "GenericRFI_BODY", "GenericRFI_URIPATH"),
    *("CrossSiteScripting_COOKIE", "CrossSiteScripting_QUERYARGUMENTS"),
    *("CrossSiteScripting_BODY", "CrossSiteScripting_URIPATH"),
)


@rule(
    "DEPLOY-WAF-STATEMENT",
    "A statement or an answer of AWS WAF that lacks a part",
    types=(_ACL, _GROUP, _PATTERNS),
    severity=Severity.FATAL,
    source="AWS WAF API reference: RateBasedStatement, CustomResponse, ManagedRuleGroupConfig",
)
def statement_rule(context: Context) -> Iterator[Hit]:
    yield from _patterns(context)
    for acl in context.of_type(_ACL, _GROUP):
        bodies = fields(acl.get("CustomResponseBodies"))
        for path, item in objects(acl, "Rules"):
            for at, name, body in _statements(item.get("Statement"), f"{path}.Statement"):
                yield from _looks(acl, at, body)
                if name in _ALONE and at.count("Statement.") > 1:
                    yield hit(
                        acl,
                        at,
                        f"a {name} stands inside no other statement",
                        "make a rule of its own of it",
                    )
                if name == "RateBasedStatement":
                    yield from _rate(acl, at, body)
                elif name == "ManagedRuleGroupStatement":
                    yield from _managed(acl, at, body)
            answer = fields(fields(fields(item.get("Action")).get("Block")).get("CustomResponse"))
            key, code = (
                text(answer.get("CustomResponseBodyKey")),
                number(answer.get("ResponseCode")),
            )
            at = f"{path}.Action.Block.CustomResponse"
            if key is not None and key not in bodies:
                yield hit(
                    acl,
                    f"{at}.CustomResponseBodyKey",
                    f"CustomResponseBodies has no {key}",
                    f"add {key} to CustomResponseBodies",
                )
            if code is not None and not 200 <= code <= 599:
                yield hit(acl, f"{at}.ResponseCode", f"there is no code {code:g}", "write 403")


def _patterns(context: Context) -> Iterator[Hit]:
    for patterns in context.of_type(_PATTERNS):
        for index, value in enumerate(patterns.items("RegularExpressionList")):
            if (known := text(value)) is not None and (wrong := _unread(known)):
                path = f"RegularExpressionList.{index}"
                yield hit(patterns, path, f"{known!r}: {wrong}", "correct the expression")


def _statements(value: Value, path: str) -> Iterator[tuple[str, str, dict[str, Value]]]:
    for name, body in fields(value).items():
        inner, at = fields(body), f"{path}.{name}"
        yield at, name, inner
        for nested in ("Statement", "ScopeDownStatement"):
            yield from _statements(inner.get(nested), f"{at}.{nested}")
        for index, part in enumerate(listed(inner.get("Statements"))):
            yield from _statements(part, f"{at}.Statements.{index}")


def _looks(acl: Resource, at: str, body: dict[str, Value]) -> Iterator[Hit]:
    """What a statement looks at, how it changes it first, and the expression it looks for."""
    field = fields(body.get("FieldToMatch"))
    if len(field) > 1:
        yield hit(
            acl,
            f"{at}.FieldToMatch",
            f"a statement looks at one thing, not at {' and '.join(field)}",
            "write a statement for each, inside an OrStatement",
        )
    orders = [text(fields(one).get("Priority")) for one in listed(body.get("TextTransformations"))]
    if None not in orders and len(set(orders)) < len(orders):
        yield hit(
            acl,
            f"{at}.TextTransformations",
            "two transformations have one priority",
            "number them",
        )
    pattern = text(body.get("RegexString"))
    if pattern is not None and (wrong := _unread(pattern)):
        yield hit(acl, f"{at}.RegexString", f"{pattern!r}: {wrong}", "correct the expression")


_ALONE: Final = (
    *("RateBasedStatement", "ManagedRuleGroupStatement", "RuleGroupReferenceStatement"),
)
_SLIPS: Final = ("missing )", "unbalanced parenthesis", "unterminated character set")


def _unread(pattern: str) -> str:
    """Return what no reader of expressions takes; what only Python refuses is none of it."""
    try:
        re.compile(pattern)
    except re.error as error:
        return error.msg if error.msg.startswith(_SLIPS) else ""
    return ""


def _rate(acl: Resource, at: str, body: dict[str, Value]) -> Iterator[Hit]:
    kind = text(body.get("AggregateKeyType")) or ""
    needed, what = _COUNTED.get(kind, ("", ""))
    if needed and body.get(needed) in (None, [], {}):
        yield hit(acl, f"{at}.{needed}", f"AggregateKeyType {kind} needs {what}", f"add {needed}")


def _managed(acl: Resource, at: str, body: dict[str, Value]) -> Iterator[Hit]:
    name = text(body.get("Name"))
    configuration = _CONFIGURED.get(name or "")
    given = [key for one in listed(body.get("ManagedRuleGroupConfigs")) for key in fields(one)]
    if configuration and configuration not in given:
        yield hit(
            acl,
            f"{at}.ManagedRuleGroupConfigs",
            f"{name} needs a configuration",
            f"add {configuration} to ManagedRuleGroupConfigs",
        )
    if name != "AWSManagedRulesCommonRuleSet" or body.get("Version") is not None:
        return
    for index, item in enumerate(listed(body.get("RuleActionOverrides"))):
        own = text(fields(item).get("Name"))
        if own is not None and own not in _COMMON:
            near = difflib.get_close_matches(own, _COMMON, 1)
            yield hit(
                acl,
                f"{at}.RuleActionOverrides.{index}.Name",
                f"{name} has no rule {own}: nothing is overridden",
                f"write {near[0]}" if near else f"choose from {', '.join(_COMMON)}",
                severity=Severity.WARNING,
            )


@rule(
    "DEPLOY-WAF-ADDRESSES",
    "Addresses that an IP set does not take",
    types=(_SET,),
    severity=Severity.FATAL,
    source="AWS WAF API reference: IPSet, Addresses (all CIDR ranges except for /0)",
)
def addresses_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_SET):
        version = one.text("IPAddressVersion")
        for index, value in enumerate(one.items("Addresses")):
            known = text(value)
            problem = _problem(known, version) if known and "{" not in known else ""
            if problem:
                yield hit(
                    one, f"Addresses.{index}", f"{known} {problem}", "write it as 192.0.2.0/24"
                )


def _problem(known: str, version: str | None) -> str:
    try:
        block = ipaddress.ip_network(known, strict=False)
    except ValueError:
        return "is no block of addresses"
    if "/" not in known:
        return "has no length"
    if block.prefixlen == 0:
        return "is every address, which a set does not take"
    if version in ("IPV4", "IPV6") and version != f"IPV{block.version}":
        return f"is of IPv{block.version}, and the set of {version}"
    return ""


@rule(
    "DEPLOY-WAF-TWICE",
    "A second web ACL at one resource, or a log with two destinations",
    types=(_LINK, "AWS::WAFv2::LoggingConfiguration"),
    severity=Severity.WARNING,
    source="AWS WAF API reference: AssociateWebACL, PutLoggingConfiguration (one destination)",
)
def twice_rule(context: Context) -> Iterator[Hit]:
    for link, guarded, first in referred_again(context.of_type(_LINK), "ResourceArn"):
        yield hit(
            link,
            "ResourceArn",
            f"{first} attaches a web ACL to {guarded.logical_id} already: one takes the place "
            "of the other",
            "keep one of them",
        )
    for logging in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        given = logging.raw.properties.get("LogDestinationConfigs")
        if isinstance(given, list) and len(given) > 1 and "Fn::If" not in str(given):
            yield hit(
                logging,
                "LogDestinationConfigs",
                f"{len(given)} destinations; AWS WAF writes to one",
                "keep one",
                severity=Severity.FATAL,
            )
