"""Requirement 7.2: which other accounts are let in, or written to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import document
from pcistack.policies.narrowing import arn_parts
from pcistack.policies.statements import Statement
from pcistack.regions import index
from pcistack.template.view import Partial, Resource, walk

_ACCOUNT: Final = re.compile(r"\d{12}")


_OWN: Final = ("aws:sourceaccount", "kms:calleraccount", "aws:sourceowner")


@cache
def _deliverers() -> frozenset[str]:
    """Return the accounts of Elastic Load Balancing that write access logs, of every region."""
    return frozenset(
        row["load_balancer_account"] for row in index().values() if row.get("load_balancer_account")
    )


def _own(context: Context) -> frozenset[str]:
    """Return the numbers by which a template that is bound to an account names its own."""
    return frozenset(
        value
        for statements in context.statements.values()
        for statement in statements
        if statement.services
        for key in _OWN
        for value in statement.condition.get(key, ())
        if _ACCOUNT.fullmatch(value)
    )


_CHOSEN: Final = re.compile(r"<([A-Za-z0-9]+)>")
"""An account that somebody chooses at the deployment."""
_PSEUDO: Final = re.compile(r"<AWS::\w+>")


def _foreign(value: object, own: frozenset[str]) -> str | None:
    """Return the account that a principal or an ARN names, if it is another one."""
    text = value if isinstance(value, str) else ""
    parts = arn_parts(text)
    account = parts[4] if len(parts) == 6 else text
    written = _PSEUDO.sub("", text).split(":", 5)
    chosen = _CHOSEN.fullmatch(written[4]) if len(written) == 6 else None
    if chosen is not None:
        return f"of the parameter {chosen[1]}"
    if not _ACCOUNT.fullmatch(account) or account in own or account in _deliverers():
        return None
    return account


_TRUSTED: Final = ("aws:principalorg", "aws:multifactorauth", "sts:externalid", "aws:sourceorg")


@rule(
    "PCI-7.2.5-FOREIGN-ACCOUNT",
    "No other account is let in or written to without a question",
    asks="Access is assigned by need; whoever of another account gets in, or receives data, is "
    "known and has a reason.",
    requirements=("7.2.5", "7.3.1"),
    severity=Severity.WARNING,
    types=(ANY,),
    fix="Confirm whose account it is and what it needs; hold it by sts:ExternalId (a role) or "
    "aws:PrincipalOrgID, or take it out.",
)
def foreign_account(context: Context) -> Iterator[Hit]:
    own = _own(context)
    for statements in context.statements.values():
        for statement in statements:
            accounts = sorted({a for p in statement.principals if (a := _foreign(p, own))})
            if _canonical(statement):
                accounts.append("with a canonical id")
            if statement.allows and accounts and not statement.narrowed_by(*_TRUSTED):
                yield Hit(
                    resource=statement.resource,
                    property=statement.path,
                    message=f"the account {', '.join(accounts)} is let in",
                )
            yield from _assumed(statement, own)
    for kind, paths in _PLACES.items():
        for resource in context.of_type(kind):
            for path in paths:
                yield from _named(resource, path, own)
    for share in context.of_type("AWS::RAM::ResourceShare"):
        if share.flag("AllowExternalPrincipals") is not False and share.items("Principals"):
            yield hit(
                share,
                "AllowExternalPrincipals",
                "accounts outside of the organisation may be given the resources",
            )


def _assumed(statement: Statement, own: frozenset[str]) -> Iterator[Hit]:
    """Yield a statement by which a role of another account may be assumed."""
    if statement.allows and "sts:assumerole" in statement.actions and not statement.principals:
        accounts = sorted({a for one in statement.resources if (a := _foreign(one, own))})
        if accounts:
            message = f"a role of the account {', '.join(accounts)} may be assumed"
            yield hit(statement.resource, statement.path, message)


def _canonical(statement: Statement) -> bool:
    """Whether a bucket's policy names a canonical user in full; CloudFront's are references."""
    value = statement.written.get("Principal")
    named = value.get("CanonicalUser") if isinstance(value, dict) else None
    return any(
        isinstance(one, str) and not isinstance(one, Partial)
        for one in (named if isinstance(named, list) else [named])
    )


_PLACES: Final = {
    "AWS::Lambda::Permission": ("Principal", "SourceAccount"),
    "AWS::Lambda::LayerVersionPermission": ("Principal",),
    "AWS::SNS::Subscription": ("Endpoint", "TopicArn"),
    "AWS::SNS::Topic": ("Subscription",),
    "AWS::Logs::SubscriptionFilter": ("DestinationArn",),
    "AWS::Logs::AccountPolicy": ("PolicyDocument",),
    "AWS::Events::Rule": ("Targets",),
    "AWS::Pipes::Pipe": ("Target",),
    "AWS::S3::Bucket": ("ReplicationConfiguration", "InventoryConfigurations"),
    "AWS::S3::AccessPoint": ("BucketAccountId",),
    "AWS::ECR::ReplicationConfiguration": ("ReplicationConfiguration",),
    "AWS::RAM::ResourceShare": ("Principals",),
    "AWS::Backup::BackupPlan": ("BackupPlan",),
    "AWS::Config::AggregationAuthorization": ("AuthorizedAccountId",),
    "AWS::Oam::Link": ("SinkIdentifier",),
    "AWS::KinesisFirehose::DeliveryStream": ("ExtendedS3DestinationConfiguration.BucketARN",),
    "AWS::EC2::VPCEndpointServicePermissions": ("AllowedPrincipals",),
    "AWS::EC2::NetworkInterfacePermission": ("AwsAccountId",),
    "AWS::RDS::Integration": ("TargetArn",),
    "AWS::Redshift::EndpointAuthorization": ("Account",),
    "AWS::CloudWatch::MetricStream": ("FirehoseArn",),
    "AWS::EC2::FlowLog": ("LogDestination", "DeliverCrossAccountRole"),
    "AWS::SSM::Document": ("AccountIds",),
    "AWS::Cognito::UserPool": ("LambdaConfig",),
    "AWS::Lambda::EventInvokeConfig": ("DestinationConfig",),
    "AWS::Scheduler::Schedule": ("Target",),
    "AWS::DMS::Endpoint": ("KinesisSettings", "S3Settings", "DynamoDbSettings"),
    "AWS::Lambda::Function": ("DeadLetterConfig.TargetArn",),
    "AWS::EC2::TrafficMirrorTarget": ("NetworkLoadBalancerArn",),
    "AWS::ECR::PullThroughCacheRule": ("CustomRoleArn",),
    "AWS::Logs::Delivery": ("DeliveryDestinationArn",),
    "AWS::Logs::DeliveryDestination": ("DestinationResourceArn",),
    "AWS::KMS::ReplicaKey": ("PrimaryKeyArn",),
    "AWS::EFS::FileSystem": ("ReplicationConfiguration",),
    "AWS::DynamoDB::Table": (
        "KinesisStreamSpecification.StreamArn",
        "ImportSourceSpecification.S3BucketSource.S3BucketOwner",
    ),
    "AWS::RDS::DBClusterParameterGroup": ("Parameters",),
    "AWS::ACMPCA::Permission": ("SourceAccount",),
    "AWS::Signer::ProfilePermission": ("Principal",),
    "AWS::CloudWatch::Alarm": ("AlarmActions",),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmActions",),
    "AWS::MSK::Replicator": ("KafkaClusters",),
    "AWS::SecurityLake::Subscriber": ("SubscriberIdentity.Principal",),
    "AWS::LakeFormation::PrincipalPermissions": ("Principal.DataLakePrincipalIdentifier",),
    "AWS::LakeFormation::Permissions": ("DataLakePrincipal.DataLakePrincipalIdentifier",),
    "AWS::OpenSearchServerless::AccessPolicy": ("Policy",),
    "AWS::S3::StorageLens": ("StorageLensConfiguration.DataExport.S3BucketDestination",),
    "AWS::Glue::Connection": ("ConnectionInput.AthenaProperties",),
}
"""Where a type lets another account in, or sends something to it."""


def _named(resource: Resource, path: str, own: frozenset[str]) -> Iterator[Hit]:
    value = resource.get(path)
    if isinstance(value, str) and value.startswith(("{", "[")):
        value = document(value)
    for below, one in walk(value, path):
        account = _foreign(one, own)
        if account is not None:
            yield hit(resource, below, f"the account {account} is let in or written to")


# Identity providers
