"""Access: a key serves the service that encrypts with it, and somebody may administer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.keys import KEYS, key_of, refused_through, refused_to_service
from pcistack.deployment.pack import rule
from pcistack.policies.evaluation import ABSENT, DEPLOYER, Request
from pcistack.template.view import Resource

_GRANTS: Final = ("kms:CreateGrant", "kms:DescribeKey")
_ENVELOPE: Final = ("kms:GenerateDataKey", "kms:Decrypt")
_LOGS: Final = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A property that names a key, and what the service asks of it while creating.

    Attributes:
        path: Property path.
        service: The service, as ``kms:ViaService`` spells it.
        actions: What it asks on behalf of whoever deploys.
    """

    path: str
    service: str
    actions: Sequence[str] = _GRANTS


_USES: Final[Mapping[str, tuple[_Use, ...]]] = {
    "AWS::RDS::DBCluster": (
        _Use(path="KmsKeyId", service="rds"),
        _Use(path="PerformanceInsightsKmsKeyId", service="rds"),
        _Use(path="MasterUserSecret.KmsKeyId", service="secretsmanager", actions=_ENVELOPE),
    ),
    "AWS::RDS::DBInstance": (
        _Use(path="KmsKeyId", service="rds"),
        _Use(path="PerformanceInsightsKMSKeyId", service="rds"),
        _Use(path="MasterUserSecret.KmsKeyId", service="secretsmanager", actions=_ENVELOPE),
    ),
    "AWS::RDS::GlobalCluster": (_Use(path="KmsKeyId", service="rds"),),
    "AWS::DocDB::DBCluster": (_Use(path="KmsKeyId", service="rds"),),
    "AWS::Neptune::DBCluster": (_Use(path="KmsKeyId", service="rds"),),
    "AWS::SecretsManager::Secret": (
        _Use(path="KmsKeyId", service="secretsmanager", actions=_ENVELOPE),
    ),
    "AWS::EFS::FileSystem": (
        _Use(path="KmsKeyId", service="elasticfilesystem", actions=("kms:DescribeKey",)),
    ),
    "AWS::DynamoDB::Table": (_Use(path="SSESpecification.KMSMasterKeyId", service="dynamodb"),),
    "AWS::ECR::Repository": (_Use(path="EncryptionConfiguration.KmsKey", service="ecr"),),
    "AWS::ElastiCache::ReplicationGroup": (_Use(path="KmsKeyId", service="elasticache"),),
    "AWS::ElastiCache::ServerlessCache": (_Use(path="KmsKeyId", service="elasticache"),),
    "AWS::EC2::Volume": (
        _Use(
            path="KmsKeyId",
            service="ec2",
            actions=("kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"),
        ),
    ),
    "AWS::Redshift::Cluster": (_Use(path="KmsKeyId", service="redshift"),),
    "AWS::OpenSearchService::Domain": (
        _Use(path="EncryptionAtRestOptions.KmsKeyId", service="es"),
    ),
    "AWS::MSK::Cluster": (
        _Use(path="EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId", service="kafka"),
    ),
    "AWS::Lambda::Function": (
        _Use(path="KmsKeyArn", service="lambda", actions=("kms:CreateGrant", "kms:Encrypt")),
    ),
}


@rule(
    "DEPLOY-KEY-STORE",
    "A key that does not serve the store it is given to",
    types=tuple(_USES),
    severity=Severity.FATAL,
    source="KMS developer guide: kms:ViaService, Using grants; RDS user guide: AWS KMS key "
    "management; Secrets Manager user guide: Permissions for the KMS key",
)
def store_rule(context: Context) -> Iterator[Hit]:
    for kind, uses in _USES.items():
        for resource in context.of_type(kind):
            for use in uses:
                key = key_of(context, resource.get(use.path))
                refused = refused_through(context, key, use.service, use.actions) if key else ()
                if key and refused:
                    yield hit(
                        resource,
                        use.path,
                        f"the policy of {key.logical_id} lets nobody of the account call "
                        f"{' or '.join(refused)} through {use.service} in {context.here}, which "
                        f"it asks for on behalf of whoever creates {resource.logical_id}",
                        f"in KeyPolicy of {key.logical_id} allow {', '.join(use.actions)} to the "
                        "account's root, with no condition or with kms:ViaService: "
                        f"{use.service}.{context.region or '<region>'}.{context.domain}",
                    )


@rule(
    "DEPLOY-KEY-LOG-GROUP",
    "A key that CloudWatch Logs may not use for the log group it is given to",
    types=("AWS::Logs::LogGroup",),
    severity=Severity.FATAL,
    source="CloudWatch Logs user guide: Encrypt log data using AWS KMS",
)
def log_group_rule(context: Context) -> Iterator[Hit]:
    if not context.region:
        return
    service = f"logs.{context.region}.{context.domain}"
    for group in context.of_type("AWS::Logs::LogGroup"):
        key = key_of(context, group.get("KmsKeyId"))
        arn = context.access.names.arn(group)
        if key is None or arn is None:
            continue
        other = {
            name: ABSENT
            for statement in context.access.statements.get(key.logical_id, ())
            for name in statement.condition
            if name.startswith("kms:encryptioncontext:")
        }
        sent = {**other, "kms:encryptioncontext:aws:logs:arn": (arn,), "aws:sourcearn": (arn,)}
        refused = refused_to_service(context, key, service, _LOGS, sent)
        if refused:
            yield hit(
                group,
                "KmsKeyId",
                f"the policy of {key.logical_id} does not let {service} call "
                f"{', '.join(refused)} for this log group: the group is not created",
                f"in KeyPolicy of {key.logical_id} allow kms:Encrypt*, kms:Decrypt*, "
                "kms:ReEncrypt*, kms:GenerateDataKey* and kms:Describe* to "
                f'{{"Service": "{service}"}}; a condition on kms:EncryptionContext:aws:logs:arn '
                f"must hold for {arn}",
            )


@rule(
    "DEPLOY-KEY-LOCKOUT",
    "A key whose policy lets nobody change the policy",
    types=KEYS,
    severity=Severity.FATAL,
    source='KMS API reference: CreateKey, BypassPolicyLockoutSafetyCheck ("The new key policy '
    'will not allow you to update the key policy in the future")',
)
def lockout_rule(context: Context) -> Iterator[Hit]:
    for key in context.of_type(*KEYS):
        if key.get("KeyPolicy") is None or _may_be_administered(context, key):
            continue
        bypassed = key.flag("BypassPolicyLockoutSafetyCheck") is True
        yield hit(
            key,
            "KeyPolicy",
            "no statement lets an identity of the account call kms:PutKeyPolicy: "
            + ("the key could never be administered" if bypassed else "KMS refuses the key"),
            "add a statement that allows kms:* (or the administrative actions, kms:PutKeyPolicy "
            'among them) to {"AWS": "arn:aws:iam::<account>:root"}',
            severity=Severity.ERROR if bypassed else None,
        )


def _may_be_administered(context: Context, key: Resource) -> bool:
    # CloudFormation asks itself, in the name of whoever deploys: through no service that uses keys
    sent = {"kms:viaservice": ABSENT, "kms:grantisforawsresource": ABSENT}
    request = Request(action="kms:PutKeyPolicy", principal=DEPLOYER, context=sent)
    return context.access.key_allows(key, request) is not False


@rule(
    "DEPLOY-KEY-DISABLED",
    "A disabled key that something is to be encrypted with",
    types=(*_USES, "AWS::Logs::LogGroup"),
    severity=Severity.FATAL,
    source="KMS API reference: DisabledException",
)
def disabled_rule(context: Context) -> Iterator[Hit]:
    if all(key.flag("Enabled") is not False for key in context.of_type(*KEYS)):
        return
    uses = {**_USES, "AWS::Logs::LogGroup": (_Use(path="KmsKeyId", service="logs"),)}
    for kind, listed in uses.items():
        for resource in context.of_type(kind):
            for use in listed:
                key = key_of(context, resource.get(use.path))
                if key is not None and key.flag("Enabled") is False:
                    yield hit(
                        resource,
                        use.path,
                        f"{key.logical_id} is disabled: nothing can be encrypted with it",
                        f"remove Enabled: false from {key.logical_id}",
                    )


_SYMMETRIC: Final = (None, "", "SYMMETRIC_DEFAULT")
_OTHERS: Final[Mapping[str, str]] = {
    "AWS::Backup::BackupVault": "EncryptionKeyArn",
    "AWS::Kinesis::Stream": "StreamEncryption.KeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
}


@rule(
    "DEPLOY-KEY-KIND",
    "A key that cannot encrypt what it is given to",
    types=(*_USES, *_OTHERS),
    severity=Severity.FATAL,
    source="KMS developer guide: Special-purpose keys; services take symmetric encryption keys",
)
def kind_rule(context: Context) -> Iterator[Hit]:
    odd = [
        key.logical_id
        for key in context.of_type(*KEYS)
        if not key.is_unknown("KeySpec")
        and (
            key.get("KeySpec") not in _SYMMETRIC
            or key.text("KeyUsage") not in (None, "ENCRYPT_DECRYPT")
        )
    ]
    if not odd:
        return
    places = {kind: [use.path for use in uses] for kind, uses in _USES.items()}
    places |= {kind: [path] for kind, path in _OTHERS.items()}
    for kind, paths in places.items():
        for resource in context.of_type(kind):
            for path in paths:
                key = key_of(context, resource.get(path))
                if key is not None and key.logical_id in odd:
                    yield hit(
                        resource,
                        path,
                        f"{key.logical_id} is no symmetric key for encryption, which it takes only",
                        f"delete KeySpec and KeyUsage of {key.logical_id}",
                    )
