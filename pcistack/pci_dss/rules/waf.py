"""Requirement 6.4.2: a web application firewall that blocks, in front of what is public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit
from pcistack.network.network import Kind
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.listeners import redirects_only
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value


@rule(
    "PCI-6.4.2-FIREWALL-MISSING",
    "Public web applications have a web ACL in front of them",
    asks="An automated control in front of public web applications detects and prevents attacks.",
    requirements=("6.4.2",),
    security_hub=("CloudFront.6",),
    related=(
        "ELB.16",
        "APIGateway.4",
        "AppSync.1",
    ),
    types=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::CloudFront::Distribution",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::Deployment",
        "AWS::AppSync::GraphQLApi",
        "AWS::CloudFront::DistributionTenant",
        "AWS::Amplify::App",
        "AWS::Cognito::UserPoolDomain",
    ),
    extent=Extent.FULL,
    fix="Associate a web ACL: AWS::WAFv2::WebACLAssociation, or WebACLId of the distribution.",
)
def firewall_missing(context: Context) -> Iterator[Hit]:
    guarded = {
        name_of(link.get("ResourceArn"))
        for link in context.of_type("AWS::WAFv2::WebACLAssociation")
        if link.get("WebACLArn")
    }
    for workload in context.network.workloads.values():
        if workload.kind is not Kind.LOAD_BALANCER or workload.public is False:
            continue
        balancer = context.view.resources[workload.logical_id]
        application = balancer.get("Type") in (None, "application")
        if balancer.type != "AWS::ElasticLoadBalancingV2::LoadBalancer" or not application:
            continue
        if workload.logical_id not in guarded and not _only_redirects(context, workload.logical_id):
            yield Hit(
                resource=workload.logical_id,
                message="it faces the internet, and no web ACL is associated with it",
            )
    for stage in context.of_type("AWS::ApiGateway::Stage"):
        if stage.logical_id not in guarded and not _private_api(context, stage):
            yield Hit(
                resource=stage.logical_id,
                message="the API is public, and no web ACL is associated with its stage",
            )
    yield from _deployed_stages(context)
    yield from _other_doors(context, guarded)


def _other_doors(context: Context, guarded: set[str]) -> Iterator[Hit]:
    for public in context.of_type("AWS::AppSync::GraphQLApi", "AWS::Amplify::App"):
        if public.logical_id not in guarded and public.get("Visibility") != "PRIVATE":
            path = "Visibility" if public.type.endswith("Api") else ""
            yield hit(public, path, "it is public, and no web ACL is associated with it")
    for domain in context.of_type("AWS::Cognito::UserPoolDomain"):
        pool = name_of(domain.get("UserPoolId"))
        if context.target(domain.get("UserPoolId")) is not None and pool not in guarded:
            message = "its pages are public, and no web ACL is associated with its pool"
            yield hit(domain, "UserPoolId", message, severity=Severity.WARNING)
    for tenant in context.of_type("AWS::CloudFront::DistributionTenant"):
        path = "Customizations.WebAcl.Action"
        if tenant.get(path) == "disable":
            yield hit(tenant, path, "the tenant is without its distribution's web ACL")
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        if not distribution.get("DistributionConfig.WebACLId"):
            yield hit(
                distribution, "DistributionConfig.WebACLId", "no web ACL guards the distribution"
            )


def _deployed_stages(context: Context) -> Iterator[Hit]:
    """A deployment with a name makes a stage that is no resource of the template."""
    links = [
        str(link.get("ResourceArn")) for link in context.of_type("AWS::WAFv2::WebACLAssociation")
    ]
    for deployment in context.of_type("AWS::ApiGateway::Deployment"):
        if deployment.get("StageName") is None or _private_api(context, deployment):
            continue
        named = f"/stages/{deployment.text('StageName')}"
        if not any(link.endswith(named) for link in links):
            yield hit(
                deployment,
                "StageName",
                "the deployment makes a public stage, and no web ACL is associated with it",
            )


def _only_redirects(context: Context, balancer: str) -> bool:
    listeners = [
        listener
        for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if name_of(listener.get("LoadBalancerArn")) == balancer
    ]
    ports = {listener.number("Port") for listener in listeners}
    return bool(ports) and all(
        port is not None and redirects_only(context, balancer, int(port)) for port in ports
    )


def _private_api(context: Context, stage: Resource) -> bool:
    api = context.target(stage.get("RestApiId"))
    return api is not None and "PRIVATE" in [
        str(item) for item in api.items("EndpointConfiguration.Types")
    ]


def _rules(acl: Resource) -> list[tuple[str, dict[str, Value]]]:
    return [
        (f"Rules.{index}", item)
        for index, item in enumerate(acl.items("Rules"))
        if isinstance(item, dict)
    ]


def _inside(rule_item: dict[str, Value], key: str) -> dict[str, Value]:
    value = rule_item.get(key)
    return value if isinstance(value, dict) else {}


@rule(
    "PCI-6.4.2-FIREWALL-BLOCKS",
    "The rules of a web ACL block; none only counts",
    asks="The control in front of public web applications prevents attacks, or alerts at once.",
    requirements=("6.4.2",),
    related=("WAF.10",),
    types=("AWS::WAFv2::WebACL",),
    extent=Extent.FULL,
    fix="Action Block for rules of your own, OverrideAction None for managed groups, no "
    "RuleActionOverrides to Count.",
)
def firewall_blocks(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        if acl.is_unknown("Rules"):
            yield _acl_hit(acl, "Rules", f"the rules {UNRESOLVED}")
            continue
        items = _rules(acl)
        if not items and acl.get("DefaultAction.Block") is None:
            yield _acl_hit(acl, "Rules", "it has no rules and lets everything pass")
        for path, item in items:
            name = str(item.get("Name"))
            if "Count" in _inside(item, "OverrideAction"):
                yield _acl_hit(acl, f"{path}.OverrideAction", f"{name} only counts")
            if "Count" in _inside(item, "Action"):
                yield _acl_hit(acl, f"{path}.Action", f"{name} only counts")
            if "Allow" in _inside(item, "Action") and _guards(item):
                yield _acl_hit(acl, f"{path}.Action", f"{name} lets pass what it should block")
            yield from _softened(acl, path, name, item)


def _acl_hit(acl: Resource, path: str, message: str, severity: Severity | None = None) -> Hit:
    return Hit(resource=acl.logical_id, property=path, message=message, severity=severity)


def _guards(item: dict[str, Value]) -> bool:
    statement = _inside(item, "Statement")
    return bool({"RateBasedStatement", "SqliMatchStatement", "XssMatchStatement"} & set(statement))


def _softened(acl: Resource, path: str, name: str, item: dict[str, Value]) -> Iterator[Hit]:
    group = _inside(_inside(item, "Statement"), "ManagedRuleGroupStatement")
    overrides = group.get("RuleActionOverrides")
    soft = [
        str(override.get("Name"))
        for override in (overrides if isinstance(overrides, list) else [])
        if isinstance(override, dict) and {"Count", "Allow"} & set(_inside(override, "ActionToUse"))
    ]
    excluded = group.get("ExcludedRules")
    if group.get("Version") is not None:
        yield _acl_hit(
            acl,
            f"{path}.Statement.ManagedRuleGroupStatement.Version",
            f"{name} stays at one version, and takes no rule against newer attacks",
            Severity.WARNING,
        )
    if soft or excluded:
        names = ", ".join(soft) or "excluded rules"
        yield _acl_hit(
            acl,
            f"{path}.Statement.ManagedRuleGroupStatement",
            f"{name}: {names} do not block",
            Severity.WARNING,
        )


_COVER: Final = {
    "common attacks (AWSManagedRulesCommonRuleSet)": ("CommonRuleSet",),
    "known bad inputs (AWSManagedRulesKnownBadInputsRuleSet)": ("KnownBadInputs",),
    "SQL injection (AWSManagedRulesSQLiRuleSet)": ("SQLi", "SqliMatchStatement"),
    "a rate limit (RateBasedStatement)": ("RateBasedStatement",),
}


@rule(
    "PCI-6.4.2-FIREWALL-COVER",
    "A web ACL covers common attacks, bad inputs, SQL injection and floods",
    asks="The control in front of public web applications is set up to prevent web attacks.",
    requirements=("6.4.2", "6.2.4"),
    types=("AWS::WAFv2::WebACL",),
    fix="Add the managed rule groups AWSManagedRulesCommonRuleSet, "
    "AWSManagedRulesKnownBadInputsRuleSet, AWSManagedRulesSQLiRuleSet and a rate-based rule.",
)
def firewall_cover(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        statements = [_inside(item, "Statement") for _, item in _rules(acl)]
        vendors = {
            str(_inside(statement, "ManagedRuleGroupStatement").get("VendorName"))
            for statement in statements
        }
        if vendors - {"AWS", "None"} or acl.is_unknown("Rules"):
            continue  # another vendor's groups: their names tell nothing
        text = str([_unscoped(statement) for statement in statements])
        for cover, signs in _COVER.items():
            if not any(sign in text for sign in signs):
                yield _acl_hit(acl, "Rules", f"nothing covers {cover}")


def _unscoped(statement: dict[str, Value]) -> list[str]:
    """What a statement matches, by its keys and its group's name."""
    group = _inside(statement, "ManagedRuleGroupStatement")
    nested = [
        str(inner)
        for key in ("OrStatement", "RuleGroupReferenceStatement")
        if (inner := statement.get(key)) is not None
    ]
    return [*statement, str(group.get("Name")), *nested]


_FLOOD: Final = 20_000


_WINDOW: Final = 300.0
"""Seconds over which WAF counts unless a rule says otherwise."""


_CHOSEN: Final = {"Header", "Cookie", "QueryArgument", "QueryString", "ForwardedIP", "UriPath"}


@rule(
    "PCI-6.4.2-RATE-LIMIT",
    "The rate limit is one that a flood meets",
    asks="The control in front of public web applications is set up to prevent web attacks.",
    requirements=("6.4.2",),
    severity=Severity.WARNING,
    types=("AWS::WAFv2::WebACL",),
    fix="Set Limit to at most 20000 requests per address in five minutes, AggregateKeyType IP.",
)
def rate_limit(context: Context) -> Iterator[Hit]:
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        for path, item in _rules(acl):
            base = f"{path}.Statement.RateBasedStatement"
            statement = _inside(_inside(item, "Statement"), "RateBasedStatement")
            limit = acl.number(f"{base}.Limit")
            window = acl.number(f"{base}.EvaluationWindowSec") or _WINDOW
            if limit is not None and limit * _WINDOW / window > _FLOOD:
                yield _acl_hit(
                    acl,
                    f"{base}.Limit",
                    f"one address may send {limit:.0f} requests in {counted(window, 'second')}",
                )
            if statement.get("AggregateKeyType") == "FORWARDED_IP":
                yield _acl_hit(
                    acl,
                    f"{base}.AggregateKeyType",
                    "a client that writes another address into the header has a new limit",
                )
            keys = [one for one in acl.items(f"{base}.CustomKeys") if isinstance(one, dict)]
            if keys and all(set(one) & _CHOSEN for one in keys):
                yield _acl_hit(
                    acl, f"{base}.CustomKeys", "a client chooses its key, and so has no limit"
                )
