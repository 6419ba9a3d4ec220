"""Parameter groups: their family fits the engine version of what uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regional.versions import AURORA_ENGINES, EngineRelease
from pcistack.template.view import Resource

_CLUSTER_GROUP: Final = "AWS::RDS::DBClusterParameterGroup"
_INSTANCE_GROUP: Final = "AWS::RDS::DBParameterGroup"


@rule(
    "AURORA-PARAMETER-FAMILY",
    "A parameter group whose family does not fit the engine version",
    types=(aurora.CLUSTER, aurora.INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: DBParameterGroupFamily of DescribeDBEngineVersions",
)
def family_rule(context: Context) -> Iterator[Hit]:
    for user, group, path, parsed in _uses(context):
        wanted = aurora.parameter_group_family(parsed.engine, parsed)
        family = group.text("Family")
        if family is None or family == wanted:
            continue
        yield hit(
            group,
            "Family",
            f"the parameter group is of family {family}, but {user.logical_id} ({path}) runs "
            f"{parsed.engine} {aurora.version(user) or aurora.version(group) or parsed.line}, "
            f"which takes {wanted} in {context.here}",
            f"set Family: {wanted}",
        )


def _uses(context: Context) -> Iterator[tuple[Resource, Resource, str, EngineRelease]]:
    """Yield who uses which parameter group, with the engine version it runs."""
    view = context.view
    for cluster in aurora.clusters(view):
        parsed = aurora.release(cluster)
        if parsed is None or parsed.engine not in AURORA_ENGINES:
            continue
        for path, kind in (
            ("DBClusterParameterGroupName", _CLUSTER_GROUP),
            ("DBInstanceParameterGroupName", _INSTANCE_GROUP),
        ):
            group = view.target(cluster.get(path))
            if group is not None and group.type == kind:
                yield cluster, group, path, parsed
        for instance in context.members.instances_of(cluster):
            group = view.target(instance.get("DBParameterGroupName"))
            if group is not None and group.type == _INSTANCE_GROUP:
                yield instance, group, "DBParameterGroupName", parsed
