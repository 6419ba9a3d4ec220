"""Requirements 2.2, 10 and 11: containers do only their work, and what is done in them is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, must_be_false, must_be_true, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.log_groups import insights
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Partial, Resource, Value

_TASK: Final = ("AWS::ECS::TaskDefinition",)
_PROJECT: Final = "AWS::CodeBuild::Project"


def _containers(context: Context) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    for task in context.of_type(*_TASK):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            if isinstance(container, dict):
                yield task, f"ContainerDefinitions.{index}", container


@rule(
    "PCI-2.2.4-EXEC",
    "Nobody can open a shell in a task from outside",
    asks="Only needed functions are on; interactive use of system accounts is the exception.",
    requirements=("2.2.4", "8.6.1", "2.2.7"),
    types=(
        "AWS::ECS::Service",
        "AWS::Events::Rule",
        "AWS::Scheduler::Schedule",
        "AWS::Pipes::Pipe",
    ),
    extent=Extent.FULL,
    fix="Set EnableExecuteCommand: false. Who must look into something runs a task of its own with "
    "ECS Exec, whose role alone may open its channels.",
)
def exec_off(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::ECS::Service"):
        yield from must_be_false(service, "EnableExecuteCommand")
        yield from _within_reach(context, service)
    for scheduled in context.of_type("AWS::Events::Rule"):
        for index in range(len(scheduled.items("Targets"))):
            path = f"Targets.{index}.EcsParameters.EnableExecuteCommand"
            yield from must_be_false(scheduled, path)
    for kind, path in (
        ("AWS::Scheduler::Schedule", "Target.EcsParameters.EnableExecuteCommand"),
        ("AWS::Pipes::Pipe", "TargetParameters.EcsTaskParameters.EnableExecuteCommand"),
    ):
        for resource in context.of_type(kind):
            yield from must_be_false(resource, path)


def _within_reach(context: Context, service: Resource) -> Iterator[Hit]:
    """Exec is one call away from a service whose tasks may open its channels already."""
    task = context.target(service.get("TaskDefinition"))
    role = context.access.role(task.get("TaskRoleArn")) if task is not None else None
    if role is None or service.flag("EnableExecuteCommand") is True:
        return
    statements, _ = context.access.identity(role)
    actions = [name for one in statements if one.allows for name in one.actions]
    if any(name.startswith("ssmmessages:") for name in actions):
        yield hit(
            service,
            "TaskDefinition",
            f"its tasks' role {role.logical_id} may open the channels of ECS Exec",
            severity=Severity.WARNING,
        )


@rule(
    "PCI-2.2.6-PRIVILEGED",
    "No container is privileged",
    asks="System security parameters prevent misuse.",
    requirements=("2.2.6", "7.2.5"),
    related=("ECS.4", "CodeBuild.5"),
    types=(*_TASK, _PROJECT),
    extent=Extent.FULL,
    fix="Remove Privileged: true.",
)
def privileged(context: Context) -> Iterator[Hit]:
    for task, path, _ in _containers(context):
        yield from must_be_false(task, f"{path}.Privileged")
    for project in context.of_type(_PROJECT):
        if project.flag("Environment.PrivilegedMode"):
            yield hit(
                project,
                "Environment.PrivilegedMode",
                "builds run as root of their host",
                "set PrivilegedMode: false, unless images are built",
                severity=Severity.WARNING,
            )


@rule(
    "PCI-2.2.4-ROOT-FILESYSTEM",
    "Containers cannot write their root file system",
    asks="Only needed functions are on; what cannot be written cannot be planted.",
    requirements=("2.2.4", "11.5.2"),
    related=("ECS.5",),
    types=_TASK,
    extent=Extent.FULL,
    fix="Set ReadonlyRootFilesystem: true and mount a tmpfs or volume where writing is needed.",
)
def root_filesystem(context: Context) -> Iterator[Hit]:
    for task, path, _ in _containers(context):
        yield from must_be_true(task, f"{path}.ReadonlyRootFilesystem")


@rule(
    "PCI-2.2.4-ROOT-USER",
    "Containers do not run as root",
    asks="Only needed functions are on; accounts have the least privilege.",
    requirements=("2.2.4", "7.2.5"),
    related=("ECS.20",),
    types=_TASK,
    extent=Extent.FULL,
    fix="Set User to a numeric id other than 0.",
)
def root_user(context: Context) -> Iterator[Hit]:
    for task, path, container in _containers(context):
        user = container.get("User")
        if user is None or accepted.root(str(user)):
            yield hit(
                task,
                f"{path}.User",
                f"{show(container.get('Name'))}: User is {show(user)}; without one the image's "
                "user counts, which is root by default",
            )


@rule(
    "PCI-2.2.4-CAPABILITIES",
    "Containers drop the kernel's capabilities and add none",
    asks="Only needed functions are on.",
    requirements=("2.2.4",),
    severity=Severity.WARNING,
    types=_TASK,
    fix="Set LinuxParameters.Capabilities.Drop: [ALL].",
)
def capabilities(context: Context) -> Iterator[Hit]:
    for task, path, container in _containers(context):
        base = f"{path}.LinuxParameters.Capabilities"
        dropped = [str(item) for item in task.items(f"{base}.Drop")]
        added = [str(item) for item in task.items(f"{base}.Add")]
        if str(task.get("RuntimePlatform.OperatingSystemFamily")).startswith("WINDOWS"):
            continue
        if "ALL" not in dropped or added:
            yield hit(
                task,
                base,
                f"{show(container.get('Name'))}: drops {', '.join(dropped) or 'none'}, adds "
                f"{', '.join(added) or 'none'}",
            )


_SAFE_MOUNT: Final = frozenset({"noexec", "nosuid", "nodev"})


@rule(
    "PCI-2.2.6-SCRATCH",
    "Scratch space runs no programs",
    asks="System security parameters prevent misuse.",
    requirements=("2.2.6",),
    severity=Severity.WARNING,
    types=_TASK,
    fix="Mount each tmpfs with noexec, nosuid and nodev.",
)
def scratch(context: Context) -> Iterator[Hit]:
    for task, path, _ in _containers(context):
        base = f"{path}.LinuxParameters.Tmpfs"
        for index in range(len(task.items(base))):
            options = {str(item) for item in task.items(f"{base}.{index}.MountOptions")}
            if not options >= _SAFE_MOUNT:
                missing = ", ".join(sorted(_SAFE_MOUNT - options))
                yield hit(task, f"{base}.{index}.MountOptions", f"the mount lacks {missing}")


@rule(
    "PCI-11.5.2-IMAGE",
    "Images are named by version or digest, never latest",
    asks="Changes of critical files are noticed; an image that moves changes unseen.",
    requirements=("11.5.2", "6.5.1"),
    severity=Severity.WARNING,
    types=_TASK,
    fix="Name the image by digest (@sha256:...) or by a tag that is not moved.",
)
def image(context: Context) -> Iterator[Hit]:
    for task, path, container in _containers(context):
        name = container.get("Image")
        if not isinstance(name, str) or isinstance(name, Partial):
            continue
        last = name.rsplit("/", 1)[-1]
        if "@sha256:" not in name and (":" not in last or last.endswith(":latest")):
            yield hit(task, f"{path}.Image", f"{name} has no version of its own")
        consistency = container.get("VersionConsistency")
        if consistency == "disabled":
            yield hit(
                task,
                f"{path}.VersionConsistency",
                "tasks of one deployment can run different images",
            )


@rule(
    "PCI-2.2.4-FAULT-INJECTION",
    "Tasks take no injected faults",
    asks="Only needed functions are on.",
    requirements=("2.2.4",),
    severity=Severity.WARNING,
    types=_TASK,
    fix="Leave EnableFaultInjection out.",
)
def fault_injection(context: Context) -> Iterator[Hit]:
    for task in context.of_type(*_TASK):
        yield from must_be_false(task, "EnableFaultInjection")


@rule(
    "PCI-10.4.2-CONTAINER-INSIGHTS",
    "Clusters are measured with Container Insights",
    asks="Logs and metrics of components are reviewed; failures are noticed.",
    requirements=("10.4.2", "10.7.2"),
    related=("ECS.12",),
    severity=Severity.WARNING,
    types=("AWS::ECS::Cluster",),
    fix="Set ClusterSettings Name containerInsights, Value enabled or enhanced.",
)
def container_insights(context: Context) -> Iterator[Hit]:
    for cluster in context.of_type("AWS::ECS::Cluster"):
        value = insights(cluster)
        if value not in ("enabled", "enhanced"):
            yield hit(cluster, "ClusterSettings", f"containerInsights is {show(value)}")


@rule(
    "PCI-10.2.1-EXEC-LOGGED",
    "Shells that are opened in tasks are recorded",
    asks="All individual user access and every action of an administrator is recorded.",
    requirements=("10.2.1", "10.2.1.2"),
    severity=Severity.WARNING,
    types=("AWS::ECS::Cluster",),
    fix="Set Configuration.ExecuteCommandConfiguration.Logging: OVERRIDE with a LogConfiguration "
    "whose group or bucket is encrypted, or take the configuration out with EnableExecuteCommand.",
)
def exec_logged(context: Context) -> Iterator[Hit]:
    base = "Configuration.ExecuteCommandConfiguration"
    for cluster in context.of_type("AWS::ECS::Cluster"):
        logging = cluster.get(f"{base}.Logging")
        group, bucket = (
            cluster.get(f"{base}.LogConfiguration.{name}")
            for name in ("CloudWatchLogGroupName", "S3BucketName")
        )
        if logging == "NONE":
            yield hit(cluster, f"{base}.Logging", "what is typed in a task is recorded nowhere")
        elif logging == "OVERRIDE" and group is None and bucket is None:
            yield hit(cluster, f"{base}.LogConfiguration", "the record has no place to go to")
        elif logging == "OVERRIDE":
            for name, place in (("CloudWatch", group), ("S3", bucket)):
                flag = f"{base}.LogConfiguration.{name}EncryptionEnabled"
                if place is not None and cluster.flag(flag) is False:
                    yield hit(cluster, flag, "the record is not asked to be encrypted")


@rule(
    "PCI-11.3.1-IMAGE-SCAN",
    "Repositories scan images when they are pushed",
    asks="Vulnerabilities are found by scans, and ranked.",
    requirements=("11.3.1", "6.3.3", "6.2.4"),
    security_hub=("ECR.1",),
    related=("ECR.2",),
    types=("AWS::ECR::Repository",),
    fix="Set ImageScanningConfiguration.ScanOnPush: true, or scan by registry.",
)
def image_scan(context: Context) -> Iterator[Hit]:
    for repository in context.of_type("AWS::ECR::Repository"):
        yield from must_be_true(repository, "ImageScanningConfiguration.ScanOnPush")
        if repository.get("ImageTagMutability") in (None, "MUTABLE"):
            yield Hit(
                resource=repository.logical_id,
                property="ImageTagMutability",
                message="tags can be moved to another image",
                severity=Severity.WARNING,
            )
