"""Settings that say from where a service is reached, and who may use it (1.4.4, 8.3.2)."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting, need, ought, refuse

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_WARN: Final = Severity.WARNING

_WORLD: Final = "it has an address on the internet"
_ANYBODY: Final = "whoever reaches it may use it"
REACH: Final = (
    refuse("AWS::NeptuneGraph::Graph", "PublicConnectivity", _WORLD, *_TRUE),
    refuse("AWS::Lightsail::Bucket", "AccessRules.GetObject", _WORLD, "public"),
    Setting(
        type="AWS::SageMaker::NotebookInstance",
        path="RootAccess",
        why="whoever uses it is root",
        good=("disabled",),
        needed=True,
        severity=_WARN,
    ),
    Setting(
        type="AWS::SageMaker::Domain",
        path="AppNetworkAccessType",
        why="notebooks reach, and send to, the internet",
        good=("vpconly",),
        needed=True,
        severity=_WARN,
    ),
    *(
        Setting(
            type=kind,
            path="EnhancedVpcRouting",
            why="what is loaded and unloaded takes the internet, past the VPC's controls",
            good=("true",),
            needed=True,
            severity=_WARN,
        )
        for kind in ("AWS::Redshift::Cluster", "AWS::RedshiftServerless::Workgroup")
    ),
    refuse(
        "AWS::FSx::Volume",
        "OpenZFSConfiguration.NfsExports.*.ClientConfigurations.*.Clients",
        "whoever reaches it mounts it",
        "*",
        severity=_WARN,
    ),
    ought(
        "AWS::EMRServerless::Application",
        "NetworkConfiguration",
        "jobs run outside of a VPC",
        severity=_WARN,
    ),
    refuse(
        "AWS::AppStream::Fleet",
        "EnableDefaultInternetAccess",
        "its machines reach the internet",
        *_TRUE,
        severity=_WARN,
    ),
    refuse(
        "AWS::AppMesh::Mesh",
        "Spec.EgressFilter.Type",
        "what is in the mesh may call any address",
        "allow_all",
        severity=_WARN,
    ),
    refuse(
        "AWS::EC2::TransitGateway",
        "AutoAcceptSharedAttachments",
        "any account that it is shared with attaches a network",
        "enable",
        severity=_WARN,
    ),
    ought(
        "AWS::EC2::InstanceConnectEndpoint",
        "SecurityGroupIds",
        "the VPC's default group holds its way to every instance",
        severity=_WARN,
    ),
    ought(
        "AWS::Grafana::Workspace",
        "NetworkAccessControl",
        "its page is on the internet",
        severity=_WARN,
    ),
    refuse("AWS::CodeBuild::Project", "Visibility", "everybody reads its builds", "public_read"),
    *(
        refuse(
            "AWS::LakeFormation::DataLakeSettings",
            f"Create{what}DefaultPermissions.*.Principal.DataLakePrincipalIdentifier",
            "whoever IAM lets in reads every new one",
            "iam_allowed_principals",
            severity=_WARN,
        )
        for what in ("Database", "Table")
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
    refuse("AWS::ElastiCache::User", "NoPasswordRequired", "no password is asked for", *_TRUE),
    *(
        refuse(
            kind,
            "AuthenticationMode.Type",
            "no password is asked for",
            *("no-password-required", "no-password"),
        )
        for kind in ("AWS::ElastiCache::User", "AWS::MemoryDB::User")
    ),
    refuse("AWS::MSK::Cluster", "ClientAuthentication.Unauthenticated.Enabled", _ANYBODY, *_TRUE),
    Setting(type="AWS::MSK::Cluster", path="ClientAuthentication", why=_ANYBODY, needed=True),
    refuse(
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
        refuse(kind, "AdvancedSecurityOptions.AnonymousAuthEnabled", _ANYBODY, *_TRUE)
        for kind in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
    ),
    need("AWS::Neptune::DBCluster", "IamAuthEnabled", _ANYBODY),
)
