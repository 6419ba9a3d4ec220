"""Settings by which services speak TLS, and nothing older (4.2.1)."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting, need, refuse

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_WARN: Final = Severity.WARNING

_PLAIN: Final = "clients may, or do, speak in the clear"
TLS: Final = (
    *(
        refuse(
            kind,
            f"Parameters.{name}",
            "old versions are taken",
            *("tlsv1", "tlsv1.1", "enabled"),
        )
        for kind in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
        for name in (
            *("ssl_min_protocol_version", "ssl_max_protocol_version"),
            *("rds.tls10", "rds.tls11"),  # SQL Server
        )
    ),
    *(
        Setting(
            type=kind,
            path="Spec.Listeners.*.TLS.Mode",
            why=_PLAIN,
            good=("strict",),
            needed=True,
            severity=_WARN,
        )
        for kind in ("AWS::AppMesh::VirtualNode", "AWS::AppMesh::VirtualGateway")
    ),
    *(
        refuse(
            kind, "Spec.BackendDefaults.ClientPolicy.TLS.Enforce", _PLAIN, *_FALSE, severity=_WARN
        )
        for kind in ("AWS::AppMesh::VirtualNode", "AWS::AppMesh::VirtualGateway")
    ),
    refuse("AWS::ElastiCache::ReplicationGroup", "TransitEncryptionMode", _PLAIN, "preferred"),
    need("AWS::AppSync::ApiCache", "TransitEncryptionEnabled", _PLAIN),
    Setting(
        type="AWS::KafkaConnect::Connector",
        path="KafkaClusterEncryptionInTransit.EncryptionType",
        why=_PLAIN,
        good=("tls",),
    ),
    refuse(
        "AWS::Glue::Connection",
        "ConnectionInput.ConnectionProperties.JDBC_ENFORCE_SSL",
        _PLAIN,
        *_FALSE,
    ),
    refuse(
        "AWS::Glue::Connection",
        "ConnectionInput.ConnectionProperties.KAFKA_SSL_ENABLED",
        _PLAIN,
        *_FALSE,
    ),
    need(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.EncryptionConfiguration.EnableInTransitEncryption",
        _PLAIN,
    ),
    refuse("AWS::Neptune::DBClusterParameterGroup", "Parameters.neptune_enforce_ssl", _PLAIN, "0"),
)
MIGRATION_TLS: Final = (
    refuse("AWS::DMS::Endpoint", "RedisSettings.SslSecurityProtocol", _PLAIN, "plaintext"),
    refuse("AWS::DMS::Endpoint", "RedisSettings.AuthType", "nobody is asked who they are", "none"),
    refuse(
        "AWS::DMS::Endpoint",
        "KafkaSettings.SecurityProtocol",
        _PLAIN,
        *("plaintext", "sasl-plaintext"),
    ),
    Setting(
        type="AWS::DMS::Endpoint",
        path="MongoDbSettings.AuthType",
        why="nobody is asked who they are",
        good=("password",),
        needed=True,
        only=("EngineName", "mongodb"),
    ),
    Setting(
        type="AWS::DMS::Endpoint",
        path="NeptuneSettings.IamAuthEnabled",
        why="nobody is asked who they are",
        good=_TRUE,
        needed=True,
        only=("EngineName", "neptune"),
    ),
)
ORIGIN_TLS: Final = (
    refuse(
        "AWS::CloudFront::VpcOrigin",
        "VpcOriginEndpointConfig.OriginProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    refuse(
        "AWS::CloudFront::VpcOrigin",
        "VpcOriginEndpointConfig.OriginSSLProtocols.*",
        "an old version",
        *("sslv3", "tlsv1", "tlsv1.1"),
    ),
    refuse(
        "AWS::CloudFront::Distribution",
        "DistributionConfig.CustomOrigin.OriginProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    refuse(
        "AWS::Lightsail::Distribution",
        "Origin.ProtocolPolicy",
        "the origin is spoken to over HTTP",
        "http-only",
    ),
    refuse(
        "AWS::ApiGateway::Method",
        "Integration.TlsConfig.InsecureSkipVerification",
        "any certificate is taken, also that of an attacker",
        *_TRUE,
    ),
    *(
        refuse("AWS::CodeBuild::Project", path, "any certificate is taken", *_TRUE)
        for path in ("Source.InsecureSsl", "SecondarySources.*.InsecureSsl")
    ),
    *(
        refuse("AWS::Transfer::Connector", f"As2Config.{name}Algorithm", why, "none")
        for name, why in (
            ("Encryption", "files go out in the clear"),
            ("Signing", "nothing shows that a file is what was sent"),
        )
    ),
    refuse(
        "AWS::SES::ReceiptRule",
        "Rule.TlsPolicy",
        "mail is taken in the clear",
        "optional",
        severity=_WARN,
    ),
    refuse(
        "AWS::SES::ConfigurationSet",
        "DeliveryOptions.TlsPolicy",
        "mail goes out in the clear where TLS fails",
        "optional",
    ),
)
