"""Databases of a template, and the parameter groups that they use."""

from __future__ import annotations

from typing import Final

from pcistack.pci_dss.context import Context
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value

RDS: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")


def databases(context: Context) -> list[Resource]:
    """Clusters, and instances that belong to none."""
    return [
        resource
        for resource in context.of_type(*RDS)
        if resource.type == "AWS::RDS::DBCluster" or resource.get("DBClusterIdentifier") is None
    ]


def restored(database: Resource) -> bool:
    """Encryption and master user come from the source."""
    return any(
        database.get(path) is not None
        for path in (
            "SnapshotIdentifier",
            "DBSnapshotIdentifier",
            "DBClusterSnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "SourceDBInstanceIdentifier",
        )
    )


def parameters_of(context: Context, database: Resource) -> tuple[Resource | None, str, Value]:
    """Return a database's parameter group, the path of its parameters, and the parameters."""
    path = (
        "DBClusterParameterGroupName"
        if database.type == "AWS::RDS::DBCluster"
        else "DBParameterGroupName"
    )
    group = context.target(database.get(path))
    return group, path, group.get("Parameters") if group else None


def parameter(parameters: Value, name: str) -> Value:
    """Return one parameter of a group; unknown where the group is."""
    if isinstance(parameters, Unknown | Reference | Partial):
        return Unknown()
    return parameters.get(name) if isinstance(parameters, dict) else None
