"""Requirements 10.2, 10.3 and 10.5: logs arrive, and outlive those who would delete them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.document import KEEPING
from pcistack.template.view import Resource

_STORES: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::DynamoDB::Table")


def _log_buckets(context: Context) -> Iterator[Resource]:
    for name in context.log_buckets:
        resource = context.view.resources[name]
        if resource.type == "AWS::S3::Bucket":
            yield resource


@rule(
    "PCI-10.5.1-LOGS-DESTROYED",
    "A stack that keeps its data keeps its logs, and the keys they need",
    asks="Audit logs are kept for at least 12 months, also when what they tell of is destroyed.",
    requirements=("10.5.1", "10.3.2"),
    types=("AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::KMS::Key"),
    severity=Severity.WARNING,
    fix="Set DeletionPolicy and UpdateReplacePolicy to Retain (or RetainExceptOnCreate) beside it.",
)
def logs_destroyed(context: Context) -> Iterator[Hit]:
    kept = [one.logical_id for one in context.of_type(*_STORES) if _kept(one, _ATTRIBUTES[0])]
    if not kept:
        return
    logs = [*context.of_type("AWS::Logs::LogGroup"), *_log_buckets(context)]
    keys = [context.target(log.get("KmsKeyId")) for log in logs]
    needed = [*logs, *(key for key in keys if key is not None and key.type == "AWS::KMS::Key")]
    for resource in {one.logical_id: one for one in needed}.values():
        lost = [name for name in _ATTRIBUTES if not _kept(resource, name)]
        if lost and resource.flag("DeletionProtectionEnabled") is not True:
            yield Hit(
                resource=resource.logical_id,
                message=f"{kept[0]} outlives the stack, this does not: {' and '.join(lost)} "
                "would destroy it",
            )


_ATTRIBUTES: Final = ("DeletionPolicy", "UpdateReplacePolicy")


def _kept(resource: Resource, attribute: str) -> bool:
    return resource.raw.body.get(attribute) in KEEPING


@rule(
    "PCI-10.2.1-LOG-BUFFER",
    "A container that does not wait for its log has a buffer of a chosen size",
    asks="Audit logs are active; what a container writes is not dropped without a thought.",
    requirements=("10.2.1", "10.3.3"),
    types=("AWS::ECS::TaskDefinition",),
    severity=Severity.WARNING,
    fix="Set mode: blocking, or max-buffer-size: 25m beside mode: non-blocking.",
)
def log_buffer(context: Context) -> Iterator[Hit]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            path = f"ContainerDefinitions.{index}.LogConfiguration.Options"
            options = task.get(path)
            known = options if isinstance(options, dict) else {}
            if known.get("mode") == "non-blocking" and known.get("max-buffer-size") is None:
                yield Hit(
                    resource=task.logical_id,
                    property=path,
                    message="output is dropped when the buffer is full, whose size nobody chose",
                )
