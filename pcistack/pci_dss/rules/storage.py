"""Queues, caches, files and streams: encrypted, with keys of your own, TLS only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, must_be_true, show
from pcistack.pci_dss import encryption_settings, tls_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.own_keys import default_key
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Resource

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
            if not resource.get(path) or default_key(resource.get(path)):
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
