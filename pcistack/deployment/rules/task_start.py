"""Access: what ECS does in the name of the execution role before a container starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import key_of_secret, refused, refused_on_key, secret_refused
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects
from pcistack.deployment.tasks import (
    SecretUse,
    awslogs,
    containers,
    repository,
    secret_of,
    secrets,
)
from pcistack.policies.arns import ACCOUNT
from pcistack.template.view import Resource

_TASK: Final = ("AWS::ECS::TaskDefinition",)
_GUIDE: Final = "Amazon ECS developer guide: "
_READ: Final = "secretsmanager:GetSecretValue"


def _role(context: Context, task: Resource) -> Resource | None:
    return context.access.role(task.get("ExecutionRoleArn"))


def _fix(role: Resource, actions: list[str], arn: str) -> str:
    return f"in a policy of {role.logical_id} allow {', '.join(actions)} on {arn or '*'}"


@rule(
    "DEPLOY-TASK-IMAGE",
    "An image in ECR that the execution role may not pull",
    types=_TASK,
    source=_GUIDE + "Amazon ECS task execution IAM role",
)
def image_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        role, stored = _role(context, container.task), repository(context, container)
        if role is None or stored is None:
            continue
        arn, _ = stored
        pulled = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
        missing = refused(context, role, pulled, arn)
        token = refused(context, role, ("ecr:GetAuthorizationToken",), "*")
        if missing or token:
            yield hit(
                container.task,
                f"{container.path}.Image",
                f"{role.logical_id} may not call {', '.join([*token, *missing])}: the image is "
                "not pulled and no task starts",
                _fix(role, missing, arn) if missing else _fix(role, token, "*"),
            )


@rule(
    "DEPLOY-TASK-SECRET",
    "A secret or parameter that the execution role may not read at the start of a task",
    types=_TASK,
    source=_GUIDE + "Amazon ECS task execution IAM role: Secrets Manager or Systems Manager "
    "permissions",
)
def secret_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        role = _role(context, container.task)
        if role is None:
            continue
        told: set[str] = set()
        for use in secrets(context, container):
            missing, arn = _refused(context, role, use)
            if missing and arn not in told:
                told.add(arn)  # a secret is often read key by key
                yield hit(
                    container.task,
                    use.path,
                    f"{role.logical_id} may not call {', '.join(missing)} on {arn}: ECS cannot "
                    "read it, and no task starts",
                    _fix(role, missing, arn),
                )


def _refused(context: Context, role: Resource, use: SecretUse) -> tuple[list[str], str]:
    secret = secret_of(context, use)
    if secret is not None:
        return secret_refused(context, role, secret, (_READ,)), secret.logical_id
    if not use.is_parameter:
        # a secret is often named without the six characters that AWS adds
        spellings = (use.arn, f"{use.arn}-AbCdEf")
        answers = [refused(context, role, (_READ,), spelling) for spelling in spellings]
        return min(answers, key=len), use.arn
    arn = _parameter_arn(context, use.text)
    return refused(context, role, ("ssm:GetParameters",), arn), arn


def _parameter_arn(context: Context, text: str) -> str:
    if text.startswith("arn:"):
        return text
    if text.startswith("<"):
        return "<value>"
    name = text.removeprefix("/")
    return context.placed("arn:{p}:ssm:{r}:") + f"{ACCOUNT}:parameter/{name}"


@rule(
    "DEPLOY-TASK-SECRET-KEY",
    "A secret whose key the execution role may not decrypt with at the start of a task",
    types=_TASK,
    source=_GUIDE + "Amazon ECS task execution IAM role: kms:Decrypt for a customer managed key",
)
def secret_key_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        role = _role(context, container.task)
        read = {
            secret.logical_id: (use, secret)
            for use in (*secrets(context, container),)[::-1]
            if (secret := secret_of(context, use))
        }
        for use, secret in read.values() if role else ():
            key = key_of_secret(context, secret)
            if role is None or key is None:
                continue
            missing = refused_on_key(context, role, key, "secretsmanager", ("kms:Decrypt",))
            if missing:
                yield hit(
                    container.task,
                    use.path,
                    f"{role.logical_id} may not call kms:Decrypt with {key.logical_id}, the key "
                    f"of {secret.logical_id}: ECS cannot read the secret, and no task starts",
                    f"allow kms:Decrypt on {key.logical_id} in a policy of {role.logical_id}, and "
                    f"in KeyPolicy of {key.logical_id} to the role or to the account's root",
                )


@rule(
    "DEPLOY-TASK-LOGS",
    "A log group that the execution role may not write to",
    types=_TASK,
    source=_GUIDE + "Send Amazon ECS logs to CloudWatch",
)
def logs_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        role, options = _role(context, container.task), awslogs(container)
        if role is None or options is None:
            continue
        region = context.access.names.text(options.get("awslogs-region"))
        name = context.access.names.text(options.get("awslogs-group"))
        arn = context.placed("arn:{p}:logs:") + f"{region}:{ACCOUNT}:log-group:{name}"
        missing = refused(
            context, role, ("logs:CreateLogStream", "logs:PutLogEvents"), f"{arn}:log-stream:x"
        )
        if str(options.get("awslogs-create-group")).lower() == "true":
            missing += refused(context, role, ("logs:CreateLogGroup",), f"{arn}:log-stream:")
        if missing:
            yield hit(
                container.task,
                f"{container.path}.LogConfiguration",
                f"{role.logical_id} may not call {', '.join(missing)} on {arn}: the log driver "
                "fails, and no task starts",
                _fix(role, missing, f"{arn}:*"),
            )


@rule(
    "DEPLOY-TASK-LOGS-REGION",
    "A container that looks for a log group of the stack in another region",
    types=_TASK,
    source=_GUIDE + "awslogs-region, the region that the log driver sends logs to",
)
def logs_region_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        options = awslogs(container)
        region = options.get("awslogs-region") if options else None
        if options is None or not isinstance(region, str) or "<" in region:
            continue
        group = context.target(options.get("awslogs-group"), "AWS::Logs::LogGroup")
        if group and context.region and region != context.region:
            yield hit(
                container.task,
                f"{container.path}.LogConfiguration.Options.awslogs-region",
                f"{group.logical_id} is created in {context.here}, the log driver looks for it in "
                f"{region}: no task starts",
                f"set awslogs-region to {context.region}",
            )


@rule(
    "DEPLOY-TASK-FILES",
    "Files of variables, or a file system, that a task's role may not read",
    types=_TASK,
    source=_GUIDE + "Pass environment variables (s3:GetObject); Amazon EFS volumes, IAM "
    "authorization (elasticfilesystem:ClientMount)",
)
def files_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        role = _role(context, container.task)
        for index, item in enumerate(listed(container.body.get("EnvironmentFiles"))):
            arn = context.access.names.text(fields(item).get("Value"))
            if role is not None and arn.startswith("arn:"):
                missing = refused(context, role, ("s3:GetObject",), arn)
                if missing:
                    yield hit(
                        container.task,
                        f"{container.path}.EnvironmentFiles.{index}",
                        f"{role.logical_id} may not call s3:GetObject on {arn}: no task starts",
                        _fix(role, missing, arn),
                    )
    for task in context.of_type(*_TASK):
        role = context.access.role(task.get("TaskRoleArn"))
        for path, volume in objects(task, "Volumes"):
            efs = fields(volume.get("EFSVolumeConfiguration"))
            system = context.target(efs.get("FilesystemId"), "AWS::EFS::FileSystem")
            by_iam = fields(efs.get("AuthorizationConfig")).get("IAM") == "ENABLED"
            if role is None or system is None or not by_iam:
                continue
            if system.get("FileSystemPolicy") is None:
                continue  # without a policy, everybody who reaches it may mount it
            action = "elasticfilesystem:ClientMount"
            if refused(context, role, (action,), "<value>", policies=(system,)):
                yield hit(
                    task,
                    f"{path}.EFSVolumeConfiguration",
                    f"neither {role.logical_id} nor the policy of {system.logical_id} allows "
                    f"{action}: the volume is not mounted, and no task starts",
                    _fix(role, [action], f"{system.logical_id}.Arn"),
                )


@rule(
    "DEPLOY-TASK-EXEC",
    "ECS Exec that the task role does not allow",
    types=("AWS::ECS::Service",),
    severity=Severity.WARNING,
    source=_GUIDE + "Monitor Amazon ECS containers with ECS Exec",
)
def exec_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::ECS::Service"):
        task = context.target(service.get("TaskDefinition"), "AWS::ECS::TaskDefinition")
        role = context.access.role(task.get("TaskRoleArn")) if task else None
        if service.flag("EnableExecuteCommand") is not True or role is None:
            continue
        channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel")
        missing = refused(context, role, [f"ssmmessages:{name}" for name in channels])
        if missing:
            yield hit(
                service,
                "EnableExecuteCommand",
                f"the task role {role.logical_id} may not call {', '.join(missing)}: nobody can "
                "open a session",
                _fix(role, [*missing, "ssmmessages:OpenDataChannel"], "*"),
            )
