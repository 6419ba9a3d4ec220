"""What happens to data at the end of an environment's life."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_logs as logs

from pci_constructs.retention import RETENTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How data is kept while the environment lives, and what is left after it.

    Attributes:
        keep_data: Keep keys, logs and secrets, and take a final snapshot of the database, when
            the stack is deleted. False leaves nothing behind.
        deletion_protection: AWS refuses to delete the database, the load balancer and the stack.
        key_deletion_window: How long a deleted key can be recovered, 7 to 30 days.
        log_retention_days: How long logs are kept; a key of
            :data:`~pci_constructs.retention.RETENTIONS`.
    """

    keep_data: bool
    deletion_protection: bool
    key_deletion_window: Duration
    log_retention_days: int

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Removal policy of keys, log groups, buckets and secrets.

        What a failed first deployment made is removed again, else its names would be taken when
        it is tried a second time.
        """
        keep = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return keep if self.keep_data else RemovalPolicy.DESTROY

    @property
    def database_removal_policy(self) -> RemovalPolicy:
        """Removal policy of the database cluster."""
        return RemovalPolicy.SNAPSHOT if self.keep_data else RemovalPolicy.DESTROY

    @property
    def log_retention(self) -> logs.RetentionDays:
        """Retention of log groups."""
        return logs.RetentionDays[RETENTIONS[self.log_retention_days]]
