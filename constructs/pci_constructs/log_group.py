"""A log group that the stack owns: encrypted, kept for the configured time, removed with it."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from pci_constructs.protection import Protection


def owned_log_group(
    scope: Construct, construct_id: str, *, name: str, key: kms.IKey, protection: Protection
) -> logs.LogGroup:
    """Create a log group under the name its producer writes to (PCI DSS 10.3, 10.5.1).

    A group that a service makes by itself is unencrypted, never expires and outlives the stack.

    Args:
        scope: Parent construct.
        construct_id: Id in the parent.
        name: Physical name, from :class:`~pci_constructs.names.Names`.
        key: Key of the logs; its policy must name this group.
        protection: Retention and removal policy.
    """
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=protection.log_retention,
        removal_policy=protection.removal_policy,
    )
