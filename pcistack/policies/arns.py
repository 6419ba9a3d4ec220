"""The ARNs that a template's resources get, as far as the template decides on them.

What a policy names and what a service asks for is written in the same way, so that the two can be
compared: a name that CloudFormation makes up is made up here too, in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.policies.matching import glob
from pcistack.regions import partition_of
from pcistack.template.view import Partial, Reference, Resource, Value, View

ACCOUNT: Final = "<AWS::AccountId>"
UNKNOWN_TEXT: Final = "<value>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a type's ARN is written.

    Attributes:
        arn: ARN with ``{p}``, ``{r}``, ``{name}`` and others of the type's own.
        name: Property with its physical name; empty where there is none.
        ref: What ``Ref`` gives: ``arn`` or ``name``.
        arns: Attributes that give the ARN.
        names: Attributes that give the name.
        made_up: What CloudFormation calls it where the template does not.
    """

    arn: str
    name: str = ""
    ref: str = "name"
    arns: tuple[str, ...] = ("Arn",)
    names: tuple[str, ...] = ()
    made_up: str = "<AWS::StackName>-{id}-AbCdEf123456"


_STORED: Final = "arn:{p}:%s:{r}:<AWS::AccountId>:%s{name}"


def _form(
    service: str,
    before: str = "",
    name: str = "Name",
    *,
    ref: str = "name",
    arns: tuple[str, ...] = ("Arn",),
    names: tuple[str, ...] = (),
) -> _Form:
    return _Form(arn=_STORED % (service, before), name=name, ref=ref, arns=arns, names=names)


def _key() -> _Form:
    return _Form(arn=_STORED % ("kms", "key/"), names=("KeyId",), made_up="key-of-{id}")


_FORMS: Final[Mapping[str, _Form]] = {
    "AWS::SecretsManager::Secret": _Form(
        arn="arn:{p}:secretsmanager:{r}:<AWS::AccountId>:secret:{name}-AbCdEf",
        name="Name",
        ref="arn",
        arns=("Id",),
        made_up="{id}-AbCdEf123456",
    ),
    "AWS::KMS::Key": _key(),
    "AWS::KMS::ReplicaKey": _key(),
    "AWS::Logs::LogGroup": _form("logs", "log-group:", "LogGroupName"),
    "AWS::SSM::Parameter": _form("ssm", "parameter/", names=("Name",), arns=()),
    "AWS::IAM::Role": _Form(arn="arn:{p}:iam::<AWS::AccountId>:role{path}{name}", name="RoleName"),
    "AWS::IAM::User": _Form(arn="arn:{p}:iam::<AWS::AccountId>:user{path}{name}", name="UserName"),
    "AWS::IAM::ManagedPolicy": _Form(
        arn="arn:{p}:iam::<AWS::AccountId>:policy{path}{name}",
        name="ManagedPolicyName",
        ref="arn",
        arns=("PolicyArn",),
    ),
    "AWS::ECR::Repository": _form("ecr", "repository/", "RepositoryName"),
    "AWS::S3::Bucket": _Form(
        arn="arn:{p}:s3:::{name}", name="BucketName", made_up="<AWS::StackName>-{lower}-abc123"
    ),
    "AWS::SNS::Topic": _form("sns", "", "TopicName", ref="arn", arns=("TopicArn",)),
    "AWS::SQS::Queue": _form("sqs", "", "QueueName", ref="", names=("QueueName",)),
    "AWS::Lambda::Function": _form("lambda", "function:", "FunctionName"),
    "AWS::ECS::Cluster": _form("ecs", "cluster/", "ClusterName"),
    "AWS::ECS::TaskDefinition": _Form(
        arn="arn:{p}:ecs:{r}:<AWS::AccountId>:task-definition/{name}:1",
        name="Family",
        ref="arn",
        arns=(),
    ),
    "AWS::RDS::DBCluster": _form(
        "rds", "cluster:", "DBClusterIdentifier", arns=("DBClusterArn",), names=("DBClusterId",)
    ),
    "AWS::RDS::DBInstance": _form(
        "rds", "db:", "DBInstanceIdentifier", arns=("DBInstanceArn",), names=("DBInstanceId",)
    ),
    "AWS::DynamoDB::Table": _form("dynamodb", "table/", "TableName"),
    "AWS::StepFunctions::StateMachine": _form(
        "states", "stateMachine:", "StateMachineName", ref="arn", names=("Name",)
    ),
    "AWS::Events::EventBus": _form("events", "event-bus/"),
    "AWS::Events::Rule": _form("events", "rule/"),
    "AWS::KinesisFirehose::DeliveryStream": _form(
        "firehose", "deliverystream/", "DeliveryStreamName"
    ),
    "AWS::Kinesis::Stream": _form("kinesis", "stream/"),
    "AWS::CodeBuild::Project": _form("codebuild", "project/"),
    "AWS::CloudTrail::Trail": _form("cloudtrail", "trail/", "TrailName"),
    "AWS::CloudWatch::Alarm": _form("cloudwatch", "alarm:", "AlarmName"),
}

_STANDS_FOR: Final[Mapping[str, str]] = {
    "AWS::SecretsManager::SecretTargetAttachment": "SecretId",
    "AWS::SecretsManager::RotationSchedule": "SecretId",
    "AWS::Lambda::Alias": "FunctionName",
    "AWS::Lambda::Version": "FunctionName",
    "AWS::KMS::Alias": "TargetKeyId",
}
"""Types whose ``Ref`` leads to another resource, and where they name it."""


class ResourceNames:
    """What the resources of a view are called."""

    def __init__(self, view: View) -> None:
        self._view = view
        region = view.region or "<AWS::Region>"
        partition = partition_of(view.region)[0] if view.region else "<AWS::Partition>"
        self._place = {"p": partition, "r": region}
        self._arns: dict[str, str | None] = {}

    def arn(self, resource: Resource) -> str | None:
        """Return the ARN of a resource; None for a type whose ARN is not written here."""
        known = resource.logical_id
        if known not in self._arns:
            self._arns[known] = None  # a circle has no ARN
            self._arns[known] = self._arn(resource)
        return self._arns[known]

    def _arn(self, resource: Resource) -> str | None:
        form = _FORMS.get(resource.type)
        if form is None:
            return None
        name = self._name(resource, form)
        path = self.text(resource.get("Path") or "/")
        if resource.type == "AWS::SSM::Parameter":
            name = name.removeprefix("/")
        return form.arn.format(**self._place, name=name, path=path)

    def name(self, resource: Resource) -> str:
        """Return the physical name of a resource, made up where the template leaves it open."""
        form = _FORMS.get(resource.type)
        return self._name(resource, form) if form else str(Reference(resource.logical_id))

    def _name(self, resource: Resource, form: _Form) -> str:
        given = resource.get(form.name) if form.name else None
        if given is not None:
            text = self.text(given)
            return text.lower() if resource.type.startswith("AWS::RDS::") else text
        return form.made_up.format(id=resource.logical_id, lower=resource.logical_id.lower())

    def found(self, value: Value) -> Resource | None:
        """Return the resource that a value stands for, by reference, ARN or name."""
        target = self.target(value)
        if target is not None or not isinstance(value, str):
            return target
        text = self.text(value)
        for resource in self._view.resources.values():
            if resource.type in _FORMS and text in (self.arn(resource), self.name(resource)):
                return resource
        return None

    def target(self, value: Value) -> Resource | None:
        """Return the resource that a value refers to, also through an attachment or an alias."""
        target = self._view.target(value)
        for _ in range(3):
            if target is None or target.type not in _STANDS_FOR:
                break
            target = self._view.target(target.get(_STANDS_FOR[target.type]))
        return target

    def text(self, value: Value) -> str:
        """Return a value as text, with what it refers to written out."""
        if isinstance(value, Partial):
            text = str(value)
            for reference in value.references:
                text = text.replace(str(reference), self._referred(reference))
            return text
        if isinstance(value, Reference):
            return self._referred(value)
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, str | int | float) else UNKNOWN_TEXT

    def _referred(self, reference: Reference) -> str:
        resource = self._view.resources.get(reference.logical_id)
        if resource is None:
            return str(reference)
        if resource.type in _STANDS_FOR and reference.attribute in (None, "Id"):
            holder, resource = resource, self.target(reference)
            if resource is None:
                return str(reference)
            if holder.type == "AWS::Lambda::Version" or holder.type == "AWS::Lambda::Alias":
                return f"{self.arn(resource)}:version"
            return self.arn(resource) or str(reference)
        form = _FORMS.get(resource.type)
        if form is None:
            return str(reference)
        if reference.attribute is None:
            kind = form.ref
        else:
            kind = "arn" if reference.attribute in form.arns else "name"
            if kind == "name" and reference.attribute not in form.names:
                kind = ""
        if kind == "arn":
            arn = self.arn(resource) or str(reference)
            return f"{arn}:*" if resource.type == "AWS::Logs::LogGroup" else arn
        return self._name(resource, form) if kind == "name" else str(reference)


def parts(arn: str) -> list[str]:
    """Split an ARN at its colons, those of unknown parts aside."""
    return _COLON.split(arn)


_COLON: Final = re.compile(r":(?![^<]*>)")


def is_account_root(principal: str) -> bool | None:
    """Whether a principal is the account of the stack; None if that is not known."""
    if principal == ACCOUNT or (principal.endswith(":root") and ACCOUNT in principal):
        return True
    if principal.isdecimal() or principal.endswith(":root"):
        return None  # an account by number: perhaps this one
    return None if glob(principal, UNKNOWN_TEXT) is None and principal.startswith("<") else False
