"""A web ACL before the load balancer, with its log."""

from __future__ import annotations

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import delivered_log_group
from pci_constructs.settings.ingress import IngressSettings
from pci_constructs.settings.waf import MANAGED_RULES


def guard(
    scope: Construct,
    *,
    foundation: Foundation,
    settings: IngressSettings,
    load_balancer_arn: str,
) -> wafv2.CfnWebACL:
    """Put a web ACL before a load balancer: it blocks, and logs what it blocks (PCI DSS 6.4.2).

    Args:
        scope: Parent construct.
        foundation: Names, and the key and retention of the log.
        settings: How often one address may ask, and rules that count only.
        load_balancer_arn: What it guards.
    """
    names = foundation.names
    web_acl = wafv2.CfnWebACL(
        scope,
        "WebAcl",
        name=names.web_acl,
        description=f"Guards the load balancer of {names.stack}",
        scope="REGIONAL",
        default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=_visibility(names.web_acl),
        rules=_rules(settings),
    )
    exceptions = settings.waf_exceptions
    if exceptions:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in exceptions.items())
        acknowledge(web_acl, {"PCI-6.4.2-FIREWALL-BLOCKS": f"By the environment. {reasons}"})
    wafv2.CfnWebACLAssociation(
        scope,
        "WebAclAssociation",
        resource_arn=load_balancer_arn,
        web_acl_arn=web_acl.attr_arn,
    )
    _log(scope, web_acl, foundation)
    return web_acl


def _rules(settings: IngressSettings) -> list[wafv2.CfnWebACL.RuleProperty]:
    rate = wafv2.CfnWebACL.RuleProperty(
        name="RateLimit",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP",
                limit=settings.rate_limit,
                evaluation_window_sec=300,
            )
        ),
        visibility_config=_visibility("RateLimit"),
    )
    return [
        rate,
        *(
            _managed(
                name,
                priority,
                counting=[rule for rule in settings.waf_exceptions if rule in MANAGED_RULES[name]],
            )
            for priority, name in enumerate(MANAGED_RULES, start=1)
        ),
    ]


def _log(scope: Construct, web_acl: wafv2.CfnWebACL, foundation: Foundation) -> None:
    name, place = foundation.names.waf_logs, foundation.place
    group = delivered_log_group(scope, "WebAclLogGroup", name=name, foundation=foundation)
    logging = wafv2.CfnLoggingConfiguration(
        scope,
        "WebAclLogging",
        resource_arn=web_acl.attr_arn,
        log_destination_configs=[place.arn("logs", f"log-group:{name}")],
        redacted_fields=[
            wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
            for name in ("authorization", "cookie")  # PCI DSS 3.3: no credentials in logs
        ],
    )
    logging.node.add_dependency(group)


def _visibility(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    # Sampled requests would show the headers that the log redacts.
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )


def _managed(name: str, priority: int, *, counting: list[str]) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule,
                        action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={}),
                    )
                    for rule in counting
                ]
                or None,
            )
        ),
        visibility_config=_visibility(name),
    )
