"""Access: keys and who needs them."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

ROOT = "{AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}"


def key(*statements: str, more: str = "") -> str:
    """Return a key that the account administers, with more statements."""
    administer = f"{{Effect: Allow, Action: 'kms:*Key*', Resource: '*', Principal: {ROOT}}}"
    lines = "".join(f"      - {statement}\n" for statement in (administer, *statements))
    return (
        "Key:\n  Type: AWS::KMS::Key\n  Properties:\n    KeyPolicy:\n      Statement:\n"
        f"{lines}{more}"
    )


def through(service: str, *actions: str) -> str:
    """Return a statement that lets the account use a key through a service."""
    via = f"{{StringEquals: {{'kms:ViaService': {service}.eu-central-2.amazonaws.com}}}}"
    named = ", ".join(f"'kms:{action}'" for action in actions)
    return (
        f"{{Effect: Allow, Action: [{named}], Resource: '*', Principal: {ROOT}, Condition: {via}}}"
    )


def _store(kind: str, path: str, service: str, *actions: str) -> Case:
    properties = f"{{{path}: !GetAtt Key.Arn}}"
    for part in reversed(path.split(".")[:-1]):
        properties = f"{{{part}: {{{path.rpartition('.')[2]}: !GetAtt Key.Arn}}}}"
    thing = f"Thing: {{Type: {kind}, Properties: {properties}}}\n"
    return Case(
        rule="DEPLOY-KEY-STORE",
        name=f"{kind} {path}",
        severity=Severity.FATAL,
        property=path,
        bad=template(thing + key(through("sqs", *actions))),
        good=template(thing + key(through(service, *actions))),
    )


def _logs(principal: str, group: str = "") -> str:
    condition = (
        ", Condition: {ArnLike: {'kms:EncryptionContext:aws:logs:arn': !Sub "
        f"'arn:aws:logs:eu-central-2:${{AWS::AccountId}}:log-group:{group}'}}}}"
        if group
        else ""
    )
    thing = (
        "Thing: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /tasks, "
        "KmsKeyId: !GetAtt Key.Arn}}\n"
    )
    return template(
        thing
        + key(
            "{Effect: Allow, Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:GenerateDataKey*'], "
            f"Resource: '*', Principal: {{Service: {principal}.amazonaws.com}}{condition}}}"
        )
    )


def _locked(principal: str, more: str = "") -> str:
    return template(
        "Thing:\n  Type: AWS::KMS::Key\n  Properties:\n    KeyPolicy:\n      Statement:\n"
        f"      - {{Effect: Allow, Action: 'kms:*', Resource: '*', Principal: {principal}}}\n{more}"
    )


_STORED = "Thing: {Type: AWS::RDS::DBCluster, Properties: {KmsKeyId: !Ref Key}}\n"
_GRANTS = ("CreateGrant", "DescribeKey")
_ENVELOPE = ("GenerateDataKey*", "Decrypt")

CASES = (
    _store("AWS::RDS::DBCluster", "KmsKeyId", "rds", *_GRANTS),
    _store("AWS::RDS::DBInstance", "PerformanceInsightsKMSKeyId", "rds", *_GRANTS),
    _store("AWS::DocDB::DBCluster", "KmsKeyId", "rds", *_GRANTS),
    _store("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId", "dynamodb", *_GRANTS),
    _store("AWS::SecretsManager::Secret", "KmsKeyId", "secretsmanager", *_ENVELOPE),
    _store("AWS::RDS::DBCluster", "MasterUserSecret.KmsKeyId", "secretsmanager", *_ENVELOPE),
    Case(
        rule="DEPLOY-KEY-LOG-GROUP",
        name="principal",
        severity=Severity.FATAL,
        property="KmsKeyId",
        bad=_logs("logs.eu-central-1"),
        good=_logs("logs.eu-central-2"),
    ),
    Case(
        rule="DEPLOY-KEY-LOG-GROUP",
        name="encryption context",
        severity=Severity.FATAL,
        property="KmsKeyId",
        bad=_logs("logs.eu-central-2", "/other/*"),
        good=_logs("logs.eu-central-2", "/tas*"),
    ),
    Case(
        rule="DEPLOY-KEY-LOCKOUT",
        severity=Severity.FATAL,
        property="KeyPolicy",
        bad=_locked("{Service: rds.amazonaws.com}"),
        good=_locked(ROOT),
    ),
    Case(
        rule="DEPLOY-KEY-LOCKOUT",
        name="bypassed",
        property="KeyPolicy",
        bad=_locked("{Service: rds.amazonaws.com}", "    BypassPolicyLockoutSafetyCheck: true\n"),
        good=_locked("{AWS: !Ref 'AWS::AccountId'}"),
    ),
    Case(
        rule="DEPLOY-KEY-DISABLED",
        severity=Severity.FATAL,
        property="KmsKeyId",
        bad=template(_STORED + key(more="    Enabled: false\n")),
        good=template(_STORED + key(more="    Enabled: true\n")),
    ),
)
