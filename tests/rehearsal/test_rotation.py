"""Secrets are rotated in the rehearsal by their function, with what its role may and no more."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import pytest

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.rotation import rotate
from pcistack.rehearsal.trial import Lab
from pcistack.rehearsal.verification import deployed
from tests.rehearsal.test_function_permissions import ROTATION_POLICY, drop, needs_server


@contextmanager
def without(lab: Lab, policy: str, action: str) -> Iterator[None]:
    """Take an action from a deployed policy for a while."""
    iam = lab.client("iam")
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    held = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
    before = json.loads(unquote(held)) if isinstance(held, str) else held
    document = copy.deepcopy(before)
    drop(document, action)
    for wanted in (document, before):
        made = iam.create_policy_version(
            PolicyArn=policy, PolicyDocument=json.dumps(wanted), SetAsDefault=True
        )["PolicyVersion"]["VersionId"]
        iam.delete_policy_version(PolicyArn=policy, VersionId=version)
        version = made
        if wanted is document:
            yield


def _schedules(lab: Lab, up: Assembly) -> list[str]:
    return list(
        deployed(lab.emulator, up).of_type("AWS::SecretsManager::RotationSchedule").values()
    )


def _policy(lab: Lab, up: Assembly) -> str:
    policies = deployed(lab.emulator, up).of_type("AWS::IAM::ManagedPolicy")
    (found,) = [arn for name, arn in policies.items() if name.startswith(ROTATION_POLICY)]
    return found


@needs_server
def test_every_secret_is_rotated_by_its_function(lab: Lab, up: Assembly) -> None:
    secrets, names = lab.client("secretsmanager"), _schedules(lab, up)
    before = {name: secrets.get_secret_value(SecretId=name)["SecretString"] for name in names}

    assert [problem for _, problem in rotate(lab.emulator, up)] == [""] * len(names)

    for name in names:
        old, new = (
            json.loads(text)
            for text in (before[name], secrets.get_secret_value(SecretId=name)["SecretString"])
        )
        assert old["username"] != new["username"]
        assert old["password"] != new["password"]


@needs_server
@pytest.mark.parametrize(
    "action",
    [
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
        "kms:GenerateDataKey",
        "ecs:UpdateService",
    ],
)
def test_rotation_whose_role_lacks_a_permission_fails_in_the_words_of_aws(
    lab: Lab, up: Assembly, action: str
) -> None:
    with without(lab, _policy(lab, up), action):
        _, problem = next(rotate(lab.emulator, up))

    assert f"not authorized to perform: {action} on resource: " in problem


@needs_server
def test_key_that_does_not_let_the_rotation_decrypt_refuses_it(lab: Lab, up: Assembly) -> None:
    kms, secret = lab.client("kms"), _schedules(lab, up)[0]
    key = lab.client("secretsmanager").describe_secret(SecretId=secret)["KmsKeyId"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    document = json.loads(before)
    document["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
    try:
        _, problem = next(rotate(lab.emulator, up))
    finally:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)

    assert "not authorized to perform: kms:Decrypt" in problem
