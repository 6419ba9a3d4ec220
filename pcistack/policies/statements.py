"""The policy statements of a template: IAM, key and resource policies, in one shape."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.policies.narrowing import narrowed_by, narrowing_keys, text_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        resource: Logical id of the resource that holds the policy.
        path: Property path of the statement.
        allows: Whether its effect is ``Allow``.
        actions: Lower-cased actions; those of ``NotAction`` are not among them.
        resources: What it applies to, as text.
        services: Service principals.
        accounts: Other principals, as text; ``*`` for everyone.
        condition: Condition keys, lower-cased, with their values.
        inverted: Which of ``NotAction``, ``NotResource``, ``NotPrincipal`` it uses.
        written: The statement as the template has it, for whoever evaluates it.
    """

    resource: str
    path: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    services: tuple[str, ...]
    accounts: tuple[str, ...]
    condition: Mapping[str, tuple[str, ...]]
    inverted: tuple[str, ...]
    written: Mapping[str, Value]

    @property
    def everyone(self) -> bool:
        """Whether it is for any principal of any account."""
        return "*" in self.accounts

    @property
    def account_root(self) -> bool:
        """Whether it is for a whole account."""
        return any(account.endswith(":root") for account in self.accounts)

    def allows_action(self, action: str) -> bool:
        """Whether one of its actions, wildcards included, is or covers an action."""
        return any(fnmatch.fnmatchcase(action.lower(), pattern) for pattern in self.actions)

    def narrowed_by(self, *keys: str) -> bool:
        """Whether a condition narrows it by one of some keys, or keys that start like them."""
        return narrowed_by(self.written.get("Condition"), keys)

    @property
    def narrowing(self) -> frozenset[str]:
        """Condition keys, lower-cased, that narrow it."""
        return frozenset(narrowing_keys(self.written.get("Condition")))

    @property
    def principals(self) -> tuple[str, ...]:
        """Accounts, roles and users that it is for, as text; services and providers are not."""
        value = self.written.get("Principal")
        return _texts(value.get("AWS") if isinstance(value, dict) else value)

    @property
    def providers(self) -> tuple[str, ...]:
        """Identity providers that it is for, as text."""
        value = self.written.get("Principal")
        return _texts(value.get("Federated")) if isinstance(value, dict) else ()


IDENTITY_POLICIES: Final = (
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::IAM::Group",
    "AWS::SSO::PermissionSet",
    "AWS::IoT::Policy",
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
)

RESOURCE_POLICIES: Final[Mapping[str, str]] = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::EFS::FileSystem": "FileSystemPolicy",
    "AWS::OpenSearchService::Domain": "AccessPolicies",
    "AWS::Elasticsearch::Domain": "AccessPolicies",
    "AWS::Logs::LogGroup": "ResourcePolicyDocument",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::DynamoDB::Table": "ResourcePolicy.PolicyDocument",
    "AWS::Kinesis::ResourcePolicy": "ResourcePolicy",
    "AWS::Events::EventBusPolicy": "Statement",
    "AWS::Events::EventBus": "Policy",
    "AWS::SNS::TopicInlinePolicy": "PolicyDocument",
    "AWS::SQS::QueueInlinePolicy": "PolicyDocument",
    "AWS::S3::AccessPoint": "Policy",
    "AWS::S3::MultiRegionAccessPointPolicy": "Policy",
    "AWS::S3Express::BucketPolicy": "PolicyDocument",
    "AWS::S3Outposts::BucketPolicy": "PolicyDocument",
    "AWS::S3Outposts::AccessPoint": "Policy",
    "AWS::S3ObjectLambda::AccessPointPolicy": "PolicyDocument",
    "AWS::S3Tables::TableBucketPolicy": "ResourcePolicy",
    "AWS::S3Tables::TablePolicy": "ResourcePolicy",
    "AWS::Logs::Destination": "DestinationPolicy",
    "AWS::Logs::DeliveryDestination": "DeliveryDestinationPolicy.DeliveryDestinationPolicy",
    "AWS::CloudTrail::ResourcePolicy": "ResourcePolicy",
    "AWS::ECR::RegistryPolicy": "PolicyText",
    "AWS::ECR::RepositoryCreationTemplate": "RepositoryPolicy",
    "AWS::Backup::LogicallyAirGappedBackupVault": "AccessPolicy",
    "AWS::CodeArtifact::Domain": "PermissionsPolicyDocument",
    "AWS::CodeArtifact::Repository": "PermissionsPolicyDocument",
    "AWS::MSK::ClusterPolicy": "Policy",
    "AWS::DynamoDB::Stream": "ResourcePolicy.PolicyDocument",
    "AWS::Redshift::Cluster": "NamespaceResourcePolicy",
    "AWS::RedshiftServerless::Namespace": "NamespaceResourcePolicy",
    "AWS::SSM::ResourcePolicy": "Policy",
    "AWS::XRay::ResourcePolicy": "PolicyDocument",
    "AWS::MediaStore::Container": "Policy",
    "AWS::VpcLattice::AuthPolicy": "Policy",
    "AWS::VpcLattice::ResourcePolicy": "Policy",
    "AWS::NetworkFirewall::FirewallPolicy": "ResourcePolicy",
    "AWS::SES::EmailIdentityPolicy": "Policy",
    "AWS::Oam::Sink": "Policy",
    "AWS::APS::ResourcePolicy": "PolicyDocument",
    "AWS::EventSchemas::RegistryPolicy": "Policy",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupPolicy",
    "AWS::Lex::ResourcePolicy": "Policy",
    "AWS::Organizations::ResourcePolicy": "Content",
}

_OTHERS: Final[Mapping[str, str]] = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::KMS::ReplicaKey": "KeyPolicy",
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::ApiGateway::RestApi": "Policy",
}


def statements_of(view: View) -> dict[str, tuple[Statement, ...]]:
    """Return the statements of every policy of a view, by the resource that holds them."""
    found: dict[str, tuple[Statement, ...]] = {}
    for resource in view.resources.values():
        statements = tuple(_statements(resource))
        if statements:
            found[resource.logical_id] = statements
    return found


def _statements(resource: Resource) -> Iterator[Statement]:
    path = RESOURCE_POLICIES.get(resource.type) or _OTHERS.get(resource.type)
    if path:
        yield from _document(resource, path)
        if resource.type == "AWS::Events::EventBusPolicy" and resource.get("Principal") is not None:
            yield _of_event_bus(resource)
    elif resource.type == "AWS::DynamoDB::GlobalTable":
        for index in range(len(resource.items("Replicas"))):
            yield from _document(resource, f"Replicas.{index}.ResourcePolicy.PolicyDocument")
    elif resource.type in IDENTITY_POLICIES:
        yield from _document(resource, "PolicyDocument")
        yield from _document(resource, "AssumeRolePolicyDocument")
        yield from _document(resource, "InlinePolicy")
        for index, item in enumerate(resource.items("Policies")):
            if isinstance(item, dict):
                inner = "" if "Statement" in item else ".PolicyDocument"
                yield from _document(resource, f"Policies.{index}{inner}")


def _of_event_bus(resource: Resource) -> Statement:
    """Return what an event bus policy says without a statement: principal, action, organisation."""
    operator, key = resource.text("Condition.Type"), resource.text("Condition.Key")
    condition: dict[str, Value] = (
        {operator: {key: resource.get("Condition.Value")}} if (operator and key) else {}
    )
    item: dict[str, Value] = {
        "Effect": "Allow",
        "Principal": {"AWS": resource.get("Principal")},
        "Action": resource.get("Action"),
        "Condition": condition,
    }
    return _statement(resource.logical_id, "Principal", item)


def _document(resource: Resource, path: str) -> Iterator[Statement]:
    yield from parsed(resource.logical_id, path, resource.get(path))


def parsed(logical_id: str, path: str, document: Value) -> Iterator[Statement]:
    """Yield the statements of a policy document.

    Args:
        logical_id: The resource that holds the policy.
        path: Property path of the document.
        document: The document, or its JSON text.
    """
    if isinstance(document, str):  # Logs resource policies are JSON text
        try:
            loaded: object = json.loads(str(document))
        except ValueError:
            return
        document = _as_value(loaded)
    if not isinstance(document, dict):
        return
    statements = document.get("Statement", document if "Effect" in document else None)
    items = statements if isinstance(statements, list) else [statements]
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield _statement(logical_id, f"{path}.Statement.{index}", item)


def _as_value(parsed: object) -> Value:
    if isinstance(parsed, dict):
        return {str(key): _as_value(item) for key, item in parsed.items()}
    if isinstance(parsed, list):
        return [_as_value(item) for item in parsed]
    if parsed is None or isinstance(parsed, str | int | float | bool):
        return parsed
    return str(parsed)


def _statement(logical_id: str, path: str, item: dict[str, Value]) -> Statement:
    services, accounts = _principals(item.get("Principal"))
    return Statement(
        resource=logical_id,
        path=path,
        allows=str(item.get("Effect")) != "Deny",
        actions=tuple(action.lower() for action in _texts(item.get("Action"))),
        resources=_texts(item.get("Resource")),
        services=services,
        accounts=accounts,
        condition=_condition(item.get("Condition")),
        inverted=tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if key in item),
        written=item,
    )


def _principals(value: Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(value, dict):
        services = _texts(value.get("Service"))
        others = [text for key in value if key != "Service" for text in _texts(value[key])]
        if "*" in services:
            others.append("*")
        return services, tuple(others)
    return (), _texts(value)


def _condition(value: Value) -> dict[str, tuple[str, ...]]:
    """Flatten a condition block; negated operators narrow nothing and are left out."""
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(value, Unknown | Reference | Partial):
        return {"unknown": ()}
    for operator, block in (value if isinstance(value, dict) else {}).items():
        if "not" in operator.lower().replace("notation", "") or not isinstance(block, dict):
            continue
        for key, wanted in block.items():
            found[key.lower()] = (*found.get(key.lower(), ()), *_texts(wanted))
    return found


def _texts(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(text_of(item) for item in items)
