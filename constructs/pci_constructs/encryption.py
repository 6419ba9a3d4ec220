"""Customer-managed keys, one per purpose, each usable by its service only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from pci_constructs import principals
from pci_constructs.acknowledge import acknowledge
from pci_constructs.names import Names
from pci_constructs.place import Place
from pci_constructs.protection import Protection

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionProps:
    """Inputs of :class:`Encryption`.

    Attributes:
        names: Gives the aliases, and the log groups that the logs key may encrypt.
        place: The account and region that the key policies admit.
        protection: Gives the deletion window and the removal policy.
    """

    names: Names
    place: Place
    protection: Protection


class Encryption(Construct):
    """Keys with yearly rotation (PCI DSS 3.6, 3.7), usable only through the service they are for.

    The account may administer a key through IAM, but nobody may decrypt with it directly.

    Attributes:
        data: Aurora storage, backups and snapshots.
        logs: The stack's log groups.
        secrets: Secrets Manager.
        messages: The alarm topic.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: EncryptionProps) -> None:
        super().__init__(scope, construct_id)
        self._account = principals.account()
        self._administration = self._administer()
        place = props.place
        self.data = self._key(props, "data", self._use("rds", place), self._grant("rds", place))
        self.logs = self._key(props, "logs", _log_groups(props.names, place))
        self.secrets = self._key(props, "secrets", self._use("secretsmanager", place))
        self.messages = self._key(props, "messages", _publishers())
        acknowledge(
            self.node.find_child("Messages"),
            {
                "PCI-3.6.1-KEY-USE": "If CloudWatch or RDS named no source account to KMS, a "
                "condition on it would drop alarms silently; the key encrypts alarm texts only, "
                "and the topic's own policy admits this account alone."
            },
        )

    def _key(
        self, props: EncryptionProps, purpose: str, *statements: iam.PolicyStatement
    ) -> kms.IKey:
        construct_id = purpose.capitalize()
        key = kms.Key(
            self,
            construct_id,
            alias=props.names.alias(purpose),
            description=f"Encrypts the {purpose} of {props.names.stack}",
            enable_key_rotation=True,
            pending_window=props.protection.key_deletion_window,
            removal_policy=props.protection.removal_policy,
            policy=iam.PolicyDocument(statements=[self._administration, *statements]),
        )
        # Handed out as an import, so that no grant of the CDK widens the policy.
        return kms.Key.from_key_arn(self, f"{construct_id}Key", key.key_arn)

    def _administer(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="AccountAdministersTheKeyThroughIam",
            actions=list(_ADMINISTER),
            principals=[self._account],
            resources=["*"],
        )

    def _use(self, service: str, place: Place) -> iam.PolicyStatement:
        """Let the account use a key, but only through one service and from this account."""
        return iam.PolicyStatement(
            sid="AccountUsesTheKeyThroughTheServiceOnly",
            actions=list(_USE),
            principals=[self._account],
            resources=["*"],
            conditions={"StringEquals": _through(service, place)},
        )

    def _grant(self, service: str, place: Place) -> iam.PolicyStatement:
        """Let a service hand the use on to its own resources, such as database instances."""
        return iam.PolicyStatement(
            sid="ServiceGrantsTheKeyToItsOwnResources",
            actions=["kms:CreateGrant"],
            principals=[self._account],
            resources=["*"],
            conditions={
                "StringEquals": _through(service, place),
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        )


def _through(service: str, place: Place) -> dict[str, str]:
    return {
        "kms:ViaService": f"{service}.{place.region}.amazonaws.com",
        "kms:CallerAccount": place.account,
    }


def _log_groups(names: Names, place: Place) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="CloudWatchLogsEncryptsTheLogGroupsOfThisStack",
        actions=list(_USE),
        principals=[principals.service(f"logs.{place.region}.amazonaws.com")],
        resources=["*"],
        conditions={
            "ArnEquals": {
                "kms:EncryptionContext:aws:logs:arn": [
                    place.arn("logs", f"log-group:{name}") for name in names.log_groups
                ]
            }
        },
    )


def _publishers() -> iam.PolicyStatement:
    # No account condition: the key must never be the reason why an alarm is dropped silently.
    return iam.PolicyStatement(
        sid="AlarmsAndDatabaseEventsPublishThroughTheTopic",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        principals=[
            principals.service("cloudwatch.amazonaws.com"),
            principals.service("events.rds.amazonaws.com"),
        ],
        resources=["*"],
    )
