"""Customer-managed keys, one per purpose, each usable by its service only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from pci_constructs import principals
from pci_constructs.acknowledge import acknowledge
from pci_constructs.names import Names
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
        protection: Gives the deletion window and the removal policy.
    """

    names: Names
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
        self._administration = _administration()
        self.data = self._key(props, "data", "Data", self._through("rds", grants=True))
        self.logs = self._key(props, "logs", "Logs", [self._log_groups(props.names)])
        self.secrets = self._key(
            props, "secrets", "Secrets", self._through("secretsmanager", grants=False)
        )
        self.messages = self._key(props, "messages", "Messages", [self._publishers()])
        acknowledge(
            self.node.find_child("Messages"),
            {
                "PCI-3.6.1-KEY-USE": "CloudWatch sends KMS no source account, so a condition on it "
                "drops alarms silently; the key encrypts alarm texts only, and the topic's own "
                "policy admits this account alone."
            },
        )

    def _key(
        self,
        props: EncryptionProps,
        purpose: str,
        construct_id: str,
        statements: Sequence[iam.PolicyStatement],
    ) -> kms.IKey:
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

    def _through(self, service: str, *, grants: bool) -> list[iam.PolicyStatement]:
        """Let the account use a key, but only through one service and from this account."""
        stack = Stack.of(self)
        only: Mapping[str, object] = {
            "kms:ViaService": f"{service}.{stack.region}.amazonaws.com",
            "kms:CallerAccount": stack.account,
        }
        use = iam.PolicyStatement(
            sid="AccountUsesTheKeyThroughTheServiceOnly",
            actions=list(_USE),
            principals=[principals.account()],
            resources=["*"],
            conditions={"StringEquals": only},
        )
        if not grants:
            return [use]
        grant = iam.PolicyStatement(
            sid="ServiceGrantsTheKeyToItsOwnResources",
            actions=["kms:CreateGrant"],
            principals=[principals.account()],
            resources=["*"],
            conditions={"StringEquals": only, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        )
        return [use, grant]

    def _log_groups(self, names: Names) -> iam.PolicyStatement:
        stack = Stack.of(self)
        region = stack.region
        group_arn = f"arn:{stack.partition}:logs:{region}:{stack.account}:log-group"
        return iam.PolicyStatement(
            sid="CloudWatchLogsEncryptsTheLogGroupsOfThisStack",
            actions=list(_USE),
            principals=[principals.service(f"logs.{region}.amazonaws.com")],
            resources=["*"],
            conditions={
                "ArnEquals": {
                    "kms:EncryptionContext:aws:logs:arn": [
                        f"{group_arn}:{name}" for name in names.log_groups
                    ]
                }
            },
        )

    def _publishers(self) -> iam.PolicyStatement:
        # No account condition: CloudWatch sends none to KMS and would drop the alarm silently.
        return iam.PolicyStatement(
            sid="AlarmsAndDatabaseEventsPublishThroughTheTopic",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            principals=[
                principals.service("cloudwatch.amazonaws.com"),
                principals.service("events.rds.amazonaws.com"),
            ],
            resources=["*"],
        )


def _administration() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="AccountAdministersTheKeyThroughIam",
        actions=list(_ADMINISTER),
        principals=[principals.account()],
        resources=["*"],
    )
