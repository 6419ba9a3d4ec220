"""What an application adds to the network: tasks that end, names it calls, resources it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pcistack.evidence.values import label, targets
from pcistack.network.network import Kind, NetworkMap, NetworkWorkload
from pcistack.pci_dss.context import Context
from pcistack.regions import DOMAINS
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value

_TASK: Final = "AWS::ECS::TaskDefinition"
_SERVICE: Final = "AWS::ECS::Service"
_GROUP: Final = "AWS::EC2::SecurityGroup"
_SUBNET: Final = "AWS::EC2::Subnet"

_OWN_WAYS: Final = frozenset(
    {"cloudwatch", "ecr", "ecs", "iam", "kms", "logs", "secretsmanager", "ssm", "ssmmessages"}
    | {"sts", "xray"}
)
"""Services that run an application; their part is drawn elsewhere, or holds no data of it."""
_SPELT: Final[Mapping[str, str]] = {
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "execute-api": "API Gateway",
    "firehose": "Firehose",
    "kinesis": "Kinesis",
    "lambda": "Lambda",
    "states": "Step Functions",
}
_OF_AWS: Final = (*(f".{suffix}" for suffix in DOMAINS.values()), ".compute.internal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What the role of a workload may do with one resource.

    Attributes:
        workload: Logical id of the workload.
        node: The resource: its logical id, or its text where it is not in the template.
        title: Its service and name.
        actions: The actions, by their full names.
    """

    workload: str
    node: str
    title: str
    actions: tuple[str, ...]


def with_tasks_that_end(context: Context) -> NetworkMap:
    """Return the network with every task that no service keeps running.

    A schedule, a function or a person starts these, in the subnets and groups that the starter
    names. Where nothing in the template starts one, it has the group that was made beside it, and
    may stand wherever other tasks do.
    """
    network, view = context.network, context.view
    running = {name_of(one.get("TaskDefinition")) for one in view.of_type(_SERVICE)}
    ending = [one for one in view.of_type(_TASK) if one.logical_id not in running]
    found = {one.logical_id: _task(context, one) for one in ending}
    return replace(network, workloads={**network.workloads, **found})


def _task(context: Context, task: Resource) -> NetworkWorkload:
    groups: list[str] = []
    subnets: list[str] = []
    for starter in _starters(context, task):
        for name in dict.fromkeys(target.logical_id for _, target in starter.references):
            kind = context.view.resources[name].type if name in context.view.resources else ""
            groups += [name] if kind == _GROUP else []
            subnets += [name] if kind == _SUBNET else []
    others = [one for one in context.network.workloads.values() if one.kind is Kind.TASKS]
    return NetworkWorkload(
        logical_id=task.logical_id,
        type=task.type,
        kind=Kind.TASKS,
        subnets=tuple(subnets) or tuple({name for one in others for name in one.subnets}),
        groups=tuple(groups) or tuple(_beside(context, task)) or ("none",),
    )


def _starters(context: Context, task: Resource) -> Iterator[Resource]:
    for resource in context.view.referrers.get(task.logical_id, ()):
        if not resource.type.startswith("AWS::IAM::"):
            yield resource


def _beside(context: Context, task: Resource) -> Iterator[str]:
    parent = label(task).rpartition("/")[0]
    for group in context.view.of_type(_GROUP):
        if parent and label(group).rpartition("/")[0] == parent:
            yield group.logical_id


def called_names(context: Context) -> list[str]:
    """Return the names that a firewall of the resolver lets through, without AWS's own."""
    allowed = [
        rule.get("FirewallDomainListId")
        for group in context.view.of_type("AWS::Route53Resolver::FirewallRuleGroup")
        for rule in group.items("FirewallRules")
        if isinstance(rule, dict) and rule.get("Action") == "ALLOW"
    ]
    lists = [context.target(value) for value in allowed]
    names = [str(name) for one in lists if one is not None for name in one.items("Domains")]
    return [name for name in names if name != "*" and not name.endswith(_OF_AWS)]


def uses(context: Context, network: NetworkMap) -> list[Use]:
    """Return what the tasks of a network may do with resources of AWS services, by resource."""
    found: dict[tuple[str, str], Use] = {}
    for workload in network.workloads.values():
        for use in _uses(context, workload):
            before = found.get((use.workload, use.node), replace(use, actions=()))
            actions = tuple(dict.fromkeys([*before.actions, *use.actions]))
            found[use.workload, use.node] = replace(before, actions=actions)
    return list(found.values())


def _uses(context: Context, workload: NetworkWorkload) -> Iterator[Use]:
    resource = context.view.resources[workload.logical_id]
    task = resource if resource.type == _TASK else context.target(resource.get("TaskDefinition"))
    role = context.access.role(task.get("TaskRoleArn")) if task is not None else None
    if role is None or workload.kind is not Kind.TASKS:
        return
    for statement in context.access.identity(role)[0]:
        if not statement.allows:
            continue
        written = statement.written.get("Action")
        actions = [str(one) for one in (written if isinstance(written, list) else [written])]
        for service in dict.fromkeys(action.partition(":")[0] for action in actions):
            if service in _OWN_WAYS or service in ("*", "None"):
                continue
            own = tuple(one for one in actions if one.startswith(f"{service}:"))
            for value in _listed(statement.written.get("Resource")):
                node, name = _named(context, value)
                title = f"{_SPELT.get(service, service.upper())}: {name}"
                yield Use(workload=workload.logical_id, node=node, title=title, actions=own)


def _listed(value: Value) -> list[Value]:
    return list(value) if isinstance(value, list) else [value]


def _named(context: Context, value: Value) -> tuple[str, str]:
    """Return what stands for a resource of a policy, and what it is called."""
    for name in targets(value):
        resource = context.view.resources.get(name)
        if resource is not None:
            return name, label(resource)
    text = context.access.names.text(value)
    name = text.split(":", 5)[-1].removesuffix("/*")
    return text, "any" if name == "*" else name
