"""Settings of the services beside the database: encryption, TLS, reach, and who may use them."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_WARN: Final = Severity.WARNING


def _on(kind: str, path: str, why: str, *, needed: bool = True) -> Setting:
    return Setting(type=kind, path=path, why=why, good=_TRUE, needed=needed)


def _not(kind: str, path: str, why: str, *bad: str, severity: Severity | None = None) -> Setting:
    return Setting(type=kind, path=path, why=why, bad=bad, severity=severity)


_CLEAR: Final = "what is stored is in the clear"
ENCRYPTED: Final = (
    Setting(type="AWS::Kinesis::Stream", path="StreamEncryption", why=_CLEAR, needed=True),
    _on("AWS::AppSync::ApiCache", "AtRestEncryptionEnabled", _CLEAR),
    _on("AWS::WorkSpaces::Workspace", "RootVolumeEncryptionEnabled", _CLEAR),
    _on("AWS::WorkSpaces::Workspace", "UserVolumeEncryptionEnabled", _CLEAR),
    _not(
        "AWS::KinesisFirehose::DeliveryStream",
        "ExtendedS3DestinationConfiguration.EncryptionConfiguration.NoEncryptionConfig",
        _CLEAR,
        "noencryption",
    ),
    _not(
        "AWS::Glue::SecurityConfiguration",
        "EncryptionConfiguration.S3Encryptions.*.S3EncryptionMode",
        _CLEAR,
        "disabled",
    ),
    _not(
        "AWS::Glue::DataCatalogEncryptionSettings",
        "DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode",
        _CLEAR,
        "disabled",
        severity=_WARN,
    ),
    _not(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.EncryptionConfiguration.EnableAtRestEncryption",
        _CLEAR,
        *_FALSE,
    ),
    Setting(
        type="AWS::Athena::WorkGroup",
        path="WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration",
        why="results are encrypted as each client asks",
        needed=True,
        severity=_WARN,
    ),
    _not(
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.EnforceWorkGroupConfiguration",
        "a client may write results elsewhere and in the clear",
        *_FALSE,
        severity=_WARN,
    ),
    _not("AWS::CodeBuild::Project", "LogsConfig.S3Logs.EncryptionDisabled", _CLEAR, *_TRUE),
)

_PLAIN: Final = "clients may, or do, speak in the clear"
TLS: Final = (
    *(
        _not(
            kind,
            "Parameters.ssl_min_protocol_version",
            "old versions are taken",
            *("tlsv1", "tlsv1.1"),
        )
        for kind in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
    ),
    _not("AWS::ElastiCache::ReplicationGroup", "TransitEncryptionMode", _PLAIN, "preferred"),
    _on("AWS::AppSync::ApiCache", "TransitEncryptionEnabled", _PLAIN),
    Setting(
        type="AWS::KafkaConnect::Connector",
        path="KafkaClusterEncryptionInTransit.EncryptionType",
        why=_PLAIN,
        good=("tls",),
    ),
    _not(
        "AWS::Glue::Connection",
        "ConnectionInput.ConnectionProperties.JDBC_ENFORCE_SSL",
        _PLAIN,
        *_FALSE,
    ),
    _not(
        "AWS::Glue::Connection",
        "ConnectionInput.ConnectionProperties.KAFKA_SSL_ENABLED",
        _PLAIN,
        *_FALSE,
    ),
    _not(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.EncryptionConfiguration.EnableInTransitEncryption",
        _PLAIN,
        *_FALSE,
    ),
    _not("AWS::Neptune::DBClusterParameterGroup", "Parameters.neptune_enforce_ssl", _PLAIN, "0"),
)
MIGRATION_TLS: Final = (
    _not("AWS::DMS::Endpoint", "RedisSettings.SslSecurityProtocol", _PLAIN, "plaintext"),
    _not("AWS::DMS::Endpoint", "RedisSettings.AuthType", "nobody is asked who they are", "none"),
    _not(
        "AWS::DMS::Endpoint",
        "KafkaSettings.SecurityProtocol",
        _PLAIN,
        *("plaintext", "sasl-plaintext"),
    ),
    _not("AWS::DMS::Endpoint", "MongoDbSettings.AuthType", "nobody is asked who they are", "no"),
)
ORIGIN_TLS: Final = (
    _not(
        "AWS::CloudFront::VpcOrigin",
        "VpcOriginEndpointConfig.OriginProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    _not(
        "AWS::CloudFront::VpcOrigin",
        "VpcOriginEndpointConfig.OriginSSLProtocols.*",
        "an old version",
        *("sslv3", "tlsv1", "tlsv1.1"),
    ),
    _not(
        "AWS::CloudFront::Distribution",
        "DistributionConfig.CustomOrigin.OriginProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    _not(
        "AWS::Lightsail::Distribution",
        "Origin.ProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    _not(
        "AWS::ApiGateway::Method",
        "Integration.TlsConfig.InsecureSkipVerification",
        "any certificate is taken, also that of an attacker",
        *_TRUE,
    ),
    _not(
        "AWS::SES::ConfigurationSet",
        "DeliveryOptions.TlsPolicy",
        "mail goes out in the clear where TLS fails",
        "optional",
    ),
)

_WORLD: Final = "it has an address on the internet"
_ANYBODY: Final = "whoever reaches it may use it"
REACH: Final = (
    _not("AWS::RedshiftServerless::Workgroup", "PubliclyAccessible", _WORLD, *_TRUE),
    _not("AWS::Timestream::InfluxDBInstance", "PubliclyAccessible", _WORLD, *_TRUE),
    _not("AWS::Timestream::InfluxDBCluster", "PubliclyAccessible", _WORLD, *_TRUE),
    _not("AWS::NeptuneGraph::Graph", "PublicConnectivity", _WORLD, *_TRUE),
    _not("AWS::AmazonMQ::Broker", "PubliclyAccessible", _WORLD, *_TRUE),
    _not("AWS::Lightsail::Database", "PubliclyAccessible", _WORLD, *_TRUE),
    _not("AWS::Lightsail::Bucket", "AccessRules.GetObject", _WORLD, "public"),
    Setting(
        type="AWS::SageMaker::NotebookInstance",
        path="DirectInternetAccess",
        why=_WORLD,
        good=("disabled",),
        needed=True,
    ),
    Setting(
        type="AWS::OSIS::Pipeline",
        path="VpcOptions",
        why="the pipeline takes data over a public address",
        needed=True,
        severity=_WARN,
    ),
    Setting(
        type="AWS::ElastiCache::ServerlessCache",
        path="UserGroupId",
        why=_ANYBODY,
        needed=True,
        only=("Engine", "redis"),
    ),
    Setting(
        type="AWS::ElastiCache::ServerlessCache",
        path="UserGroupId",
        why=_ANYBODY,
        needed=True,
        only=("Engine", "valkey"),
    ),
    _not("AWS::ElastiCache::User", "NoPasswordRequired", "no password is asked for", *_TRUE),
    *(
        _not(
            kind,
            "AuthenticationMode.Type",
            "no password is asked for",
            *("no-password-required", "no-password"),
        )
        for kind in ("AWS::ElastiCache::User", "AWS::MemoryDB::User")
    ),
    _not("AWS::MSK::Cluster", "ClientAuthentication.Unauthenticated.Enabled", _ANYBODY, *_TRUE),
    Setting(type="AWS::MSK::Cluster", path="ClientAuthentication", why=_ANYBODY, needed=True),
    _not(
        "AWS::KafkaConnect::Connector",
        "KafkaClusterClientAuthentication.AuthenticationType",
        "the cluster takes whoever reaches it",
        "none",
    ),
    *(
        Setting(
            type=kind,
            path="AdvancedSecurityOptions.Enabled",
            why="the domain does not ask who reads which index",
            good=_TRUE,
            needed=True,
            severity=_WARN,
        )
        for kind in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
    ),
    *(
        _not(kind, "AdvancedSecurityOptions.AnonymousAuthEnabled", _ANYBODY, *_TRUE)
        for kind in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
    ),
    _on("AWS::Neptune::DBCluster", "IamAuthEnabled", _ANYBODY),
)
