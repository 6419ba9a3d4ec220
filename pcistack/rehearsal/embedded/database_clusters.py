"""RDS: Aurora clusters.

MiniStack's own CloudFormation types for clusters and instances leave most properties unread and
delete a protected cluster. These go through its RDS API instead, which keeps what it is given and
refuses what RDS refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import uuid4

from pcistack.rehearsal.embedded import _engine, database_servers
from pcistack.rehearsal.embedded.api import Answer, call, require
from pcistack.rehearsal.embedded.flow_logs import create_implicit_log_group
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

IDENTIFIER = r"[a-zA-Z](?:-?[a-zA-Z0-9]){0,62}"
_EXPORTS = {"audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"}
_BACKUP_DAYS = 35
_HIGHEST_ACU = 256


def _capacity(properties: Properties) -> Mapping[str, object] | None:
    """Return the Serverless v2 capacity range.

    Raises:
        PropertyError: A bound is missing, out of range, not in half units, or above the other.
    """
    configuration = properties.document("ServerlessV2ScalingConfiguration")
    if configuration is None:
        return None
    with Properties.read(configuration) as bounds:
        low = bounds.number("MinCapacity", minimum=0, maximum=_HIGHEST_ACU)
        high = bounds.number("MaxCapacity", minimum=1, maximum=_HIGHEST_ACU)
        pause = bounds.optional_integer("SecondsUntilAutoPause", minimum=300, maximum=86_400)
    if low > high or low % 0.5 or high % 0.5:
        raise PropertyError(
            f"Serverless v2 capacity {low:g} to {high:g} is not valid: half units, lower bound "
            "first (Service: Rds, Error code: InvalidParameterValue)"
        )
    answer: dict[str, object] = {"MinCapacity": low, "MaxCapacity": high}
    return answer if pause is None else answer | {"SecondsUntilAutoPause": pause}


def _changeable(properties: Properties) -> dict[str, object]:
    """Return what both CreateDBCluster and ModifyDBCluster take."""
    groups = properties.texts("VpcSecurityGroupIds")
    if groups:
        found = call("ec2", "describe_security_groups", GroupIds=groups)["SecurityGroups"]
        for group in groups:
            require([item for item in found if item["GroupId"] == group], "security group", group)
    return {
        "BackupRetentionPeriod": properties.optional_integer(
            "BackupRetentionPeriod", minimum=1, maximum=_BACKUP_DAYS
        ),
        "CopyTagsToSnapshot": properties.flag("CopyTagsToSnapshot", default=False),
        "DBClusterParameterGroupName": properties.optional_text("DBClusterParameterGroupName"),
        "DeletionProtection": properties.flag("DeletionProtection", default=False),
        "EnableHttpEndpoint": properties.flag("EnableHttpEndpoint", default=False),
        "EnableIAMDatabaseAuthentication": properties.flag(
            "EnableIAMDatabaseAuthentication", default=False
        ),
        "EngineVersion": properties.optional_text("EngineVersion"),
        "MasterUserPassword": properties.optional_text(
            "MasterUserPassword", pattern=r'[^/"@ ]{8,41}'
        ),
        "Port": properties.optional_integer("Port", minimum=1150, maximum=65_535),
        "PreferredBackupWindow": properties.optional_text("PreferredBackupWindow"),
        "PreferredMaintenanceWindow": properties.optional_text("PreferredMaintenanceWindow"),
        "ServerlessV2ScalingConfiguration": _capacity(properties),
        "VpcSecurityGroupIds": groups or None,
        "AllowMajorVersionUpgrade": None,
        **_observation(properties),
    }


def _observation(properties: Properties) -> dict[str, object]:
    """Return the monitoring settings, which belong to the cluster as well as to its instances."""
    return {
        "AutoMinorVersionUpgrade": properties.flag("AutoMinorVersionUpgrade", default=True),
        "MonitoringInterval": properties.optional_integer(
            "MonitoringInterval", minimum=0, maximum=60
        ),
        "MonitoringRoleArn": properties.optional_text("MonitoringRoleArn"),
        "DatabaseInsightsMode": properties.optional_text(
            "DatabaseInsightsMode", allowed={"standard", "advanced"}
        ),
        "EnablePerformanceInsights": properties.flag("PerformanceInsightsEnabled", default=False),
        "PerformanceInsightsKMSKeyId": properties.optional_text("PerformanceInsightsKmsKeyId"),
        "PerformanceInsightsRetentionPeriod": properties.optional_integer(
            "PerformanceInsightsRetentionPeriod", minimum=7, maximum=731
        ),
    }


def _exports(properties: Properties) -> list[str]:
    exports = properties.texts("EnableCloudwatchLogsExports")
    unknown = sorted(set(exports) - _EXPORTS)
    if unknown:
        raise PropertyError(
            f"You cannot use the log types {unknown} with engine version aurora-mysql "
            "(Service: Rds, Error code: InvalidParameterCombination)"
        )
    return exports


def _require_key(arn: str | None) -> None:
    if arn is not None:
        key = call("kms", "describe_key", KeyId=arn)["KeyMetadata"]
        if key["KeyState"] != "Enabled":
            raise ValueError(f"The specified KMS key [{arn}] is not enabled")


def _require_subnet_group(name: str) -> None:
    """Refuse a subnet group that is missing or lies in one zone only."""
    group = call("rds", "describe_db_subnet_groups", DBSubnetGroupName=name)["DBSubnetGroups"][0]
    subnets = [item["SubnetIdentifier"] for item in group["Subnets"]]
    described = call("ec2", "describe_subnets", SubnetIds=subnets)["Subnets"]
    if len({item["AvailabilityZone"] for item in described}) < 2:
        raise ValueError(
            f"The DB subnet group {name} doesn't meet Availability Zone (AZ) coverage requirement. "
            "(Service: Rds, Error code: DBSubnetGroupDoesNotCoverEnoughAZs)"
        )


def _create_cluster(place: StackPosition, properties: Properties) -> Created:
    if properties.optional_text("EngineMode", allowed={"provisioned", "serverless"}) == (
        "serverless"
    ):
        raise ValueError("The engine mode serverless you requested is currently unavailable.")
    identifier = (
        properties.optional_text("DBClusterIdentifier", pattern=IDENTIFIER)
        or place.name(lowercase=True, longest=63)
    ).lower()
    subnet_group = properties.optional_text("DBSubnetGroupName")
    if subnet_group is not None:
        _require_subnet_group(subnet_group.lower())
    key = properties.optional_text("KmsKeyId")
    _require_key(key)
    exports = _exports(properties)
    properties.flag("DeleteAutomatedBackups", default=True)  # read again at the delete
    call(
        "rds",
        "create_db_cluster",
        DBClusterIdentifier=identifier,
        Engine=properties.text("Engine", allowed={"aurora-mysql", "aurora-postgresql", "mysql"}),
        DBSubnetGroupName=subnet_group,
        DatabaseName=properties.optional_text("DatabaseName"),
        EnableCloudwatchLogsExports=exports or None,
        EngineLifecycleSupport=properties.optional_text(
            "EngineLifecycleSupport",
            allowed={
                "open-source-rds-extended-support",
                "open-source-rds-extended-support-disabled",
            },
        ),
        KmsKeyId=key,
        **_master_secret(properties),
        MasterUsername=properties.optional_text("MasterUsername", pattern=r"[a-zA-Z]\w{0,15}"),
        NetworkType=properties.optional_text("NetworkType", allowed={"IPV4", "DUAL"}),
        StorageEncrypted=properties.flag("StorageEncrypted", default=False),
        StorageType=properties.optional_text("StorageType", allowed={"aurora", "aurora-iopt1"}),
        Tags=properties.tags() or None,
        **_changeable(properties),
    )
    _keep_exports(identifier, exports)
    return identifier, _cluster_attributes(identifier)


def _master_secret(properties: Properties) -> dict[str, object]:
    """Return who keeps the master password; a key without RDS keeping it is refused, as on AWS."""
    managed = properties.flag("ManageMasterUserPassword", default=False)
    key: str | None = None
    document = properties.document("MasterUserSecret")
    if document is not None:
        with Properties.read(document) as secret:
            key = secret.optional_text("KmsKeyId")
        if not managed:
            raise PropertyError(
                "A ManageMasterUserPassword value is required when MasterUserSecretKmsKeyId is "
                "specified. (Service: Rds, Error code: InvalidParameterCombination)"
            )
        _require_key(key)
    kept = {"MasterUserSecretKmsKeyId": key} if key else {}
    return {"ManageMasterUserPassword": managed, **kept}


def _let_rds_keep_the_password(identifier: str, managed: dict[str, object]) -> None:
    """Make the master user's secret at an update; the engine makes it at the creation only."""
    cluster = _engine.module("services.rds")._clusters[identifier]
    if not managed["ManageMasterUserPassword"] or cluster.get("MasterUserSecret"):
        return
    password = _engine.module("services.rds")._generate_master_user_password()
    value = {"username": cluster["MasterUsername"], "password": password}
    arn = _engine.module("services.secretsmanager").create_secret_in_process(
        f"rds!cluster-{identifier}",
        json.dumps(value),
        description=f"Secret managed by RDS for DB cluster {identifier}",
    )
    cluster["_MasterUserPassword"] = password
    cluster["MasterUserSecret"] = {
        "SecretArn": arn,
        "SecretStatus": "active",
        "KmsKeyId": managed.get("MasterUserSecretKmsKeyId", ""),
    }


def _keep_exports(identifier: str, exports: list[str]) -> None:
    """Record the exports, which MiniStack drops, and create the groups RDS would create."""
    _engine.module("services.rds")._clusters[identifier]["EnabledCloudwatchLogsExports"] = exports
    for export in exports:
        create_implicit_log_group(f"/aws/rds/cluster/{identifier}/{export}")


def cluster_of(identifier: str) -> Answer:
    """Return what RDS says of a cluster."""
    cluster: Answer = call("rds", "describe_db_clusters", DBClusterIdentifier=identifier)[
        "DBClusters"
    ][0]
    return cluster


def _cluster_attributes(identifier: str) -> dict[str, str]:
    cluster = cluster_of(identifier)
    return {
        "DBClusterArn": cluster["DBClusterArn"],
        "DBClusterResourceId": cluster["DbClusterResourceId"],
        "Endpoint.Address": cluster["Endpoint"],
        "Endpoint.Port": str(cluster["Port"]),
        "ReadEndpoint.Address": cluster["ReaderEndpoint"],
        "MasterUserSecret.SecretArn": cluster.get("MasterUserSecret", {}).get("SecretArn", ""),
    }


_CLUSTER_CREATE_ONLY = frozenset(
    {
        "DBClusterIdentifier",
        "DBSubnetGroupName",
        "DatabaseName",
        "Engine",
        "EngineMode",
        "KmsKeyId",
        "MasterUsername",
        "StorageEncrypted",
    }
)


def _update_cluster(identifier: str, properties: Properties, old: Values) -> Created:
    for name in _CLUSTER_CREATE_ONLY - {"StorageEncrypted"}:
        properties.optional_text(name)
    properties.flag("StorageEncrypted", default=False)
    if properties.optional_text("EngineLifecycleSupport") != old.get("EngineLifecycleSupport"):
        raise ValueError(
            "EngineLifecycleSupport is chosen when a cluster is created and cannot be modified "
            "(Service: Rds, Error code: InvalidParameterCombination)"
        )
    for name in ("NetworkType", "StorageType"):
        properties.optional_text(name)
    managed = _master_secret(properties)
    properties.flag("DeleteAutomatedBackups", default=True)
    exports = _exports(properties)
    changes = _changeable(properties)
    changes.pop("EnableHttpEndpoint", None)
    call(
        "rds",
        "modify_db_cluster",
        DBClusterIdentifier=identifier,
        ApplyImmediately=True,
        **changes,
    )
    _let_rds_keep_the_password(identifier, managed)
    tags = properties.tags()
    if tags:
        call(
            "rds",
            "add_tags_to_resource",
            ResourceName=cluster_of(identifier)["DBClusterArn"],
            Tags=tags,
        )
    _keep_exports(identifier, exports)
    return identifier, _cluster_attributes(identifier)


def _delete_cluster(identifier: str, values: Values) -> None:
    call(
        "rds",
        "delete_db_cluster",
        DBClusterIdentifier=identifier,
        SkipFinalSnapshot=True,
        DeleteAutomatedBackups=str(values.get("DeleteAutomatedBackups", True)).lower() == "true",
    )
    database_servers.stop(identifier)


def _snapshot_cluster(identifier: str, _values: Values) -> None:
    """Take the final snapshot.

    The engine calls this on its event loop, so it must not call an API of the same process.
    """
    rds = _engine.module("services.rds")
    cluster = rds._clusters[identifier]
    if cluster["DeletionProtection"]:
        raise ValueError(
            "Cannot delete protected Cluster, please disable deletion protection and try again. "
            "(Service: Rds, Error code: InvalidParameterCombination)"
        )
    rds._create_cluster_snapshot_internal(f"{identifier}-snapshot-{uuid4().hex[:12]}", cluster)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::RDS::DBCluster",
        create=_create_cluster,
        update=_update_cluster,
        delete=_delete_cluster,
        snapshot=_snapshot_cluster,
        create_only=_CLUSTER_CREATE_ONLY,
        tags=True,
    ),
)
