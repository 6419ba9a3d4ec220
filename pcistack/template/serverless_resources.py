"""What each type of the Serverless Application Model becomes by its own properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.template.document import Json

Body = dict[str, Json]
UNKNOWN: Final[Json] = {"Fn::ImportValue": "what-the-transform-writes"}
"""A value that only the transform or the package command knows."""
OPEN_POLICY: Final[Json] = {"PolicyName": "OfTheTransform", "PolicyDocument": UNKNOWN}
"""A role's policy of which the transform knows the statements."""
_OF_LAMBDA: Final = (
    "Architectures",
    "CodeSigningConfigArn",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "Handler",
    "ImageConfig",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "TenancyConfig",
    "Timeout",
    "VpcConfig",
)
_OF_TABLE: Final = (
    "PointInTimeRecoverySpecification",
    "ProvisionedThroughput",
    "SSESpecification",
    "TableName",
)
_OF_STAGE: Final = (
    "AccessLogSetting",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "CanarySetting",
    "MethodSettings",
    "StageName",
    "TracingEnabled",
    "Variables",
)
_OF_HTTP_STAGE: Final = ("AccessLogSettings", "DefaultRouteSettings", "RouteSettings")


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that the transform writes.

    Attributes:
        name: Its logical id.
        type: Its type.
        properties: Its properties.
        of: Property of the serverless resource that it comes from; empty for all of them.
    """

    name: str
    type: str
    properties: Body
    of: str = ""


def _function(name: str, given: Body) -> Iterator[Made]:
    properties: Body = {key: given[key] for key in _OF_LAMBDA if key in given}
    properties["Code"] = _code(given)
    properties["Role"] = given.get("Role") or {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    if "Tracing" in given:
        properties["TracingConfig"] = {"Mode": given["Tracing"]}
    queue = given.get("DeadLetterQueue")
    if isinstance(queue, dict) and "TargetArn" in queue:
        properties["DeadLetterConfig"] = {"TargetArn": queue["TargetArn"]}
    properties |= _tags(given)
    yield Made(name, "AWS::Lambda::Function", properties)
    if "Role" not in given:
        yield Made(f"{name}Role", "AWS::IAM::Role", _role(given), "Policies")
    url = given.get("FunctionUrlConfig")
    if isinstance(url, dict):
        yield from _address(name, url)


def _code(given: Body) -> Json:
    if "InlineCode" in given:
        return {"ZipFile": given["InlineCode"]}
    if "ImageUri" in given:
        return {"ImageUri": given["ImageUri"]}
    return {"S3Bucket": UNKNOWN, "S3Key": UNKNOWN}


def _address(name: str, url: Body) -> Iterator[Made]:
    known: Body = {key: url[key] for key in ("AuthType", "Cors", "InvokeMode") if key in url}
    yield Made(
        f"{name}Url",
        "AWS::Lambda::Url",
        {"TargetFunctionArn": {"Ref": name}, **known},
        "FunctionUrlConfig",
    )
    if url.get("AuthType") == "NONE":
        yield Made(
            f"{name}UrlPublicPermissions",
            "AWS::Lambda::Permission",
            {
                "Action": "lambda:InvokeFunctionUrl",
                "FunctionName": {"Ref": name},
                "FunctionUrlAuthType": "NONE",
                "Principal": "*",
            },
            "FunctionUrlConfig",
        )


_POLLED: Final = (
    "DocumentDB",
    "DynamoDB",
    "Kinesis",
    "MQ",
    "MSK",
    "SelfManagedKafka",
    "SQS",
)
"""Sources of events that the role may read once the transform has been there."""


def _role(given: Body) -> Body:
    arns: list[Json] = [_managed("service-role/AWSLambdaBasicExecutionRole")]
    if "VpcConfig" in given:
        arns.append(_managed("service-role/AWSLambdaVPCAccessExecutionRole"))
    if given.get("Tracing") == "Active":
        arns.append(_managed("AWSXrayWriteOnlyAccess"))
    inline: list[Json] = []
    queue = given.get("DeadLetterQueue")
    action = _OF_DEAD_LETTERS.get(str(queue.get("Type"))) if isinstance(queue, dict) else None
    if isinstance(queue, dict) and action:
        inline.append(_policy("DeadLetterQueue", action, queue.get("TargetArn")))
    events = given.get("Events")
    asked = events.values() if isinstance(events, dict) else ()
    kinds = [event.get("Type") for event in asked if isinstance(event, dict)]
    if "EventInvokeConfig" in given or any(kind in _POLLED for kind in kinds):
        inline.append(OPEN_POLICY)
    return _with_policies(given, "lambda.amazonaws.com", arns, inline)


_OF_DEAD_LETTERS: Final = {"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}


def _policy(name: str, action: str, resource: Json) -> Json:
    statement: Body = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"PolicyName": name, "PolicyDocument": {"Statement": [statement]}}


def _with_policies(given: Body, service: str, arns: list[Json], inline: list[Json]) -> Body:
    """Return a role with what ``Policies`` names besides."""
    named = given.get("Policies")
    for number, policy in enumerate(named if isinstance(named, list) else [named]):
        if isinstance(policy, str):
            arns.append(policy if policy.startswith("arn:") else _managed(policy))
        elif isinstance(policy, dict) and "Statement" in policy:
            inline.append({"PolicyName": f"Policy{number}", "PolicyDocument": policy})
        elif isinstance(policy, dict) and any(k == "Ref" or k.startswith("Fn::") for k in policy):
            arns.append(policy)
        elif policy and OPEN_POLICY not in inline:
            inline.append(OPEN_POLICY)  # a policy template, such as SQSPollerPolicy
    role: Body = {
        "AssumeRolePolicyDocument": given.get("AssumeRolePolicyDocument")
        or {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
            ],
        },
        "ManagedPolicyArns": arns,
    }
    if inline:
        role["Policies"] = inline
    if "PermissionsBoundary" in given:
        role["PermissionsBoundary"] = given["PermissionsBoundary"]
    return role


def _managed(name: str) -> Json:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}


def _tags(given: Body) -> Body:
    tags = given.get("Tags")
    if not isinstance(tags, dict):
        return {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


_OF_MACHINE: Final = {
    "DefinitionSubstitutions": "DefinitionSubstitutions",
    "Logging": "LoggingConfiguration",
    "Name": "StateMachineName",
    "Type": "StateMachineType",
}


def _state_machine(name: str, given: Body) -> Iterator[Made]:
    properties: Body = {new: given[old] for old, new in _OF_MACHINE.items() if old in given}
    properties["DefinitionString"] = UNKNOWN
    properties["RoleArn"] = given.get("Role") or {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    tracing = given.get("Tracing")
    if isinstance(tracing, dict):
        properties["TracingConfiguration"] = tracing
    properties |= _tags(given)
    yield Made(name, "AWS::StepFunctions::StateMachine", properties)
    if "Role" not in given:
        arns: list[Json] = []
        if isinstance(tracing, dict) and tracing.get("Enabled") is True:
            arns.append(_managed("AWSXrayWriteOnlyAccess"))
        role = _with_policies(given, "states.amazonaws.com", arns, [])
        yield Made(f"{name}Role", "AWS::IAM::Role", role, "Policies")


def _table(name: str, given: Body) -> Iterator[Made]:
    key = given.get("PrimaryKey")
    key = key if isinstance(key, dict) else {}
    attribute = key.get("Name", "id")
    kind = {"String": "S", "Number": "N", "Binary": "B"}.get(str(key.get("Type", "String")), "S")
    properties: Body = {
        "AttributeDefinitions": [{"AttributeName": attribute, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        **{key: given[key] for key in _OF_TABLE if key in given},
        **_tags(given),
    }
    if "ProvisionedThroughput" not in given:
        properties["BillingMode"] = "PAY_PER_REQUEST"
    yield Made(name, "AWS::DynamoDB::Table", properties)


def _stage(name: str, given: Body) -> Iterator[Made]:
    """Yield the stage of a REST API; the API itself stays what it is."""
    yield Made(name, "AWS::Serverless::Api", given)
    properties: Body = {key: given[key] for key in _OF_STAGE if key in given}
    yield Made(f"{name}Stage", "AWS::ApiGateway::Stage", {"RestApiId": {"Ref": name}, **properties})


def _http_stage(name: str, given: Body) -> Iterator[Made]:
    yield Made(name, "AWS::Serverless::HttpApi", given)
    properties: Body = {key: given[key] for key in _OF_HTTP_STAGE if key in given}
    yield Made(
        f"{name}Stage",
        "AWS::ApiGatewayV2::Stage",
        {
            "ApiId": {"Ref": name},
            "AutoDeploy": True,
            "StageName": given.get("StageName", "$default"),
            **properties,
        },
    )


MAKERS: Final[Mapping[str, Callable[[str, Body], Iterator[Made]]]] = {
    "AWS::Serverless::Api": _stage,
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::HttpApi": _http_stage,
    "AWS::Serverless::SimpleTable": _table,
    "AWS::Serverless::StateMachine": _state_machine,
}
