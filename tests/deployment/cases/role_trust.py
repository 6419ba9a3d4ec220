"""Access: roles and who may assume them."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_USES = {
    "AWS::Lambda::Function": ("Role", "lambda", Severity.FATAL),
    "AWS::ECS::TaskDefinition": ("ExecutionRoleArn", "ecs-tasks", Severity.ERROR),
    "AWS::StepFunctions::StateMachine": ("RoleArn", "states", Severity.FATAL),
    "AWS::EC2::FlowLog": ("DeliverLogsPermissionArn", "vpc-flow-logs", Severity.ERROR),
    "AWS::RDS::DBInstance": ("MonitoringRoleArn", "monitoring.rds", Severity.FATAL),
}


def _template(kind: str, path: str, service: str, condition: str = "") -> str:
    return template(
        f"Thing: {{Type: {kind}, Properties: {{{path}: !GetAtt Role.Arn}}}}\n"
        "Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument:\n"
        "      Statement:\n      - Effect: Allow\n        Action: sts:AssumeRole\n"
        f"        Principal: {{Service: {service}.amazonaws.com}}\n{condition}"
    )


_ELSEWHERE = (
    "        Condition: {ArnLike: {'aws:SourceArn': !Sub 'arn:aws:ecs:%s:${AWS::AccountId}:*'}}\n"
)
_TASKS = ("AWS::ECS::TaskDefinition", "TaskRoleArn", "ecs-tasks")

CASES = (
    *(
        Case(
            rule="DEPLOY-ROLE-TRUST",
            name=kind,
            severity=severity,
            property=path,
            bad=_template(kind, path, "ec2"),
            good=_template(kind, path, service),
        )
        for kind, (path, service, severity) in _USES.items()
    ),
    Case(
        rule="DEPLOY-ROLE-TRUST",
        name="condition on another region",
        property="TaskRoleArn",
        bad=_template(*_TASKS, _ELSEWHERE % "eu-central-1"),
        good=_template(*_TASKS, _ELSEWHERE % "eu-central-2"),
    ),
)
