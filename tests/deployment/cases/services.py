"""Functions, alarms, dashboards, schedules, scaling, buckets, messages, tags and outputs."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template


def _one(kind: str, text: str, more: str = "") -> str:
    return template(f"{more}Thing: {{Type: 'AWS::{kind}', Properties: {{{text}}}}}")


def _case(
    rule: str,
    kind: str,
    path: str,
    bad: str,
    good: str,
    name: str = "",
    *,
    severity: Severity = Severity.FATAL,
    more: str = "",
) -> Case:
    return Case(
        rule=f"DEPLOY-{rule}",
        name=name,
        severity=severity,
        property=path,
        bad=_one(kind, bad, more),
        good=_one(kind, good, more),
    )


_ZIP = "Handler: h, Runtime: python3.13, Code: {S3Bucket: b, S3Key: k}"
_ALARM = "ComparisonOperator: GreaterThanThreshold, Threshold: 1, EvaluationPeriods: %s"
_ON = "Namespace: AWS/RDS, MetricName: %s, Statistic: Sum, Period: %s"
_SERIES = "Metrics: [{Id: m1, MetricStat: {Stat: Sum, Period: 60}%s}, {Id: e1, Expression: %s}]"
_TARGETS = "Targets: [{Id: a, Arn: b}]"
_TARGET = "ServiceNamespace: ecs, ScalableDimension: ecs:service:DesiredCount, MaxCapacity: 2"
_TRACKING = (
    "PolicyType: TargetTrackingScaling, ServiceNamespace: ecs, "
    "TargetTrackingScalingPolicyConfiguration: {TargetValue: 5, "
    "PredefinedMetricSpecification: {PredefinedMetricType: %s}}"
)
_CLUSTER = (
    "Cluster: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-mysql, "
    "DBClusterIdentifier: shop}}\n"
)
_SERVICE = "Service: {Type: AWS::ECS::Service, Properties: {ServiceName: shop}}\n"
_BUCKET = (
    "Bucket: {Type: AWS::S3::Bucket, Properties: {PublicAccessBlockConfiguration: "
    "{BlockPublicPolicy: true}}}\n"
)
_POLICY = (
    "Bucket: !Ref Bucket, PolicyDocument: {Statement: [{Effect: Allow, Principal: %s, "
    "Action: 's3:GetObject', Resource: '*'}]}"
)
_RULE = "LifecycleConfiguration: {Rules: [{Status: Enabled, %s}]}"

CASES = (
    _case(
        "FUNCTION-VARIABLES",
        "Lambda::Function",
        "Environment.Variables",
        f"{_ZIP}, Environment: {{Variables: {{BIG: {'x' * 4100}}}}}",
        f"{_ZIP}, Environment: {{Variables: {{BIG: {'x' * 4000}}}}}",
    ),
    _case(
        "FUNCTION-VARIABLES",
        "Lambda::Function",
        "Environment.Variables.AWS_REGION",
        f"{_ZIP}, Environment: {{Variables: {{AWS_REGION: x}}}}",
        f"{_ZIP}, Environment: {{Variables: {{REGION: x}}}}",
        "reserved",
    ),
    _case(
        "FUNCTION-CODE",
        "Lambda::Function",
        "Runtime",
        "Handler: h, Code: {S3Bucket: b, S3Key: k}",
        _ZIP,
    ),
    _case(
        "FUNCTION-CODE",
        "Lambda::Function",
        "Code.ZipFile",
        "Handler: h, Runtime: java21, Code: {ZipFile: x}",
        "Handler: h, Runtime: nodejs22.x, Code: {ZipFile: x}",
        "inline",
    ),
    _case(
        "FUNCTION-CODE",
        "Lambda::Function",
        "VpcConfig.SecurityGroupIds",
        f"{_ZIP}, VpcConfig: {{SubnetIds: [s]}}",
        f"{_ZIP}, VpcConfig: {{SubnetIds: [s], SecurityGroupIds: [g]}}",
        "network",
    ),
    _case(
        "FUNCTION-PERMISSION",
        "Lambda::Permission",
        "Principal",
        "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: secretsmanager",
        "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: secretsmanager.amazonaws.com",
    ),
    _case(
        "ALARM-PERIOD",
        "CloudWatch::Alarm",
        "Period",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 90)}",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 120)}",
    ),
    _case(
        "ALARM-PERIOD",
        "CloudWatch::Alarm",
        "EvaluationPeriods",
        f"{_ALARM % 300}, {_ON % ('CPUUtilization', 300)}",
        f"{_ALARM % 288}, {_ON % ('CPUUtilization', 300)}",
        "look back",
    ),
    _case(
        "ALARM-METRIC",
        "CloudWatch::Alarm",
        "Statistic",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}, ExtendedStatistic: p99",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}",
    ),
    _case(
        "ALARM-EXPRESSION",
        "CloudWatch::Alarm",
        "Metrics.1.Expression",
        f"{_ALARM % 1}, {_SERIES % (', ReturnData: false', 'm1 / m2')}",
        f"{_ALARM % 1}, {_SERIES % (', ReturnData: false', 'FILL(m1) / 1e3')}",
    ),
    _case(
        "ALARM-EXPRESSION",
        "CloudWatch::Alarm",
        "Metrics",
        f"{_ALARM % 1}, {_SERIES % ('', 'm1')}",
        f"{_ALARM % 1}, {_SERIES % (', ReturnData: false', 'm1')}",
        "series",
    ),
    _case(
        "DASHBOARD",
        "CloudWatch::Dashboard",
        "DashboardBody",
        """DashboardBody: '{"widgets": [{"type":'""",
        """DashboardBody: '{"widgets": []}'""",
    ),
    _case(
        "DASHBOARD",
        "CloudWatch::Dashboard",
        "DashboardBody",
        """DashboardBody: '{"widgets": [{"type": "alarm", "properties": {}}]}'""",
        """DashboardBody: '{"widgets": [{"type": "alarm", "properties": {"alarms": ["a"]}}]}'""",
        "widget",
    ),
    _case(
        "SCHEDULE",
        "Events::Rule",
        "ScheduleExpression",
        f"ScheduleExpression: rate(1 minutes), {_TARGETS}",
        f"ScheduleExpression: rate(1 minute), {_TARGETS}",
    ),
    _case(
        "SCHEDULE",
        "Scheduler::Schedule",
        "ScheduleExpression",
        "ScheduleExpression: cron(0 10 * * *)",
        "ScheduleExpression: cron(0 10 * * ? *)",
        "cron",
    ),
    _case(
        "SCHEDULE",
        "SecretsManager::RotationSchedule",
        "RotationRules.ScheduleExpression",
        "SecretId: s, RotationRules: {ScheduleExpression: rate(2 hours)}",
        "SecretId: s, RotationRules: {ScheduleExpression: rate(4 hours)}",
        "rotation",
    ),
    _case(
        "ROTATION-RULES",
        "SecretsManager::RotationSchedule",
        "RotationRules",
        "SecretId: s, RotationRules: {ScheduleExpression: rate(4 days), AutomaticallyAfterDays: 4}",
        "SecretId: s, RotationRules: {AutomaticallyAfterDays: 4}",
    ),
    _case(
        "EVENT-RULE",
        "Events::Rule",
        "EventPattern.source",
        f"EventPattern: {{source: aws.rds}}, {_TARGETS}",
        f"EventPattern: {{source: [aws.rds]}}, {_TARGETS}",
    ),
    _case(
        "EVENT-RULE",
        "Events::Rule",
        "EventPattern",
        _TARGETS,
        f"EventPattern: {{source: [a]}}, {_TARGETS}",
        "nothing",
    ),
    _case(
        "SCALING-TARGET",
        "ApplicationAutoScaling::ScalableTarget",
        "MinCapacity",
        f"{_TARGET}, MinCapacity: 3, ResourceId: service/a/b",
        f"{_TARGET}, MinCapacity: 2, ResourceId: service/a/b",
    ),
    _case(
        "SCALING-TARGET",
        "ApplicationAutoScaling::ScalableTarget",
        "ResourceId",
        f"{_TARGET}, MinCapacity: 1, ResourceId: service/shop",
        f"{_TARGET}, MinCapacity: 1, ResourceId: service/a/shop",
        "form",
    ),
    _case(
        "SCALING-TARGET",
        "ApplicationAutoScaling::ScalableTarget",
        "ResourceId",
        f"{_TARGET}, MinCapacity: 1, ResourceId: service/a/other",
        f"{_TARGET}, MinCapacity: 1, ResourceId: service/a/shop",
        "service",
        severity=Severity.ERROR,
        more=_SERVICE,
    ),
    _case(
        "SCALING-POLICY",
        "ApplicationAutoScaling::ScalingPolicy",
        "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification"
        ".PredefinedMetricType",
        _TRACKING % "RDSReaderAverageCPUUtilization",
        _TRACKING % "ECSServiceAverageCPUUtilization",
    ),
    _case(
        "BUCKET-ACL",
        "S3::Bucket",
        "AccessControl",
        "AccessControl: LogDeliveryWrite",
        "AccessControl: LogDeliveryWrite, OwnershipControls: "
        "{Rules: [{ObjectOwnership: ObjectWriter}]}",
    ),
    _case(
        "BUCKET-LIFECYCLE",
        "S3::Bucket",
        "LifecycleConfiguration.Rules.0",
        _RULE % "Prefix: a",
        _RULE % "ExpirationInDays: 7",
    ),
    _case(
        "BUCKET-LIFECYCLE",
        "S3::Bucket",
        "LifecycleConfiguration.Rules.0.Transitions",
        _RULE % "Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 7}]",
        _RULE % "Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}]",
        "days",
    ),
    _case(
        "BUCKET-VERSIONS",
        "S3::Bucket",
        "ReplicationConfiguration",
        "ReplicationConfiguration: {Role: r, Rules: []}",
        "VersioningConfiguration: {Status: Enabled}, ReplicationConfiguration: {Role: r}",
    ),
    _case(
        "BUCKET-PUBLIC-POLICY",
        "S3::BucketPolicy",
        "PolicyDocument.Statement.0.Principal",
        _POLICY % "'*'",
        _POLICY % "{Service: s3.amazonaws.com}",
        more=_BUCKET,
    ),
    _case(
        "SUBSCRIPTION",
        "SNS::Subscription",
        "Endpoint",
        "TopicArn: t, Protocol: email, Endpoint: operations",
        "TopicArn: t, Protocol: email, Endpoint: operations@example.com",
    ),
    _case(
        "FIFO",
        "SQS::Queue",
        "FifoQueue",
        "QueueName: a.fifo",
        "QueueName: a.fifo, FifoQueue: true",
    ),
    _case(
        "TAG",
        "SNS::Topic",
        "Tags.0.Key",
        "Tags: [{Key: 'aws:x', Value: a}]",
        "Tags: [{Key: aws, Value: a}]",
    ),
    _case(
        "TAG",
        "SSM::Parameter",
        "Tags.long",
        f"Tags: {{long: {'x' * 257}}}",
        f"Tags: {{long: {'x' * 256}}}",
        "value",
    ),
    _case(
        "TAG",
        "SNS::Topic",
        "Tags.1.Key",
        "Tags: [{Key: a, Value: a}, {Key: a, Value: b}]",
        "Tags: [{Key: a, Value: a}, {Key: A, Value: b}]",
        "twice",
    ),
    Case(
        rule="DEPLOY-OUTPUT",
        severity=Severity.FATAL,
        resource="",
        property="Outputs.B.Export.Name",
        bad=_one("SNS::Topic", "")
        + "Outputs: {A: {Value: a, Export: {Name: x}}, B: {Value: b, Export: {Name: x}}}\n",
        good=_one("SNS::Topic", "")
        + "Outputs: {A: {Value: a, Export: {Name: x}}, B: {Value: b, Export: {Name: y}}}\n",
    ),
    _case(
        "ALARM-SILENT-METRIC",
        "CloudWatch::Alarm",
        "MetricName",
        f"{_ALARM % 1}, {_ON % ('CpuUtilisation', 60)}",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}",
        severity=Severity.WARNING,
    ),
    _case(
        "ALARM-SILENT-METRIC",
        "CloudWatch::Alarm",
        "MetricName",
        f"{_ALARM % 1}, Namespace: Shop, MetricName: Errors",
        f"{_ALARM % 1}, Namespace: Shop, MetricName: Failures",
        "of a filter",
        severity=Severity.WARNING,
        more="Filter: {Type: AWS::Logs::MetricFilter, Properties: {MetricTransformations: "
        "[{MetricNamespace: Shop, MetricName: Failures}]}}\n",
    ),
    _case(
        "ALARM-SILENT-DIMENSION",
        "CloudWatch::Alarm",
        "Dimensions.0.Value",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}, "
        "Dimensions: [{Name: DBClusterIdentifier, Value: other}]",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}, "
        "Dimensions: [{Name: DBClusterIdentifier, Value: shop}]",
        severity=Severity.WARNING,
        more=_CLUSTER,
    ),
    _case(
        "ALARM-SILENT-DIMENSION",
        "CloudWatch::Alarm",
        "Dimensions.0.Name",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}, "
        "Dimensions: [{Name: DBCluster, Value: other}]",
        f"{_ALARM % 1}, {_ON % ('CPUUtilization', 60)}, "
        "Dimensions: [{Name: DBClusterIdentifier, Value: shop}]",
        "name",
        severity=Severity.WARNING,
    ),
    _case(
        "ALARM-SILENT",
        "CloudWatch::Alarm",
        "ActionsEnabled",
        f"{_ALARM % 1}, ActionsEnabled: false, AlarmActions: [t]",
        f"{_ALARM % 1}, AlarmActions: [t]",
        severity=Severity.WARNING,
    ),
    _case(
        "SILENT-EVENTS",
        "Events::Rule",
        "Targets",
        "EventPattern: {source: [a]}",
        f"EventPattern: {{source: [a]}}, {_TARGETS}",
        severity=Severity.WARNING,
    ),
    _case(
        "SILENT-EVENTS",
        "SNS::Topic",
        "",
        "KmsMasterKeyId: a",
        "Subscription: [{Protocol: email, Endpoint: a@example.com}]",
        "nobody",
        severity=Severity.WARNING,
        more="Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmActions: [!Ref Thing]}}\n",
    ),
    _case(
        "ALARM-SILENT-METRIC",
        "CloudWatch::Alarm",
        "Namespace",
        f"{_ALARM % 1}, Namespace: AWS/Rds, MetricName: CPUUtilization",
        f"{_ALARM % 1}, Namespace: AWS/RDS, MetricName: CPUUtilization",
        "namespace",
        severity=Severity.WARNING,
    ),
    _case(
        "SECRET",
        "SecretsManager::Secret",
        "GenerateSecretString.GenerateStringKey",
        """GenerateSecretString: {SecretStringTemplate: '{"a": "b"}'}""",
        """GenerateSecretString: {SecretStringTemplate: '{"a": "b"}', GenerateStringKey: c}""",
    ),
    _case(
        "SECRET",
        "SecretsManager::Secret",
        "GenerateSecretString.SecretStringTemplate",
        "GenerateSecretString: {SecretStringTemplate: 'a: b', GenerateStringKey: c}",
        "GenerateSecretString: {SecretStringTemplate: '{}', GenerateStringKey: c}",
        "template",
    ),
    _case(
        "LOG-FILTER",
        "Logs::MetricFilter",
        "FilterPattern",
        "FilterPattern: '{ $.level = ERROR'",
        "FilterPattern: '{ ($.level = ERROR) || ($.text = \"(\") }'",
    ),
    _case(
        "SILENT-NAME",
        "Lambda::Function",
        "Environment.Variables.ECS_SERVICE",
        f"{_ZIP}, Environment: {{Variables: {{ECS_SERVICE: other}}}}",
        f"{_ZIP}, Environment: {{Variables: {{ECS_SERVICE: shop}}}}",
        severity=Severity.WARNING,
        more=_SERVICE,
    ),
)
