"""Queues, caches, files and streams: encrypted, with keys of your own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, must_be_true, show
from pcistack.pci_dss import encryption_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.own_keys import default_key
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong

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
