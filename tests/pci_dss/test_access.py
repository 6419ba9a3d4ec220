"""Least privilege: wildcards, conditions, accounts, providers and pools, in every guise."""

from __future__ import annotations

import json

import pytest

from pcistack.checks.findings import Finding, Severity
from pcistack.pci_dss.sensitive_actions import matters
from pcistack.template.document import Json
from tests.pci_dss.cases import (
    FOREIGN,
    STRONG_PASSWORD,
    Resources,
    allow,
    assumed_by,
    document,
    federated,
    key,
    one,
    ref,
    role,
)
from tests.pci_dss.test_rules import findings, rules_of
from tests.tables import cases

SECURE = {"Bool": {"aws:SecureTransport": "true"}}


def of(rule: str, resources: Resources) -> list[Finding]:
    return [found for found in findings(resources) if found.rule == rule]


@cases(
    ("action", "resource", "condition"),
    [
        ("secretsmanager:Get*", "*", None),
        ("kms:De*", "*", None),
        ("s3:Get*", "arn:aws:s3:::*", None),
        ("s3:?etObject", "arn:aws:s3:::*/*", None),
        ("dynamodb:Scan", "arn:aws:dynamodb:*:*:table/*", None),
        ("dynamodb:Batch*", "*", None),
        ("sqs:*Message", "arn:aws:sqs:*:*:*", None),
        ("secretsmanager:GetSecretValue", "?*", None),
        ("secretsmanager:GetSecretValue", "*", SECURE),
        ("secretsmanager:GetSecretValue", "*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        ("secretsmanager:GetSecretValue", "*", {"StringEquals": {"aws:RequestedRegion": "x"}}),
        ("secretsmanager:GetSecretValue", "*", {"StringLike": {"secretsmanager:SecretId": "*"}}),
        ("kms:Decrypt", "*", {"StringLike": {"kms:ViaService": "*"}}),
        ("iam:PassRole", "*", None),
        ("iam:PassRole", "arn:aws:iam::*:role/*", None),
        ("ec2:ModifySnapshotAttribute", "*", None),
        ("rds:ModifyDBClusterSnapshotAttribute", "*", None),
        ("rds:StartExportTask", "*", None),
        ("dynamodb:ExportTableToPointInTime", "*", None),
        ("s3:PutBucketPolicy", "*", None),
        ("iam:CreatePolicyVersion", "*", None),
        ("lambda:UpdateFunctionCode", "*", None),
    ],
)
def test_what_matters_on_everything_is_found(
    action: str, resource: str, condition: dict[str, object] | None
) -> None:
    more = {"Condition": condition} if condition else {}
    statement = allow(action, resource, **more)
    found = of("PCI-7.2.5-RESOURCE-WILDCARD", role(statement))
    assert [one.severity for one in found] == [Severity.ERROR]
    body = document(statement)
    for kind, properties in (
        ("SSO::PermissionSet", {"InlinePolicy": body}),
        ("SSO::PermissionSet", {"InlinePolicy": json.dumps(body)}),
        ("Serverless::Function", {"Policies": [body]}),
    ):
        assert of("PCI-7.2.5-RESOURCE-WILDCARD", one(kind, **properties)), kind


@cases(
    ("action", "resource", "condition"),
    [
        ("ec2:Describe*", "*", None),
        ("kms:List*", "*", None),
        ("cloudwatch:PutMetricData", "*", None),
        ("ecr:GetAuthorizationToken", "*", None),
        ("xray:Put*", "*", None),
        ("rds:Describe*", "*", None),
        ("s3:Get*", "arn:aws:s3:::payments/*", None),
        ("secretsmanager:Get*", "arn:aws:secretsmanager:*:*:secret:app/*", None),
        ("iam:PassRole", "*", {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}),
        ("kms:Decrypt", "*", {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
        ("secretsmanager:GetSecretValue", "*", {"StringEquals": {"aws:ResourceTag/app": "pay"}}),
        ("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/pay", None),
    ],
)
def test_what_is_named_or_cannot_be_limited_passes(
    action: str, resource: str, condition: dict[str, object] | None
) -> None:
    more = {"Condition": condition} if condition else {}
    found = rules_of(role(allow(action, resource, **more)))
    assert not found & {"PCI-7.2.5-RESOURCE-WILDCARD", "PCI-7.2.5-ACTION-WILDCARD"}


@pytest.mark.parametrize("action", ["*", "**", "*:*", "s3:*", "s3:**", "kms:?*", "iam:*"])
def test_all_actions_are_all_in_every_spelling(action: str) -> None:
    assert of("PCI-7.2.5-ACTION-WILDCARD", role(allow(action, "arn:aws:s3:::b/*")))


def test_a_wildcard_in_the_middle_covers_what_matters() -> None:
    assert all(map(matters, ("s3:*object", "iam:put*", "ssm:get*", "*:getsecretvalue")))
    assert not any(map(matters, ("s3:getbucketlocation", "iam:list*", "ec2:describe*")))


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("AdministratorAccess", Severity.ERROR),
        ("PowerUserAccess", Severity.ERROR),
        ("IAMFullAccess", Severity.ERROR),
        ("job-function/DatabaseAdministrator", Severity.ERROR),
        ("AmazonDynamoDBFullAccess", Severity.ERROR),
        ("ReadOnlyAccess", Severity.WARNING),
        ("AmazonS3ReadOnlyAccess", Severity.WARNING),
        ("service-role/AWSLambdaBasicExecutionRole", None),
        ("AWSXRayDaemonWriteAccess", None),
    ],
)
def test_policies_of_aws_are_graded(name: str, severity: Severity | None) -> None:
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}
    for resources in (
        one("IAM::Role", ManagedPolicyArns=[arn]),
        one("SSO::PermissionSet", ManagedPolicies=[arn]),
        one("Serverless::Function", Policies=[name.rsplit("/")[-1]]),
    ):
        found = of("PCI-7.2.5-BROAD-POLICY", resources)
        assert [hit.severity for hit in found] == ([severity] if severity else [])


POLICIES: dict[str, tuple[str, str]] = {
    "S3::BucketPolicy": ("PolicyDocument", "s3:GetObject"),
    "S3::AccessPoint": ("Policy", "s3:GetObject"),
    "SNS::TopicPolicy": ("PolicyDocument", "sns:Publish"),
    "SNS::TopicInlinePolicy": ("PolicyDocument", "sns:Publish"),
    "SQS::QueuePolicy": ("PolicyDocument", "sqs:SendMessage"),
    "SecretsManager::ResourcePolicy": ("ResourcePolicy", "secretsmanager:GetSecretValue"),
    "ECR::Repository": ("RepositoryPolicyText", "ecr:BatchGetImage"),
    "ECR::RegistryPolicy": ("PolicyText", "ecr:ReplicateImage"),
    "Logs::Destination": ("DestinationPolicy", "logs:PutSubscriptionFilter"),
    "Events::EventBusPolicy": ("Statement", "events:PutEvents"),
    "Events::EventBus": ("Policy", "events:PutEvents"),
    "Backup::BackupVault": ("AccessPolicy", "backup:CopyIntoBackupVault"),
    "CodeArtifact::Repository": ("PermissionsPolicyDocument", "codeartifact:ReadFromRepository"),
    "OpenSearchService::Domain": ("AccessPolicies", "es:ESHttpGet"),
    "EFS::FileSystem": ("FileSystemPolicy", "elasticfilesystem:ClientMount"),
    "Kinesis::ResourcePolicy": ("ResourcePolicy", "kinesis:GetRecords"),
    "VpcLattice::AuthPolicy": ("Policy", "vpc-lattice-svcs:Invoke"),
}
OPEN = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}


@cases("kind", sorted(POLICIES))
def test_every_policy_is_read_for_everyone_and_for_other_accounts(kind: str) -> None:
    path, action = POLICIES[kind]

    def rules(principal: object, condition: object = None) -> set[str]:
        more = {"Condition": condition} if condition else {}
        body = document(allow(action, Principal=principal, **more))
        as_text = kind == "Logs::Destination"
        return rules_of(one(kind, **{path: json.dumps(body) if as_text else body}))

    public, foreign = "PCI-7.3.3-POLICY-PUBLIC", "PCI-7.2.5-FOREIGN-ACCOUNT"
    assert public in rules("*")
    assert public in rules({"AWS": "*"}, OPEN)
    assert public in rules("*", SECURE)
    assert public in rules("*", {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})
    organisation = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    assert public not in rules("*", organisation)
    assert foreign in rules({"AWS": FOREIGN})
    assert foreign in rules({"AWS": ["222222222222"]})
    if kind != "Logs::Destination":  # its policy is JSON text
        anywhere = {"Fn::Sub": "arn:${AWS::Partition}:iam::222222222222:role/app"}
        assert foreign in rules({"AWS": anywhere})
    assert foreign not in rules({"AWS": FOREIGN}, organisation)
    if kind != "Logs::Destination":
        own = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
        body = one(kind, **{path: document(allow(action, Principal=own))})
        assert not rules_of(body) & {public, foreign}


def test_a_key_is_read_for_other_accounts_and_for_everyone_with_an_open_condition() -> None:
    statement = allow("kms:Decrypt", Principal={"AWS": FOREIGN})
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" in rules_of(key(statement))
    everyone = allow("kms:Decrypt", Principal="*", Condition=OPEN)
    assert "PCI-3.6.1-KEY-POLICY-PUBLIC" in rules_of(key(everyone))


def test_a_role_for_everyone_is_public_whatever_its_names_are_like() -> None:
    for value in ("arn:aws:iam::*:role/*", "arn:aws:iam::*:role/deploy", "*"):
        trust = assumed_by({"AWS": "*"}, Condition={"StringLike": {"aws:PrincipalArn": value}})
        assert "PCI-7.3.3-POLICY-PUBLIC" in rules_of(role(trust=trust)), value


ELSEWHERE = "arn:aws:{}:eu-central-2:222222222222:{}"
PLACES: dict[str, Resources] = {
    "permission": one("Lambda::Permission", Principal="222222222222", Action="lambda:Invoke"),
    "layer": one("Lambda::LayerVersionPermission", Principal="222222222222"),
    "bus": one("Events::EventBusPolicy", Principal="222222222222", Action="events:PutEvents"),
    "subscription": one("SNS::Subscription", Endpoint=ELSEWHERE.format("sqs", "q")),
    "logs": one("Logs::SubscriptionFilter", DestinationArn=ELSEWHERE.format("logs", "d")),
    "events": one("Events::Rule", Targets=[{"Arn": ELSEWHERE.format("events", "event-bus/b")}]),
    "replica": one(
        "S3::Bucket",
        ReplicationConfiguration={
            "Rules": [{"Destination": {"Account": "222222222222", "Bucket": "arn:aws:s3:::b"}}]
        },
    ),
    "share": one("RAM::ResourceShare", Principals=["222222222222"], AllowExternalPrincipals=False),
    "backup": one(
        "Backup::BackupPlan",
        BackupPlan={
            "BackupPlanRule": [
                {
                    "CopyActions": [
                        {"DestinationBackupVaultArn": ELSEWHERE.format("backup", "backup-vault:v")}
                    ]
                }
            ]
        },
    ),
    "registry": one(
        "ECR::ReplicationConfiguration",
        ReplicationConfiguration={"Rules": [{"Destinations": [{"RegistryId": "222222222222"}]}]},
    ),
}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_another_account_is_questioned_wherever_it_is_named(place: str) -> None:
    found = of("PCI-7.2.5-FOREIGN-ACCOUNT", PLACES[place])
    assert [hit.severity for hit in found] == [Severity.WARNING]


def test_a_template_that_is_bound_to_an_account_does_not_question_it() -> None:
    own = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    bound = role(trust=assumed_by({"Service": "config.amazonaws.com"}, Condition=own))
    statement = allow("kms:Decrypt", Principal={"AWS": "arn:aws:iam::111111111111:root"})
    policy = {"Key": key(statement)["It"]}
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" in rules_of(policy)
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" not in rules_of({**bound, **policy})


def test_an_account_that_somebody_chooses_and_a_canonical_user_are_questioned() -> None:
    chosen = {"AWS": {"Fn::Sub": "arn:aws:iam::${Partner}:root"}}
    trust = role(trust=assumed_by(chosen))
    parameter: dict[str, Json] = {"Parameters": {"Partner": {"Type": "String"}}}
    messages = [hit.message for hit in findings(trust, parameter) if "FOREIGN" in hit.rule]
    assert messages == ["the account of the parameter Partner is let in"]
    canonical = allow("s3:GetObject", Principal={"CanonicalUser": "79a59df900b949e5"})
    policy = one("S3::BucketPolicy", Bucket="b", PolicyDocument=document(canonical))
    assert of("PCI-7.2.5-FOREIGN-ACCOUNT", policy)


def test_resources_shared_beyond_the_organisation_are_questioned() -> None:
    share = one("RAM::ResourceShare", Principals=[ref("Unit")], ResourceArns=["arn"])
    assert "PCI-7.2.5-FOREIGN-ACCOUNT" in rules_of(share)


@pytest.mark.parametrize(
    ("condition", "provider", "is_found"),
    [
        ({}, "token.actions.githubusercontent.com", True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}, "g", True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:o/a:*"}}, "g", False),
        ({"StringEquals": {"gitlab.com:sub": "project_path:o/a:ref:main"}}, "gitlab.com", False),
        ({"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}, "gitlab.com", True),
        ({"StringEquals": {"accounts.google.com:oaud": "client"}}, "accounts.google.com", False),
    ],
)
def test_a_provider_of_identities_vouches_for_somebody(
    condition: dict[str, object], provider: str, is_found: bool
) -> None:
    found = of("PCI-7.2.5-PROVIDER-SUBJECT", role(trust=federated(condition, provider)))
    assert bool(found) is is_found


def test_saml_has_an_audience_and_cognito_a_pool() -> None:
    saml: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::111111111111:saml-provider/idp"},
        "Action": "sts:AssumeRoleWithSAML",
    }
    audience = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    rule = "PCI-7.2.5-PROVIDER-SUBJECT"
    assert [hit.severity for hit in of(rule, role(trust=saml))] == [Severity.WARNING]
    assert not of(rule, role(trust={**saml, "Condition": audience}))
    cognito: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    pool = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-central-2:pool"}}
    assert of(rule, role(trust=cognito))
    assert not of(rule, role(trust={**cognito, "Condition": pool}))


@pytest.mark.parametrize(
    ("properties", "severities"),
    [
        ({}, {"Policies.PasswordPolicy.MinimumLength": Severity.ERROR}),
        (
            {"Policies": {"PasswordPolicy": {"MinimumLength": 6, "RequireNumbers": False}}},
            {
                "Policies.PasswordPolicy.MinimumLength": Severity.ERROR,
                "Policies.PasswordPolicy.RequireNumbers": Severity.ERROR,
            },
        ),
        ({"Policies": STRONG_PASSWORD}, {}),
    ],
)
def test_a_user_pool_asks_for_strong_passwords(
    properties: dict[str, object], severities: dict[str, Severity]
) -> None:
    pool = one("Cognito::UserPool", MfaConfiguration="ON", **properties)
    found = of("PCI-8.3.6-USER-POOL", pool)
    assert {hit.property: hit.severity for hit in found} == severities


def test_a_user_pool_is_closed_and_an_identity_pool_knows_its_users() -> None:
    strong = {"Policies": STRONG_PASSWORD, "MfaConfiguration": "OPTIONAL"}
    sign_up = {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False}}
    found = of("PCI-8.3.6-USER-POOL", one("Cognito::UserPool", **strong, **sign_up))
    assert {hit.severity for hit in found} == {Severity.WARNING}
    assert len(found) == 2
    guests = one("Cognito::IdentityPool", AllowUnauthenticatedIdentities=True)
    assert of("PCI-8.3.6-USER-POOL", guests)


def test_interface_endpoints_that_carry_data_have_a_policy() -> None:
    def rules(service: str, **more: object) -> set[str]:
        name = f"com.amazonaws.eu-central-2.{service}"
        return rules_of(
            one("EC2::VPCEndpoint", VpcEndpointType="Interface", ServiceName=name, **more)
        )

    rule = "PCI-7.2.5-ENDPOINT-POLICY"
    assert rule in rules("s3")
    assert rule in rules("sqs")
    assert rule not in rules("ecr.dkr")
    mine = document(allow("sqs:SendMessage", "arn:aws:sqs:*:111111111111:mine", Principal="*"))
    assert rule not in rules("sqs", PolicyDocument=mine)
    everything = document(allow("sqs:SendMessage", "arn:aws:sqs:*:*:*", Principal="*"))
    assert rule in rules("sqs", PolicyDocument=everything)
    assert rule not in rules(
        "sqs",
        PolicyDocument=document(
            allow(
                "*", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3"}}
            )
        ),
    )
