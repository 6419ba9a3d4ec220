"""Rules of EventBridge: expressions, patterns, and what their targets need."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, objects, text
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value

_RULE: Final = "AWS::Events::Rule"
_SCHEDULE: Final = "AWS::Scheduler::Schedule"
_CLUSTER: Final = "AWS::ECS::Cluster"
_TASK: Final = "AWS::ECS::TaskDefinition"
_ENVELOPE: Final = (
    *("account", "detail", "detail-type", "id", "region", "replay-name", "resources", "source"),
    *("time", "version", "$or"),
)


def _targets(context: Context) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    for one in context.of_type(_RULE):
        for path, target in objects(one, "Targets"):
            yield one, path, target
    for one in context.of_type(_SCHEDULE):
        single = one.get("Target")
        if isinstance(single, dict):
            yield one, "Target", single


@rule(
    "DEPLOY-EVENT-TARGET",
    "A target of events that EventBridge refuses",
    types=(_RULE, _SCHEDULE),
    severity=Severity.FATAL,
    source="EventBridge API reference: Target, SqsParameters, EcsParameters, InputTransformer",
)
def target_rule(context: Context) -> Iterator[Hit]:
    for resource, path, target in _targets(context):
        goal = context.target(target.get("Arn"))
        fifo = goal is not None and goal.type == "AWS::SQS::Queue" and goal.flag("FifoQueue")
        if goal and fifo and fields(target.get("SqsParameters")).get("MessageGroupId") is None:
            yield hit(
                resource,
                f"{path}.SqsParameters",
                f"{goal.logical_id} is a FIFO queue: no message group is named",
                "add SqsParameters: {MessageGroupId: <group>}",
            )
        if goal is not None and goal.type == _CLUSTER:
            yield from _task(context, resource, path, goal, target)
        given = fields(fields(target.get("InputTransformer")).get("InputPathsMap"))
        for name, value in given.items():
            where = text(value)
            if where is not None and not where.startswith("$"):
                yield hit(
                    resource,
                    f"{path}.InputTransformer.InputPathsMap.{name}",
                    f"{where!r} is no path of an event",
                    f"write $.{where}",
                )


def _task(
    context: Context, resource: Resource, path: str, cluster: Resource, target: dict[str, Value]
) -> Iterator[Hit]:
    at, given = f"{path}.EcsParameters", target.get("EcsParameters")
    if given is None:
        yield hit(resource, at, "a task needs EcsParameters", "add EcsParameters")
        return
    parameters = fields(given)
    named = text(parameters.get("TaskDefinitionArn"))
    if named is not None and not named.startswith(("arn:", "{{")):
        yield hit(resource, f"{at}.TaskDefinitionArn", f"{named!r} is no ARN", "write its ARN")
    task = context.target(parameters.get("TaskDefinitionArn"), _TASK)
    if task is None:
        return
    awsvpc = task.text("NetworkMode") == "awsvpc"
    if awsvpc and parameters.get("NetworkConfiguration") is None:
        yield hit(
            resource,
            f"{at}.NetworkConfiguration",
            f"{task.logical_id} is of network mode awsvpc, and no subnets are named: no run "
            "starts a task",
            "add NetworkConfiguration with AwsvpcConfiguration",
            severity=Severity.ERROR,
        )
    only = {text(item) for item in task.items("RequiresCompatibilities")} == {"FARGATE"}
    chosen = ("LaunchType", "CapacityProviderStrategy")
    linked = any(
        name_of(link.get("Cluster")) in (cluster.logical_id, "unknown")
        for link in context.of_type("AWS::ECS::ClusterCapacityProviderAssociations")
    )
    default = linked or cluster.get("DefaultCapacityProviderStrategy") is not None
    if only and not default and all(parameters.get(name) is None for name in chosen):
        yield hit(
            resource,
            f"{at}.LaunchType",
            f"{task.logical_id} is for Fargate, and a run without LaunchType asks for EC2",
            "set LaunchType: FARGATE",
            severity=Severity.WARNING,
        )


@rule(
    "DEPLOY-EVENT-PATTERN",
    "A pattern on fields that no event has",
    types=(_RULE,),
    severity=Severity.WARNING,
    source="EventBridge user guide: AWS service event metadata",
)
def pattern_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_RULE):
        for name in fields(one.get("EventPattern")):
            if name not in _ENVELOPE and not name.startswith("Fn::"):
                near = difflib.get_close_matches(name, _ENVELOPE, 1, 0.6)
                yield hit(
                    one,
                    f"EventPattern.{name}",
                    f"no event has a field {name}: the rule matches nothing",
                    f"write {near[0]}" if near else f"choose from {', '.join(_ENVELOPE)}",
                )


_NEEDS_ROLE: Final = (
    *("AWS::ECS::TaskDefinition", "AWS::ECS::Cluster", "AWS::StepFunctions::StateMachine"),
    *("AWS::CodeBuild::Project", "AWS::CodePipeline::Pipeline", "AWS::Kinesis::Stream"),
    *("AWS::Batch::JobQueue", "AWS::KinesisFirehose::DeliveryStream"),
    "AWS::Events::ApiDestination",
)


@rule(
    "DEPLOY-EVENT-RULE",
    "A rule of EventBridge that it refuses",
    types=(_RULE,),
    severity=Severity.FATAL,
    source="EventBridge API reference: PutRule and PutTargets",
)
def event_rule(context: Context) -> Iterator[Hit]:
    for rule_ in context.of_type(_RULE):
        pattern, schedule = rule_.get("EventPattern"), rule_.get("ScheduleExpression")
        if pattern in (None, {}, "") and schedule in (None, ""):
            yield hit(
                rule_,
                "EventPattern",
                "the rule has neither a pattern nor a schedule",
                "add EventPattern or ScheduleExpression",
            )
        bus = rule_.text("EventBusName")
        if (
            schedule is not None
            and bus not in (None, "default")
            and not str(bus).endswith("/default")
        ):
            yield hit(
                rule_,
                "EventBusName",
                "a schedule is a rule of the default bus only",
                "delete EventBusName",
            )
        yield from _pattern(rule_.logical_id, "EventPattern", pattern, 0)
        ids: set[str] = set()
        for path, target in objects(rule_, "Targets"):
            name = text(target.get("Id"))
            if name is not None and name in ids:
                yield hit(rule_, f"{path}.Id", f"a second target has the id {name}", "rename it")
            ids.add(name or "")
            yield from _target(context, rule_, path, target)


def _target(
    context: Context, rule_: Resource, path: str, target: dict[str, Value]
) -> Iterator[Hit]:
    goal = context.target(target.get("Arn"), *_NEEDS_ROLE)
    if goal is not None and target.get("RoleArn") is None:
        yield hit(
            rule_,
            f"{path}.RoleArn",
            f"EventBridge needs a role to start {goal.logical_id}",
            "set RoleArn to a role that events.amazonaws.com may assume",
        )
    inputs = [n for n in ("Input", "InputPath", "InputTransformer") if target.get(n)]
    if len(inputs) > 1:
        yield hit(
            rule_,
            f"{path}.{inputs[1]}",
            f"{' and '.join(inputs)} exclude each other",
            "keep one of them",
        )
    yield from _input(rule_.logical_id, path, target)


def _input(name: str, path: str, target: dict[str, Value]) -> Iterator[Hit]:
    given = text(target.get("Input"))
    if given is None:
        return
    try:
        json.loads(given)
    except ValueError:
        yield hit(name, f"{path}.Input", "the input is no JSON", "write JSON")


def _pattern(name: str, path: str, pattern: Value, depth: int) -> Iterator[Hit]:
    """A pattern is an object whose leaves are lists."""
    if not isinstance(pattern, dict):
        return
    for key, value in pattern.items():
        if isinstance(value, dict):
            yield from _pattern(name, f"{path}.{key}", value, depth + 1)
        elif isinstance(value, bool | int | float) or type(value) is str:
            yield hit(
                name,
                f"{path}.{key}",
                f"{key} is {text(value)!r}; a pattern lists what matches",
                f"write [{text(value)}]",
            )


@rule(
    "DEPLOY-EVENT-BUS-RULE",
    "A schedule on an event bus of one's own",
    types=(_RULE,),
    severity=Severity.FATAL,
    source="EventBridge API reference: PutRule (ScheduleExpression is supported only on the "
    "default event bus)",
)
def bus_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_RULE):
        bus = one.get("EventBusName")
        own = context.target(bus, "AWS::Events::EventBus") or text(bus) not in (None, "default")
        if own and one.get("ScheduleExpression") is not None:
            yield hit(
                one,
                "ScheduleExpression",
                "only the default event bus has schedules",
                "delete EventBusName",
            )
