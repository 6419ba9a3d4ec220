"""Log groups: filters, policies and events that CloudWatch Logs takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects
from pcistack.template.view import Partial

_FILTERS: Final = ("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter")
_PAIRS: Final = {"{": "}", "[": "]", "%": "%"}


@rule(
    "DEPLOY-LOG-FILTER",
    "A filter of a log that CloudWatch Logs refuses",
    types=_FILTERS,
    severity=Severity.FATAL,
    source="CloudWatch Logs user guide: Filter pattern syntax; API reference: PutMetricFilter",
)
def filter_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_FILTERS):
        pattern = (resource.text("FilterPattern") or "").strip()
        problem = _problem(pattern)
        if problem:
            yield hit(
                resource,
                "FilterPattern",
                f"the pattern {problem}",
                'write it as { $.level = "ERROR" }, [a, b] or words',
            )
        group = context.target(resource.get("LogGroupName"), "AWS::Logs::LogGroup")
        if group is not None and group.text("LogGroupClass") == "INFREQUENT_ACCESS":
            yield hit(
                resource,
                "LogGroupName",
                f"{group.logical_id} is of the class INFREQUENT_ACCESS, which has no filters",
                f"set LogGroupClass: STANDARD of {group.logical_id}",
            )
        streams = context.access.names.text(resource.get("DestinationArn"))
        delivers = streams.split(":")[2:3] in (["firehose"], ["kinesis"])
        if delivers and resource.get("RoleArn") in (None, ""):
            yield hit(
                resource,
                "RoleArn",
                "a filter that sends to Kinesis or Firehose needs a role",
                "set RoleArn to a role that logs.amazonaws.com may assume",
            )
        for path, metric in objects(resource, "MetricTransformations"):
            if metric.get("Dimensions") and metric.get("DefaultValue") is not None:
                yield hit(
                    resource,
                    f"{path}.DefaultValue",
                    "a metric with dimensions has no default value",
                    "delete DefaultValue, or Dimensions",
                )


def _problem(pattern: str) -> str:
    """Say what is wrong with a pattern; nothing if nothing is."""
    closing = _PAIRS.get(pattern[:1])
    if closing is not None and (len(pattern) < 2 or not pattern.endswith(closing)):
        return f"begins with {pattern[0]} and does not end with {closing}"
    if pattern.replace('\\"', "").count('"') % 2:
        return "has a quotation mark that is not closed"
    if pattern.startswith("{"):
        inside = pattern.replace('\\"', "").split('"')[::2]  # what stands outside of quotes
        plain = "".join(inside)
        if plain.count("(") != plain.count(")"):
            return "has brackets that do not match"
        if "==" in plain or re.search(r"\b(AND|OR)\b", plain):
            return "compares by == or joins by AND and OR; write =, && and ||"
        if "$" not in plain:
            return "selects no field: $ is missing"
    return ""


@rule(
    "DEPLOY-LOG-POLICY",
    "A resource policy of logs that CloudWatch Logs refuses",
    types=("AWS::Logs::ResourcePolicy",),
    severity=Severity.FATAL,
    source="CloudWatch Logs API reference: PutResourcePolicy (policyDocument, 5120 characters)",
)
def policy_rule(context: Context) -> Iterator[Hit]:
    for policy in context.of_type("AWS::Logs::ResourcePolicy"):
        written = policy.get("PolicyDocument")
        if not isinstance(written, str):
            continue
        if len(written) > _POLICY:
            yield hit(
                policy,
                "PolicyDocument",
                f"the policy has {len(written)} characters; CloudWatch Logs takes {_POLICY}",
                "name the log groups by a wildcard",
            )
        try:
            json.loads(written)
        except ValueError:
            if not isinstance(written, Partial):
                yield hit(policy, "PolicyDocument", "the policy is no JSON", "write JSON")


_GROUP: Final = "AWS::Logs::LogGroup"
_POLICY: Final = 5120


@rule(
    "DEPLOY-LOG-EVENTS",
    "A rule of events that may not write to its log group",
    types=("AWS::Events::Rule",),
    severity=Severity.WARNING,
    source="EventBridge user guide: CloudWatch Logs permissions (resource policy)",
)
def events_rule(context: Context) -> Iterator[Hit]:
    if context.of_type("AWS::Logs::ResourcePolicy") or context.has_macro:
        return
    for one in context.of_type("AWS::Events::Rule"):
        for path, target in objects(one, "Targets"):
            group = context.target(target.get("Arn"), "AWS::Logs::LogGroup")
            if group is not None and group.get("ResourcePolicyDocument") is None:
                yield hit(
                    one,
                    f"{path}.Arn",
                    f"no AWS::Logs::ResourcePolicy lets events.amazonaws.com write to "
                    f"{group.logical_id}: its events are lost without a word",
                    "add one that allows logs:CreateLogStream and logs:PutLogEvents",
                )


@rule(
    "DEPLOY-LOG-PROTECTION",
    "A data protection policy that CloudWatch Logs refuses",
    types=(_GROUP,),
    severity=Severity.FATAL,
    source="CloudWatch Logs API reference: PutDataProtectionPolicy (one statement audits, one "
    "masks, on the same data identifiers)",
)
def protection_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(_GROUP):
        policy = group.get("DataProtectionPolicy")
        statements = listed(fields(policy).get("Statement"))
        if not statements or any(not isinstance(one, dict) for one in statements):
            continue
        operations = [fields(fields(one).get("Operation")) for one in statements]
        for name in ("Audit", "Deidentify"):
            if not any(name in operation for operation in operations):
                yield hit(
                    group,
                    "DataProtectionPolicy.Statement",
                    f"no statement has the operation {name}; a policy has Audit and Deidentify",
                    f"add a statement with {name}",
                )
