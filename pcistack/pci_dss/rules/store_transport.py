"""Requirement 4.2.1: proxies, caches, migrations and stores are reached over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, must_be_false, must_be_true, show
from pcistack.pci_dss import tls_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Resource


@rule(
    "PCI-4.2.1-PROXY-TLS",
    "Database proxies take TLS only, and log no statement",
    asks="Strong cryptography protects card data in transit; logs hold no card data.",
    requirements=("4.2.1", "3.3.1", "8.3.2"),
    types=("AWS::RDS::DBProxy",),
    fix="Set RequireTLS: true, and leave DebugLogging out.",
)
def proxy_tls(context: Context) -> Iterator[Hit]:
    for proxy in context.of_type("AWS::RDS::DBProxy"):
        yield from must_be_true(proxy, "RequireTLS")
        yield from must_be_false(proxy, "DebugLogging")


@rule(
    "PCI-4.2.1-CACHE-TLS",
    "Caches of every kind speak TLS and are encrypted",
    asks="Strong cryptography protects card data in transit; what is stored is unreadable.",
    requirements=("4.2.1", "3.5.1", "8.3.2"),
    security_hub=("DynamoDB.7",),
    types=("AWS::ElastiCache::CacheCluster", "AWS::MemoryDB::Cluster", "AWS::DAX::Cluster"),
    fix="Use AWS::ElastiCache::ReplicationGroup with TransitEncryptionEnabled, "
    "AtRestEncryptionEnabled and user groups; TLSEnabled; ClusterEndpointEncryptionType TLS.",
)
def cache_tls(context: Context) -> Iterator[Hit]:
    for cache in context.of_type("AWS::ElastiCache::CacheCluster"):
        if cache.get("ReplicationGroupId") is not None:
            continue
        if str(cache.get("Engine")).lower() == "memcached":
            yield from must_be_true(cache, "TransitEncryptionEnabled")
            yield hit(
                cache,
                "Engine",
                "Memcached keeps what it holds in the clear; hold no card data in it",
                severity=Severity.WARNING,
            )
        else:
            yield hit(
                cache,
                "Engine",
                f"a single {show(cache.get('Engine'))} node is neither encrypted nor asks who you "
                "are",
            )
    for cluster in context.of_type("AWS::MemoryDB::Cluster"):
        if cluster.flag("TLSEnabled") is False:
            yield hit(cluster, "TLSEnabled", "TLSEnabled is false")
        if cluster.get("ACLName") == "open-access":
            yield hit(cluster, "ACLName", "open-access: whoever reaches it may use it")
    for cluster in context.of_type("AWS::DAX::Cluster"):
        if cluster.get("ClusterEndpointEncryptionType") != "TLS":
            yield hit(
                cluster,
                "ClusterEndpointEncryptionType",
                f"it is {show(cluster.get('ClusterEndpointEncryptionType'))}, it must be TLS",
            )


_PLAIN_ENDPOINTS: Final = ("none", "None", "")


@rule(
    "PCI-4.2.1-MIGRATION-TLS",
    "Endpoints that move data between stores speak TLS",
    asks="Strong cryptography protects card data in transit.",
    requirements=("4.2.1",),
    security_hub=("DMS.9", "DMS.10", "DMS.11", "DMS.12"),
    types=("AWS::DMS::Endpoint", "AWS::DMS::ReplicationInstance"),
    fix="Set SslMode: verify-full (or require where the engine has no more); PubliclyAccessible "
    "false.",
)
def migration_tls(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::DMS::Endpoint"):
        engine = (endpoint.text("EngineName") or "").lower()
        if engine in ("s3", "kinesis", "dynamodb", "neptune", "opensearch"):
            continue  # these are APIs of AWS, over HTTPS
        if endpoint.get("SslMode") is None or endpoint.text("SslMode") in _PLAIN_ENDPOINTS:
            yield hit(endpoint, "SslMode", f"SslMode is {show(endpoint.get('SslMode'))}")
    yield from wrong(context, tls_settings.MIGRATION_TLS)
    for instance in context.of_type("AWS::DMS::ReplicationInstance"):
        if instance.flag("PubliclyAccessible") is not False:
            yield hit(
                instance,
                "PubliclyAccessible",
                f"PubliclyAccessible is {show(instance.get('PubliclyAccessible'))}; the default is "
                "true",
            )


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
