"""Route 53 Resolver: which names a VPC resolves, and where queries are logged.

No name is resolved; what would be refused is refused, and what is left over is seen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import call, require
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

RECORDED: Final = (
    "AWS::Route53Resolver::FirewallDomainList",
    "AWS::Route53Resolver::FirewallRuleGroup",
    "AWS::Route53Resolver::FirewallRuleGroupAssociation",
    "AWS::Route53Resolver::ResolverQueryLoggingConfig",
    "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
)
_DOMAIN: Final = re.compile(r"\*|(\*\.)?([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")


def _create_list(place: StackPosition, properties: Properties) -> Created:
    domains = properties.texts("Domains", required=True)
    for domain in domains:
        if not _DOMAIN.fullmatch(domain) or len(domain) > 255:
            raise PropertyError(f"{domain} is no domain that DNS Firewall takes")
    return _made("rslvr-fdl", place, properties, "firewall-domain-list", {"Domains": domains})


def _create_group(place: StackPosition, properties: Properties) -> Created:
    priorities = []
    for values in properties.documents("FirewallRules"):
        rule = Properties(values)
        action = rule.text("Action", allowed=("ALLOW", "BLOCK", "ALERT"))
        answer = rule.optional_text("BlockResponse", allowed=("NODATA", "NXDOMAIN", "OVERRIDE"))
        if (action == "BLOCK") != (answer is not None):
            raise PropertyError("BlockResponse goes with BLOCK, and only with it")
        rule.optional_text(
            "FirewallDomainRedirectionAction",
            allowed=("INSPECT_REDIRECTION_DOMAIN", "TRUST_REDIRECTION_DOMAIN"),
        )
        _require(rule.text("FirewallDomainListId"))
        priorities.append(rule.number("Priority", minimum=1, maximum=65535))
        rule.close()
    if len(set(priorities)) != len(priorities):
        raise PropertyError("two rules of a group have the same priority")
    return _made("rslvr-frg", place, properties, "firewall-rule-group", {})


def _associate_group(place: StackPosition, properties: Properties) -> Created:
    group, vpc = properties.text("FirewallRuleGroupId"), properties.text("VpcId")
    _require(group)
    _require_vpc(vpc)
    properties.number("Priority", minimum=101, maximum=9899)
    properties.optional_text("MutationProtection", allowed=("ENABLED", "DISABLED"))
    return _made(
        "rslvr-frgassoc", place, properties, "firewall-rule-group-association", {"uses": [group]}
    )


def _create_logging(place: StackPosition, properties: Properties) -> Created:
    destination = properties.text("DestinationArn")
    name = destination.split(":log-group:")[-1].removesuffix(":*")
    groups = call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    require([item for item in groups if item["logGroupName"] == name], "log group", name)
    return _made("rqlc", place, properties, "resolver-query-log-config", {})


def _associate_logging(place: StackPosition, properties: Properties) -> Created:
    config, vpc = properties.text("ResolverQueryLogConfigId"), properties.text("ResourceId")
    _require(config)
    _require_vpc(vpc)
    return _made(
        "rqlca", place, properties, "resolver-query-log-config-association", {"uses": [config]}
    )


def _made(
    prefix: str, place: StackPosition, properties: Properties, kind: str, record: Mapping[str, Any]
) -> Created:
    properties.tags()
    digest = hashlib.sha256(f"{place.name()}{len(_records())}".encode()).hexdigest()[:16]
    identifier = f"{prefix}-{digest}"
    owner = f"{_engine.region()}:{_engine.account_id()}"
    _records()[identifier] = dict(record)
    return identifier, {
        "Id": identifier,
        "Arn": f"arn:aws:route53resolver:{owner}:{kind}/{identifier}",
    }


def _records() -> MutableMapping[str, Any]:
    return _STORE[0]


def _require(identifier: str) -> None:
    require([identifier] if identifier in _records() else [], "resource", identifier)


def _require_vpc(vpc: str) -> None:
    call("ec2", "describe_vpcs", VpcIds=[vpc])


def _delete(identifier: str, _values: Values) -> None:
    users = [key for key, record in _records().items() if identifier in record.get("uses", ())]
    if users:
        raise ValueError(f"{identifier} is in use by {', '.join(users)}")
    _records().pop(identifier, None)


def install() -> None:
    """Make the store; the engine must be loaded by then."""
    _STORE.append(_engine.store())


_STORE: Final[list[MutableMapping[str, Any]]] = []

RESOURCE_TYPES: Final = tuple(
    ResourceType(
        name=name, create=create, delete=_delete, tags=not name.endswith("ConfigAssociation")
    )
    for name, create in zip(
        RECORDED,
        (_create_list, _create_group, _associate_group, _create_logging, _associate_logging),
        strict=True,
    )
)
