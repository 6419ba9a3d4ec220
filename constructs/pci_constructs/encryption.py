"""Customer-managed keys, one per purpose, each usable by its service only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge
from pci_constructs.names import Names
from pci_constructs.place import Place
from pci_constructs.policy import Statement, allow, policy
from pci_constructs.protection import removal_policy
from pci_constructs.settings.protection import ProtectionSettings

_ADMINISTER: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def publishers(names: Names) -> list[str]:
    """Return what publishes to the alarm topic: its policy admits it, and its key serves it."""
    jobs = ["events.amazonaws.com"] if names.jobs else []
    return ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com", *jobs]


class Encryption(Construct):
    """Keys with yearly rotation (PCI DSS 3.6, 3.7), usable only through the service they are for.

    The account may administer a key through IAM, but nobody may decrypt with it directly.

    Attributes:
        data: Aurora storage, backups and snapshots.
        logs: The stack's log groups.
        secrets: Secrets Manager; RDS makes the master user's secret with it.
        messages: The alarm topic.
        place: Where the stack is deployed.
        arns: ARN of each key by its purpose, as asking a key for it costs two calls into Node.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        protection: ProtectionSettings,
    ) -> None:
        """Create the keys.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            names: Gives the aliases, and the log groups that the logs key may encrypt.
            protection: Gives the deletion window and the removal policy.
        """
        super().__init__(scope, construct_id)
        self._names, self._protection = names, protection
        self.arns: dict[str, str] = {}
        self.place = place = Place.of(self)
        self.data = self._key("data", _use("rds", place=place), _grant("rds", place=place))
        self.logs = self._key("logs", _log_groups(names, place))
        self.secrets = self._key(
            "secrets",
            _use("secretsmanager", "rds", place=place),
            _grant("rds", "secretsmanager", place=place),
        )
        self.messages = self._key(
            "messages",
            _publish(names),
            accepted={
                "PCI-3.6.1-KEY-USE": "If CloudWatch or RDS named no source account to KMS, a "
                "condition on it would drop alarms silently; the key encrypts alarm texts only, "
                "and the topic's own policy admits this account alone."
            },
        )

    def own(self, purpose: str, *services: str) -> kms.IKey:
        """Make a key for resources of your own, usable through their services only.

        Args:
            purpose: What it encrypts, one word that no other key has; part of the alias.
            services: First words of the services' domains, such as ``s3`` and ``sqs``.
        """
        return self._key(purpose, _use(*services, place=self.place))

    def _key(
        self,
        purpose: str,
        *statements: Statement,
        accepted: Mapping[str, str] | None = None,
    ) -> kms.IKey:
        construct_id = purpose.capitalize()
        key = kms.Key(
            self,
            construct_id,
            alias=self._names.alias(purpose),
            description=f"Encrypts the {purpose} of {self._names.stack}",
            enable_key_rotation=True,
            pending_window=durations.days(self._protection.key_deletion_window_days),
            removal_policy=removal_policy(self._protection),
            policy=iam.PolicyDocument.from_json(policy(_administer(self.place), *statements)),
        )
        if accepted:
            acknowledge(key, accepted)
        self.arns[purpose] = key.key_arn
        # Handed out as an import, so that no grant of the CDK widens the policy.
        return kms.Key.from_key_arn(self, f"{construct_id}Key", self.arns[purpose])


def _account(place: Place) -> dict[str, object]:
    """Everybody in the account whom its IAM policies allow."""
    return {"AWS": f"arn:{place.partition}:iam::{place.account}:root"}


def _administer(place: Place) -> Statement:
    return allow(*_ADMINISTER, to=_account(place), sid="AccountAdministersTheKeyThroughIam")


def _use(*services: str, place: Place) -> Statement:
    """Let the account use a key, but only through its services and from this account."""
    return allow(
        *_USE,
        to=_account(place),
        when={"StringEquals": _through(services, place)},
        sid="AccountUsesTheKeyThroughTheServiceOnly",
    )


def _grant(*services: str, place: Place) -> Statement:
    """Let a service hand the use on to its own resources, such as database instances."""
    return allow(
        "kms:CreateGrant",
        to=_account(place),
        when={
            "StringEquals": _through(services, place),
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
        sid="ServiceGrantsTheKeyToItsOwnResources",
    )


def _through(services: Sequence[str], place: Place) -> dict[str, object]:
    names = [f"{service}.{place.region}.amazonaws.com" for service in services]
    return {
        "kms:ViaService": names[0] if len(names) == 1 else names,
        "kms:CallerAccount": place.account,
    }


def _log_groups(names: Names, place: Place) -> Statement:
    groups = [place.arn("logs", f"log-group:{name}") for name in names.log_groups]
    return allow(
        *_USE,
        to={"Service": f"logs.{place.region}.{place.domain}"},
        when={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
        sid="CloudWatchLogsEncryptsTheLogGroupsOfThisStack",
    )


def _publish(names: Names) -> Statement:
    # No account condition: the key must never be the reason why an alarm is dropped silently.
    return allow(
        "kms:Decrypt",
        "kms:GenerateDataKey",
        to={"Service": publishers(names)},
        sid="AlarmsAndDatabaseEventsPublishThroughTheTopic",
    )
