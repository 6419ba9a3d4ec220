"""Which policies refuse requests without TLS (PCI DSS 4.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.pci_dss.context import Context
from pcistack.policies.statements import Statement
from pcistack.template.view import Resource

POLICY_OWNERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket", "s3:getobject"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics", "sns:publish"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues", "sqs:sendmessage"),
}
"""The policy of each, the property that names what it guards, and the action that carries data."""


def refuses_plain(context: Context, resource: Resource) -> Statement | None:
    """Return the statement that refuses requests without TLS to everybody; None if there is none.

    Args:
        context: The template.
        resource: A bucket, a topic or a queue.
    """
    policy_kind, path, action = POLICY_OWNERS[resource.type]
    return next(
        (
            statement
            for policy in context.pointing(policy_kind, path, resource.logical_id)
            for statement in context.statements.get(policy.logical_id, ())
            if _refuses(statement, resource.logical_id, action)
        ),
        None,
    )


def _refuses(statement: Statement, logical_id: str, action: str) -> bool:
    return (
        not statement.allows
        and statement.everyone
        and not statement.inverted
        and statement.allows_action(action)
        and statement.condition.get("aws:securetransport") == ("false",)
        and len(statement.condition) == 1
        and _covers(statement, logical_id, action)
    )


def _covers(statement: Statement, logical_id: str, action: str) -> bool:
    """Whether it is for the resource, and for a bucket for its objects too."""
    if "*" in statement.resources:
        return True
    named = [text for text in statement.resources if logical_id in text]
    if not action.startswith("s3:"):
        return bool(named)
    objects = [text for text in named if text.endswith("/*")]
    return bool(objects) and len(objects) < len(named)
