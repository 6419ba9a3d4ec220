"""With which credentials the containers of a template log in."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.evidence.values import targets
from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of
from pcistack.template.view import Resource, View


def secret_values(context: Context) -> Iterator[tuple[Resource, str]]:
    """Yield each place where a container is given a secret."""
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            path = f"ContainerDefinitions.{index}.Secrets"
            for place, _ in enumerate(task.items(path)):
                yield task, f"{path}.{place}.ValueFrom"


def task_credentials(context: Context) -> set[str]:
    """Return the logical ids of what the containers' secrets come from."""
    return {
        behind(context.view, name)
        for task, path in secret_values(context)
        for name in targets(task.get(path))
    }


def behind(view: View, name: str) -> str:
    """Follow a target attachment to its secret."""
    resource = view.resources.get(name)
    if resource is not None and resource.type == "AWS::SecretsManager::SecretTargetAttachment":
        return name_of(resource.get("SecretId"))
    return name


def master_credentials(context: Context) -> set[str]:
    """Return the logical ids that stand for the master credentials of a database."""
    found: set[str] = set()
    for database in context.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        found |= {database.logical_id, *targets(database.get("MasterUserPassword"))}
    return found
