"""Who may do what: the evaluation of IAM on whole templates."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from pcistack.checks import run as packs
from pcistack.policies.access import Access
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.document import Template
from pcistack.template.view import Reference
from tests.tables import cases

REGION = "eu-central-2"
LOGS = f"logs.{REGION}.amazonaws.com"
GROUP = f"arn:aws:logs:{REGION}:<AWS::AccountId>:log-group:/tasks"


def access_of(resources: str) -> Access:
    text = "Resources:\n" + indent(dedent(resources), "  ")
    (view,) = packs.resolve(Template.parse(text), REGION)
    return Access(view)


def role(policy: str, more: str = "") -> Access:
    return access_of(
        "Secret: {Type: AWS::SecretsManager::Secret}\n"
        "Other: {Type: AWS::SecretsManager::Secret}\n"
        "Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument: {}\n"
        f"{indent(dedent(policy), '    ')}\n{more}"
    )


def read_allowed(access: Access) -> bool | None:
    found = access.role(Reference("Role", "Arn"))
    secret = access.names.target(Reference("Secret"))
    assert found is not None
    assert secret is not None
    arn = access.names.arn(secret)
    assert arn is not None
    return access.role_may(found, Request(action="secretsmanager:GetSecretValue", resource=arn))


def inline(statement: str, rest: str = "") -> str:
    return (
        "Policies:\n  - PolicyName: p\n    PolicyDocument:\n      Statement:\n"
        f"        - {statement}\n{rest}"
    )


@cases(
    ("statement", "answer"),
    [
        ("{Effect: Allow, Action: 'secretsmanager:Get*', Resource: '*'}", True),
        ("{Effect: Allow, Action: '*', Resource: !Ref Secret}", True),
        ("{Effect: Allow, Action: 'secretsmanager:GetSecretValue', Resource: !Ref Other}", False),
        ("{Effect: Allow, NotAction: 'iam:*', Resource: '*'}", True),
        ("{Effect: Allow, NotAction: 'secretsmanager:*', Resource: '*'}", False),
        ("{Effect: Allow, Action: '*', NotResource: !Ref Secret}", False),
        ("{Effect: Allow, Action: 'secretsmanager:GetSecretValues', Resource: '*'}", False),
        ("{Effect: Allow, Action: '*', Resource: !ImportValue Elsewhere}", None),
        ("{Effect: Allow, Action: '*', Resource: '*', Condition: {Bool: {'aws:X': true}}}", None),
        (
            "{Effect: Allow, Action: '*', Resource: "
            "!Sub 'arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:Secret-*'}",
            True,
        ),
        (
            "{Effect: Allow, Action: '*', Resource: "
            "!Sub 'arn:aws:secretsmanager:us-east-1:${AWS::AccountId}:secret:*'}",
            False,
        ),
        ("{Effect: Deny, Action: '*', Resource: '*'}", False),
    ],
)
def test_an_inline_policy_allows_what_it_says(statement: str, answer: bool | None) -> None:
    assert read_allowed(role(inline(statement))) is answer


def test_a_denial_wins() -> None:
    allow = "{Effect: Allow, Action: '*', Resource: '*'}"
    deny = "        - {Effect: Deny, Action: 'secretsmanager:*', Resource: !Ref Secret}"
    assert read_allowed(role(inline(allow, deny))) is False


@pytest.mark.parametrize("attachment", ["Roles: [!Ref Role]", "Roles: [named]"])
def test_policies_are_found_from_their_own_side(attachment: str) -> None:
    policy = (
        "Policy:\n  Type: AWS::IAM::Policy\n  Properties:\n    PolicyName: p\n"
        f"    {attachment}\n    PolicyDocument:\n      Statement: "
        "[{Effect: Allow, Action: '*', Resource: '*'}]\n"
    )
    assert read_allowed(role("RoleName: named", policy)) is True


def test_managed_policies_of_aws_are_known_and_others_leave_it_open() -> None:
    arn = "ManagedPolicyArns: ['arn:aws:iam::aws:policy/%s']"
    assert read_allowed(role(arn % "service-role/AmazonECSTaskExecutionRolePolicy")) is False
    assert read_allowed(role(arn % "AdministratorAccess")) is True
    assert read_allowed(role(arn % "SomethingNew")) is None
    assert read_allowed(role("ManagedPolicyArns: [!ImportValue Policy]")) is None


def test_a_boundary_leaves_an_allowance_open() -> None:
    allowed = inline("{Effect: Allow, Action: '*', Resource: '*'}")
    assert read_allowed(role(allowed + "\nPermissionsBoundary: arn:x")) is None


def key(statement: str) -> Access:
    return access_of(
        "Key:\n  Type: AWS::KMS::Key\n  Properties:\n    KeyPolicy:\n      Statement:\n"
        f"        - {statement}\n"
        "Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument: {}\n"
        "    Policies:\n      - PolicyName: p\n        PolicyDocument: "
        "{Statement: [{Effect: Allow, Action: 'kms:*', Resource: !GetAtt Key.Arn}]}\n"
    )


def encrypts(access: Access, **context: tuple[str, ...]) -> bool | None:
    found = access.names.target(Reference("Key", "Arn"))
    assert found is not None
    request = Request(
        action="kms:GenerateDataKey",
        principal=Principal(service=LOGS),
        context={"kms:encryptioncontext:aws:logs:arn": (GROUP,), **context},
    )
    return access.key_allows(found, request)


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ("Principal: {Service: logs.eu-central-2.amazonaws.com}", True),
        ("Principal: {Service: !Sub 'logs.${AWS::Region}.amazonaws.com'}", True),
        ("Principal: {Service: logs.eu-central-1.amazonaws.com}", False),
        ("Principal: {Service: sns.amazonaws.com}", False),
        ("Principal: {Service: logs.amazonaws.com}", None),
        ("Principal: '*'", True),
        (
            "Principal: {Service: logs.eu-central-2.amazonaws.com}, Condition: {ArnEquals: "
            "{'kms:EncryptionContext:aws:logs:arn': !Sub "
            "'arn:aws:logs:eu-central-2:${AWS::AccountId}:log-group:/tasks'}}",
            True,
        ),
        (
            "Principal: {Service: logs.eu-central-2.amazonaws.com}, Condition: {ArnLike: "
            "{'kms:EncryptionContext:aws:logs:arn': !Sub "
            "'arn:aws:logs:eu-central-2:${AWS::AccountId}:log-group:/other*'}}",
            False,
        ),
    ],
)
def test_a_key_serves_the_log_group_that_its_policy_names(rest: str, answer: bool | None) -> None:
    access = key(f"{{Effect: Allow, Action: 'kms:GenerateDataKey*', Resource: '*', {rest}}}")
    assert encrypts(access) is answer


@pytest.mark.parametrize(
    ("principal", "answer"),
    [
        ("!Sub 'arn:aws:iam::${AWS::AccountId}:root'", True),
        ("!GetAtt Role.Arn", True),
        ("'arn:aws:iam::123456789012:root'", None),
        ("!Sub 'arn:aws:iam::${AWS::AccountId}:role/other'", False),
    ],
)
def test_a_role_uses_a_key_by_name_or_through_the_account(
    principal: str, answer: bool | None
) -> None:
    access = key(
        f"{{Effect: Allow, Action: 'kms:*', Resource: '*', Principal: {{AWS: {principal}}}}}"
    )
    found, asking = access.names.target(Reference("Key")), access.role(Reference("Role"))
    assert found is not None
    assert access.key_allows(found, Request(action="kms:Decrypt"), asking) is answer
