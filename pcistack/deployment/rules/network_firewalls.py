"""Network firewalls: policies, rule groups and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, objects, repeated, text, texts
from pcistack.template.view import Resource

_POLICY: Final = "AWS::NetworkFirewall::FirewallPolicy"
_GROUP: Final = "AWS::NetworkFirewall::RuleGroup"
_LOG: Final = "AWS::NetworkFirewall::LoggingConfiguration"
_STRICT: Final = "STRICT_ORDER"
_USUAL: Final = "DEFAULT_ACTION_ORDER"
# Property of the policy -> the type of the groups that it takes.
_REFERENCES: Final[Mapping[str, str]] = {
    "StatefulRuleGroupReferences": "STATEFUL",
    "StatelessRuleGroupReferences": "STATELESS",
}
# Kind of destination -> how it is named.
_DESTINATIONS: Final[Mapping[str, str]] = {
    "CloudWatchLogs": "logGroup",
    "KinesisDataFirehose": "deliveryStream",
    "S3": "bucketName",
}


@rule(
    "DEPLOY-NETWORK-FIREWALL",
    "A policy or a log of a network firewall that AWS refuses",
    types=(_POLICY, _LOG),
    severity=Severity.FATAL,
    source="Network Firewall API reference: StatefulRuleGroupReference, StatefulEngineOptions, "
    "LogDestinationConfig",
)
def firewall_rule(context: Context) -> Iterator[Hit]:
    for policy in () if context.has_macro else context.of_type(_POLICY):
        yield from _groups(context, policy)
    for log in context.of_type(_LOG):
        yield from _destinations(log)


def _groups(context: Context, policy: Resource) -> Iterator[Hit]:
    given = policy.get("FirewallPolicy.StatefulEngineOptions.RuleOrder")
    order = text(given) if given is not None else _USUAL
    for name, wanted in _REFERENCES.items():
        for path, item in objects(policy, f"FirewallPolicy.{name}"):
            group = context.target(item.get("ResourceArn"), _GROUP)
            kind = group.text("Type") if group else None
            if group and kind not in (None, wanted):
                yield hit(
                    policy,
                    f"{path}.ResourceArn",
                    f"{group.logical_id} is {kind}, and {name} takes groups that are {wanted}",
                    f"name it among the other groups, or set its Type to {wanted}",
                )
            if wanted == "STATELESS" or order is None:
                continue
            if (order == _STRICT) != (item.get("Priority") is not None):
                how = "needs" if order == _STRICT else "excludes"
                yield hit(
                    policy,
                    f"{path}.Priority",
                    f"RuleOrder {order} {how} Priority",
                    "give each group a priority with STRICT_ORDER, and only then",
                )
            own = group.get("RuleGroup.StatefulRuleOptions.RuleOrder") if group else order
            theirs = text(own) if own is not None else _USUAL
            if group and theirs not in (None, order):
                yield hit(
                    policy,
                    f"{path}.ResourceArn",
                    f"{group.logical_id} is of {theirs}, and the policy of {order}",
                    f"set StatefulRuleOptions.RuleOrder of {group.logical_id} to {order}",
                )


def _destinations(log: Resource) -> Iterator[Hit]:
    place = "LoggingConfiguration.LogDestinationConfigs"
    for path, kind in repeated(texts(log, place, "LogType")):
        yield hit(log, path, f"{kind} goes to two destinations", "name one destination")
    for path, item in objects(log, place):
        wanted = _DESTINATIONS.get(text(item.get("LogDestinationType")) or "")
        named = fields(item.get("LogDestination"))
        if wanted and named and not any(key in (wanted, "Fn::Transform") for key in named):
            yield hit(
                log,
                f"{path}.LogDestination",
                f"{', '.join(named)}: {text(item.get('LogDestinationType'))} is named {wanted}",
                f"write {wanted}",
            )
