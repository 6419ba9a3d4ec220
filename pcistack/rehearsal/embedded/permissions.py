"""IAM is asked before a task starts: may its roles do what ECS does with them.

The evaluation is that of the rules over templates; here it reads what is deployed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, cast
from urllib.parse import unquote

from pcistack.policies.access import Access
from pcistack.policies.evaluation import Principal, Request
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import call
from pcistack.template.document import Json, Template
from pcistack.template.view import Resource
from pcistack.template.worlds import views

_TASKS: Final = "ecs-tasks.amazonaws.com"
_SECRET: Final = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:]+")
_ECR: Final = re.compile(r"^(\d{12})\.dkr\.ecr\.([^.]+)\.[^/]+/([^:@]+)")


def install() -> None:
    """Ask before a service is created, and before its next tasks start."""
    handler = _engine.resource_handlers()["AWS::ECS::Service"]
    create, update = handler["create"], handler["update"]

    def guarded_create(logical_id: str, values: Mapping[str, Any], stack: str) -> Untyped:
        require_start(str(values.get("TaskDefinition")))
        return create(logical_id, values, stack)

    def guarded_update(
        physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *rest: Untyped
    ) -> Untyped:
        require_start(str(new.get("TaskDefinition")))
        return update(physical_id, old, new, *rest)

    handler["create"], handler["update"] = guarded_create, guarded_update


def require_start(task_definition: str) -> None:
    """Refuse to start tasks whose execution role may not do what ECS does with it.

    Raises:
        ValueError: The call that would fail, in the words that a stopped task shows.
    """
    task = call("ecs", "describe_task_definition", taskDefinition=task_definition)["taskDefinition"]
    task["containerDefinitions"] = _containers(task["taskDefinitionArn"])
    arn = task.get("executionRoleArn")
    if not arn:
        return
    role = _Role(str(arn))
    for request, key in _requests(task):
        if not role.may(request, key):
            raise ValueError(
                "Service did not stabilize: ResourceInitializationError: unable to pull secrets or "
                f"registry auth, or to create logs: {arn} is not authorized to perform: "
                f"{request.action} on resource: {request.resource} (AccessDeniedException)"
            )
    if not role.may_be_assumed():
        raise ValueError(
            f"Service did not stabilize: ECS was unable to assume the role '{arn}' "
            "(Error code: AccessDeniedException)"
        )


def _requests(task: Mapping[str, Any]) -> Iterator[tuple[Request, str]]:
    """Yield what ECS does to start a task, each with the key that it has to decrypt with."""
    for container in task["containerDefinitions"]:
        image = _ECR.match(str(container.get("image", "")))
        if image:
            account, region, name = image.groups()
            yield Request(action="ecr:GetAuthorizationToken", resource="*"), ""
            arn = f"arn:aws:ecr:{region}:{account}:repository/{name}"
            yield Request(action="ecr:BatchGetImage", resource=arn), ""
            yield Request(action="ecr:GetDownloadUrlForLayer", resource=arn), ""
        for secret in container.get("secrets", []):
            source = str(secret.get("valueFrom", ""))
            found = _SECRET.match(source)
            if found or not source.startswith("arn:"):
                yield from _secret(found[0] if found else source.partition(":")[0])
        logs = container.get("logConfiguration") or {}
        group = (logs.get("options") or {}).get("awslogs-group")
        if logs.get("logDriver") == "awslogs" and group:
            arn = f"arn:aws:logs:{_engine.region()}:{_engine.account_id()}:log-group:{group}"
            stream = f"{arn}:log-stream:start"
            yield Request(action="logs:CreateLogStream", resource=stream), ""
            yield Request(action="logs:PutLogEvents", resource=stream), ""


def _containers(task_definition: str) -> list[dict[str, Any]]:
    """Return the containers as they were registered; the engine shows no secrets."""
    registered = _engine.module("services.ecs")._task_defs
    key = task_definition.rpartition("/")[2]
    record = registered.get(key) or registered.get(task_definition) or {}
    return [_camel(container) for container in record.get("containerDefinitions", [])]


def _camel(value: Untyped) -> Untyped:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items()}


def _secret(name: str) -> Iterator[tuple[Request, str]]:
    """Yield reading a secret and decrypting it; the engine's ``Ref`` is its name, not its ARN."""
    yield Request(action="secretsmanager:GetSecretValue", resource=name), ""
    try:
        secret = call("secretsmanager", "describe_secret", SecretId=name)
    except ValueError:  # an existing secret that the environment names, which is not emulated
        return
    arn, key = str(secret["ARN"]), str(secret.get("KmsKeyId") or "")
    if not key or key.startswith("alias/aws/"):
        return
    key_arn = str(call("kms", "describe_key", KeyId=key)["KeyMetadata"]["Arn"])
    via = f"secretsmanager.{_engine.region()}.amazonaws.com"
    context = {"kms:viaservice": (via,), "kms:encryptioncontext:secretarn": (arn,)}
    yield Request(action="kms:Decrypt", resource=key_arn, context=context), key_arn


class _Role:
    """A deployed role, seen as the rules see one in a template."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self._body = _role(arn.rpartition("/")[2])

    def may(self, request: Request, key: str) -> bool:
        """Whether its policies, and a key's, let it; what cannot be decided is let through."""
        resources: dict[str, Json] = {"Role": self._body}
        if key:
            policy = call("kms", "get_key_policy", KeyId=key, PolicyName="default")["Policy"]
            properties: dict[str, Json] = {"KeyPolicy": json.loads(policy)}
            resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": properties}
        access, found = _access(resources)
        spelled = [replace(request, resource=name) for name in _spellings(request)]
        if all(access.role_may(found["Role"], one) is False for one in spelled):
            return False
        asked = replace(request, principal=Principal(arn=self.arn))
        of_key = access.statements.get("Key", ())
        return not key or access.evaluation.decide(of_key, asked, with_principal=True) is not False

    def may_be_assumed(self) -> bool:
        """Whether ECS may start tasks with it."""
        access, found = _access({"Role": self._body})
        context = {
            "aws:sourceaccount": (_engine.account_id(),),
            "aws:sourcearn": (f"arn:aws:ecs:{_engine.region()}:{_engine.account_id()}:*",),
        }
        return access.may_assume(found["Role"], _TASKS, context) is not False


def _spellings(request: Request) -> Iterator[str]:
    """Yield a resource and, of a secret, its ARN too; the engine's ``Ref`` is the name only."""
    yield request.resource
    if request.action.startswith("secretsmanager:") and not request.resource.startswith("arn:"):
        with suppress(ValueError):
            yield str(call("secretsmanager", "describe_secret", SecretId=request.resource)["ARN"])


def _access(resources: dict[str, Json]) -> tuple[Access, Mapping[str, Resource]]:
    (view, *_) = views(Template({"Resources": resources}), _engine.region())
    return Access(view), view.resources


def _role(name: str) -> dict[str, Json]:
    role = call("iam", "get_role", RoleName=name)["Role"]
    policies: list[Json] = []
    for inline in call("iam", "list_role_policies", RoleName=name)["PolicyNames"]:
        held = call("iam", "get_role_policy", RoleName=name, PolicyName=inline)
        policies.append({"PolicyName": inline, "PolicyDocument": _document(held["PolicyDocument"])})
    attached = call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
    managed: list[Json] = []
    for policy in attached:
        arn = str(policy["PolicyArn"])
        if ":iam::aws:" in arn:
            managed.append(arn)
            continue
        version = call("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        held = call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)["PolicyVersion"]
        policies.append({"PolicyName": arn, "PolicyDocument": _document(held["Document"])})
    properties: dict[str, Json] = {
        "RoleName": name,
        "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"]),
        "Policies": policies,
        "ManagedPolicyArns": managed,
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _document(document: object) -> Json:
    """Return a policy as an object; the API gives it URL-encoded."""
    text = unquote(document) if isinstance(document, str) else json.dumps(document)
    return cast("Json", json.loads(text))
