"""Policies: how large they may be, and how many a role has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand, text
from pcistack.deployment.policy_documents import (
    IDENTITY_POLICIES,
    POLICIES,
    policies,
)
from pcistack.template.view import Partial, Reference, Unknown, Value

_ROLE: Final = "AWS::IAM::Role"
_SIZES: Final[Mapping[str, int]] = {
    "AWS::IAM::ManagedPolicy": 6144,
    "AWS::KMS::Key": 32768,
    "AWS::KMS::ReplicaKey": 32768,
    "AWS::S3::BucketPolicy": 20480,
}
_TRUST_QUOTA: Final = 4096  # what a trust policy may have with a higher quota
_UNKNOWN_LENGTH: Final = 12  # what stands for a value that is not known has at least this length


@rule(
    "DEPLOY-POLICY-SIZE",
    "A policy longer than IAM takes",
    types=tuple(POLICIES),
    severity=Severity.FATAL,
    source="IAM user guide: IAM and AWS STS quotas",
)
def size_rule(context: Context) -> Iterator[Hit]:
    """IAM does not count white space; values that are not known count as short ones."""
    for resource, path, policy in policies(context, POLICIES):
        trust = path == "AssumeRolePolicyDocument"
        limit = 2048 if trust else _SIZES.get(resource.type, 0)
        size = _size(policy) if limit else 0
        if size > limit:
            yield hit(
                resource,
                path,
                f"the policy has {size} characters or more; AWS takes {limit}",
                "split it, or name actions and resources by wildcards",
                severity=Severity.ERROR if trust and size <= _TRUST_QUOTA else None,
            )
    for name, size in _inline(context).items():
        if size > 10240:
            yield hit(
                name,
                "Policies",
                f"the role's own policies have {size} characters or more; IAM takes 10240 in all",
                "move some to an AWS::IAM::ManagedPolicy",
            )


def _inline(context: Context) -> dict[str, int]:
    """Return the size of the policies of each role's own, by its logical id."""
    totals: dict[str, int] = {}
    for resource, _, policy in policies(context, {_ROLE: IDENTITY_POLICIES[_ROLE]}):
        totals[resource.logical_id] = totals.get(resource.logical_id, 0) + _size(policy)
    for kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
        for resource, _, policy in policies(context, {kind: IDENTITY_POLICIES[kind]}):
            for value in (*resource.items("Roles"), resource.get("RoleName")):
                role = context.target(value, _ROLE)
                if role is not None:
                    totals[role.logical_id] = totals.get(role.logical_id, 0) + _size(policy)
    return totals


def _size(value: Value) -> int:
    """The length of a policy as IAM counts it, at least."""
    return len(re.sub(r"\s", "", json.dumps(_plain(value), separators=(",", ":"))))


def _plain(value: Value) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Partial):
        return re.sub(r"<[^>]*>", "x" * _UNKNOWN_LENGTH, value)
    if isinstance(value, Reference | Unknown):
        return "x" * _UNKNOWN_LENGTH
    return value


@rule(
    "DEPLOY-ROLE-POLICIES",
    "More managed policies than a role takes",
    types=(_ROLE, "AWS::IAM::User", "AWS::IAM::Group"),
    source="IAM user guide: IAM and AWS STS quotas, managed policies attached to a role",
)
def attached_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(_ROLE, "AWS::IAM::User", "AWS::IAM::Group"):
        count = len(resource.items("ManagedPolicyArns"))
        if count > 10:
            yield hit(
                resource,
                "ManagedPolicyArns",
                f"{count} managed policies; without a higher quota a role takes 10",
                "put the statements of several into one",
            )
        names = [text(item) for _, item in expand(resource, "Policies.*.PolicyName")]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            yield hit(
                resource,
                "Policies",
                f"two policies have the name {twice[0]}",
                "give each a name of its own",
            )
