"""Jobs of AWS Batch: what their containers need, on Fargate above all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import SIZES
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, objects, repeated, text, texts
from pcistack.template.view import Resource, number

_JOB: Final = "AWS::Batch::JobDefinition"
_QUEUE: Final = "AWS::Batch::JobQueue"
_BOX: Final = "ContainerProperties"
_OF_HOSTS: Final = ("Vcpus", "Memory", "Ulimits", "InstanceType")


@rule(
    "DEPLOY-BATCH-JOB",
    "A job or a queue of jobs that AWS Batch refuses",
    types=(_JOB, _QUEUE),
    severity=Severity.FATAL,
    source="AWS Batch API reference: RegisterJobDefinition, ContainerProperties, "
    "ResourceRequirement, CreateJobQueue",
)
def job_rule(context: Context) -> Iterator[Hit]:
    for job in () if context.has_macro else context.of_type(_JOB):
        if isinstance(job.get(_BOX), dict):
            yield from _container(job)
    for queue in context.of_type(_QUEUE):
        for path, order in repeated(texts(queue, "ComputeEnvironmentOrder", "Order")):
            yield hit(queue, path, f"two have the order {order}", "number them")


def _container(job: Resource) -> Iterator[Hit]:
    path = f"{_BOX}.ResourceRequirements"
    if is_open(job.get(path)):
        return
    asked = {text(item.get("Type")): item.get("Value") for _, item in objects(job, path)}
    if None in asked or any(is_open(item) for item in job.items(path)):
        return
    for kind, older in (("VCPU", "Vcpus"), ("MEMORY", "Memory")):
        if kind not in asked and job.get(f"{_BOX}.{older}") is None:
            yield hit(job, path, f"nothing says how much {kind} a job has", f"add {kind}")
    if "FARGATE" not in {text(item) for item in job.items("PlatformCapabilities")}:
        return
    yield from _fargate(job)
    cpu, memory = number(asked.get("VCPU")), number(asked.get("MEMORY"))
    if cpu is not None and memory is not None and memory not in SIZES.get(int(cpu * 1024), ()):
        sizes = ", ".join(map(str, SIZES.get(int(cpu * 1024), ())[:4])) or "no memory"
        yield hit(
            job,
            path,
            f"Fargate has no size of {cpu:g} vCPU with {memory:g} MiB; with so much it has {sizes}",
            "choose a size of Fargate",
        )


def _fargate(job: Resource) -> Iterator[Hit]:
    box = fields(job.get(_BOX))
    if box.get("ExecutionRoleArn") is None:
        yield hit(
            job, f"{_BOX}.ExecutionRoleArn", "a job on Fargate has an execution role", "name one"
        )
    given = [name for name in _OF_HOSTS if box.get(name) is not None]
    if job.flag(f"{_BOX}.Privileged"):
        given.append("Privileged")
    for name in given:
        yield hit(job, f"{_BOX}.{name}", f"a job on Fargate has no {name}", f"delete {name}")
