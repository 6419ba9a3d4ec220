"""What :class:`~pci_constructs.settings.protection.ProtectionSettings` means in the CDK's words."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

from pci_constructs.settings.protection import ProtectionSettings
from pci_constructs.settings.retention import RETENTIONS


def removal_policy(protection: ProtectionSettings) -> RemovalPolicy:
    """Return the removal policy of keys, log groups, buckets and secrets.

    What a failed first deployment made is removed again, else its names would be taken when it is
    tried a second time.
    """
    keep = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return keep if protection.keep_data else RemovalPolicy.DESTROY


def database_removal_policy(protection: ProtectionSettings) -> RemovalPolicy:
    """Return the removal policy of the database cluster."""
    return RemovalPolicy.SNAPSHOT if protection.keep_data else RemovalPolicy.DESTROY


def log_retention(protection: ProtectionSettings) -> logs.RetentionDays:
    """Return the retention of log groups."""
    return logs.RetentionDays[RETENTIONS[protection.log_retention_days]]
