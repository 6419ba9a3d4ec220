"""Access: roles of services, publishers of messages, trails."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template
from tests.deployment.cases.keys import key


def role(service: str, *statements: tuple[str, str]) -> str:
    """Return a role of a service that is allowed some actions on some resources."""
    lines = "".join(
        f"        - {{Effect: Allow, Action: [{actions}], Resource: {on}}}\n"
        for actions, on in statements
    )
    return (
        "Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument:\n"
        "      Statement: [{Effect: Allow, Action: 'sts:AssumeRole', "
        f"Principal: {{Service: {service}.amazonaws.com}}}}]\n"
        f"    Policies:\n    - PolicyName: own\n      PolicyDocument:\n        Statement:\n{lines}"
    )


def _role_case(
    kind: str,
    properties: str,
    at: str,
    service: str,
    right: tuple[str, str],
    *,
    severity: Severity = Severity.WARNING,
    more: str = "",
    name: str = "",
) -> Case:
    thing = f"Thing: {{Type: {kind}, Properties: {{{properties}}}}}\n{more}"
    return Case(
        rule="DEPLOY-ROLE-ACCESS",
        name=f"{kind} {name}".strip(),
        severity=severity,
        property=at,
        bad=template(thing + role(service, ("'s3:ListBucket'", "'*'"))),
        good=template(thing + role(service, right)),
    )


_WRITE = "'logs:CreateLogStream', 'logs:PutLogEvents'"
_GROUP = "Group: {Type: AWS::Logs::LogGroup}\n"
_TASK = "Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: job}}\n"
_MACHINE = "Machine: {Type: AWS::StepFunctions::StateMachine}\n"


def _alarm(more: str) -> str:
    return template(
        "Thing: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmActions: [!Ref Topic]}}\n" + more
    )


def _topic(service: str) -> str:
    return (
        "Topic: {Type: AWS::SNS::Topic}\n"
        "Policy: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref Topic], "
        "PolicyDocument: {Statement: [{Effect: Allow, Action: 'sns:Publish', "
        f"Resource: !Ref Topic, Principal: {{Service: {service}.amazonaws.com}}, "
        "Condition: {StringEquals: {'aws:SourceAccount': !Ref 'AWS::AccountId'}}}]}}}\n"
    )


def _queue(source: str) -> str:
    return template(
        "Thing: {Type: AWS::S3::Bucket, Properties: {BucketName: files, "
        "NotificationConfiguration: {QueueConfigurations: [{Queue: !GetAtt Queue.Arn}]}}}\n"
        "Queue: {Type: AWS::SQS::Queue}\n"
        "Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], "
        "PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:SendMessage', "
        "Resource: !GetAtt Queue.Arn, Principal: {Service: s3.amazonaws.com}, "
        f"Condition: {{ArnLike: {{'aws:SourceArn': 'arn:aws:s3:::{source}'}}}}}}]}}}}}}\n"
    )


def _encrypted(service: str) -> str:
    return _alarm(
        "Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !Ref Key}}\n"
        + key(
            "{Effect: Allow, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'], Resource: '*', "
            f"Principal: {{Service: {service}.amazonaws.com}}}}"
        )
    )


def _trail(properties: str, more: str) -> str:
    return template(
        f"Thing: {{Type: AWS::CloudTrail::Trail, Properties: {{{properties}}}}}\n{more}"
    )


def _bucket(folder: str) -> str:
    return (
        "Bucket: {Type: AWS::S3::Bucket}\n"
        "Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, "
        "PolicyDocument: {Statement: ["
        "{Effect: Allow, Action: 's3:GetBucketAcl', Resource: !GetAtt Bucket.Arn, "
        "Principal: {Service: cloudtrail.amazonaws.com}}, "
        "{Effect: Allow, Action: 's3:PutObject', "
        f"Resource: !Sub '${{Bucket.Arn}}/{folder}AWSLogs/${{AWS::AccountId}}/*', "
        "Principal: {Service: cloudtrail.amazonaws.com}}]}}}\n"
    )


def _trail_key(service: str) -> str:
    return key(
        "{Effect: Allow, Action: 'kms:GenerateDataKey*', Resource: '*', "
        f"Principal: {{Service: {service}.amazonaws.com}}}}"
    )


CASES = (
    _role_case(
        "AWS::EC2::FlowLog",
        "LogGroupName: !Ref Group, DeliverLogsPermissionArn: !GetAtt Role.Arn",
        "DeliverLogsPermissionArn",
        "vpc-flow-logs",
        (_WRITE, "!GetAtt Group.Arn"),
        more=_GROUP,
    ),
    _role_case(
        "AWS::RDS::DBInstance",
        "MonitoringInterval: 60, MonitoringRoleArn: !GetAtt Role.Arn",
        "MonitoringRoleArn",
        "monitoring.rds",
        (_WRITE, "'arn:aws:logs:*:*:log-group:RDS*:log-stream:*'"),
        severity=Severity.FATAL,
    ),
    _role_case(
        "AWS::StepFunctions::StateMachine",
        "RoleArn: !GetAtt Role.Arn, LoggingConfiguration: {Level: ALL, Destinations: [{}]}",
        "RoleArn",
        "states",
        ("'logs:*'", "'*'"),
        severity=Severity.FATAL,
    ),
    _role_case(
        "AWS::Events::Rule",
        "Targets: [{Id: a, Arn: !Ref Machine, RoleArn: !GetAtt Role.Arn}]",
        "Targets.0.RoleArn",
        "events",
        ("'states:StartExecution'", "!Ref Machine"),
        more=_MACHINE,
    ),
    _role_case(
        "AWS::Events::Rule",
        "Targets: [{Id: a, Arn: 'arn:x', RoleArn: !GetAtt Role.Arn, "
        "EcsParameters: {TaskDefinitionArn: !Ref Task}}]",
        "Targets.0.RoleArn",
        "events",
        ("'ecs:RunTask'", "!Sub 'arn:aws:ecs:eu-central-2:${AWS::AccountId}:task-definition/*'"),
        more=_TASK,
        name="task",
    ),
    _role_case(
        "AWS::Scheduler::Schedule",
        "Target: {Arn: 'arn:aws:scheduler:::aws-sdk:ecs:updateService', RoleArn: !GetAtt Role.Arn}",
        "Target.RoleArn",
        "scheduler",
        ("'ecs:UpdateService'", "'*'"),
    ),
    _role_case(
        "AWS::RDS::DBProxy",
        "RoleArn: !GetAtt Role.Arn, Auth: [{SecretArn: !Ref Secret}]",
        "RoleArn",
        "rds",
        ("'secretsmanager:GetSecretValue'", "!Ref Secret"),
        severity=Severity.ERROR,
        more="Secret: {Type: AWS::SecretsManager::Secret}\n",
    ),
    Case(
        rule="DEPLOY-PUBLISH-POLICY",
        severity=Severity.WARNING,
        property="AlarmActions.0",
        bad=_alarm(_topic("events")),
        good=_alarm(_topic("cloudwatch")),
    ),
    Case(
        rule="DEPLOY-PUBLISH-POLICY",
        name="queue",
        severity=Severity.FATAL,
        property="NotificationConfiguration.QueueConfigurations.0.Queue",
        bad=_queue("others"),
        good=_queue("files"),
    ),
    Case(
        rule="DEPLOY-PUBLISH-KEY",
        severity=Severity.WARNING,
        property="AlarmActions.0",
        bad=_encrypted("sns"),
        good=_encrypted("cloudwatch"),
    ),
    Case(
        rule="DEPLOY-PUBLISH-KEY",
        name="key of AWS",
        severity=Severity.WARNING,
        property="AlarmActions.0",
        bad=_alarm("Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/aws/sns}}\n"),
        good=_alarm("Topic: {Type: AWS::SNS::Topic}\n"),
    ),
    Case(
        rule="DEPLOY-TRAIL-BUCKET",
        severity=Severity.FATAL,
        property="S3BucketName",
        bad=_trail("S3BucketName: !Ref Bucket, S3KeyPrefix: all", _bucket("")),
        good=_trail("S3BucketName: !Ref Bucket, S3KeyPrefix: all", _bucket("all/")),
    ),
    Case(
        rule="DEPLOY-TRAIL-KEY",
        severity=Severity.FATAL,
        property="KMSKeyId",
        bad=_trail("KMSKeyId: !Ref Key", _trail_key("logs")),
        good=_trail("KMSKeyId: !Ref Key", _trail_key("cloudtrail")),
    ),
)
