"""Access: what ECS does before a container starts."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template
from tests.deployment.cases.keys import key, through

_ROLE = """
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement:
      - {Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: ecs-tasks.amazonaws.com}}
    Policies:
      - PolicyName: start
        PolicyDocument:
          Statement:
"""


def role(*statements: tuple[str, str]) -> str:
    """Return an execution role that is allowed some actions on some resources."""
    return _ROLE + "".join(
        f"          - {{Effect: Allow, Action: [{actions}], Resource: {on}}}\n"
        for actions, on in statements
    )


def task(container: str, more: str = "") -> str:
    return (
        "Thing:\n  Type: AWS::ECS::TaskDefinition\n  Properties:\n"
        "    ExecutionRoleArn: !GetAtt Role.Arn\n    ContainerDefinitions:\n"
        f"    - {{Name: app, {container}}}\n{more}"
    )


_SECRET = (
    "Secret: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: '{\"user\": 1}'}}\n"
)
_ENCRYPTED = (
    "Secret: {Type: AWS::SecretsManager::Secret, Properties: {KmsKeyId: !Ref Key}}\n"
    + key(through("secretsmanager", "Decrypt", "GenerateDataKey"))
)
_READ = ("'secretsmanager:GetSecretValue'", "!Ref Secret")
_REPOSITORY = "Repository: {Type: AWS::ECR::Repository}\n"
_IMAGE = task("Image: !Sub '${Repository.RepositoryUri}:1'", _REPOSITORY)
_PULL = "'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'"
_TOKEN = ("'ecr:GetAuthorizationToken'", "'*'")
_LOGGED = task(
    "Image: x, LogConfiguration: {LogDriver: awslogs, Options: "
    "{awslogs-group: !Ref Logs, awslogs-region: eu-central-2, awslogs-stream-prefix: a}}",
    "Logs: {Type: AWS::Logs::LogGroup}\n",
)
_WRITE = "'logs:CreateLogStream', 'logs:PutLogEvents'"
_PARAMETER = task("Image: x, Secrets: [{Name: A, ValueFrom: /app/password}]")
_PARAMETER_ARN = "!Sub 'arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/app/*'"


def _secret(value: str = "!Ref Secret") -> str:
    return task(f"Image: x, Secrets: [{{Name: A, ValueFrom: {value}}}]")


def _managed(asked: str) -> str:
    database = (
        "Database: {Type: AWS::RDS::DBCluster, Properties: {ManageMasterUserPassword: true}}\n"
    )
    return _secret(f"!Sub '${{Database.MasterUserSecret.SecretArn}}:{asked}::'") + database


def _dynamic(asked: str) -> str:
    return (
        "Thing: {Type: AWS::RDS::DBCluster, Properties: {MasterUsername: "
        f"!Sub '{{{{resolve:secretsmanager:${{Secret}}:SecretString:{asked}}}}}'}}}}\n"
    )


def _exec(actions: str) -> str:
    return (
        "Thing: {Type: AWS::ECS::Service, Properties: "
        "{EnableExecuteCommand: true, TaskDefinition: !Ref Task}}\n"
        "Task: {Type: AWS::ECS::TaskDefinition, Properties: {TaskRoleArn: !GetAtt Role.Arn}}\n"
        + role((actions, "'*'"))
    )


def _attachment(kind: str) -> str:
    return (
        "Thing: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: "
        f"{{TargetId: !Ref Database, TargetType: {kind}}}}}\n"
        "Database: {Type: AWS::RDS::DBCluster}\n"
    )


_NAMED_GROUP = "Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /team/app/tasks}}\n"

CASES = (
    Case(
        rule="DEPLOY-TASK-IMAGE",
        property="ContainerDefinitions.0.Image",
        bad=template(_IMAGE + role((_PULL, "!Sub '${Repository.Arn}/other'"), _TOKEN)),
        good=template(_IMAGE + role((_PULL, "!GetAtt Repository.Arn"), _TOKEN)),
    ),
    Case(
        rule="DEPLOY-TASK-IMAGE",
        name="token",
        property="ContainerDefinitions.0.Image",
        bad=template(_IMAGE + role((_PULL, "!GetAtt Repository.Arn"))),
        good=template(_IMAGE + role(("'ecr:*'", "'*'"))),
    ),
    Case(
        rule="DEPLOY-TASK-SECRET",
        property="ContainerDefinitions.0.Secrets.0.ValueFrom",
        bad=template(_secret() + _SECRET + role(("'secretsmanager:Describe*'", "!Ref Secret"))),
        good=template(_secret() + _SECRET + role(_READ)),
    ),
    Case(
        rule="DEPLOY-TASK-SECRET",
        name="parameter",
        property="ContainerDefinitions.0.Secrets.0.ValueFrom",
        bad=template(_PARAMETER + role(("'ssm:GetParameter'", _PARAMETER_ARN))),
        good=template(_PARAMETER + role(("'ssm:GetParameters'", _PARAMETER_ARN))),
    ),
    Case(
        rule="DEPLOY-TASK-SECRET-KEY",
        property="ContainerDefinitions.0.Secrets.0.ValueFrom",
        bad=template(_secret() + _ENCRYPTED + role(_READ)),
        good=template(_secret() + _ENCRYPTED + role(_READ, ("'kms:Decrypt'", "!GetAtt Key.Arn"))),
    ),
    Case(
        rule="DEPLOY-TASK-LOGS",
        property="ContainerDefinitions.0.LogConfiguration",
        bad=template(_LOGGED + role(("'logs:PutLogEvents'", "!GetAtt Logs.Arn"))),
        good=template(_LOGGED + role((_WRITE, "!GetAtt Logs.Arn"))),
    ),
    Case(
        rule="DEPLOY-TASK-LOGS-REGION",
        property="ContainerDefinitions.0.LogConfiguration.Options.awslogs-region",
        bad=template(_LOGGED.replace("eu-central-2", "eu-central-1")),
        good=template(_LOGGED),
    ),
    Case(
        rule="DEPLOY-TASK-EXEC",
        severity=Severity.WARNING,
        property="EnableExecuteCommand",
        bad=template(_exec("'ssm:*'")),
        good=template(_exec("'ssmmessages:*'")),
    ),
    Case(
        rule="DEPLOY-SECRET-JSON-KEY",
        property="ContainerDefinitions.0.Secrets.0.ValueFrom",
        bad=template(_secret("!Sub '${Secret}:users::'") + _SECRET),
        good=template(_secret("!Sub '${Secret}:user::'") + _SECRET),
    ),
    Case(
        rule="DEPLOY-SECRET-JSON-KEY",
        name="kept by RDS",
        property="ContainerDefinitions.0.Secrets.0.ValueFrom",
        bad=template(_managed("host")),
        good=template(_managed("password")),
    ),
    Case(
        rule="DEPLOY-SECRET-DYNAMIC-KEY",
        severity=Severity.FATAL,
        property="MasterUsername",
        bad=template(_dynamic("username") + _SECRET),
        good=template(_dynamic("user") + _SECRET),
    ),
    Case(
        rule="DEPLOY-SECRET-ATTACHMENT",
        severity=Severity.FATAL,
        property="TargetType",
        bad=template(_attachment("AWS::RDS::DBInstance")),
        good=template(_attachment("AWS::RDS::DBCluster")),
    ),
    Case(
        rule="DEPLOY-TASK-LOG-GROUP",
        severity=Severity.WARNING,
        property="ContainerDefinitions.0.LogConfiguration.Options.awslogs-group",
        bad=template(_LOGGED.replace("!Ref Logs", "/team/app/task") + _NAMED_GROUP),
        good=template(_LOGGED.replace("!Ref Logs", "/team/app/tasks") + _NAMED_GROUP),
    ),
)
