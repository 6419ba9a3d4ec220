"""What the pipeline's roles may do, by IAM's own evaluation, and who may take them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from pcistack.account.aws import Call
from pcistack.account.verify.permissions import policy as verify_policy
from pcistack.template.document import Template
from pcistack.template.view import Reference
from stacks.delivery import permissions
from stacks.delivery.stack import BOUNDARY
from stacks.environment import ENVIRONMENTS, environment_file
from tests.delivery.support import ACCOUNT, REGION, access, delivery, may, synthesized
from tests.support import APART, SHIPPED, ZONE, listed, statements, template, variant
from tests.tables import cases

_FOUND = importlib.util.find_spec("cfnlint")
assert _FOUND is not None
SCHEMAS = Path(str(_FOUND.origin)).parent / "data" / "schemas"
ACTIONS = Path(permissions.__file__).parents[2] / "pcistack/policies/data/actions.txt"
NUMBERS = ("pr1", "pr42", "pr907")
OTHERS = ("prod", "production", "dev", "pr", "pre", "pr0", "pr-login", "demo", "apr42")


def stack(suffix: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/PciDss-{suffix}/0a1b"


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def arn_of(logical_id: str) -> str:
    names = access().names
    resource = names.target(Reference(logical_id))
    assert resource is not None
    arn = names.arn(resource)
    assert arn is not None
    return arn


DEPLOYING = [
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:RollbackStack",
    "cloudformation:UpdateTerminationProtection",
]


@pytest.mark.parametrize("action", DEPLOYING)
@pytest.mark.parametrize("suffix", NUMBERS)
def test_environments_of_pull_requests_are_deployed_and_destroyed(action: str, suffix: str) -> None:
    assert may("Ephemeral", action, stack(suffix)) is True


@pytest.mark.parametrize("action", DEPLOYING)
@pytest.mark.parametrize("suffix", OTHERS)
def test_no_other_environment_is_touched(action: str, suffix: str) -> None:
    assert may("Ephemeral", action, stack(suffix)) is False


@pytest.mark.parametrize(
    ("suffix", "tag", "takes", "answer"),
    [
        ("pr42", "pr42", "Execution", True),
        ("pr42", "prod", "Execution", False),
        ("pr42", None, "Execution", False),
        ("prod", "pr42", "Execution", False),
        ("pr42", "pr42", None, False),
        ("pr42", "pr42", "Production", False),
    ],
)
def test_a_change_set_needs_name_tag_and_role(
    suffix: str, tag: str | None, takes: str | None, answer: bool
) -> None:
    found = may(
        "Ephemeral",
        "cloudformation:CreateChangeSet",
        stack(suffix),
        aws__requesttag___environmentsuffix=tag,
        cloudformation__rolearn=arn_of(takes) if takes else None,
    )
    assert found is answer


@pytest.mark.parametrize("purpose", ["deploy", "file-publishing", "cfn-exec", "lookup"])
def test_roles_of_the_bootstrap_are_not_for_pull_requests(purpose: str) -> None:
    """They may delete every stack, and write the code of every environment."""
    arn = role(f"cdk-hnb659fds-{purpose}-role-{ACCOUNT}-{REGION}")
    assert may("Ephemeral", "sts:AssumeRole", arn) is False
    assert may("Ephemeral", "iam:PassRole", arn) is False
    assert may("Check", "sts:AssumeRole", arn) is False
    assert may("Production", "sts:AssumeRole", arn) is (purpose != "cfn-exec")


@pytest.mark.parametrize(
    ("key", "answer"), [("pr42/x.zip", True), ("prod/x.zip", False), ("x.zip", False)]
)
def test_code_of_another_environment_cannot_be_written(key: str, answer: bool) -> None:
    arn = f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}/{key}"
    assert may("Ephemeral", "s3:PutObject", arn) is answer


def test_only_cloudformation_gets_the_role() -> None:
    def passed(service: str) -> bool | None:
        arn = arn_of("Execution")
        return may("Ephemeral", "iam:PassRole", arn, iam__passedtoservice=service)

    assert passed("cloudformation.amazonaws.com") is True
    assert passed("lambda.amazonaws.com") is False


@pytest.mark.parametrize(
    "action",
    [
        *("rds:ModifyDBCluster", "kms:Decrypt", "secretsmanager:GetSecretValue"),
        *("ec2:DeleteVpc", "ecs:UpdateService", "logs:DeleteLogGroup", "lambda:InvokeFunction"),
    ],
)
@pytest.mark.parametrize(
    ("tag", "answer"), [("pr42", True), ("prod", False), ("dev", False), (None, True)]
)
def test_what_another_environment_owns_is_out_of_reach(
    action: str, tag: str | None, answer: bool
) -> None:
    found = may("Execution", action, "*", aws__resourcetag___environmentsuffix=tag)
    assert found is answer


@pytest.mark.parametrize(
    ("action", "kind"),
    [("kms:ScheduleKeyDeletion", "kms:{}:key/1"), ("rds:DeleteDBCluster", "rds:{}:cluster:x")],
)
@pytest.mark.parametrize(("tag", "answer"), [("pr42", True), ("prod", False), (None, False)])
def test_keys_and_databases_without_a_tag_are_not_deleted(
    action: str, kind: str, tag: str | None, answer: bool
) -> None:
    arn = f"arn:aws:{kind.format(f'{REGION}:{ACCOUNT}')}"
    found = may("Execution", action, arn, aws__resourcetag___environmentsuffix=tag)
    assert found is answer


@pytest.mark.parametrize(
    ("name", "bounded", "answer"),
    [
        ("PciDss-pr42-TaskRole-1X", True, True),
        ("PciDss-pr42-TaskRole-1X", False, False),
        ("PciDss-prod-TaskRole-1X", True, False),
        ("PciDssDelivery-Production-1X", True, False),
        ("Administrator", True, False),
    ],
)
@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"])
def test_roles_are_made_by_name_and_inside_the_boundary(
    action: str, name: str, bounded: bool, answer: bool
) -> None:
    boundary = arn_of("Boundary") if bounded else None
    assert may("Execution", action, role(name), iam__permissionsboundary=boundary) is answer


@cases(
    "action",
    [
        *("iam:CreateUser", "iam:CreateAccessKey", "iam:DeleteRolePermissionsBoundary"),
        *("iam:CreateOpenIDConnectProvider", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
        *("organizations:LeaveOrganization", "cloudtrail:StopLogging", "guardduty:DeleteDetector"),
        *("iam:CreatePolicyVersion", "cloudformation:DeleteStack", "s3:DeleteBucket"),
    ],
)
def test_nothing_of_the_account_is_changed(action: str) -> None:
    for name in ("Check", "Ephemeral", "Execution", "Production"):
        assert may(name, action, arn_of("Boundary")) is False


def test_the_role_that_checks_only_reads() -> None:
    found = access().role(Reference("Check", "Arn"))
    assert found is not None
    (statement,) = access().identity(found)[0]
    reading = ("describe", "detect", "get", "list", "batchdescribe", "batchget")
    for action in statement.actions:
        assert action.partition(":")[2].startswith(reading), action
    assert {call.permission.lower() for call in Call} <= set(statement.actions)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_the_role_that_checks_may_verify_every_environment(suffix: str) -> None:
    (needed,) = statements(verify_policy(Template.parse(json.dumps(template(suffix).body))))
    given = statements(delivery().properties("Read")["PolicyDocument"])[0]
    assert set(listed(needed["Action"])) <= set(listed(given["Action"]))


def test_every_action_is_one_that_iam_knows() -> None:
    known = {}
    for line in ACTIONS.read_text(encoding="utf-8").splitlines():
        service, *actions = line.split()
        known[service] = set(actions)
    for policy in delivery().all("AWS::IAM::ManagedPolicy"):
        for statement in statements(policy["PolicyDocument"]):
            for action in listed(statement["Action"]):
                service, _, name = str(action).partition(":")
                assert (
                    action == "*"
                    or (name == "*" and service in known)
                    or name.lower() in (known[service])
                ), action


PREFIXES = {
    "applicationautoscaling": "application-autoscaling",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "certificatemanager": "acm",
}


def test_every_service_that_an_environment_is_made_of_is_within_the_boundary() -> None:
    types = {
        str(resource["Type"])
        for one in (*map(template, SHIPPED), variant(**ZONE))
        for resource in one.resources.values()
    }
    services = {kind.split("::")[1].lower() for kind in types if kind.startswith("AWS::")}
    prefixes = {PREFIXES.get(service, service) for service in services}
    assert prefixes - {"iam", "s3", "cloudformation"} <= set(permissions.SERVICES)


NOT_FOR_US = {
    *("acm-pca", "amplify", "apigateway", "apprunner", "appsync", "bedrock-agentcore"),
    *("cognito-idp", "payments", "elasticfilesystem", "firehose", "s3files", "s3tables"),
    *("vpc-lattice", "vpce", "autoscaling"),
}
"""Services that a type can be used with, of which no environment has anything."""
OTHER_NAMES = {"resolverquerylogging": "route53resolver"}
NEVER = {
    *("iam:AttachGroupPolicy", "iam:AttachUserPolicy", "iam:DetachGroupPolicy"),
    *("iam:DetachUserPolicy", "iam:DeleteRolePermissionsBoundary"),
    *("iam:DescribeOrganization", "iam:ListRoles"),
}
"""What CloudFormation would do for users and groups, or to take the boundary away."""


def test_cloudformation_may_do_what_the_types_of_an_environment_ask() -> None:
    """Each type's schema says which actions make, read, change and delete it."""
    names = json.loads((SCHEMAS / "providers/us-east-1.json").read_text(encoding="utf-8"))
    types = {
        str(resource["Type"])
        for one in (*map(template, SHIPPED), variant(**ZONE))
        for resource in one.resources.values()
    }
    granted = set()
    for name in ("Boundary", "ExecutionPolicy"):
        for statement in statements(delivery().properties(name)["PolicyDocument"]):
            if statement["Effect"] == "Allow":
                granted |= {str(action) for action in listed(statement["Action"])}
    for kind in types:
        if not kind.startswith("AWS::"):
            continue
        text = (SCHEMAS / "resources" / f"{names[kind]}.json").read_text(encoding="utf-8")
        handlers = json.loads(text)["handlers"]
        for name in ("create", "read", "update", "delete"):
            for action in handlers.get(name, {}).get("permissions", []):
                service, _, rest = action.partition(":")
                service = OTHER_NAMES.get(service, service.lower())
                known = {f"{service}:*", f"{service}:{rest}"} & granted
                assert known or service in NOT_FOR_US or action in NEVER, (kind, action)


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("Check", ["pull_request", "ref:refs/heads/main"]),
        ("Ephemeral", ["environment:ephemeral"]),
        ("Production", ["environment:production"]),
    ],
)
def test_trust_has_exact_subjects(name: str, subjects: list[str]) -> None:
    (statement,) = statements(delivery().properties(name)["AssumeRolePolicyDocument"])
    issuer = "token.actions.githubusercontent.com"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": [f"repo:example/payments:{end}" for end in subjects],
        }
    }
    assert statement["Principal"] == {"Federated": {"Fn::GetAtt": ["Provider", "Arn"]}}


def test_an_existing_provider_is_used() -> None:
    arn = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    found = synthesized(provider_arn=arn)
    assert found.ids("AWS::IAM::OIDCProvider") == []
    (statement,) = statements(found.properties("Check")["AssumeRolePolicyDocument"])
    assert statement["Principal"] == {"Federated": arn}


def test_gitlab_names_projects_and_itself() -> None:
    end = "ref_type:branch:ref:main"
    found = synthesized(
        provider="gitlab",
        repository="group/team/payments",
        subjects={"check": [end], "ephemeral": [end], "production": [end]},
    )
    assert found.one("AWS::IAM::OIDCProvider")["Url"] == "https://gitlab.com"
    (statement,) = statements(found.properties("Production")["AssumeRolePolicyDocument"])
    assert statement["Condition"] == {
        "StringEquals": {
            "gitlab.com:aud": "https://gitlab.com",
            "gitlab.com:sub": [f"project_path:group/team/payments:{end}"],
        }
    }


def test_there_is_no_key_and_no_user() -> None:
    assert {str(item["Type"]) for item in delivery().resources.values()} == {
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
    }


def test_the_boundary_has_the_name_that_an_environment_gives() -> None:
    assert delivery().properties("Boundary")["ManagedPolicyName"] == BOUNDARY
    assert BOUNDARY in (ENVIRONMENTS / "payments.toml").read_text(encoding="utf-8")
    for properties in variant(**APART).all("AWS::IAM::Role"):
        assert str(properties["PermissionsBoundary"]).endswith(f":policy/{BOUNDARY}']]}}"), (
            properties
        )


def test_a_pull_request_number_has_the_throw_away_environment() -> None:
    assert {environment_file(suffix).stem for suffix in NUMBERS} == {"ephemeral"}
