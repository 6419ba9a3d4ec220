"""Functions: code, handlers, settings and permissions that Lambda takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, text
from pcistack.template.view import Partial, Resource, Value

_FUNCTION: Final = "AWS::Lambda::Function"
_RESERVED: Final = (
    *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_SESSION_TOKEN"),
    *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_ACCESS_KEY"),
    *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"),
    "LAMBDA_RUNTIME_DIR",
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST: Final = 4096
_INLINE: Final = 4_194_304
_API: Final = "Lambda API reference: CreateFunction"


@rule(
    "DEPLOY-FUNCTION-VARIABLES",
    "Variables of a function that Lambda refuses",
    types=(_FUNCTION,),
    severity=Severity.FATAL,
    source="Lambda developer guide: Environment variables, Lambda quotas",
)
def variables_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        given = function.get("Environment.Variables")
        if isinstance(given, list | str) and not is_open(given):
            yield hit(
                function,
                "Environment.Variables",
                "variables are an object of names and values",
                "write {<name>: <value>}",
            )
        variables = fields(given)
        for name in variables:
            if name in _RESERVED or not _NAME.fullmatch(name):
                yield hit(
                    function,
                    f"Environment.Variables.{name}",
                    f"{name} is reserved by Lambda"
                    if name in _RESERVED
                    else f"{name!r} is no name of a variable",
                    "choose another name",
                )
        size = sum(len(name) + _length(value) for name, value in variables.items())
        if size > _LONGEST:
            yield hit(
                function,
                "Environment.Variables",
                f"the variables have {size} bytes or more; Lambda takes {_LONGEST} in all",
                "keep large values in Parameter Store or S3",
            )


def _length(value: Value) -> int:
    if isinstance(value, Partial):
        return len(re.sub("<[^>]*>", "", value).encode())
    known = text(value)
    return len(known.encode()) if known else 0


@rule(
    "DEPLOY-FUNCTION-CODE",
    "Code of a function that does not fit its package",
    types=(_FUNCTION,),
    severity=Severity.FATAL,
    source=f"{_API}, Code, Handler, Runtime and PackageType",
)
def code_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        kind = function.text("PackageType") or "Zip"
        code = fields(function.get("Code"))
        inline, runtime = code.get("ZipFile"), function.text("Runtime")
        image = kind == "Image" or code.get("ImageUri") is not None
        if function.get("Code") == {} and not context.has_macro:
            yield hit(
                function, "Code", "there is no code", "set ZipFile, ImageUri, or S3Bucket and S3Key"
            )
        if function.is_unknown("PackageType") or not code:
            continue
        for name in ("Handler", "Runtime"):
            if not image and function.get(name) is None:
                yield hit(function, name, f"a function of a zip file needs {name}", f"add {name}")
            elif image and function.get(name) is not None:
                yield hit(
                    function, name, f"a function of an image takes no {name}", f"delete {name}"
                )
        if isinstance(inline, str) and len(inline) > _INLINE:
            yield hit(
                function,
                "Code.ZipFile",
                f"the code has {len(inline)} characters; a template carries {_INLINE}",
                "put it into S3",
            )
        if inline is not None and runtime and not runtime.startswith(("nodejs", "python")):
            yield hit(
                function,
                "Code.ZipFile",
                f"code in a template is for Node.js and Python, not for {runtime}",
                "put it into S3",
            )
        if inline is not None and code.get("S3Bucket") is not None:
            yield hit(
                function, "Code", "the code is given in two places", "keep ZipFile or S3Bucket"
            )
        yield from _network(function)


def _network(function: Resource) -> Iterator[Hit]:
    subnets = function.items("VpcConfig.SubnetIds")
    groups = function.items("VpcConfig.SecurityGroupIds")
    if bool(subnets) != bool(groups):
        missing = "SecurityGroupIds" if subnets else "SubnetIds"
        yield hit(
            function,
            f"VpcConfig.{missing}",
            f"a function in a network needs {missing} as well",
            f"add {missing}",
        )


@rule(
    "DEPLOY-FUNCTION-PERMISSION",
    "A permission of a function that Lambda refuses",
    types=("AWS::Lambda::Permission",),
    severity=Severity.FATAL,
    source="Lambda API reference: AddPermission",
)
def permission_rule(context: Context) -> Iterator[Hit]:
    for permission in context.of_type("AWS::Lambda::Permission"):
        action, principal = permission.text("Action"), permission.text("Principal")
        if action is not None and not re.fullmatch(r"(?i)lambda:[a-z*]+|\*", action):
            yield hit(
                permission,
                "Action",
                f"{action!r} is no action of Lambda",
                "write lambda:InvokeFunction",
            )
        if principal is not None and not re.fullmatch(
            r"\*|\d{12}|arn:[\w-]+:(iam|sts)::.+|[\w-]+(\.[\w-]+)*\.amazonaws\.(com|eu)(\.cn)?|.+\.alexa.+"
            r"|alexa-.+|.+\.amazon\.com",
            principal,
        ):
            yield hit(
                permission,
                "Principal",
                f"{principal!r} is neither a service nor an account",
                "write it as events.amazonaws.com",
            )


_QUEUE: Final = "AWS::SQS::Queue"


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
