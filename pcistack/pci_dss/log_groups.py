"""Which log group of the template a service writes to."""

from __future__ import annotations

from pcistack.pci_dss.context import Context
from pcistack.template.view import Resource, Value


def group_of(
    context: Context, prefix: str, resource: Resource, name: str, suffix: str = ""
) -> Resource | None:
    """Return the log group of the template under the name that a service gives it.

    Args:
        context: The template.
        prefix: What AWS writes before the resource's name.
        resource: The resource that the service logs for.
        name: Property with its name; a name that is not known stands in angle brackets.
        suffix: What AWS writes behind it.
    """
    spellings = (f"<{resource.logical_id}>", str(resource.get(name)))
    wanted = {f"{prefix}{spelling}{suffix}" for spelling in spellings}
    for group in context.of_type("AWS::Logs::LogGroup"):
        named = group.get("LogGroupName")
        if isinstance(named, str) and str(named) in wanted:
            return group
    return None


def exported_group(context: Context, cluster: Resource, log: str) -> Resource | None:
    """Return the log group of the template that Aurora exports a kind of log to."""
    return group_of(context, "/aws/rds/cluster/", cluster, "DBClusterIdentifier", f"/{log}")


def insights(cluster: Resource) -> Value:
    """Return what a cluster sets Container Insights to; None if it does not say."""
    for item in cluster.items("ClusterSettings"):
        if isinstance(item, dict) and item.get("Name") == "containerInsights":
            return item.get("Value")
    return None
