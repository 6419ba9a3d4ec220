"""RDS: instances of Aurora clusters."""

from __future__ import annotations

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import Answer, call
from pcistack.rehearsal.embedded.database_clusters import (
    IDENTIFIER,
    cluster_of,
)
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

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
        properties.optional_text("DBInstanceIdentifier", pattern=IDENTIFIER)
        or place.name(lowercase=True, longest=63)
    ).lower()
    cluster_id = properties.text("DBClusterIdentifier").lower()
    cluster = cluster_of(cluster_id)
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
        **settings,
    )
    _name_endpoint(identifier, cluster)
    return identifier, _instance_attributes(identifier)


def _name_endpoint(identifier: str, cluster: Answer) -> None:
    """Give the instance's endpoint the name that RDS gives; the engine says localhost."""
    domain = cluster["Endpoint"].partition(".cluster-")[2]
    instance = _engine.module("services.rds")._instances[identifier]
    instance["Endpoint"]["Address"] = f"{identifier}.{domain}"


def instance_of(identifier: str) -> Answer:
    """Return what RDS says of an instance."""
    found = call("rds", "describe_db_instances", DBInstanceIdentifier=identifier)
    instance: Answer = found["DBInstances"][0]
    return instance


def _instance_attributes(identifier: str) -> dict[str, str]:
    instance = instance_of(identifier)
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
        **_instance_settings(properties),
    )
    if tags:
        arn = instance_of(identifier)["DBInstanceArn"]
        call("rds", "add_tags_to_resource", ResourceName=arn, Tags=tags)
    return identifier, _instance_attributes(identifier)


def _delete_instance(identifier: str, _values: Values) -> None:
    call("rds", "delete_db_instance", DBInstanceIdentifier=identifier, SkipFinalSnapshot=True)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::RDS::DBInstance",
        create=_create_instance,
        update=_update_instance,
        delete=_delete_instance,
        create_only=_INSTANCE_CREATE_ONLY,
        tags=True,
    ),
)
