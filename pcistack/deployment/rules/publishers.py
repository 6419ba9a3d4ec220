"""Access: who publishes to a topic or queue may do so, with its key too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.keys import key_of, refused_to_service
from pcistack.deployment.messages import (
    KINDS,
    TOPIC,
    Publisher,
    policies_of,
    publishers,
)
from pcistack.deployment.pack import rule
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.evaluation import Principal, Request

_ENVELOPE: Final = ("kms:GenerateDataKey", "kms:Decrypt")


def _once(context: Context) -> Iterator[Publisher]:
    """Yield one publisher for each service and target; a topic has dozens of alarms."""
    told: set[tuple[str, str]] = set()
    for one in publishers(context):
        if (one.target.logical_id, one.service) not in told:
            told.add((one.target.logical_id, one.service))
            yield one


@rule(
    "DEPLOY-PUBLISH-POLICY",
    "A topic or queue whose policy does not let in who publishes to it",
    types=KINDS,
    source="SNS developer guide: Example cases for access control; SQS developer guide: Basic "
    "examples of policies",
)
def policy_rule(context: Context) -> Iterator[Hit]:
    for one in _once(context):
        policies = policies_of(context, one.target)
        if not policies and one.by_default:
            continue  # the topic keeps the policy that SNS gives it
        if _allowed(context, one, [policy.logical_id for policy in policies]) is not False:
            continue
        action = "sns:Publish" if one.target.type == TOPIC else "sqs:SendMessage"
        yield hit(
            one.resource,
            one.path,
            f"no policy of {one.target.logical_id} lets {one.service} call {action}: "
            + (
                "the service refuses it"
                if one.severity is Severity.FATAL
                else "what it sends is lost without a word"
            ),
            f'in a policy of {one.target.logical_id} allow {action} to {{"Service": '
            f'"{one.service}"}}',
            severity=one.severity,
        )


def _allowed(context: Context, one: Publisher, policies: list[str]) -> bool | None:
    sent = {
        "aws:sourceaccount": (ACCOUNT,),
        "aws:sourceowner": (ACCOUNT,),
        "aws:securetransport": ("true",),
    }
    if one.source:
        sent["aws:sourcearn"] = (one.source,)
    request = Request(
        action="sns:Publish" if one.target.type == TOPIC else "sqs:SendMessage",
        resource=context.access.names.arn(one.target) or "",
        principal=Principal(service=one.service),
        context=sent,
    )
    holders = [context.view.resources[name] for name in policies]
    if any(holder.is_unknown("PolicyDocument") for holder in holders):
        return None
    return context.access.resource_allows(holders, request)


@rule(
    "DEPLOY-PUBLISH-KEY",
    "A topic or queue whose key does not serve who publishes to it",
    types=KINDS,
    severity=Severity.WARNING,
    source="SNS developer guide: Enable compatibility between event sources from AWS services "
    "and encrypted topics; SQS developer guide: Key management",
)
def key_rule(context: Context) -> Iterator[Hit]:
    for one in _once(context):
        value = one.target.get("KmsMasterKeyId")
        key = key_of(context, value)
        if key is not None:
            sent = {"aws:sourcearn": (one.source,)} if one.source else {}
            refused = refused_to_service(context, key, one.service, _ENVELOPE, sent)
            why = f"the policy of {key.logical_id} does not let {one.service} call "
            why += ", ".join(refused)
        elif value in ("alias/aws/sns", "alias/aws/sqs"):
            refused, why = list(_ENVELOPE), f"the key {value} of AWS serves no other service"
        else:
            continue
        if refused:
            yield hit(
                one.resource,
                one.path,
                f"{why}: what it sends to {one.target.logical_id} is lost without a word",
                "encrypt with a key of your own, and in its KeyPolicy allow "
                f'{", ".join(_ENVELOPE)} to {{"Service": "{one.service}"}}',
                severity=Severity.FATAL if one.severity is Severity.FATAL else None,
            )
