"""Functions: what they read from, their handlers, and queues that fit them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused, refused_on_key
from pcistack.deployment.keys import key_of
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import text
from pcistack.template.view import Partial, Reference, Resource

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


@rule(
    "DEPLOY-FUNCTION-HANDLER",
    "A handler that is not in the code of the template",
    types=(_FUNCTION,),
    source="CloudFormation: AWS::Lambda::Function Code, ZipFile (the file is named index); Lambda "
    "developer guide: handlers (Runtime.ImportModuleError, Runtime.HandlerNotFound)",
)
def handler_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        code, handler = function.get("Code.ZipFile"), function.text("Handler")
        runtime = function.text("Runtime") or ""
        if not isinstance(code, str) or handler is None:
            continue
        module, _, name = handler.rpartition(".")
        if module != "index":
            yield hit(
                function,
                "Handler",
                f"code in a template is the file index, and the handler is {handler}: no "
                "invocation finds it",
                "set Handler: index.<function>",
            )
        elif not isinstance(code, Partial) and not _defines(code, name, runtime):
            yield hit(
                function,
                "Handler",
                f"the code does not name {name}: no invocation finds the handler",
                "name a function of the code",
            )


def _defines(code: str, name: str, runtime: str) -> bool:
    if runtime.startswith("python") and "import *" in code:
        return True
    return re.search(rf"\b{re.escape(name)}\b", code) is not None


@rule(
    "DEPLOY-FUNCTION-DEAD-LETTER",
    "A dead-letter queue that Lambda refuses",
    types=(_FUNCTION,),
    severity=Severity.FATAL,
    source="Lambda developer guide: Adding a dead-letter queue (standard queues and topics)",
)
def dead_letter_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        target = context.target(function.get("DeadLetterConfig.TargetArn"))
        flag = {_QUEUE: "FifoQueue", "AWS::SNS::Topic": "FifoTopic"}.get(
            target.type if target else "", ""
        )
        if target is not None and flag and target.flag(flag) is True:
            yield hit(
                function,
                "DeadLetterConfig.TargetArn",
                f"{target.logical_id} is FIFO, which Lambda does not take",
                "name a standard queue or topic",
            )


@rule(
    "DEPLOY-FUNCTION-SNAPSTART",
    "SnapStart of a function that cannot have it",
    types=(_FUNCTION,),
    severity=Severity.FATAL,
    source="Lambda developer guide: SnapStart, supported features and limitations",
)
def snapstart_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        if function.text("SnapStart.ApplyOn") != "PublishedVersions":
            continue
        runtime, size = function.text("Runtime"), function.number("EphemeralStorage.Size")
        problems = {
            "Runtime": runtime is not None
            and runtime.startswith(("nodejs", "ruby", "go", "provided")),
            "EphemeralStorage": size is not None and size > 512,
            "FileSystemConfigs": bool(function.items("FileSystemConfigs")),
            "PackageType": function.text("PackageType") == "Image",
        }
        for name, wrong in problems.items():
            if wrong:
                yield hit(
                    function,
                    name,
                    f"SnapStart is not for this {name}",
                    f"delete SnapStart, or change {name}",
                )


@rule(
    "DEPLOY-ALIAS",
    "An alias of a function that Lambda refuses",
    types=("AWS::Lambda::Alias",),
    severity=Severity.FATAL,
    source="Lambda API reference: CreateAlias; PutProvisionedConcurrencyConfig",
)
def alias_rule(context: Context) -> Iterator[Hit]:
    for alias in context.of_type("AWS::Lambda::Alias"):
        latest = alias.text("FunctionVersion") == "$LATEST"
        if latest and alias.get("ProvisionedConcurrencyConfig") is not None:
            yield hit(
                alias,
                "ProvisionedConcurrencyConfig",
                "provisioned concurrency is for a version, not for $LATEST",
                "name an AWS::Lambda::Version",
            )


@rule(
    "DEPLOY-FUNCTION-TRACING",
    "A function that traces, and whose role may not send traces",
    types=(_FUNCTION,),
    severity=Severity.WARNING,
    source="Lambda developer guide: Visualize invocations using X-Ray (AWSXRayDaemonWriteAccess)",
)
def tracing_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        role = context.access.role(function.get("Role"))
        if function.text("TracingConfig.Mode") != "Active" or role is None or context.grants_more:
            continue
        missing = refused(context, role, ("xray:PutTraceSegments",), "*")
        if missing:
            yield hit(
                function,
                "TracingConfig.Mode",
                f"{role.logical_id} may not call {', '.join(missing)}: there are no traces",
                f"attach AWSXRayDaemonWriteAccess to {role.logical_id}",
            )
