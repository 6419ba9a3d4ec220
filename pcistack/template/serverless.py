"""What resources of the Serverless Application Model become, as far as their own properties say.

Functions, their roles and addresses, APIs and tables: what the transform does with the properties
that a template writes. What it makes of ``Events`` and other types is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pcistack.template.document import SAM, Json, Template

_Body = dict[str, Json]
_UNKNOWN: Final[Json] = {"Fn::ImportValue": "what-the-package-command-writes"}
WAS: Final = "pcistack:serverless"
"""Key of an expanded resource that holds the type that the template wrote."""
_KEPT: Final = (
    "Condition",
    "Connectors",
    "DependsOn",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
)
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
class Expanded:
    """A template whose serverless resources are what they become.

    Attributes:
        template: The template; the resources that keep their name are written as before.
        origins: For each resource that the transform adds, the one that it comes from and the
            property there.
    """

    template: Template
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def expanded(template: Template) -> Expanded:
    """Return a template with its serverless resources expanded; itself if it has none."""
    if SAM not in template.transforms:
        return Expanded(template)
    resources: dict[str, Json] = {}
    origins: dict[str, tuple[str, str]] = {}
    for name, raw in template.section("Resources").items():
        make = _MAKERS.get(raw.get("Type")) if isinstance(raw, dict) else None  # type: ignore[arg-type]
        if make is None or not isinstance(raw, dict):
            resources[name] = raw
            continue
        kept = {key: value for key, value in raw.items() if key in _KEPT}
        properties = _with_globals(template, str(raw["Type"]), raw.get("Properties"))
        for made in make(name, properties):
            was: _Body = {WAS: raw["Type"]} if made.name == name else {}
            resources[made.name] = {
                **kept,
                **was,
                "Type": made.type,
                "Properties": made.properties,
            }
            if made.name != name:
                origins[made.name] = (name, made.of)
    body = {**template.body, "Resources": resources}
    return Expanded(Template(body, template.path), origins)


@dataclass(frozen=True, slots=True)
class _Made:
    name: str
    type: str
    properties: _Body
    of: str = ""


def _with_globals(template: Template, kind: str, own: Json) -> _Body:
    shared = template.section("Globals").get(kind.rpartition("::")[2])
    merged = _merged(shared, own) if isinstance(shared, dict) else own
    return merged if isinstance(merged, dict) else {}


def _merged(shared: Json, own: Json) -> Json:
    """Return what a resource and the globals say together: lists follow, the resource wins."""
    if isinstance(shared, dict) and isinstance(own, dict):
        if any(key == "Ref" or key.startswith("Fn::") for key in (*shared, *own)):
            return own
        return {
            **shared,
            **{k: _merged(shared[k], v) if k in shared else v for k, v in own.items()},
        }
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return shared if own is None else own


def _function(name: str, given: _Body) -> Iterator[_Made]:
    properties: _Body = {key: given[key] for key in _OF_LAMBDA if key in given}
    properties["Code"] = _code(given)
    properties["Role"] = given.get("Role") or {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    if "Tracing" in given:
        properties["TracingConfig"] = {"Mode": given["Tracing"]}
    queue = given.get("DeadLetterQueue")
    if isinstance(queue, dict) and "TargetArn" in queue:
        properties["DeadLetterConfig"] = {"TargetArn": queue["TargetArn"]}
    properties |= _tags(given)
    yield _Made(name, "AWS::Lambda::Function", properties)
    if "Role" not in given:
        yield _Made(f"{name}Role", "AWS::IAM::Role", _role(given), "Policies")
    url = given.get("FunctionUrlConfig")
    if isinstance(url, dict):
        yield from _address(name, url)


def _code(given: _Body) -> Json:
    if "InlineCode" in given:
        return {"ZipFile": given["InlineCode"]}
    if "ImageUri" in given:
        return {"ImageUri": given["ImageUri"]}
    return {"S3Bucket": _UNKNOWN, "S3Key": _UNKNOWN}


def _address(name: str, url: _Body) -> Iterator[_Made]:
    known: _Body = {key: url[key] for key in ("AuthType", "Cors", "InvokeMode") if key in url}
    yield _Made(
        f"{name}Url",
        "AWS::Lambda::Url",
        {"TargetFunctionArn": {"Ref": name}, **known},
        "FunctionUrlConfig",
    )
    if url.get("AuthType") == "NONE":
        yield _Made(
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


def _role(given: _Body) -> _Body:
    named = given.get("Policies")
    arns: list[Json] = [_managed("service-role/AWSLambdaBasicExecutionRole")]
    if "VpcConfig" in given:
        arns.append(_managed("service-role/AWSLambdaVPCAccessExecutionRole"))
    inline: list[Json] = []
    for number, policy in enumerate(named if isinstance(named, list) else [named]):
        if isinstance(policy, str):
            arns.append(policy if policy.startswith("arn:") else _managed(policy))
        elif isinstance(policy, dict) and "Statement" in policy:
            inline.append({"PolicyName": f"Policy{number}", "PolicyDocument": policy})
        elif isinstance(policy, dict) and any(k == "Ref" or k.startswith("Fn::") for k in policy):
            arns.append(policy)
    role: _Body = {
        "AssumeRolePolicyDocument": given.get("AssumeRolePolicyDocument")
        or {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                }
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


def _tags(given: _Body) -> _Body:
    tags = given.get("Tags")
    if not isinstance(tags, dict):
        return {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _table(name: str, given: _Body) -> Iterator[_Made]:
    key = given.get("PrimaryKey")
    key = key if isinstance(key, dict) else {}
    attribute = key.get("Name", "id")
    kind = {"String": "S", "Number": "N", "Binary": "B"}.get(str(key.get("Type", "String")), "S")
    properties: _Body = {
        "AttributeDefinitions": [{"AttributeName": attribute, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        **{key: given[key] for key in _OF_TABLE if key in given},
        **_tags(given),
    }
    if "ProvisionedThroughput" not in given:
        properties["BillingMode"] = "PAY_PER_REQUEST"
    yield _Made(name, "AWS::DynamoDB::Table", properties)


def _stage(name: str, given: _Body) -> Iterator[_Made]:
    """Yield the stage of a REST API; the API itself stays what it is."""
    yield _Made(name, "AWS::Serverless::Api", given)
    properties: _Body = {key: given[key] for key in _OF_STAGE if key in given}
    yield _Made(
        f"{name}Stage", "AWS::ApiGateway::Stage", {"RestApiId": {"Ref": name}, **properties}
    )


def _http_stage(name: str, given: _Body) -> Iterator[_Made]:
    yield _Made(name, "AWS::Serverless::HttpApi", given)
    properties: _Body = {key: given[key] for key in _OF_HTTP_STAGE if key in given}
    yield _Made(
        f"{name}Stage",
        "AWS::ApiGatewayV2::Stage",
        {
            "ApiId": {"Ref": name},
            "AutoDeploy": True,
            "StageName": given.get("StageName", "$default"),
            **properties,
        },
    )


_MAKERS: Final[Mapping[str, Callable[[str, _Body], Iterator[_Made]]]] = {
    "AWS::Serverless::Api": _stage,
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::HttpApi": _http_stage,
    "AWS::Serverless::SimpleTable": _table,
}
