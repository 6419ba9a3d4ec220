"""Buckets, queues, caches, search, files, streams: private, encrypted, TLS only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_set, must_be_true, show
from pcistack.pci_dss import encryption_settings, reach_settings, tls_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Partial, Resource, Value

_BLOCKS: Final = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)


@rule(
    "PCI-1.4.4-BUCKET-PUBLIC",
    "Buckets block public access",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "7.3.3", "1.3.1"),
    security_hub=(
        "S3.1",
        "S3.8",
        "S3.19",
        "CloudTrail.6",
    ),
    related=(
        "S3.2",
        "S3.3",
    ),
    types=("AWS::S3::Bucket", "AWS::S3::AccessPoint"),
    extent=Extent.FULL,
    fix="Set all four of PublicAccessBlockConfiguration to true.",
)
def bucket_public(context: Context) -> Iterator[Hit]:
    base = "PublicAccessBlockConfiguration"
    for bucket in context.of_type("AWS::S3::Bucket", "AWS::S3::AccessPoint"):
        if bucket.get(base) is None:
            yield Hit(
                resource=bucket.logical_id,
                property=base,
                message=f"{base} is not written; S3 blocks for new buckets, nothing keeps it so",
                severity=Severity.WARNING,
            )
        else:
            for flag in _BLOCKS:
                yield from must_be_true(bucket, f"{base}.{flag}", flag)
        access = bucket.get("AccessControl")
        if isinstance(access, str) and access.startswith(("Public", "Authenticated")):
            yield hit(bucket, "AccessControl", f"AccessControl is {access}")


@rule(
    "PCI-7.3.3-BUCKET-ACLS",
    "Buckets have no access control lists",
    asks="Access is denied unless a policy allows it; lists of objects are outside of policies.",
    requirements=("7.3.3", "7.3.1"),
    related=("S3.12",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set OwnershipControls with ObjectOwnership BucketOwnerEnforced.",
)
def bucket_acls(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type("AWS::S3::Bucket"):
        if bucket.logical_id in context.acl_buckets:
            continue  # without ACLs CloudFront's standard log stops
        rules = bucket.items("OwnershipControls.Rules")
        for index, item in enumerate(rules):
            value = item.get("ObjectOwnership") if isinstance(item, dict) else None
            if value != "BucketOwnerEnforced":
                yield hit(
                    bucket,
                    f"OwnershipControls.Rules.{index}.ObjectOwnership",
                    f"ObjectOwnership is {show(value)}",
                )


def _default_key(value: Value) -> bool:
    text = str(value) if isinstance(value, str) else ""
    return text.startswith("alias/aws/") or text == "AWS_OWNED_KMS_KEY"


@rule(
    "PCI-3.5.1-BUCKET-KEY",
    "Buckets are encrypted with a key of your own",
    asks="Stored card numbers are unreadable; keys are protected.",
    requirements=("3.5.1", "3.6.1"),
    security_hub=("S3.17",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set SSEAlgorithm aws:kms with KMSMasterKeyID. Buckets for load balancer or server access "
    "logs are excepted: they take AES256 only.",
)
def bucket_key(context: Context) -> Iterator[Hit]:
    base = "BucketEncryption.ServerSideEncryptionConfiguration"
    path = f"{base}.0.ServerSideEncryptionByDefault"
    for bucket in context.of_type("AWS::S3::Bucket"):
        if context.log_buckets.get(bucket.logical_id) in ("load balancer", "bucket"):
            continue
        algorithm = bucket.get(f"{path}.SSEAlgorithm")
        key = bucket.get(f"{path}.KMSMasterKeyID")
        if bucket.is_unknown(f"{path}.SSEAlgorithm"):
            continue
        if algorithm not in ("aws:kms", "aws:kms:dsse") or key is None or _default_key(key):
            yield hit(
                bucket, base, f"SSEAlgorithm is {show(algorithm)}, KMSMasterKeyID {show(key)}"
            )


_ENCRYPTED: Final = (
    ("AWS::ElastiCache::ReplicationGroup", "AtRestEncryptionEnabled"),
    ("AWS::OpenSearchService::Domain", "EncryptionAtRestOptions.Enabled"),
    ("AWS::Elasticsearch::Domain", "EncryptionAtRestOptions.Enabled"),
    ("AWS::EFS::FileSystem", "Encrypted"),
    ("AWS::EC2::Volume", "Encrypted"),
    ("AWS::DAX::Cluster", "SSESpecification.SSEEnabled"),
)


@rule(
    "PCI-3.5.1-STORE-ENCRYPTED",
    "Caches, search domains, file systems and volumes are encrypted",
    asks="Stored card numbers are unreadable; encryption of the volume is a part of it, not all.",
    requirements=("3.5.1",),
    security_hub=("CodeBuild.3", "EKS.3"),
    related=(
        "Opensearch.1",
        "ES.1",
        "EFS.1",
        "EC2.3",
        "ElastiCache.4",
        "DynamoDB.3",
        "APIGateway.5",
    ),
    types=(
        *(kind for kind, _ in _ENCRYPTED),
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::ApiGateway::Stage",
        *types_of(encryption_settings.ENCRYPTED),
    ),
    fix="Set the property to true, and a KmsKeyId.",
)
def store_encrypted(context: Context) -> Iterator[Hit]:
    for kind, path in _ENCRYPTED:
        for resource in context.of_type(kind):
            yield from must_be_true(resource, path)
    yield from wrong(context, encryption_settings.ENCRYPTED)
    yield from _stage_caches(context)
    for kind, base in (
        ("AWS::EC2::Instance", "BlockDeviceMappings"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.BlockDeviceMappings"),
        ("AWS::AutoScaling::LaunchConfiguration", "BlockDeviceMappings"),
    ):
        for resource in context.of_type(kind):
            for index, item in enumerate(resource.items(base)):
                if isinstance(item, dict) and item.get("Ebs") is not None:
                    yield from must_be_true(resource, f"{base}.{index}.Ebs.Encrypted")


def _stage_caches(context: Context) -> Iterator[Hit]:
    """Yield stages that cache answers in the clear, which is the default where a cache is."""
    for stage in context.of_type("AWS::ApiGateway::Stage"):
        settings = [
            (f"MethodSettings.{index}", item)
            for index, item in enumerate(stage.items("MethodSettings"))
            if isinstance(item, dict)
        ]
        cached = [path for path, _ in settings if stage.flag(f"{path}.CachingEnabled") is True]
        for path in cached:
            if stage.flag(f"{path}.CacheDataEncrypted") is not True:
                yield hit(stage, f"{path}.CacheDataEncrypted", "answers are cached in the clear")
        if stage.flag("CacheClusterEnabled") is True and not cached:
            yield hit(stage, "CacheClusterEnabled", "answers are cached in the clear")


_KEYED: Final = (
    ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ("AWS::SQS::Queue", "KmsMasterKeyId"),
    ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId"),
    ("AWS::DynamoDB::GlobalTable", "SSESpecification.SSEEnabled"),
    ("AWS::ElastiCache::ServerlessCache", "KmsKeyId"),
    ("AWS::MemoryDB::Cluster", "KmsKeyId"),
    ("AWS::RedshiftServerless::Namespace", "KmsKeyId"),
    ("AWS::Cassandra::Table", "EncryptionSpecification.KmsKeyIdentifier"),
    ("AWS::Timestream::Database", "KmsKeyId"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamEncryptionConfigurationInput.KeyARN"),
    ("AWS::DSQL::Cluster", "KmsEncryptionKey"),
    ("AWS::FSx::FileSystem", "KmsKeyId"),
    (
        "AWS::S3Express::DirectoryBucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.0."
        "ServerSideEncryptionByDefault.KMSMasterKeyID",
    ),
    ("AWS::Kinesis::Stream", "StreamEncryption.KeyId"),
    ("AWS::KinesisVideo::Stream", "KmsKeyId"),
    ("AWS::Neptune::DBCluster", "KmsKeyId"),
    ("AWS::DocDB::DBCluster", "KmsKeyId"),
    ("AWS::DocDBElastic::Cluster", "KmsKeyId"),
    ("AWS::Redshift::Cluster", "KmsKeyId"),
    ("AWS::OpenSearchService::Domain", "EncryptionAtRestOptions.KmsKeyId"),
    ("AWS::AmazonMQ::Broker", "EncryptionOptions.KmsKeyId"),
    ("AWS::S3Tables::TableBucket", "EncryptionConfiguration.KMSKeyArn"),
    ("AWS::Events::EventBus", "KmsKeyIdentifier"),
    ("AWS::Events::Archive", "KmsKeyIdentifier"),
    ("AWS::Backup::BackupVault", "EncryptionKeyArn"),
    ("AWS::EFS::FileSystem", "KmsKeyId"),
    ("AWS::ElastiCache::ReplicationGroup", "KmsKeyId"),
    ("AWS::MSK::Cluster", "EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId"),
    ("AWS::NeptuneGraph::Graph", "KmsKeyIdentifier"),
    ("AWS::DMS::ReplicationInstance", "KmsKeyId"),
    ("AWS::HealthLake::FHIRDatastore", "SseConfiguration.KmsEncryptionConfig.KmsKeyId"),
    ("AWS::Kendra::Index", "ServerSideEncryptionConfiguration.KmsKeyId"),
    ("AWS::QBusiness::Application", "EncryptionConfiguration.KmsKeyId"),
    ("AWS::MWAA::Environment", "KmsKey"),
    ("AWS::SageMaker::NotebookInstance", "KmsKeyId"),
    ("AWS::SageMaker::EndpointConfig", "KmsKeyId"),
    ("AWS::SageMaker::Domain", "KmsKeyId"),
    ("AWS::StepFunctions::StateMachine", "EncryptionConfiguration.KmsKeyId"),
    ("AWS::AppRunner::Service", "EncryptionConfiguration.KmsKey"),
    ("AWS::AppFlow::Flow", "KMSArn"),
    ("AWS::CodeArtifact::Domain", "EncryptionKey"),
    ("AWS::SecurityLake::DataLake", "EncryptionConfiguration.KmsKeyId"),
    ("AWS::CloudTrail::EventDataStore", "KmsKeyId"),
)


@rule(
    "PCI-3.5.1-STORE-KEY",
    "Topics, queues, tables, streams, vaults and files use a key of your own",
    asks="Stored card numbers are unreadable; keys are protected and their use is limited.",
    requirements=("3.5.1", "3.6.1"),
    related=(
        "SNS.1",
        "SQS.1",
        "DynamoDB.3",
        "Kinesis.1",
    ),
    severity=Severity.WARNING,
    types=tuple(kind for kind, _ in _KEYED),
    fix="Set the property to a customer-managed key.",
)
def store_key(context: Context) -> Iterator[Hit]:
    for kind, path in _KEYED:
        for resource in context.of_type(kind):
            if not resource.get(path) or _default_key(resource.get(path)):
                yield hit(resource, path, f"{path} is {show(resource.get(path))}: no key of yours")


@rule(
    "PCI-3.5.1-QUEUE-CLEAR",
    "No queue's encryption is turned off",
    asks="Stored card numbers are unreadable.",
    requirements=("3.5.1",),
    related=("SQS.1",),
    types=("AWS::SQS::Queue",),
    fix="Remove SqsManagedSseEnabled: false, or set KmsMasterKeyId.",
)
def queue_clear(context: Context) -> Iterator[Hit]:
    for queue in context.of_type("AWS::SQS::Queue"):
        if queue.flag("SqsManagedSseEnabled") is False and not queue.get("KmsMasterKeyId"):
            yield hit(queue, "SqsManagedSseEnabled", "messages are stored in clear text")


_IN_TRANSIT: Final = (
    ("AWS::ElastiCache::ReplicationGroup", "TransitEncryptionEnabled"),
    ("AWS::OpenSearchService::Domain", "NodeToNodeEncryptionOptions.Enabled"),
    ("AWS::OpenSearchService::Domain", "DomainEndpointOptions.EnforceHTTPS"),
    ("AWS::Elasticsearch::Domain", "NodeToNodeEncryptionOptions.Enabled"),
    ("AWS::Elasticsearch::Domain", "DomainEndpointOptions.EnforceHTTPS"),
)


@rule(
    "PCI-4.2.1-STORE-TLS",
    "Caches, search domains, streams and mounted files speak TLS",
    asks="Strong cryptography protects card data in transit; clear-text services are off.",
    requirements=("4.2.1", "2.2.5", "2.2.7"),
    security_hub=(
        "ES.3",
        "ElastiCache.5",
        "MSK.1",
        "MSK.3",
        "Redshift.2",
        "ES.8",
    ),
    related=(
        "Opensearch.3",
        "Opensearch.8",
    ),
    types=(
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::OpenSearchService::Domain",
        "AWS::Elasticsearch::Domain",
        "AWS::MSK::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::DocDB::DBClusterParameterGroup",
        "AWS::Redshift::Cluster",
        "AWS::Redshift::ClusterParameterGroup",
        "AWS::RedshiftServerless::Workgroup",
        *types_of(tls_settings.TLS),
    ),
    extent=Extent.FULL,
    fix="Turn encryption in transit on: TransitEncryptionEnabled, EnforceHTTPS with "
    "Policy-Min-TLS-1-2-2019-07 or later, ClientBroker TLS, TransitEncryption ENABLED.",
)
def store_tls(context: Context) -> Iterator[Hit]:
    for kind, path in _IN_TRANSIT:
        for resource in context.of_type(kind):
            yield from must_be_true(resource, path)
    for domain in context.of_type("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        path = "DomainEndpointOptions.TLSSecurityPolicy"
        if not str(domain.get(path)).startswith("Policy-Min-TLS-1-2"):
            yield hit(domain, path, f"TLSSecurityPolicy is {show(domain.get(path))}")
    for cluster in context.of_type("AWS::MSK::Cluster"):
        yield from _brokers(cluster)
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        yield from _mounted_files(task)
    yield from _parameter_groups(context)
    yield from wrong(context, tls_settings.TLS)


def _parameter_groups(context: Context) -> Iterator[Hit]:
    for cluster in context.of_type("AWS::Redshift::Cluster"):
        group_of_it = context.target(cluster.get("ClusterParameterGroupName"))
        if "'require_ssl'" not in str(group_of_it.items("Parameters") if group_of_it else ""):
            yield hit(cluster, "ClusterParameterGroupName", "nothing shows that require_ssl is on")
    for group in context.of_type("AWS::Redshift::ClusterParameterGroup"):
        for index, item in enumerate(group.items("Parameters")):
            if isinstance(item, dict) and item.get("ParameterName") == "require_ssl":
                yield from must_be_true(group, f"Parameters.{index}.ParameterValue", "require_ssl")
    for workgroup in context.of_type("AWS::RedshiftServerless::Workgroup"):
        given = {
            str(item.get("ParameterKey")): str(item.get("ParameterValue")).lower()
            for item in workgroup.items("ConfigParameters")
            if isinstance(item, dict)
        }
        if given.get("require_ssl") != "true" and not workgroup.is_unknown("ConfigParameters"):
            yield hit(workgroup, "ConfigParameters", "nothing shows that require_ssl is on")
    for group in context.of_type("AWS::DocDB::DBClusterParameterGroup"):
        if str(group.get("Parameters.tls")).lower() in ("disabled", "tls1.0", "tls1.1"):
            yield hit(group, "Parameters.tls", f"tls is {show(group.get('Parameters.tls'))}")


def _brokers(cluster: Resource) -> Iterator[Hit]:
    path = "EncryptionInfo.EncryptionInTransit.ClientBroker"
    if cluster.get(path) not in (None, "TLS"):
        yield hit(cluster, path, f"ClientBroker is {show(cluster.get(path))}")
    inside = "EncryptionInfo.EncryptionInTransit.InCluster"
    if cluster.flag(inside) is False:
        yield hit(cluster, inside, "brokers talk to each other in clear text")


def _mounted_files(task: Resource) -> Iterator[Hit]:
    for index in range(len(task.items("Volumes"))):
        path = f"Volumes.{index}.EFSVolumeConfiguration"
        encryption = f"{path}.TransitEncryption"
        if task.get(path) is not None and task.get(encryption) != "ENABLED":
            yield hit(task, encryption, "files travel in clear text")


@rule(
    "PCI-1.4.4-SEARCH-PUBLIC",
    "Search domains, caches, brokers and warehouses are not public and ask who you are",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "8.3.2"),
    security_hub=(
        "ES.2",
        "ElastiCache.6",
    ),
    related=(
        "Opensearch.2",
        "MSK.4",
    ),
    types=(
        "AWS::OpenSearchService::Domain",
        "AWS::Elasticsearch::Domain",
        "AWS::MSK::Cluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::OpenSearchServerless::SecurityPolicy",
        *types_of(reach_settings.REACH),
    ),
    extent=Extent.FULL,
    fix="Set VPCOptions; an AuthToken, users with passwords or IAM; no public access.",
)
def search_public(context: Context) -> Iterator[Hit]:
    for domain in context.of_type("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        yield from must_be_set(domain, "VPCOptions", "the domain has a public endpoint")
    for cluster in context.of_type("AWS::MSK::Cluster"):
        path = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"
        if cluster.get(path) not in (None, "DISABLED"):
            yield hit(cluster, path, f"public access is {show(cluster.get(path))}")
    for group in context.of_type("AWS::ElastiCache::ReplicationGroup"):
        redis = group.get("Engine") in (None, "redis", "valkey")
        if redis and not group.get("AuthToken") and not group.items("UserGroupIds"):
            yield hit(group, "AuthToken", "whoever reaches the cache may use it")
    yield from wrong(context, reach_settings.REACH)
    for policy in context.of_type("AWS::OpenSearchServerless::SecurityPolicy"):
        if _OPEN_COLLECTION.search(str(policy.get("Policy"))):
            yield hit(policy, "Policy", "the collections have a public endpoint")


# A network policy of OpenSearch Serverless is JSON in a text.
_OPEN_COLLECTION: Final = re.compile(r'"AllowFromPublic"\s*:\s*true')


@rule(
    "PCI-7.3.3-FUNCTION-PUBLIC",
    "No function can be invoked by everyone",
    asks="Access is denied unless it is needed and allowed.",
    requirements=("7.3.3", "1.4.2"),
    security_hub=("Lambda.1",),
    types=("AWS::Lambda::Permission", "AWS::Lambda::Url"),
    extent=Extent.FULL,
    fix="Name the account or the service, with SourceAccount or SourceArn; AuthType AWS_IAM.",
)
def function_public(context: Context) -> Iterator[Hit]:
    for permission in context.of_type("AWS::Lambda::Permission"):
        narrowed = any(
            permission.get(path) for path in ("SourceAccount", "SourceArn", "PrincipalOrgID")
        )
        if permission.get("Principal") == "*" and not narrowed:
            yield hit(permission, "Principal", "everyone may invoke the function")
        if permission.get("FunctionUrlAuthType") == "NONE":
            yield hit(permission, "FunctionUrlAuthType", "everyone may call the function's URL")
        if permission.get("Action") in ("*", "lambda:*"):
            yield hit(permission, "Action", "every action on the function is allowed")
    for url in context.of_type("AWS::Lambda::Url"):
        value = url.get("AuthType")
        if value != "AWS_IAM":
            unknown = isinstance(value, Partial) or url.is_unknown("AuthType")
            yield hit(
                url, "AuthType", f"AuthType {UNRESOLVED}" if unknown else f"AuthType is {value}"
            )
