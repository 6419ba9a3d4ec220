"""Web ACLs and rule groups: priorities, actions and what they guard, as AWS WAF takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Reference, Resource, Value, number

_ACL: Final = "AWS::WAFv2::WebACL"
_GROUP: Final = "AWS::WAFv2::RuleGroup"
_API: Final = "AWS WAF API reference: Rule"
_MANAGED: Final = (
    *("AWSManagedRulesACFPRuleSet", "AWSManagedRulesATPRuleSet"),
    *("AWSManagedRulesAdminProtectionRuleSet", "AWSManagedRulesAmazonIpReputationList"),
    *("AWSManagedRulesAnonymousIpList", "AWSManagedRulesAntiDDoSRuleSet"),
    *("AWSManagedRulesBotControlRuleSet", "AWSManagedRulesCommonRuleSet"),
    *("AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesLinuxRuleSet"),
    *("AWSManagedRulesPHPRuleSet", "AWSManagedRulesSQLiRuleSet", "AWSManagedRulesUnixRuleSet"),
    *("AWSManagedRulesWindowsRuleSet", "AWSManagedRulesWordPressRuleSet"),
)
_GROUPS: Final = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement")
_STATEMENTS: Final = (
    *("AndStatement", "AsnMatchStatement", "ByteMatchStatement", "GeoMatchStatement"),
    *("IPSetReferenceStatement", "LabelMatchStatement", "NotStatement", "OrStatement"),
    *("RateBasedStatement", "RegexMatchStatement", "RegexPatternSetReferenceStatement"),
    *("SizeConstraintStatement", "SqliMatchStatement", "XssMatchStatement", *_GROUPS),
)
_ACTIONS: Final = ("Allow", "Block", "Count", "Captcha", "Challenge")
_WINDOWS: Final = ("60", "120", "300", "600")


@rule(
    "DEPLOY-WAF-RULE",
    "Rules of a web ACL that AWS WAF refuses",
    types=(_ACL, _GROUP),
    severity=Severity.FATAL,
    source=_API,
)
def waf_rule(context: Context) -> Iterator[Hit]:
    for acl in context.of_type(_ACL, _GROUP):
        seen: dict[str, set[str]] = {"Name": set(), "Priority": set()}
        for path, item in objects(acl, "Rules"):
            for name, before in seen.items():
                value = text(item.get(name))
                if value is not None and value in before:
                    yield hit(
                        acl,
                        f"{path}.{name}",
                        f"a second rule has the {name.lower()} {value}",
                        f"give each rule a {name.lower()} of its own",
                    )
                before.add(value or "")
            yield from _action(acl, path, item)
            yield from _visibility(acl, path, item)
            yield from _statement(acl, f"{path}.Statement", item.get("Statement"))
        if acl.type == _ACL:
            default = fields(acl.get("DefaultAction"))
            written = isinstance(acl.get("DefaultAction"), dict)
            if written and sorted(default) not in (["Allow"], ["Block"]):
                yield hit(
                    acl,
                    "DefaultAction",
                    f"the default action is {', '.join(default) or 'empty'}, not Allow or Block",
                    "set DefaultAction: {Allow: {}} or {Block: {}}",
                )
        yield from _visibility(acl, "", dict(acl.properties))


def _action(acl: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    """A rule of a group overrides its action; any other rule has one."""
    statement = fields(item.get("Statement"))
    group = any(name in statement for name in _GROUPS)
    action, override = item.get("Action"), item.get("OverrideAction")
    if action is not None and override is not None:
        yield hit(
            acl,
            path,
            "a rule has an Action or an OverrideAction, not both",
            f"delete {'Action' if group else 'OverrideAction'}",
        )
    elif group and action is not None:
        yield hit(
            acl,
            f"{path}.Action",
            "a rule that refers to a group has no Action of its own",
            "write OverrideAction: {None: {}} or {Count: {}} instead",
        )
    elif statement and not group and override is not None:
        yield hit(
            acl,
            f"{path}.OverrideAction",
            "OverrideAction is for groups of rules; this rule is none",
            "write Action: {Block: {}} or another action instead",
        )
    elif statement and action is None and override is None:
        yield hit(
            acl,
            path,
            f"the rule has no {'OverrideAction' if group else 'Action'}",
            f"add {'OverrideAction: {None: {}}' if group else 'Action: {Block: {}}'}",
        )
    yield from _unknown_actions(acl, path, fields(action), fields(override))


def _unknown_actions(
    acl: Resource, path: str, action: Mapping[str, Value], override: Mapping[str, Value]
) -> Iterator[Hit]:
    for name in action:
        if name not in _ACTIONS:
            yield hit(
                acl,
                f"{path}.Action.{name}",
                f"there is no action {name}",
                f"choose from {', '.join(_ACTIONS)}",
            )
    for name in override:
        if name not in ("None", "Count"):
            yield hit(
                acl,
                f"{path}.OverrideAction.{name}",
                f"an OverrideAction is None or Count, not {name}",
                "choose from None, Count",
            )


def _visibility(acl: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    given = item.get("VisibilityConfig")
    at = f"{path}.VisibilityConfig".lstrip(".")
    if given is None:
        yield hit(
            acl,
            at,
            "there is no VisibilityConfig",
            "add VisibilityConfig: MetricName, CloudWatchMetricsEnabled, SampledRequestsEnabled",
        )
        return
    name = text(fields(given).get("MetricName"))
    if name is not None and (name in ("All", "Default_Action") or not _is_metric(name)):
        yield hit(
            acl,
            f"{at}.MetricName",
            f"{name!r} is no name of a metric",
            "use letters, digits, hyphens and _, at most 128, not All or Default_Action",
        )


def _is_metric(name: str) -> bool:
    return 0 < len(name) <= 255 and all(c.isalnum() or c in "-_#:./" for c in name)


def _statement(acl: Resource, path: str, value: Value) -> Iterator[Hit]:
    statement = fields(value)
    if len(statement) > 1:
        yield hit(
            acl,
            path,
            f"one statement is {' and '.join(sorted(statement))}",
            "keep one, or join them by an AndStatement",
        )
    for name, body in statement.items():
        if name not in _STATEMENTS:
            yield hit(acl, f"{path}.{name}", f"there is no statement {name}", "look its name up")
        at, inner = f"{path}.{name}", fields(body)
        if name == "ManagedRuleGroupStatement":
            yield from _managed(acl, at, inner)
        elif name == "RateBasedStatement":
            yield from _rate(acl, at, inner)
        for nested in ("Statement", "ScopeDownStatement"):
            if nested in inner:
                yield from _statement(acl, f"{at}.{nested}", inner[nested])
        parts = listed(inner.get("Statements"))
        if name in ("AndStatement", "OrStatement") and len(parts) == 1:
            yield hit(
                acl, at, f"{name} joins two statements at least", "add one, or write it alone"
            )
        for index, part in enumerate(parts):
            yield from _statement(acl, f"{at}.Statements.{index}", part)


def _rate(acl: Resource, path: str, body: dict[str, Value]) -> Iterator[Hit]:
    limit, window = number(body.get("Limit")), text(body.get("EvaluationWindowSec"))
    kind = text(body.get("AggregateKeyType"))
    if kind not in (None, "CONSTANT", "CUSTOM_KEYS", "FORWARDED_IP", "IP"):
        yield hit(
            acl,
            f"{path}.AggregateKeyType",
            f"requests are not counted by {kind}",
            "choose from IP, FORWARDED_IP, CUSTOM_KEYS, CONSTANT",
        )
    if limit is not None and not 10 <= limit <= 2_000_000_000:
        yield hit(
            acl,
            f"{path}.Limit",
            f"the limit {limit:g} is outside 10 to 2000000000 requests",
            "choose a limit of 10 at least",
        )
    if window is not None and window not in _WINDOWS:
        yield hit(
            acl,
            f"{path}.EvaluationWindowSec",
            f"the window {window} does not exist",
            f"choose from {', '.join(_WINDOWS)}",
        )


def _managed(acl: Resource, path: str, group: dict[str, Value]) -> Iterator[Hit]:
    vendor, name = text(group.get("VendorName")), text(group.get("Name"))
    if vendor == "AWS" and name is not None and name not in _MANAGED:
        yield hit(
            acl,
            f"{path}.Name",
            f"AWS has no managed rule group {name}",
            f"choose from {', '.join(_MANAGED)}",
        )
    elif name in _MANAGED and vendor not in (None, "AWS"):
        yield hit(acl, f"{path}.VendorName", f"{name} is of AWS, not of {vendor}", "write AWS")


@rule(
    "DEPLOY-WAF-ASSOCIATION",
    "A web ACL attached to what cannot have one",
    types=("AWS::WAFv2::WebACLAssociation",),
    severity=Severity.FATAL,
    source="AWS WAF API reference: AssociateWebACL, ResourceArn",
)
def association_rule(context: Context) -> Iterator[Hit]:
    for association in context.of_type("AWS::WAFv2::WebACLAssociation"):
        target = context.target(association.get("ResourceArn"))
        if target is not None and target.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
            kind = target.text("Type")
            if kind in ("network", "gateway"):
                yield hit(
                    association,
                    "ResourceArn",
                    f"{target.logical_id} is a load balancer of type {kind}: it takes no web ACL",
                    "attach it to an application load balancer",
                )
        if target is not None and target.type == "AWS::CloudFront::Distribution":
            yield hit(
                association,
                "ResourceArn",
                "a distribution names its web ACL itself",
                f"set WebACLId of {target.logical_id}, and delete the association",
            )
        value = association.get("ResourceArn")
        wrong = target is not None and target.type.rpartition("::")[2] in (
            "Listener",
            "TargetGroup",
        )
        if isinstance(value, Reference) and (wrong or value.attribute == "DNSName"):
            yield hit(
                association,
                "ResourceArn",
                f"{value} is no load balancer's ARN, which a web ACL is attached to",
                "write !Ref <load balancer>",
            )
        acl = context.target(association.get("WebACLArn"), _ACL)
        if acl is not None and acl.text("Scope") == "CLOUDFRONT":
            yield hit(
                association,
                "WebACLArn",
                f"{acl.logical_id} is of scope CLOUDFRONT; only a regional one is associated",
                "set Scope: REGIONAL",
            )
