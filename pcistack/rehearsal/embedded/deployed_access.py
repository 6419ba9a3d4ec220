"""What is deployed lets whom do what: roles, keys, secrets and buckets, read from the services.

The evaluation is that of the rules over templates; here it reads what is deployed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast

from pcistack.policies.access import Access
from pcistack.policies.evaluation import Principal, Request
from pcistack.policies.matching import all_of, any_of
from pcistack.regions import partition_of
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import NotFoundError, call
from pcistack.template.document import Json, Template
from pcistack.template.view import Resource
from pcistack.template.worlds import views


def partition() -> str:
    """Return the partition of the region that is acted in, such as ``aws-cn``."""
    return partition_of(_engine.region())[0]


def arn(service: str, resource: str) -> str:
    """Return the ARN of something in the region and account that is acted in."""
    return f"arn:{partition()}:{service}:{_engine.region()}:{_engine.account_id()}:{resource}"


def in_place(text: str) -> str:
    """Return a text with the partition of the region; the engine writes ``aws`` everywhere."""
    return text.replace("arn:aws:", f"arn:{partition()}:")


class DeployedRole:
    """A deployed role, seen as the rules see one in a template.

    Attributes:
        arn: Its ARN, as the engine writes it.
    """

    def __init__(self, arn: str) -> None:
        """Read the role with all its policies."""
        self.arn = arn
        self._body = _role(arn.rpartition("/")[2])

    def may(self, request: Request, key: str = "") -> bool:
        """Whether its policies, and those of what it asks for, let it.

        What cannot be decided is let through.

        Args:
            request: The call.
            key: A key whose policy is asked as well; empty for none.
        """
        resources: dict[str, Json] = {"Role": self._body}
        if key:
            policy = call("kms", "get_key_policy", KeyId=key, PolicyName="default")["Policy"]
            resources["Key"] = _held("AWS::KMS::Key", "KeyPolicy", policy)
        policy = _resource_policy(request)
        if policy:
            resources["Held"] = _held("AWS::S3::BucketPolicy", "PolicyDocument", policy)
        access, found = _access(resources)
        principal = Principal(arn=in_place(self.arn))
        asked = [
            replace(request, principal=principal, resource=in_place(name))
            for name in _spellings(request)
        ]
        own = any_of(access.role_may(found["Role"], one) for one in asked)
        held = access.statements.get("Held", ())
        by_name = [statement for statement in held if not statement.account_root]
        decide = partial(access.evaluation.both, with_principal=True)
        allowed = any_of([own, *(decide(by_name, one)[0] for one in asked)])
        denied = any_of(decide(held, one)[1] for one in asked)
        of_key = access.statements.get("Key", ())
        by_key = access.evaluation.decide(of_key, asked[0], with_principal=True) if key else True
        return all_of([allowed, not denied, by_key]) is not False

    def may_be_assumed_by(self, service: str, source: str) -> bool:
        """Whether a service may act with it.

        Args:
            service: Its principal.
            source: ARN of what the service acts for.
        """
        access, found = _access({"Role": self._body})
        context = {"aws:sourceaccount": (_engine.account_id(),), "aws:sourcearn": (source,)}
        return access.may_assume(found["Role"], service, context) is not False


def of_secret(name: str, *actions: str) -> Iterator[tuple[Request, str]]:
    """Yield what the key of a secret is asked for by whoever reads or writes it, with the key."""
    secret = _secret(name)
    if secret is None:  # an existing secret that the environment names, which is not emulated
        return
    arn, key = str(secret["ARN"]), str(secret.get("KmsKeyId") or "")
    if not key or key.startswith("alias/aws/"):
        return
    key_arn = str(call("kms", "describe_key", KeyId=key)["KeyMetadata"]["Arn"])
    via = f"secretsmanager.{_engine.region()}.{partition_of(_engine.region())[1]}"
    context = {"kms:viaservice": (via,), "kms:encryptioncontext:secretarn": (in_place(arn),)}
    for action in actions:
        yield Request(action=action, resource=key_arn, context=context), key_arn


def _spellings(request: Request) -> Iterator[str]:
    """Yield a resource and, of a secret, its ARN too; the engine's ``Ref`` is the name only."""
    yield request.resource
    if request.action.startswith("secretsmanager:") and request.resource != "*":
        secret = _secret(request.resource)
        if secret is not None:
            yield from {str(secret["ARN"]), str(secret["Name"])} - {request.resource}


def _resource_policy(request: Request) -> object:
    """Return the policy of a secret or a bucket that is asked for; None if it has none."""
    service = request.action.partition(":")[0]
    with suppress(ValueError):
        if service == "secretsmanager" and request.resource != "*":
            held = call("secretsmanager", "get_resource_policy", SecretId=request.resource)
            return held.get("ResourcePolicy")
        if service == "s3" and request.resource.startswith("arn:"):
            bucket = request.resource.rpartition(":")[2].partition("/")[0]
            return call("s3", "get_bucket_policy", Bucket=bucket)["Policy"]
    return None


def _held(kind: str, name: str, policy: object) -> dict[str, Json]:
    return {"Type": kind, "Properties": {name: _document(policy)}}


def _access(resources: dict[str, Json]) -> tuple[Access, Mapping[str, Resource]]:
    (view, *_) = views(Template({"Resources": resources}), _engine.region())
    return Access(view), view.resources


def _role(name: str) -> dict[str, Json]:
    """Return a role as a template has it, from IAM's own records: a function asks for it often."""
    iam = _engine.module("services.iam")
    role = iam._roles.get(name)
    if role is None:
        raise NotFoundError(f"The role with name {name} cannot be found.")
    policies: list[Json] = [
        {"PolicyName": inline, "PolicyDocument": _document(document)}
        for inline, document in role["InlinePolicies"].items()
    ]
    managed: list[Json] = []
    for arn in role["AttachedPolicies"]:
        if ":iam::aws:" in arn:
            managed.append(arn)
            continue
        policy = iam._policies[arn]
        version = policy["Versions"][policy["DefaultVersionId"]]
        policies.append({"PolicyName": arn, "PolicyDocument": _document(version["Document"])})
    properties: dict[str, Json] = {
        "RoleName": name,
        "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"]),
        "Policies": policies,
        "ManagedPolicyArns": managed,
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _secret(identifier: str) -> Mapping[str, Any] | None:
    """Return the record of a secret; None of one that is not emulated."""
    return _engine.module("services.secretsmanager")._resolve(identifier)[1] or None


def _document(document: object) -> Json:
    """Return a policy as an object; services keep it as that or as its text."""
    text = document if isinstance(document, str) else json.dumps(document)
    return cast("Json", json.loads(in_place(text)))
