"""The master user's secret: however it is made and whatever runs the application."""

from __future__ import annotations

from datetime import date
from typing import cast

import pytest

from pcistack.checks.run import check_template
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Json, Template
from tests.pci_dss.cases import Resources, att, ref, res

RULE = "PCI-7.2.5-MASTER-USER"
MANAGED = att("Db", "MasterUserSecret.SecretArn")
ARN = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:master-AbCdEf"


def found(resources: Resources) -> list[tuple[str, str | None]]:
    body = cast("dict[str, Json]", {"Resources": resources})
    checked = check_template(Template(body), [PACK], region="eu-central-2", on=date(2026, 11, 24))
    return [(f.resource, f.property) for f in checked.open if f.rule == RULE]


def database(password: object = None) -> Resources:
    kept = {"MasterUserPassword": password} if password else {"ManageMasterUserPassword": True}
    return {"Db": res("RDS::DBCluster", Engine="aurora-mysql", MasterUsername="owner", **kept)}


def dynamic(secret: object) -> dict[str, object]:
    parts = ["{{resolve:secretsmanager:", secret, ":SecretString:password::}}"]
    return {"Fn::Join": ["", parts]}


def task(value: object, kind: str = "Secrets") -> dict[str, object]:
    entry = {"Name": "PASSWORD", "ValueFrom" if kind == "Secrets" else "Value": value}
    return res("ECS::TaskDefinition", ContainerDefinitions=[{"Name": "app", kind: [entry]}])


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (task(MANAGED), "ContainerDefinitions.0.Secrets.0.ValueFrom"),
        (
            task({"Fn::Join": ["", [MANAGED, ":password::"]]}),
            "ContainerDefinitions.0.Secrets.0.ValueFrom",
        ),
        (
            task({"Fn::Sub": "${Db.MasterUserSecret.SecretArn}:password::"}),
            "ContainerDefinitions.0.Secrets.0.ValueFrom",
        ),
        (task(MANAGED, "Environment"), "ContainerDefinitions.0.Environment.0.Value"),
        (
            res("Lambda::Function", Environment={"Variables": {"SECRET": MANAGED}}),
            "Environment.Variables.SECRET",
        ),
        (
            res(
                "Batch::JobDefinition",
                ContainerProperties={"Secrets": [{"Name": "P", "ValueFrom": MANAGED}]},
            ),
            "ContainerProperties.Secrets.0.ValueFrom",
        ),
        (
            res(
                "AppRunner::Service",
                SourceConfiguration={
                    "ImageRepository": {
                        "ImageConfiguration": {
                            "RuntimeEnvironmentSecrets": [{"Name": "P", "Value": MANAGED}]
                        }
                    }
                },
            ),
            "SourceConfiguration.ImageRepository.ImageConfiguration"
            ".RuntimeEnvironmentSecrets.0.Value",
        ),
    ],
)
def test_whatever_runs_the_application_is_refused_it(
    resource: dict[str, object], path: str
) -> None:
    assert found({**database(), "App": resource}) == [("App", path)]


SECRET: Resources = {"Secret": res("SecretsManager::Secret")}
LINK: Resources = {
    "Link": res(
        "SecretsManager::SecretTargetAttachment", SecretId=ref("Secret"), TargetId=ref("Db")
    )
}


@pytest.mark.parametrize(
    ("made", "given"),
    [
        ({**database(dynamic(ref("Secret"))), **SECRET}, ref("Secret")),
        ({**database(dynamic(ref("Secret"))), **SECRET, **LINK}, ref("Link")),
        ({**database(dynamic(ref("Link"))), **SECRET, **LINK}, ref("Secret")),
        (
            database(f"{{{{resolve:secretsmanager:{ARN}:SecretString:password}}}}"),
            f"{ARN}:password::",
        ),
        (
            {"Db": res("Redshift::Cluster", ManageMasterPassword=True)},
            att("Db", "MasterPasswordSecretArn"),
        ),
        (
            {"Db": res("RedshiftServerless::Namespace", ManageAdminPassword=True)},
            att("Db", "Namespace.AdminPasswordSecretArn"),
        ),
        (
            {"Db": res("RDS::DBInstance", ManageMasterUserPassword=True)},
            att("Db", "MasterUserSecret.SecretArn"),
        ),
    ],
)
def test_however_the_master_password_is_made(made: Resources, given: object) -> None:
    assert [resource for resource, _ in found({**made, "App": task(given)})] == ["App"]


def role(*resources: object, action: object = "secretsmanager:GetSecretValue") -> Resources:
    allow = {"Effect": "Allow", "Action": action, "Resource": list(resources)}
    policy = {"PolicyName": "Own", "PolicyDocument": {"Statement": [allow]}}
    return {"Role": res("IAM::Role", Policies=[policy])}


def attached(kind: str, **to: object) -> Resources:
    allow = {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": MANAGED}
    document = {"Statement": allow}
    return {"Policy": res(kind, PolicyDocument=document, **to), "Role": res("IAM::Role")}


RUNS = res("ECS::TaskDefinition", TaskRoleArn=att("Role", "Arn"))
ATTACHED = {"Role": res("IAM::Role", ManagedPolicyArns=[ref("Policy")])}


@pytest.mark.parametrize(
    ("resources", "path"),
    [
        ({**database(), **role(MANAGED), "App": RUNS}, "TaskRoleArn"),
        ({**database(), **role(MANAGED, action="secretsmanager:*"), "App": RUNS}, "TaskRoleArn"),
        (
            {**database(), **attached("IAM::Policy", Roles=[ref("Role")]), "App": RUNS},
            "TaskRoleArn",
        ),
        ({**database(), **attached("IAM::ManagedPolicy"), **ATTACHED, "App": RUNS}, "TaskRoleArn"),
        (
            {**database(dynamic(ref("Secret"))), **SECRET, **role(ref("Secret")), "App": RUNS},
            "TaskRoleArn",
        ),
        (
            {
                **database(f"{{{{resolve:secretsmanager:{ARN}:SecretString:password}}}}"),
                **role(ARN.replace("AbCdEf", "??????")),
                "App": RUNS,
            },
            "TaskRoleArn",
        ),
        (
            {
                **database("{{resolve:secretsmanager:master:SecretString:password}}"),
                **role(ARN.replace("AbCdEf", "*")),
                "App": RUNS,
            },
            "TaskRoleArn",
        ),
        (
            {
                **database(),
                **role(MANAGED),
                "App": res("Lambda::Function", Role=att("Role", "Arn")),
            },
            "Role",
        ),
        (
            {
                **database(),
                **role(MANAGED),
                "App": res(
                    "Batch::JobDefinition", ContainerProperties={"JobRoleArn": att("Role", "Arn")}
                ),
            },
            "ContainerProperties.JobRoleArn",
        ),
        (
            {
                **database(),
                **role(MANAGED),
                "App": res(
                    "AppRunner::Service",
                    InstanceConfiguration={"InstanceRoleArn": att("Role", "Arn")},
                ),
            },
            "InstanceConfiguration.InstanceRoleArn",
        ),
    ],
)
def test_role_that_may_read_it_is_as_good_as_having_it(resources: Resources, path: str) -> None:
    assert found(resources) == [("App", path)]


def test_denial_of_the_secret_outweighs_what_allows_it() -> None:
    deny = {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": MANAGED}
    denied = res("IAM::Policy", PolicyDocument={"Statement": deny}, Roles=[ref("Role")])
    assert found({**database(), **role(MANAGED), "Denied": denied, "App": RUNS}) == []


@pytest.mark.parametrize(
    "resources",
    [
        {
            **database(),
            "Admin": res("Lambda::Function", Environment={"Variables": {"SECRET": MANAGED}}),
            "Framework": res(
                "Lambda::Function",
                Environment={"Variables": {"USER_ON_EVENT_FUNCTION_ARN": att("Admin", "Arn")}},
            ),
            "Users": {
                "Type": "AWS::CloudFormation::CustomResource",
                "Properties": {"ServiceToken": att("Framework", "Arn")},
            },
        },
        {**database(), **SECRET, **role(ref("Secret")), "App": RUNS},
        {**database(), **role(MANAGED, action="secretsmanager:DescribeSecret"), "App": RUNS},
        {
            **database("{{resolve:secretsmanager:master:SecretString:password}}"),
            **role(ARN.replace("master-AbCdEf", "master-of-mail-AbCdEf")),
            "App": RUNS,
        },
        {
            **database(),
            **role(MANAGED),
            "Admin": res("Lambda::Function", Role=att("Role", "Arn")),
            "Users": {"Type": "Custom::Users", "Properties": {"ServiceToken": att("Admin", "Arn")}},
        },
        {**database(), **SECRET, "App": task(ref("Secret"))},
        {**database(), **SECRET, **LINK, "App": task(ref("Link"))},
        {**database(), "App": task(ARN)},
        {
            **database(),
            **SECRET,
            "Admin": res("Lambda::Function", Environment={"Variables": {"SECRET": MANAGED}}),
            "Schedule": res(
                "SecretsManager::RotationSchedule",
                SecretId=ref("Secret"),
                RotationLambdaARN=att("Admin", "Arn"),
            ),
        },
        {
            **database(),
            "Admin": res("Lambda::Function", Environment={"Variables": {"SECRET": MANAGED}}),
            "Users": {"Type": "Custom::Users", "Properties": {"ServiceToken": att("Admin", "Arn")}},
        },
        {**database(), "App": task(att("Db", "Endpoint.Address"), "Environment")},
    ],
    ids=[
        "handed-on",
        "may-read-own",
        "may-describe",
        "may-read-another",
        "may-administer",
        "own",
        "attached",
        "another",
        "rotates",
        "custom-resource",
        "endpoint",
    ],
)
def test_login_of_its_own_and_administration_are_no_finding(resources: Resources) -> None:
    assert found(resources) == []
