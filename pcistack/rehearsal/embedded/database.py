"""RDS: Aurora clusters, their instances, and event subscriptions.

MiniStack's own CloudFormation types for the first two leave most properties unread and delete a
protected cluster. These go through its RDS API instead, which keeps what it is given and refuses
what RDS refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import uuid4

from pcistack.rehearsal.embedded import _engine, database_servers
from pcistack.rehearsal.embedded.api import Answer, NotFoundError, call, require
from pcistack.rehearsal.embedded.network import create_implicit_log_group
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_IDENTIFIER = r"[a-zA-Z](?:-?[a-zA-Z0-9]){0,62}"
_EXPORTS = {"audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"}
_BACKUP_DAYS = 35
_HIGHEST_ACU = 256


# --- Clusters -------------------------------------------------------------------------------------


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
        properties.optional_text("DBClusterIdentifier", pattern=_IDENTIFIER)
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
        **_without_modify_only(_changeable(properties)),
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


def _without_modify_only(parameters: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if value is not None}


def _keep_exports(identifier: str, exports: list[str]) -> None:
    """Record the exports, which MiniStack drops, and create the groups RDS would create."""
    _engine.module("services.rds")._clusters[identifier]["EnabledCloudwatchLogsExports"] = exports
    for export in exports:
        create_implicit_log_group(f"/aws/rds/cluster/{identifier}/{export}")


def _cluster(identifier: str) -> Answer:
    cluster: Answer = call("rds", "describe_db_clusters", DBClusterIdentifier=identifier)[
        "DBClusters"
    ][0]
    return cluster


def _cluster_attributes(identifier: str) -> dict[str, str]:
    cluster = _cluster(identifier)
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
    changes = _without_modify_only(_changeable(properties))
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
            ResourceName=_cluster(identifier)["DBClusterArn"],
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


# --- Instances ------------------------------------------------------------------------------------

_INSTANCE_CREATE_ONLY = frozenset(
    {"DBClusterIdentifier", "DBInstanceIdentifier", "DBSubnetGroupName", "Engine"}
)


def _instance_settings(properties: Properties) -> dict[str, object]:
    """Return what both CreateDBInstance and ModifyDBInstance take for an Aurora instance."""
    role = properties.optional_text("MonitoringRoleArn")
    interval = properties.optional_integer("MonitoringInterval", minimum=0, maximum=60)
    if interval:
        if role is None:
            raise PropertyError("A MonitoringRoleARN value is required if you specify an interval")
        call("iam", "get_role", RoleName=role.rsplit("/", 1)[-1])
    return {
        "DBInstanceClass": properties.text("DBInstanceClass", pattern=r"db\.[a-z0-9.]+"),
        "AutoMinorVersionUpgrade": properties.flag("AutoMinorVersionUpgrade", default=True),
        "CACertificateIdentifier": properties.optional_text("CACertificateIdentifier"),
        "CopyTagsToSnapshot": properties.flag("CopyTagsToSnapshot", default=False),
        "DBParameterGroupName": properties.optional_text("DBParameterGroupName"),
        "EnablePerformanceInsights": properties.flag("EnablePerformanceInsights", default=False),
        "MonitoringInterval": interval,
        "MonitoringRoleArn": role,
        "PerformanceInsightsKMSKeyId": properties.optional_text("PerformanceInsightsKMSKeyId"),
        "PerformanceInsightsRetentionPeriod": properties.optional_integer(
            "PerformanceInsightsRetentionPeriod", minimum=7, maximum=731
        ),
        "PreferredMaintenanceWindow": properties.optional_text("PreferredMaintenanceWindow"),
        "PromotionTier": properties.optional_integer("PromotionTier", minimum=0, maximum=15),
        "PubliclyAccessible": properties.flag("PubliclyAccessible", default=False),
    }


def _create_instance(place: StackPosition, properties: Properties) -> Created:
    identifier = (
        properties.optional_text("DBInstanceIdentifier", pattern=_IDENTIFIER)
        or place.name(lowercase=True, longest=63)
    ).lower()
    cluster_id = properties.text("DBClusterIdentifier").lower()
    cluster = _cluster(cluster_id)
    settings = _instance_settings(properties)
    if settings["DBInstanceClass"] == "db.serverless" and not cluster.get(
        "ServerlessV2ScalingConfiguration"
    ):
        raise ValueError(
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating "
            "a Serverless v2 DB instance. (Service: Rds, Error code: InvalidDBClusterStateFault)"
        )
    engine = properties.text("Engine")
    if engine != cluster["Engine"]:
        raise ValueError(
            f"The engine {engine} of the instance doesn't match {cluster['Engine']} of the cluster"
        )
    subnet_group = properties.optional_text("DBSubnetGroupName")
    if subnet_group is not None and subnet_group.lower() != cluster["DBSubnetGroup"].lower():
        raise ValueError(f"The DB subnet group {subnet_group} differs from that of the cluster")
    zone = properties.optional_text("AvailabilityZone")
    call(
        "rds",
        "create_db_instance",
        DBInstanceIdentifier=identifier,
        DBClusterIdentifier=cluster_id,
        Engine=engine,
        EngineVersion=cluster["EngineVersion"],
        DBSubnetGroupName=cluster["DBSubnetGroup"],
        AvailabilityZone=zone,
        StorageEncrypted=cluster["StorageEncrypted"],
        KmsKeyId=cluster.get("KmsKeyId"),
        Tags=properties.tags() or None,
        **_without_modify_only(settings),
    )
    _name_endpoint(identifier, cluster)
    return identifier, _instance_attributes(identifier)


def _name_endpoint(identifier: str, cluster: Answer) -> None:
    """Give the instance's endpoint the name that RDS gives; the engine says localhost."""
    domain = cluster["Endpoint"].partition(".cluster-")[2]
    instance = _engine.module("services.rds")._instances[identifier]
    instance["Endpoint"]["Address"] = f"{identifier}.{domain}"


def _instance(identifier: str) -> Answer:
    found = call("rds", "describe_db_instances", DBInstanceIdentifier=identifier)
    instance: Answer = found["DBInstances"][0]
    return instance


def _instance_attributes(identifier: str) -> dict[str, str]:
    instance = _instance(identifier)
    return {
        "DBInstanceArn": instance["DBInstanceArn"],
        "DbiResourceId": instance["DbiResourceId"],
        "Endpoint.Address": instance["Endpoint"]["Address"],
        "Endpoint.Port": str(instance["Endpoint"]["Port"]),
    }


def _update_instance(identifier: str, properties: Properties, _old: Values) -> Created:
    for name in _INSTANCE_CREATE_ONLY | {"AvailabilityZone"}:
        properties.optional_text(name)
    tags = properties.tags()
    call(
        "rds",
        "modify_db_instance",
        DBInstanceIdentifier=identifier,
        ApplyImmediately=True,
        **_without_modify_only(_instance_settings(properties)),
    )
    if tags:
        arn = _instance(identifier)["DBInstanceArn"]
        call("rds", "add_tags_to_resource", ResourceName=arn, Tags=tags)
    return identifier, _instance_attributes(identifier)


def _delete_instance(identifier: str, _values: Values) -> None:
    call("rds", "delete_db_instance", DBInstanceIdentifier=identifier, SkipFinalSnapshot=True)


# --- Event subscriptions --------------------------------------------------------------------------

_SOURCES = {
    "db-instance",
    "db-cluster",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster-snapshot",
}


def _require_sources(kind: str | None, sources: list[str]) -> None:
    if sources and kind is None:
        raise PropertyError("SourceType is required where SourceIds are given")
    for source in sources:
        if kind == "db-cluster":
            _cluster(source)
        elif kind == "db-instance":
            _instance(source)
        elif kind == "db-parameter-group":
            _require_parameter_group(source)


def _require_parameter_group(name: str) -> None:
    try:
        call("rds", "describe_db_parameter_groups", DBParameterGroupName=name)
    except NotFoundError:
        call("rds", "describe_db_cluster_parameter_groups", DBClusterParameterGroupName=name)


def _subscription(properties: Properties) -> dict[str, object]:
    topic = properties.text("SnsTopicArn", pattern=r"arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+")
    call("sns", "get_topic_attributes", TopicArn=topic)
    kind = properties.optional_text("SourceType", allowed=_SOURCES)
    sources = properties.texts("SourceIds")
    _require_sources(kind, sources)
    return _without_modify_only(
        {
            "SnsTopicArn": topic,
            "SourceType": kind,
            "EventCategories": properties.texts("EventCategories") or None,
            "Enabled": properties.flag("Enabled", default=True),
            "SourceIds": sources or None,
        }
    )


def _create_subscription(place: StackPosition, properties: Properties) -> Created:
    name = properties.optional_text(
        "SubscriptionName", pattern=r"[a-zA-Z][\w-]{0,254}"
    ) or place.name(longest=255)
    call(
        "rds",
        "create_event_subscription",
        SubscriptionName=name,
        Tags=properties.tags() or None,
        **_subscription(properties),
    )
    return name, {}


def _update_subscription(name: str, properties: Properties, old: Values) -> Created:
    properties.optional_text("SubscriptionName")
    properties.tags()
    settings = _subscription(properties)
    wanted, had = _texts(settings.pop("SourceIds", None)), _texts(old.get("SourceIds"))
    change = {"SubscriptionName": name}
    for source in sorted(wanted - had):
        call("rds", "add_source_identifier_to_subscription", **change, SourceIdentifier=source)
    for source in sorted(had - wanted):
        call("rds", "remove_source_identifier_from_subscription", **change, SourceIdentifier=source)
    call("rds", "modify_event_subscription", **change, **settings)
    return name, {}


def _texts(value: object) -> set[str]:
    return {str(item) for item in value} if isinstance(value, list) else set()


def _delete_subscription(name: str, _values: Values) -> None:
    call("rds", "delete_event_subscription", SubscriptionName=name)


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
    ResourceType(
        name="AWS::RDS::DBInstance",
        create=_create_instance,
        update=_update_instance,
        delete=_delete_instance,
        create_only=_INSTANCE_CREATE_ONLY,
        tags=True,
    ),
    ResourceType(
        name="AWS::RDS::EventSubscription",
        create=_create_subscription,
        update=_update_subscription,
        delete=_delete_subscription,
        create_only=frozenset({"SubscriptionName", "SnsTopicArn"}),
        tags=True,
    ),
)
