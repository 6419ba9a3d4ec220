"""Ways: tasks, functions and proxies reach the stores and file systems that they use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields
from pcistack.deployment.secret_values import attachments
from pcistack.deployment.ways import admits
from pcistack.network.model import Kind, NetworkWorkload, Ports
from pcistack.template.references import name_of

_SERVICE: Final = "AWS::ECS::Service"
_GROUPS: Final = "NetworkConfiguration.AwsvpcConfiguration"
_NFS: Final = Ports("tcp", 2049, 2049)


@rule(
    "DEPLOY-WAY-DATABASE",
    "Tasks, functions or proxies that cannot reach the store they are given",
    types=(_SERVICE, "AWS::Lambda::Function", "AWS::RDS::DBProxyTargetGroup"),
    severity=Severity.WARNING,
    source="RDS user guide: Controlling access with security groups",
)
def database_rule(context: Context) -> Iterator[Hit]:
    for resource, path, source, name in _uses(context):
        store = context.network.workloads.get(name)
        if store is None or store.unresolved or source.unresolved:
            continue
        port = store.ports[0] if len(store.ports) == 1 else None
        ports = Ports("tcp", port, port) if port else Ports("all")
        if not admits(context, source, name, ports):
            yield hit(
                resource,
                path,
                f"nothing lets {source.logical_id} reach {name} on {ports}: the security groups "
                "of one side, the network ACLs or the VPCs do not let it pass",
                f"let the group of {source.logical_id} out to the group of {name}, and let it in "
                f"there, on {ports}",
            )


def _uses(context: Context) -> Iterator[tuple[str, str, NetworkWorkload, str]]:
    """Yield who uses which store, with the resource and property that say so."""
    workloads = context.network.workloads
    paths = {Kind.TASKS: _GROUPS, Kind.FUNCTION: "VpcConfig"}
    for workload in workloads.values():
        if workload.kind in paths:
            for name in _stores(context, workload.logical_id):
                yield workload.logical_id, paths[workload.kind], workload, name
    for group in context.of_type("AWS::RDS::DBProxyTargetGroup"):
        proxy = workloads.get(name_of(group.get("DBProxyName")))
        for path in ("DBClusterIdentifiers", "DBInstanceIdentifiers"):
            for value in group.items(path) if proxy else ():
                assert proxy is not None
                yield group.logical_id, path, proxy, name_of(value)


def _stores(context: Context, user: str) -> list[str]:
    """Return the stores whose secret or address a resource refers to."""
    user_of = context.view.resources[user]
    task = context.target(user_of.get("TaskDefinition"))
    named = set(context.order.named(task.logical_id if task else user))
    for name in tuple(named):
        resource = context.view.resources.get(name)
        if resource and resource.type == "AWS::SecretsManager::Secret":
            named |= {name_of(one.get("TargetId")) for one in attachments(context, resource)}
        elif resource and resource.type == "AWS::SecretsManager::SecretTargetAttachment":
            named.add(name_of(resource.get("TargetId")))
    kinds = (Kind.DATABASE, Kind.CACHE, Kind.SEARCH, Kind.STREAM, Kind.PROXY)
    return [
        one.logical_id
        for one in context.network.workloads.values()
        if one.logical_id in named and one.kind in kinds
    ]


@rule(
    "DEPLOY-WAY-FILES",
    "Tasks or functions that cannot reach the file system they mount",
    types=(_SERVICE, "AWS::Lambda::Function"),
    source="EFS user guide: Using VPC security groups (NFS, port 2049)",
)
def files_rule(context: Context) -> Iterator[Hit]:
    targets = context.of_type("AWS::EFS::MountTarget")
    for workload in context.network.workloads.values() if targets else ():
        if workload.kind not in (Kind.TASKS, Kind.FUNCTION) or workload.unresolved:
            continue
        before = context.order.before(workload.logical_id)
        for target in targets:
            mounted = name_of(target.get("FileSystemId"))
            same = _mounts(context, workload, mounted) if mounted in before else False
            if same and not admits(context, workload, target.logical_id, _NFS):
                yield hit(
                    workload.logical_id,
                    _GROUPS if workload.kind is Kind.TASKS else "VpcConfig",
                    f"nothing lets {workload.logical_id} reach {target.logical_id} on {_NFS}: "
                    f"{mounted} cannot be mounted, and nothing starts",
                    f"let the group of {workload.logical_id} out to the group of "
                    f"{target.logical_id}, and let it in there, on {_NFS}",
                )


def _mounts(context: Context, workload: NetworkWorkload, system: str) -> bool:
    """Whether a workload mounts a file system, as a volume or through an access point."""
    resource = context.view.resources[workload.logical_id]
    task = context.target(resource.get("TaskDefinition"))
    if task is None:
        return bool(resource.items("FileSystemConfigs"))
    volumes = [item for item in task.items("Volumes") if isinstance(item, dict)]
    used = [fields(item.get("EFSVolumeConfiguration")).get("FilesystemId") for item in volumes]
    return any(name_of(value) == system for value in used)
