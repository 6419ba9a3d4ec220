"""Settings that keep what is stored unreadable, whichever service stores it (3.5.1)."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting, need, ought, refuse

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_WARN: Final = Severity.WARNING

_CLEAR: Final = "what is stored is in the clear"
ENCRYPTED: Final = (
    Setting(type="AWS::Kinesis::Stream", path="StreamEncryption", why=_CLEAR, needed=True),
    need("AWS::AppSync::ApiCache", "AtRestEncryptionEnabled", _CLEAR),
    need("AWS::WorkSpaces::Workspace", "RootVolumeEncryptionEnabled", _CLEAR),
    need("AWS::WorkSpaces::Workspace", "UserVolumeEncryptionEnabled", _CLEAR),
    refuse(
        "AWS::KinesisFirehose::DeliveryStream",
        "ExtendedS3DestinationConfiguration.EncryptionConfiguration.NoEncryptionConfig",
        _CLEAR,
        "noencryption",
    ),
    refuse(
        "AWS::Glue::SecurityConfiguration",
        "EncryptionConfiguration.S3Encryptions.*.S3EncryptionMode",
        _CLEAR,
        "disabled",
    ),
    refuse(
        "AWS::Glue::DataCatalogEncryptionSettings",
        "DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode",
        _CLEAR,
        "disabled",
        severity=_WARN,
    ),
    *(
        refuse("AWS::Glue::SecurityConfiguration", path, _CLEAR, "disabled", severity=severity)
        for path, severity in (
            ("EncryptionConfiguration.CloudWatchEncryption.CloudWatchEncryptionMode", None),
            ("EncryptionConfiguration.JobBookmarksEncryption.JobBookmarksEncryptionMode", _WARN),
        )
    ),
    *(
        ought(kind, path, "results, bookmarks and logs are in the clear", severity=_WARN)
        for kind, path in (
            ("AWS::Glue::Job", "SecurityConfiguration"),
            ("AWS::Glue::DevEndpoint", "SecurityConfiguration"),
            ("AWS::Glue::Crawler", "CrawlerSecurityConfiguration"),
        )
    ),
    need(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.EncryptionConfiguration.EnableAtRestEncryption",
        _CLEAR,
    ),
    ought(
        "AWS::EMR::SecurityConfiguration",
        "SecurityConfiguration.EncryptionConfiguration.AtRestEncryptionConfiguration"
        ".LocalDiskEncryptionConfiguration",
        "local disks are in the clear",
        severity=_WARN,
    ),
    ought(
        "AWS::EMR::Cluster",
        "SecurityConfiguration",
        "disks and what goes between nodes are in the clear",
    ),
    ought("AWS::EKS::Cluster", "EncryptionConfig", "secrets have no key of yours", severity=_WARN),
    Setting(
        type="AWS::Athena::WorkGroup",
        path="WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration",
        why="results are encrypted as each client asks",
        needed=True,
        severity=_WARN,
    ),
    refuse(
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.EnforceWorkGroupConfiguration",
        "a client may write results elsewhere and in the clear",
        *_FALSE,
        severity=_WARN,
    ),
    *(
        refuse("AWS::CodeBuild::Project", path, _CLEAR, *_TRUE)
        for path in (
            "LogsConfig.S3Logs.EncryptionDisabled",
            "Artifacts.EncryptionDisabled",
            "SecondaryArtifacts.*.EncryptionDisabled",
        )
    ),
)
