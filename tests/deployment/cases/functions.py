"""Access and ways: functions, who invokes them, and what they may and can do."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template
from tests.deployment.cases.keys import key, through

_INVOKED = "Function: {Type: AWS::Lambda::Function, Properties: {FunctionName: worker}}\n"


def _permission(service: str, source: str = "") -> str:
    where = f", SourceArn: {source}" if source else ""
    return (
        f"{_INVOKED}Permission: {{Type: AWS::Lambda::Permission, Properties: "
        "{Action: 'lambda:InvokeFunction', FunctionName: !GetAtt Function.Arn, "
        f"Principal: {service}.amazonaws.com{where}}}}}\n"
    )


def _invoked(
    kind: str, properties: str, at: str, service: str, severity: Severity, source: str = ""
) -> Case:
    thing = f"Thing: {{Type: {kind}, Properties: {{{properties}}}}}\n"
    other = "!Sub 'arn:aws:sns:eu-central-2:${AWS::AccountId}:other'"
    wrong = _permission(service, other) if source else _permission("ec2")
    return Case(
        rule="DEPLOY-INVOKE-PERMISSION",
        name=kind,
        severity=severity,
        property=at,
        bad=template(thing + wrong),
        good=template(thing + _permission(service, source)),
    )


def role(*statements: tuple[str, str]) -> str:
    """Return a role of a function that is allowed some actions on some resources."""
    lines = "".join(
        f"      - {{Effect: Allow, Action: [{actions}], Resource: {on}}}\n"
        for actions, on in statements
    )
    return (
        "Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument:\n"
        "      Statement: [{Effect: Allow, Action: 'sts:AssumeRole', "
        "Principal: {Service: lambda.amazonaws.com}}]\n"
        "    Policies:\n    - PolicyName: own\n      PolicyDocument:\n        Statement:\n"
        + lines.replace("      - ", "        - ")
    )


def _function(properties: str = "", name: str = "Thing") -> str:
    return (
        f"{name}:\n  Type: AWS::Lambda::Function\n  Properties:\n    FunctionName: worker\n"
        f"    Role: !GetAtt Role.Arn\n{properties}"
    )


_IN_VPC = _function("    VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}\n")
_INTERFACES = (
    "'ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DeleteNetworkInterface'"
)
_QUEUE = "Queue: {Type: AWS::SQS::Queue}\n"
_MAPPED = (
    "Thing: {Type: AWS::Lambda::EventSourceMapping, Properties: "
    "{FunctionName: !Ref Function, EventSourceArn: !GetAtt Queue.Arn}}\n"
    + _function(name="Function")
    + _QUEUE
)
_READS = "'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'"
_DEAD_LETTERS = _function("    DeadLetterConfig: {TargetArn: !GetAtt Queue.Arn}\n") + _QUEUE

_ROTATED = (
    "Thing: {Type: AWS::SecretsManager::RotationSchedule, Properties: "
    "{SecretId: !Ref Secret, RotationLambdaARN: !GetAtt Function.Arn}}\n"
    "Secret: {Type: AWS::SecretsManager::Secret, Properties: {KmsKeyId: !Ref Key}}\n"
    + key(through("secretsmanager", "Decrypt", "GenerateDataKey"))
)
_STEPS = (
    "'secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue', "
    "'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'",
    "!Ref Secret",
)
_KEY = ("'kms:Decrypt', 'kms:GenerateDataKey'", "!GetAtt Key.Arn")
_DATABASE = (
    "Attached: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: "
    "{SecretId: !Ref Secret, TargetId: !Ref Database}}\n"
    "Database: {Type: AWS::RDS::DBCluster}\n"
)
_ISOLATED = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Isolated: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
Link:
  Type: AWS::EC2::SubnetRouteTableAssociation
  Properties: {SubnetId: !Ref Isolated, RouteTableId: !Ref Table}
Group: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, SecurityGroupIngress: [
  {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}]}}
"""
_PLACED = "    VpcConfig: {SubnetIds: [!Ref Isolated], SecurityGroupIds: [!Ref Group]}\n"
_HOSTED = (
    "Thing:\n  Type: AWS::SecretsManager::RotationSchedule\n  Properties:\n"
    "    SecretId: !Ref Secret\n    HostedRotationLambda: {RotationType: MySQLSingleUser, "
    "VpcSecurityGroupIds: !Ref Group, VpcSubnetIds: !Join [',', [!Ref Isolated]]}\n"
    "Secret: {Type: AWS::SecretsManager::Secret}\n"
)


def _endpoint(service: str) -> str:
    if service == "s3":
        return (
            "Storage: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, "
            "ServiceName: com.amazonaws.eu-central-2.s3, RouteTableIds: [!Ref Table]}}\n"
        )
    return (
        "Endpoint: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, "
        f"ServiceName: com.amazonaws.eu-central-2.{service}, VpcEndpointType: Interface, "
        "SubnetIds: [!Ref Isolated], SecurityGroupIds: [!Ref Group], PrivateDnsEnabled: true}}\n"
    )


_CUSTOM = (
    _ISOLATED
    + "Thing: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Function.Arn}}\n"
    + _function(_PLACED, "Function")
    + role(("'ec2:*'", "'*'"))
)
_CALLS = _ISOLATED + _function(_PLACED) + role(("'sqs:SendMessage'", "'*'"))

_ENCRYPTED = _function(
    "    KmsKeyArn: !GetAtt Key.Arn\n    Environment: {Variables: {A: b}}\n"
) + key(through("lambda", "Decrypt"))

CASES = (
    _invoked(
        "AWS::SecretsManager::RotationSchedule",
        "RotationLambdaARN: !GetAtt Function.Arn, SecretId: x",
        "RotationLambdaARN",
        "secretsmanager",
        Severity.FATAL,
    ),
    _invoked(
        "AWS::S3::Bucket",
        "BucketName: files, "
        "NotificationConfiguration: {LambdaConfigurations: [{Function: !GetAtt Function.Arn}]}",
        "NotificationConfiguration.LambdaConfigurations.0.Function",
        "s3",
        Severity.FATAL,
        "'arn:aws:s3:::files'",
    ),
    _invoked(
        "AWS::Events::Rule",
        "Name: daily, Targets: [{Id: a, Arn: !GetAtt Function.Arn}]",
        "Targets.0.Arn",
        "events",
        Severity.WARNING,
        "!Sub 'arn:aws:events:eu-central-2:${AWS::AccountId}:rule/*'",
    ),
    _invoked(
        "AWS::SNS::Subscription",
        "Protocol: lambda, Endpoint: !GetAtt Function.Arn, TopicArn: !Ref Topic",
        "Endpoint",
        "sns",
        Severity.WARNING,
    ),
    Case(
        rule="DEPLOY-FUNCTION-VPC",
        severity=Severity.FATAL,
        property="Role",
        bad=template(_IN_VPC + role(("'ec2:CreateNetworkInterface'", "'*'"))),
        good=template(_IN_VPC + role((_INTERFACES, "'*'"))),
    ),
    Case(
        rule="DEPLOY-FUNCTION-LOGS",
        severity=Severity.WARNING,
        property="Role",
        bad=template(_function() + role(("'logs:*'", "'arn:aws:logs:us-east-1:*:*'"))),
        good=template(_function() + role(("'logs:*'", "'arn:aws:logs:eu-central-2:*:*'"))),
    ),
    Case(
        rule="DEPLOY-FUNCTION-SOURCE",
        severity=Severity.FATAL,
        property="EventSourceArn",
        bad=template(_MAPPED + role(("'sqs:ReceiveMessage'", "!GetAtt Queue.Arn"))),
        good=template(_MAPPED + role((_READS, "!GetAtt Queue.Arn"))),
    ),
    Case(
        rule="DEPLOY-FUNCTION-DESTINATION",
        severity=Severity.FATAL,
        property="DeadLetterConfig.TargetArn",
        bad=template(_DEAD_LETTERS + role(("'sns:Publish'", "'*'"))),
        good=template(_DEAD_LETTERS + role(("'sqs:SendMessage'", "!GetAtt Queue.Arn"))),
    ),
    Case(
        rule="DEPLOY-ROTATION-ACCESS",
        severity=Severity.WARNING,
        property="RotationLambdaARN",
        bad=template(_ROTATED + _function(name="Function") + role(_STEPS)),
        good=template(
            _ROTATED
            + _function(name="Function")
            + role(_STEPS, _KEY, ("'secretsmanager:GetRandomPassword'", "'*'"))
        ),
    ),
    Case(
        rule="DEPLOY-ROTATION-DATABASE",
        severity=Severity.WARNING,
        property="RotationLambdaARN",
        bad=template(_ROTATED + _DATABASE + _function(name="Function") + role(_STEPS)),
        good=template(
            _ROTATED
            + _DATABASE
            + _function(name="Function")
            + role(_STEPS, ("'rds:ModifyDBCluster'", "'*'"))
        ),
    ),
    Case(
        rule="DEPLOY-ROTATION-WAY",
        severity=Severity.WARNING,
        property="HostedRotationLambda.VpcSubnetIds",
        bad=template(_ISOLATED + _HOSTED),
        good=template(_ISOLATED + _HOSTED + _endpoint("secretsmanager")),
    ),
    Case(
        rule="DEPLOY-WAY-CUSTOM-RESOURCE",
        property="ServiceToken",
        bad=template(_CUSTOM),
        good=template(_CUSTOM + _endpoint("s3")),
    ),
    Case(
        rule="DEPLOY-WAY-FUNCTION",
        severity=Severity.WARNING,
        property="VpcConfig",
        bad=template(_CALLS),
        good=template(_CALLS + _endpoint("sqs")),
    ),
    Case(
        rule="DEPLOY-FUNCTION-KEY",
        property="KmsKeyArn",
        bad=template(_ENCRYPTED + role(("'s3:*'", "'*'"))),
        good=template(_ENCRYPTED + role(("'kms:Decrypt'", "!GetAtt Key.Arn"))),
    ),
)
