"""Policies: their grammar, as IAM and the services that hold policies take it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, text
from pcistack.deployment.policy_documents import (
    IDENTITY_POLICIES,
    POLICIES,
    RESOURCE_POLICIES,
    policies,
    statements,
)
from pcistack.template.view import Reference, Resource, Value

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_SERVICE_OF: Final[Mapping[str, str]] = {
    "AWS::KMS::Key": "kms",
    "AWS::KMS::ReplicaKey": "kms",
    "AWS::S3::BucketPolicy": "s3",
    "AWS::SNS::TopicPolicy": "sns",
    "AWS::SQS::QueuePolicy": "sqs",
    "AWS::SecretsManager::ResourcePolicy": "secretsmanager",
    "AWS::ECR::Repository": "ecr",
}
_ELEMENTS: Final = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"),
    *("NotResource", "Condition"),
)
_ACTION: Final = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9_*?]+")
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_API: Final = "IAM user guide: Grammar of the IAM JSON policy language"


@rule(
    "DEPLOY-POLICY-GRAMMAR",
    "A policy that is not of the policy language",
    types=tuple(POLICIES),
    severity=Severity.FATAL,
    source=_API,
)
def grammar_rule(context: Context) -> Iterator[Hit]:
    for resource, path, policy in policies(context, POLICIES):
        version = text(policy.get("Version"))
        if version is not None and version not in _VERSIONS:
            yield hit(
                resource,
                f"{path}.Version",
                f"there is no version {version} of the policy language",
                "set Version: 2012-10-17, as a text",
            )
        if policy.get("Statement") in (None, []):
            yield hit(resource, path, "the policy has no Statement", "add Statement")
    for resource, path, statement in statements(context, POLICIES):
        yield from _statement(resource, path, statement)


def _statement(resource: Resource, path: str, statement: dict[str, Value]) -> Iterator[Hit]:
    for name in statement:
        if name not in _ELEMENTS:
            yield hit(
                resource,
                f"{path}.{name}",
                f"a statement has no element {name}",
                f"choose from {', '.join(_ELEMENTS)}",
            )
    effect = statement.get("Effect")
    if text(effect) not in ("Allow", "Deny") and not is_open(effect):
        yield hit(
            resource,
            f"{path}.Effect",
            f"Effect is {text(effect) or 'not set'}",
            "set Effect: Allow or Deny",
        )
    yield from _actions(resource, path, statement)
    yield from _scope(resource, path, statement)


def _actions(resource: Resource, path: str, statement: dict[str, Value]) -> Iterator[Hit]:
    for name in ("Action", "Resource", "Principal"):
        if statement.get(name) is not None and statement.get(f"Not{name}") is not None:
            yield hit(
                resource, path, f"{name} and Not{name} stand in one statement", "keep one of them"
            )
    if statement.get("Action") in (None, []) and statement.get("NotAction") in (None, []):
        yield hit(resource, path, "the statement names no Action", "add Action")
    for name in ("Action", "NotAction"):
        for index, action in enumerate(listed(statement.get(name))):
            known = text(action)
            if known is not None and not _ACTION.fullmatch(known):
                yield hit(
                    resource,
                    f"{path}.{name}.{index}"
                    if isinstance(statement[name], list)
                    else f"{path}.{name}",
                    f"{known!r} is no action",
                    "write it as service:Action, such as s3:GetObject",
                )


_OPERATOR: Final = re.compile(
    r"(?:ForAllValues:|ForAnyValue:)?(?:String(?:Not)?(?:Equals|Like)(?:IgnoreCase)?"
    r"|Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|Date(?:Not)?Equals"
    r"|Date(?:Less|Greater)Than(?:Equals)?|Bool|BinaryEquals|(?:Not)?IpAddress"
    r"|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?|Null",
    re.IGNORECASE,
)
_PRINCIPAL: Final = re.compile(
    r"\*|\d{12}|arn:[\w-]+:iam::\d{12}:(?:root|(?:user|role|saml-provider|oidc-provider)/[^*?]+)"
    r"|arn:[\w-]+:iam::cloudfront:user/.+"
    r"|arn:[\w-]+:sts::\d{12}:(?:assumed-role|federated-user|self)/?.*|[A-Z0-9]{16,128}"
)
# What a Ref to these types gives is a name or an address, which is no ARN.
_NO_ARN: Final = (
    *("AWS::DynamoDB::Table", "AWS::ECS::Service", "AWS::IAM::Role", "AWS::KMS::Key"),
    *("AWS::Kinesis::Stream", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket"),
    *("AWS::SQS::Queue", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
)


@rule(
    "DEPLOY-POLICY-VALUE",
    "A resource, a principal or a condition of a policy that is none",
    types=tuple(POLICIES),
    severity=Severity.FATAL,
    source="IAM user guide: JSON policy elements Resource, Principal and Condition",
)
def value_rule(context: Context) -> Iterator[Hit]:
    for resource, path, statement in statements(context, IDENTITY_POLICIES):
        for name in ("Resource", "NotResource"):
            for index, value in enumerate(listed(statement.get(name))):
                problem = _no_arn(context, value)
                if problem:
                    at = f"{path}.{name}"
                    yield hit(
                        resource,
                        f"{at}.{index}" if isinstance(statement[name], list) else at,
                        f"{problem} is no ARN, and IAM takes ARNs and * only",
                        "name the resource by its ARN, such as !GetAtt <resource>.Arn",
                    )
    for resource, path, statement in statements(context, POLICIES):
        for operator in fields(statement.get("Condition")):
            if not _OPERATOR.fullmatch(operator) and not operator.startswith("Fn::"):
                yield hit(
                    resource,
                    f"{path}.Condition.{operator}",
                    f"there is no condition operator {operator}",
                    "choose one such as StringEquals, ArnLike or Bool",
                )
        yield from _condition(resource, f"{path}.Condition", fields(statement.get("Condition")))
        for value in listed(fields(statement.get("Principal")).get("AWS")):
            if type(value) is str and not _PRINCIPAL.fullmatch(value):
                yield hit(
                    resource,
                    f"{path}.Principal",
                    f"{value!r} is no principal: neither an account nor the ARN of one",
                    "write an account's id or the ARN of a role",
                )


def _condition(resource: Resource, path: str, condition: Mapping[str, Value]) -> Iterator[Hit]:
    """Keys have a prefix; addresses and dates are such."""
    for operator, given in condition.items():
        for key, values in fields(given).items():
            if ":" not in key and not key.startswith("Fn"):
                yield hit(
                    resource,
                    f"{path}.{operator}.{key}",
                    f"there is no condition key {key}: it has no prefix, and no request sends it",
                    f"write aws:{key}, or the service's prefix",
                    severity=Severity.ERROR,
                )
            for value in listed(values):
                known = value if type(value) is str and "{" not in value else None
                if known is not None and _is_no_value(operator, known):
                    yield hit(
                        resource,
                        f"{path}.{operator}.{key}",
                        f"{known!r} is nothing that {operator} compares",
                        "write a block such as 10.0.0.0/16"
                        if "IpAddress" in operator
                        else "write a date such as 2026-01-31T00:00:00Z",
                        severity=Severity.ERROR,
                    )


_DATE: Final = re.compile(r"\d{4}-\d\d(-\d\d)?(T.*)?|\d{4}|\d{9,13}")


def _is_no_value(operator: str, value: str) -> bool:
    if "IpAddress" in operator:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            return True
    return "Date" in operator and not _DATE.fullmatch(value)


def _no_arn(context: Context, value: Value) -> str:
    """Return what a value is if it is known to be no ARN, else nothing."""
    if isinstance(value, Reference) and value.attribute is None:
        target = context.target(value, *_NO_ARN)
        return f"!Ref {target.logical_id}, a {target.type}," if target else ""
    known = value if type(value) is str else ""
    return repr(known) if known and not known.startswith(("arn:", "*", "{{")) else ""


def _scope(resource: Resource, path: str, statement: dict[str, Value]) -> Iterator[Hit]:
    """What a statement says of principals and resources, by where its policy stands."""
    trust = path.startswith("AssumeRolePolicyDocument")
    identity = resource.type in IDENTITY_POLICIES and not trust
    named = [name for name in ("Principal", "NotPrincipal") if statement.get(name) is not None]
    scope = [name for name in ("Resource", "NotResource") if statement.get(name) is not None]
    if identity and named:
        yield hit(
            resource,
            f"{path}.{named[0]}",
            "a policy of an identity names no principal: it holds for whoever has it",
            f"delete {named[0]}",
        )
    elif not identity and not named:
        yield hit(
            resource, path, "a policy of a resource says for whom: no Principal", "add Principal"
        )
    if trust and scope:
        yield hit(
            resource,
            f"{path}.{scope[0]}",
            "a trust policy names no resource: it is the role's own",
            f"delete {scope[0]}",
        )
    elif not scope and not trust and resource.type != "AWS::ECR::Repository":
        yield hit(resource, path, "the statement names no Resource", "add Resource")
    if identity and (sid := text(statement.get("Sid"))) and not _SID.fullmatch(sid):
        yield hit(
            resource,
            f"{path}.Sid",
            f"the Sid {sid!r} has more than letters and digits",
            "use letters and digits only",
        )


@rule(
    "DEPLOY-POLICY-SID",
    "Two statements of a policy with one Sid",
    types=tuple(POLICIES),
    severity=Severity.FATAL,
    source=f"{_API}, Sid is unique within a policy",
)
def sid_rule(context: Context) -> Iterator[Hit]:
    for resource, path, policy in policies(context, IDENTITY_POLICIES):
        seen: set[str] = set()
        for index, statement in enumerate(listed(policy.get("Statement"))):
            sid = text(statement.get("Sid")) if isinstance(statement, dict) else None
            if sid and sid in seen:
                yield hit(
                    resource,
                    f"{path}.Statement.{index}.Sid",
                    f"a second statement has the Sid {sid}",
                    "give each statement a Sid of its own, or none",
                )
            seen.add(sid or "")


@rule(
    "DEPLOY-POLICY-SERVICE",
    "A policy of a resource with an action of another service",
    types=tuple(_SERVICE_OF),
    severity=Severity.FATAL,
    source="API references of PutKeyPolicy, PutBucketPolicy, SetTopicAttributes and the like",
)
def service_rule(context: Context) -> Iterator[Hit]:
    for resource, path, statement in statements(context, RESOURCE_POLICIES):
        service = _SERVICE_OF.get(resource.type)
        for index, action in enumerate(listed(statement.get("Action"))):
            known = text(action)
            its = (known or "").partition(":")[0].lower()
            if (
                service is None
                or known in (None, "*")
                or its in (service, "")
                or "*" in its
                or (service == "s3" and its.startswith("s3"))
            ):
                continue
            if service in ("s3", "sns", "sqs") or service == "kms":
                yield hit(
                    resource,
                    f"{path}.Action"
                    + (f".{index}" if isinstance(statement["Action"], list) else ""),
                    f"{known} is no action of {service}, whose policy this is",
                    f"name actions of {service}",
                )
