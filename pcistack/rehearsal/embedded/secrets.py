"""Secrets Manager: resource policies and rotation schedules."""

from __future__ import annotations

import json

from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_LONGEST_PERIOD_DAYS = 1_000


def _put_policy(properties: Properties) -> Created:
    secret = properties.text("SecretId")
    policy = properties.document("ResourcePolicy")
    if policy is None:
        raise PropertyError("Model validation failed (#: required key [ResourcePolicy] not found)")
    call(
        "secretsmanager",
        "put_resource_policy",
        SecretId=secret,
        ResourcePolicy=json.dumps(policy),
        BlockPublicPolicy=properties.flag("BlockPublicPolicy", default=False),
    )
    return secret, {"Id": secret}


def _create_policy(_place: StackPosition, properties: Properties) -> Created:
    return _put_policy(properties)


def _update_policy(_secret: str, properties: Properties, _old: Values) -> Created:
    return _put_policy(properties)


def _delete_policy(secret: str, _values: Values) -> None:
    call("secretsmanager", "delete_resource_policy", SecretId=secret)


def _rotate(properties: Properties) -> Created:
    secret = properties.text("SecretId")
    if properties.document("HostedRotationLambda") is not None:
        raise PropertyError(
            "HostedRotationLambda deploys from the Serverless Application Repository, "
            "which eu-central-2 does not have"
        )
    function = properties.optional_text("RotationLambdaARN")
    if function is not None:
        call("lambda", "get_function", FunctionName=function)
    rules = properties.document("RotationRules")
    if rules is not None:
        with Properties.read(rules) as checked:
            checked.optional_number(
                "AutomaticallyAfterDays", minimum=1, maximum=_LONGEST_PERIOD_DAYS
            )
            checked.optional_text("Duration", pattern=r"[0-9]{1,2}h")
            checked.optional_text("ScheduleExpression", pattern=r"(rate|cron)\(.+\)")
    properties.optional_text("ExternalSecretRotationRoleArn")
    immediately = properties.flag("RotateImmediatelyOnUpdate", default=True)
    call(
        "secretsmanager",
        "rotate_secret",
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=rules,
        RotateImmediately=immediately,
    )
    return secret, {"Id": secret}


def _create_schedule(_place: StackPosition, properties: Properties) -> Created:
    return _rotate(properties)


def _update_schedule(_secret: str, properties: Properties, _old: Values) -> Created:
    return _rotate(properties)


def _delete_schedule(secret: str, _values: Values) -> None:
    call("secretsmanager", "cancel_rotate_secret", SecretId=secret)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::SecretsManager::ResourcePolicy",
        create=_create_policy,
        update=_update_policy,
        delete=_delete_policy,
        create_only=frozenset({"SecretId"}),
    ),
    ResourceType(
        name="AWS::SecretsManager::RotationSchedule",
        create=_create_schedule,
        update=_update_schedule,
        delete=_delete_schedule,
        create_only=frozenset({"SecretId"}),
    ),
)
