"""A stack of the time before the identities: one master secret, which the tasks hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.trial import Lab
from pcistack.rehearsal.verification import verify

SECRET, LINK, SCHEDULE = "DatabaseMasterSecretC5C2A01F", "DatabaseMasterLink", "RotationSchedule"
FUNCTION, ROLE, PERMISSION = "RotationFunction", "RotationRole", "RotationPermission"
OLD = (SECRET, LINK, SCHEDULE, FUNCTION, ROLE, PERMISSION)


def of_before(template: TemplateBody) -> None:
    """Turn the present template into the one of before: what names the identities goes."""
    resources: dict[str, Any] = template["Resources"]
    (cluster,) = [k for k, r in resources.items() if r["Type"] == "AWS::RDS::DBCluster"]
    properties = resources[cluster]["Properties"]
    del properties["ManageMasterUserPassword"], properties["MasterUserSecret"]
    properties["MasterUsername"] = _of_the_secret("username")
    properties["MasterUserPassword"] = _of_the_secret("password")
    properties["EnableIAMDatabaseAuthentication"] = True
    application = next(k for k in resources if k.startswith("DatabaseIdentitiesApplication"))
    function = next(
        k
        for k, r in resources.items()
        if r["Type"] == "AWS::Lambda::Function" and k.startswith("DatabaseIdentities")
    )
    text = json.dumps(template).replace(application, LINK).replace(function, FUNCTION)
    text = text.replace(":readerhost::", ":host::")
    template.clear()
    template.update(json.loads(text))
    resources = template["Resources"]
    ours = [k for k in resources if "DatabaseIdentities" in k or "UsersFunctionToDatabase" in k]
    for key in (*ours, LINK, FUNCTION):
        resources.pop(key, None)
    for resource in resources.values():
        needed = resource.get("DependsOn", [])
        needed = [needed] if isinstance(needed, str) else needed
        resource["DependsOn"] = [key for key in needed if key in resources]
    template["Resources"] = {**resources, **_rotation_of_before(cluster)}


def _of_the_secret(key: str) -> dict[str, object]:
    parts = ["{{resolve:secretsmanager:", {"Ref": SECRET}, f":SecretString:{key}::}}}}"]
    return {"Fn::Join": ["", parts]}


def _rotation_of_before(cluster: str) -> dict[str, object]:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    arn = {"Fn::GetAtt": [FUNCTION, "Arn"]}
    generated = {
        "SecretStringTemplate": '{"username": "txowner"}',
        "GenerateStringKey": "password",
        "PasswordLength": 32,
        "ExcludeCharacters": "\"@/\\'`",
    }
    return {
        SECRET: _resource("SecretsManager::Secret", GenerateSecretString=generated),
        LINK: _resource(
            "SecretsManager::SecretTargetAttachment",
            SecretId={"Ref": SECRET},
            TargetId={"Ref": cluster},
            TargetType="AWS::RDS::DBCluster",
        ),
        ROLE: _resource("IAM::Role", AssumeRolePolicyDocument={"Statement": [trust]}),
        FUNCTION: _resource(
            "Lambda::Function",
            Code={"ZipFile": "def handler(event, context):\n    pass\n"},
            Handler="index.handler",
            Role={"Fn::GetAtt": [ROLE, "Arn"]},
            Runtime="python3.14",
        ),
        PERMISSION: _resource(
            "Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName=arn,
            Principal="secretsmanager.amazonaws.com",
        ),
        SCHEDULE: {
            **_resource(
                "SecretsManager::RotationSchedule",
                SecretId={"Ref": LINK},
                RotationLambdaARN=arn,
                RotateImmediatelyOnUpdate=False,
                RotationRules={"ScheduleExpression": "rate(30 days)"},
            ),
            "DependsOn": [PERMISSION],
        },
    }


def _resource(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


@pytest.fixture
def before(lab: Lab, pr42: Assembly) -> Iterator[dict[str, str]]:
    """Physical ids of the deployed stack of before."""
    status = lab.direct.create(lab.edited(pr42, of_before))
    assert status == "CREATE_COMPLETE", lab.direct.failures(pr42.stack)
    yield lab.direct.physical_ids(pr42.stack)
    assert lab.destroy(pr42) == "DELETE_COMPLETE"


def test_stack_of_before_gets_the_identities_and_keeps_its_database(
    lab: Lab, pr42: Assembly, before: dict[str, str]
) -> None:
    """The function makes the users during the update, for real where MariaDB is installed."""
    clusters, secrets = lab.client("rds"), lab.client("secretsmanager")
    name = before[pr42.of_type("AWS::RDS::DBCluster")[0]]
    (old,) = clusters.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    assert not old.get("MasterUserSecret")

    status = lab.direct.update(pr42)
    assert status == "UPDATE_COMPLETE", lab.direct.failures(pr42.stack)

    after = lab.direct.physical_ids(pr42.stack)
    assert not set(OLD) & set(after)
    # A changed task definition or policy may be another one; nothing that holds data is.
    holding = ("AWS::RDS::", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket")
    kept = [k for k in pr42.resources if pr42.resources[k]["Type"].startswith(holding)]
    assert {k: before[k] for k in kept if k in before} == {k: after[k] for k in kept if k in before}
    (cluster,) = clusters.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    assert cluster["DbClusterResourceId"] == old["DbClusterResourceId"]
    assert cluster["MasterUserSecret"]["SecretStatus"] == "active"
    login = secrets.get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
    assert json.loads(login["SecretString"])["username"] == old["MasterUsername"] == "txowner"
    assert [k for k in after if k.startswith("DatabaseIdentitiesUsers")]
    assert verify(lab.emulator, pr42).problems == []
