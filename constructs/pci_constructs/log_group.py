"""A log group that the stack owns: encrypted, kept for the configured time, removed with it."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from pci_constructs.foundation import Foundation
from pci_constructs.policy import allow, from_this_account, policy
from pci_constructs.protection import log_retention, removal_policy


def owned_log_group(
    scope: Construct, construct_id: str, *, name: str, foundation: Foundation
) -> logs.LogGroup:
    """Create a log group under the name its producer writes to (PCI DSS 10.3, 10.5.1).

    A group that a service makes by itself is unencrypted, never expires and outlives the stack.

    Args:
        scope: Parent construct.
        construct_id: Id in the parent.
        name: Physical name, one of :attr:`~pci_constructs.names.Names.log_groups`.
        foundation: Key, retention and removal policy.

    Raises:
        ValueError: The policy of the logs key does not name this group, so that CloudWatch Logs
            would refuse to make it.
    """
    if name not in foundation.names.log_groups:
        raise ValueError(
            f"{name} is no log group of {foundation.names}, and the logs key serves those only; "
            "add the worker or job there"
        )
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=foundation.keys.logs,
        retention=log_retention(foundation.protection),
        removal_policy=removal_policy(foundation.protection),
        deletion_protection_enabled=foundation.protection.lock_logs or None,
    )


def delivered_log_group(
    scope: Construct, construct_id: str, *, name: str, foundation: Foundation
) -> logs.LogGroup:
    """Create a log group of the stack that AWS's log delivery may write to.

    The policy is in the words that AWS would add itself. It belongs to the group, as an account may
    have ten of its own only. See :func:`owned_log_group` for the arguments.
    """
    group = owned_log_group(scope, construct_id, name=name, foundation=foundation)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    place = foundation.place
    resource.resource_policy_document = policy(
        allow(
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            on=place.arn("logs", f"log-group:{name}:log-stream:*"),
            to={"Service": "delivery.logs.amazonaws.com"},
            when=from_this_account(place, service="logs"),
            sid="AWSLogDeliveryWrite20150319",
        )
    )
    return group
