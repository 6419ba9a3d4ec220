"""Event sources: what functions read from, and queues that fit them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused_on_key
from pcistack.deployment.keys import key_of
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import text
from pcistack.template.view import Reference, Resource

_FUNCTION: Final = "AWS::Lambda::Function"
_MAPPING: Final = "AWS::Lambda::EventSourceMapping"
_QUEUE: Final = "AWS::SQS::Queue"
_TABLE: Final = "AWS::DynamoDB::Table"
_STREAM: Final = "AWS::Kinesis::Stream"
_API: Final = "Lambda API reference: CreateEventSourceMapping"
_OF_STREAMS: Final = (
    *("BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
    *("ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp"),
    "TumblingWindowInSeconds",
)


@rule(
    "DEPLOY-EVENT-SOURCE",
    "An event source mapping that Lambda refuses",
    types=(_MAPPING, _QUEUE),
    severity=Severity.FATAL,
    source=_API,
)
def source_rule(context: Context) -> Iterator[Hit]:
    for mapping in context.of_type(_MAPPING):
        value = mapping.get("EventSourceArn")
        source = context.target(value, _QUEUE, _TABLE, _STREAM)
        if source is None:
            continue
        if source.type == _QUEUE:
            yield from _queue(context, mapping, source)
        else:
            yield from _stream(mapping, source)
        if source.type == _TABLE and isinstance(value, Reference):
            if value.attribute == "Arn":
                yield hit(
                    mapping,
                    "EventSourceArn",
                    f"{value} is the table itself; a function reads its stream",
                    f"write !GetAtt {source.logical_id}.StreamArn",
                )
            elif source.get("StreamSpecification") is None:
                yield hit(
                    mapping,
                    "EventSourceArn",
                    f"{source.logical_id} has no stream",
                    f"set StreamSpecification of {source.logical_id}",
                )


def _stream(mapping: Resource, source: Resource) -> Iterator[Hit]:
    position = mapping.get("StartingPosition")
    if position is None:
        yield hit(
            mapping,
            "StartingPosition",
            f"{source.logical_id} is a stream: where to begin is not said",
            "set StartingPosition: LATEST or TRIM_HORIZON",
        )
    at = text(position) == "AT_TIMESTAMP"
    if at and (source.type == _TABLE or mapping.get("StartingPositionTimestamp") is None):
        yield hit(
            mapping,
            "StartingPosition",
            "a stream of DynamoDB has no AT_TIMESTAMP"
            if source.type == _TABLE
            else "AT_TIMESTAMP needs StartingPositionTimestamp",
            "set StartingPosition: LATEST or TRIM_HORIZON",
        )
    if mapping.get("ScalingConfig.MaximumConcurrency") is not None:
        yield hit(
            mapping,
            "ScalingConfig",
            "MaximumConcurrency is for queues, not for streams",
            "delete it, or set ParallelizationFactor",
        )


def _queue(context: Context, mapping: Resource, queue: Resource) -> Iterator[Hit]:
    for name in _OF_STREAMS:
        if mapping.get(name) is not None:
            yield hit(mapping, name, f"{name} is for streams, not for queues", f"delete {name}")
    size, window = mapping.number("BatchSize"), mapping.get("MaximumBatchingWindowInSeconds")
    fifo = queue.flag("FifoQueue") is True
    if size is not None and size > 10 and (fifo or window in (None, 0, "0")):
        yield hit(
            mapping,
            "BatchSize",
            f"a batch of {size:g} from a queue "
            + ("of FIFO: 10 at most" if fifo else "needs MaximumBatchingWindowInSeconds: 1"),
            "set BatchSize: 10" + ("" if fifo else ", or add the window"),
        )
    function = context.target(mapping.get("FunctionName"), _FUNCTION)
    if function is None:
        return
    timeout = 3.0 if function.get("Timeout") is None else function.number("Timeout")
    visible = 30.0 if queue.get("VisibilityTimeout") is None else queue.number("VisibilityTimeout")
    if timeout is not None and visible is not None and visible < timeout:
        yield hit(
            queue,
            "VisibilityTimeout",
            f"messages are hidden for {visible:g} seconds, and {function.logical_id} may run "
            f"{timeout:g}: Lambda refuses the mapping {mapping.logical_id}",
            f"set VisibilityTimeout to {timeout * 6:g}",
        )
    most = mapping.number("ScalingConfig.MaximumConcurrency")
    kept = function.number("ReservedConcurrentExecutions")
    if most is not None and kept is not None and most > kept:
        yield hit(
            mapping,
            "ScalingConfig.MaximumConcurrency",
            f"{most:g} invocations at once, and {function.logical_id} has {kept:g} reserved: "
            "the others are throttled",
            f"set it to {kept:g} at most",
            severity=Severity.WARNING,
        )


@rule(
    "DEPLOY-EVENT-SOURCE-KEY",
    "An encrypted queue that the function's role may not decrypt",
    types=(_MAPPING,),
    source="Lambda developer guide: Using Lambda with Amazon SQS, encrypted queues (kms:Decrypt)",
)
def key_rule(context: Context) -> Iterator[Hit]:
    for mapping in context.of_type(_MAPPING):
        queue = context.target(mapping.get("EventSourceArn"), _QUEUE)
        function = context.target(mapping.get("FunctionName"), _FUNCTION)
        role = context.access.role(function.get("Role")) if function else None
        key = key_of(context, queue.get("KmsMasterKeyId")) if queue else None
        if role is None or key is None or queue is None or context.grants_more:
            continue
        if refused_on_key(context, role, key, "sqs", ("kms:Decrypt",)):
            yield hit(
                mapping,
                "EventSourceArn",
                f"{role.logical_id} may not call kms:Decrypt with {key.logical_id}, the key of "
                f"{queue.logical_id}: the function gets no message",
                f"allow kms:Decrypt on {key.logical_id} in a policy of {role.logical_id}",
            )
