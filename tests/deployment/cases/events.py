"""Functions, events, buckets, keys and logs: one good template, small changes."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import changes

_KEY = """
Key:
  Type: AWS::KMS::Key
  Properties:
    EnableKeyRotation: true
    KeyPolicy:
      Statement:
      - Effect: Allow
        Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
        Action: kms:*
        Resource: '*'
"""
_FUNCTION = (
    _KEY
    + """
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Action: sts:AssumeRole,
                   Principal: {Service: lambda.amazonaws.com}}]
    Policies:
    - PolicyName: p
      PolicyDocument:
        Statement:
        - {Effect: Allow, Action: [sqs:*, kms:Decrypt, 'xray:Put*'], Resource: '*'}
Thing:
  Type: AWS::Lambda::Function
  Properties:
    Runtime: python3.13
    Handler: index.handler
    Timeout: 60
    Role: !GetAtt Role.Arn
    TracingConfig: {Mode: Active}
    SnapStart: {ApplyOn: PublishedVersions}
    DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}
    Code: {ZipFile: 'def handler(event, context): pass'}
Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}
Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 360, KmsMasterKeyId: !Ref Key}}
Map:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {FunctionName: !Ref Thing, EventSourceArn: !GetAtt Queue.Arn, BatchSize: 10}
Alias:
  Type: AWS::Lambda::Alias
  Properties:
    FunctionName: !Ref Thing
    FunctionVersion: '1'
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}
"""
)
CASES = (
    *changes(
        "DEPLOY-EVENT-SOURCE",
        _FUNCTION,
        (
            "hidden too short",
            "Queue",
            "VisibilityTimeout",
            "VisibilityTimeout: 360",
            "VisibilityTimeout: 30",
        ),
        ("large batch", "Map", "BatchSize", "BatchSize: 10", "BatchSize: 100"),
        ("of streams", "Map", "StartingPosition", "BatchSize: 10", "StartingPosition: LATEST"),
    ),
    *changes(
        "DEPLOY-EVENT-SOURCE",
        """
        Thing: {Type: AWS::Lambda::Function}
        Table:
          Type: AWS::DynamoDB::Table
          Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}
        Map:
          Type: AWS::Lambda::EventSourceMapping
          Properties:
            FunctionName: !Ref Thing
            EventSourceArn: !GetAtt Table.StreamArn
            StartingPosition: LATEST
        """,
        ("no position", "Map", "StartingPosition", "StartingPosition: LATEST", "BatchSize: 10"),
        ("the table", "Map", "EventSourceArn", "Table.StreamArn", "Table.Arn"),
        ("no stream", "Map", "EventSourceArn", "StreamSpecification", "Specification"),
    ),
    *changes(
        "DEPLOY-EVENT-SOURCE-KEY",
        _FUNCTION,
        ("no decrypt", "Map", "EventSourceArn", "kms:Decrypt, ", ""),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-FUNCTION-HANDLER",
        _FUNCTION,
        ("file", "Thing", "Handler", "Handler: index.handler", "Handler: app.handler"),
        ("name", "Thing", "Handler", "Handler: index.handler", "Handler: index.main"),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-FUNCTION-DEAD-LETTER",
        _FUNCTION,
        ("FIFO", "Thing", "DeadLetterConfig.TargetArn", "FifoQueue: false", "FifoQueue: true"),
    ),
    *changes(
        "DEPLOY-FUNCTION-SNAPSTART",
        _FUNCTION,
        ("Node.js", "Thing", "Runtime", "python3.13", "nodejs22.x"),
    ),
    *changes(
        "DEPLOY-FUNCTION-TRACING",
        _FUNCTION,
        ("not allowed", "Thing", "TracingConfig.Mode", ", 'xray:Put*'", ""),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-ALIAS",
        _FUNCTION,
        ("latest", "Alias", "ProvisionedConcurrencyConfig", "Version: '1'", "Version: $LATEST"),
    ),
    *changes(
        "DEPLOY-REFERENCE-KIND",
        _FUNCTION,
        ("role", "Thing", "Role", "Role: !GetAtt Role.Arn", "Role: !Ref Role"),
        ("source", "Map", "EventSourceArn", "!GetAtt Queue.Arn", "!Ref Queue"),
    ),
    *changes(
        "DEPLOY-KEY-KIND",
        """
        Key: {Type: AWS::KMS::Key, Properties: {KeySpec: SYMMETRIC_DEFAULT}}
        Thing: {Type: AWS::Logs::LogGroup, Properties: {KmsKeyId: !GetAtt Key.Arn}}
        """,
        ("asymmetric", "Thing", "KmsKeyId", "SYMMETRIC_DEFAULT", "RSA_2048"),
    ),
)

_EVENTS = """
Queue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}
Cluster: {Type: AWS::ECS::Cluster}
Task:
  Type: AWS::ECS::TaskDefinition
  Properties: {NetworkMode: awsvpc, RequiresCompatibilities: [FARGATE]}
Rule:
  Type: AWS::Events::Rule
  Properties:
    EventPattern: {source: [aws.ecs], detail-type: [ECS Task State Change]}
    Targets:
    - Id: queue
      Arn: !GetAtt Queue.Arn
      InputTransformer: {InputPathsMap: {a: $.detail.a}, InputTemplate: '"<a>"'}
    - Id: task
      Arn: !GetAtt Cluster.Arn
      RoleArn: arn:aws:iam::111111111111:role/a
      EcsParameters:
        TaskDefinitionArn: !Ref Task
        LaunchType: FARGATE
        NetworkConfiguration: {AwsVpcConfiguration: {Subnets: [subnet-1]}}
Thing:
  Type: AWS::Scheduler::Schedule
  Properties:
    ScheduleExpression: at(2030-01-01T00:00:00)
    ScheduleExpressionTimezone: Europe/Zurich
    FlexibleTimeWindow: {Mode: 'OFF'}
    Target:
      Arn: arn:aws:scheduler:::aws-sdk:rds:stopDBCluster
      RoleArn: arn:aws:iam::111111111111:role/a
"""
_NETWORK = "NetworkConfiguration: {AwsVpcConfiguration: {Subnets: [subnet-1]}}"
CASES += (
    *changes(
        "DEPLOY-EVENT-TARGET",
        _EVENTS,
        ("no group", "Rule", "Targets.0.SqsParameters", "FifoQueue: false", "FifoQueue: true"),
        ("path", "Rule", "Targets.0.InputTransformer.InputPathsMap.a", "$.detail.a", "detail.a"),
    ),
    *changes(
        "DEPLOY-EVENT-TARGET",
        _EVENTS,
        (
            "no subnets",
            "Rule",
            "Targets.1.EcsParameters.NetworkConfiguration",
            _NETWORK,
            "TaskCount: 1",
        ),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-EVENT-TARGET",
        _EVENTS,
        (
            "EC2",
            "Rule",
            "Targets.1.EcsParameters.LaunchType",
            "LaunchType: FARGATE",
            "TaskCount: 1",
        ),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-EVENT-PATTERN",
        _EVENTS,
        ("field", "Rule", "EventPattern.detailType", "detail-type", "detailType"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-SCHEDULE-TIME",
        _EVENTS,
        ("zone", "Thing", "ScheduleExpressionTimezone", "Europe/Zurich", "Europe/Zuerich"),
    ),
    *changes(
        "DEPLOY-SCHEDULE-TIME",
        _EVENTS,
        ("over", "Thing", "ScheduleExpression", "at(2030", "at(2020"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-SCHEDULE-API",
        _EVENTS,
        ("spelling", "Thing", "Target.Arn", "rds:stopDBCluster", "rds:StopDBCluster"),
        ("read", "Thing", "Target.Arn", "rds:stopDBCluster", "rds:describeDBClusters"),
    ),
    *changes(
        "DEPLOY-RELATION",
        _EVENTS,
        ("needs", "Thing", "FlexibleTimeWindow.MaximumWindowInMinutes", "'OFF'", "FLEXIBLE"),
        (
            "excludes",
            "Thing",
            "FlexibleTimeWindow.MaximumWindowInMinutes",
            "{Mode: 'OFF'}",
            "{Mode: 'OFF', MaximumWindowInMinutes: 5}",
        ),
    ),
)

_MACHINE = """
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Action: sts:AssumeRole,
                   Principal: {Service: states.amazonaws.com}}]
    Policies:
    - PolicyName: p
      PolicyDocument: {Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: '*'}]}
Thing:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    RoleArn: !GetAtt Role.Arn
    Definition:
      StartAt: A
      States:
        A: {Type: Task, Resource: 'arn:aws:states:::sqs:sendMessage', Next: B}
        B: {Type: Pass, End: true}
"""
_BUCKETS = """
Topic: {Type: AWS::SNS::Topic, Properties: {FifoTopic: false}}
Queue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}
Subscription:
  Type: AWS::SNS::Subscription
  Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn,
               FilterPolicy: {kind: [paid]}}
Policy:
  Type: AWS::SNS::TopicPolicy
  Properties:
    Topics: [!Ref Topic]
    PolicyDocument:
      Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sns:Publish,
                   Resource: !Ref Topic}]
Thing:
  Type: AWS::S3::Bucket
  DependsOn: Policy
  Properties:
    BucketName: pay-data
    AccelerateConfiguration: {AccelerationStatus: Enabled}
    LoggingConfiguration: {DestinationBucketName: !Ref Logs}
    NotificationConfiguration:
      TopicConfigurations:
      - {Event: 's3:ObjectCreated:*', Topic: !Ref Topic}
      - {Event: 's3:ObjectRemoved:*', Topic: !Ref Topic}
Logs: {Type: AWS::S3::Bucket}
LogsPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: !Ref Logs
    PolicyDocument:
      Statement:
      - Effect: Allow
        Principal: {Service: [logging.s3.amazonaws.com, config.amazonaws.com]}
        Action: s3:PutObject
        Resource: !Sub '${Logs.Arn}/*'
Recorder: {Type: AWS::Config::ConfigurationRecorder, Properties: {RoleARN: !GetAtt Role.Arn}}
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Action: sts:AssumeRole,
                   Principal: {Service: config.amazonaws.com}}]
Channel:
  Type: AWS::Config::DeliveryChannel
  DependsOn: LogsPolicy
  Properties: {S3BucketName: !Ref Logs}
"""
CASES += (
    *changes(
        "DEPLOY-STATE-MACHINE",
        _MACHINE,
        ("start", "Thing", "Definition", "StartAt: A", "StartAt: C"),
        ("goal", "Thing", "Definition", "Next: B", "Next: C"),
        ("no end", "Thing", "Definition", ", End: true", ""),
        ("type", "Thing", "Definition", "Type: Pass", "Type: Pas"),
    ),
    *changes(
        "DEPLOY-STATE-MACHINE-ROLE",
        _MACHINE,
        ("not allowed", "Thing", "Definition", "sqs:SendMessage", "sqs:ListQueues"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-SUBSCRIPTION-FILTER",
        _BUCKETS,
        ("no list", "Subscription", "FilterPolicy.kind", "[paid]", "paid"),
        ("FIFO", "Subscription", "Endpoint", "FifoQueue: false", "FifoQueue: true"),
    ),
    *changes(
        "DEPLOY-BUCKET-NOTIFICATION",
        _BUCKETS,
        (
            "overlap",
            "Thing",
            "NotificationConfiguration.TopicConfigurations.1.Event",
            "s3:ObjectRemoved:*",
            "s3:ObjectCreated:Put",
        ),
    ),
    *changes(
        "DEPLOY-ORDER-NOTIFICATION",
        _BUCKETS.replace("      - {Event: 's3:ObjectRemoved:*', Topic: !Ref Topic}\n", ""),
        (
            "no wait",
            "Thing",
            "NotificationConfiguration.TopicConfigurations.0.Topic",
            "DependsOn: Policy",
            "Metadata: {}",
        ),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-BUCKET-ACCELERATION",
        _BUCKETS,
        ("dots", "Thing", "AccelerateConfiguration.AccelerationStatus", "pay-data", "pay.data"),
    ),
    *changes(
        "DEPLOY-BUCKET-POLICY",
        _BUCKETS,
        (
            "another",
            "LogsPolicy",
            "PolicyDocument.Statement.0.Resource",
            "!Sub '${Logs.Arn}/*'",
            "arn:aws:s3:::pay/*",
        ),
        (
            "the bucket",
            "LogsPolicy",
            "PolicyDocument.Statement.0.Action",
            "!Sub '${Logs.Arn}/*'",
            "!GetAtt Logs.Arn",
        ),
    ),
    *changes(
        "DEPLOY-BUCKET-LOGGING",
        _BUCKETS,
        (
            "not let in",
            "Thing",
            "LoggingConfiguration.DestinationBucketName",
            "[logging.s3.amazonaws.com, ",
            "[",
        ),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-BUCKET-LOGGING",
        """
        Thing: {Type: AWS::S3::Bucket, Properties: {LoggingConfiguration:
                {DestinationBucketName: !Ref Logs}}}
        Logs:
          Type: AWS::S3::Bucket
          Properties: {BucketName: !Sub 'logs-${AWS::AccountId}'}
        Policy:
          Type: AWS::S3::BucketPolicy
          Properties:
            Bucket: !Sub 'logs-${AWS::AccountId}'
            PolicyDocument:
              Statement: [{Effect: Allow, Principal: {Service: logging.s3.amazonaws.com},
                           Action: s3:PutObject, Resource: !Sub '${Logs.Arn}/*'}]
        """,
        (
            "named by text",
            "Thing",
            "LoggingConfiguration.DestinationBucketName",
            "logging.s3.amazonaws.com",
            "s3.amazonaws.com",
        ),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-CONFIG-BUCKET",
        _BUCKETS,
        ("not let in", "Channel", "S3BucketName", ", config.amazonaws.com]", "]"),
    ),
    *changes(
        "DEPLOY-LOG-POLICY",
        """
        Thing: {Type: AWS::Logs::ResourcePolicy, Properties: {PolicyName: p, PolicyDocument: '{}'}}
        """,
        ("no JSON", "Thing", "PolicyDocument", "'{}'", "'{'"),
    ),
    *changes(
        "DEPLOY-LOG-EVENTS",
        """
        Group: {Type: AWS::Logs::LogGroup, Properties: {ResourcePolicyDocument: {}}}
        Thing:
          Type: AWS::Events::Rule
          Properties:
            EventPattern: {source: [a]}
            Targets: [{Id: a, Arn: !GetAtt Group.Arn}]
        """,
        ("no policy", "Thing", "Targets.0.Arn", "{ResourcePolicyDocument: {}}", "{}"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-LOG-GROUP-NAME",
        """
        Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /pay/tasks}}
        Thing:
          Type: AWS::Logs::MetricFilter
          DependsOn: Group
          Properties: {LogGroupName: /pay/tasks}
        """,
        (
            "misspelt",
            "Thing",
            "LogGroupName",
            "Properties: {LogGroupName: /pay/tasks}\n",
            "Properties: {LogGroupName: /pay/task}\n",
        ),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-SECRET-SHARING",
        """
        Secret:
          Type: AWS::SecretsManager::Secret
          Properties: {ReplicaRegions: [{Region: eu-central-1}]}
        Policy:
          Type: AWS::SecretsManager::ResourcePolicy
          Properties:
            SecretId: !Ref Secret
            BlockPublicPolicy: true
            ResourcePolicy:
              Statement: [{Effect: Deny, Principal: '*', Action: 'secretsmanager:*', Resource: '*'}]
        """,
        ("own region", "Secret", "ReplicaRegions.0.Region", "eu-central-1", "eu-central-2"),
        (
            "public",
            "Policy",
            "ResourcePolicy.Statement.0.Principal",
            "Effect: Deny",
            "Effect: Allow",
        ),
    ),
    *changes(
        "DEPLOY-DYNAMIC-REFERENCE",
        """
        Thing:
          Type: AWS::RDS::DBCluster
          Properties:
            MasterUserPassword: '{{resolve:secretsmanager:pay:SecretString:password}}'
            MasterUsername: '{{resolve:ssm:/pay/user}}'
        """,
        ("kind", "Thing", "MasterUserPassword", "SecretString", "Secretstring"),
        ("secure", "Thing", "MasterUsername", "resolve:ssm:", "resolve:ssm-secure:"),
    ),
    *changes(
        "DEPLOY-SCALING-TWICE",
        """
        Target: {Type: AWS::ApplicationAutoScaling::ScalableTarget}
        A:
          Type: AWS::ApplicationAutoScaling::ScalingPolicy
          Properties:
            ScalingTargetId: !Ref Target
            TargetTrackingScalingPolicyConfiguration:
              PredefinedMetricSpecification: {PredefinedMetricType: ALBRequestCountPerTarget}
        Thing:
          Type: AWS::ApplicationAutoScaling::ScalingPolicy
          Properties:
            ScalingTargetId: !Ref Target
            TargetTrackingScalingPolicyConfiguration:
              PredefinedMetricSpecification: {PredefinedMetricType: ECSServiceAverageCPUUtilization}
        """,
        (
            "metric",
            "Thing",
            "TargetTrackingScalingPolicyConfiguration."
            "PredefinedMetricSpecification.PredefinedMetricType",
            "ECSServiceAverageCPUUtilization",
            "ALBRequestCountPerTarget",
        ),
    ),
)
