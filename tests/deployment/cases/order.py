"""Order: what must be there before something else is created."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_NETWORK = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
Gateway: {Type: AWS::EC2::InternetGateway}
Attachment:
  Type: AWS::EC2::VPCGatewayAttachment
  Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
"""
_ROUTE = "{RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}"


def _case(
    rule: str,
    kind: str,
    properties: str,
    others: str,
    after: str,
    *,
    at: str = "",
    name: str = "",
    severity: Severity = Severity.ERROR,
) -> Case:
    """Return a case whose good template differs by a ``DependsOn`` alone."""
    thing = f"Thing:\n  Type: {kind}\n  Properties: {properties}\n"
    return Case(
        rule=rule,
        name=name,
        severity=severity,
        property=at,
        bad=template(thing + others),
        good=template(f"{thing}  DependsOn: {after}\n{others}"),
    )


_GROUP = "Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: %s}}\n"
_SERVICE = "AWS::ECS::Service"
_PLACED = "{NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref Subnet]}}}"
_LOGGING_TASK = (
    "Task: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, "
    "LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: /tasks}}}]}}\n"
)
_BALANCED = (
    "Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup}\n"
    "Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: "
    "{DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]}}\n"
)
_DATABASE = (
    "Secret: {Type: AWS::SecretsManager::Secret}\n"
    "Cluster: {Type: AWS::RDS::DBCluster}\n"
    "Attached: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: "
    "{SecretId: !Ref Secret, TargetId: !Ref Cluster}}\n"
    "Writer: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster}}\n"
    "Task: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, "
    "Secrets: [{Name: A, ValueFrom: !Ref %s}]}]}}\n"
)
_RUNS = "{TaskDefinition: !Ref Task}"
_FUNCTION = (
    "Function: {Type: AWS::Lambda::Function, Properties: "
    "{FunctionName: worker, Role: !GetAtt Role.Arn}}\n"
)
_ROLE = (
    "Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: "
    "[{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: [lambda.amazonaws.com, "
    "ecs-tasks.amazonaws.com, states.amazonaws.com]}}]}}}\n"
    "Policy: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref Role], PolicyName: p, "
    "PolicyDocument: {Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}}}\n"
)


def _permission(service: str) -> str:
    return (
        f"{_FUNCTION}Permission: {{Type: AWS::Lambda::Permission, Properties: "
        "{Action: 'lambda:InvokeFunction', FunctionName: !Ref Function, "
        f"Principal: {service}.amazonaws.com}}}}\n"
    )


_BUCKET = (
    "Bucket: {Type: AWS::S3::Bucket}\n"
    "Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket}}\n"
)
_FILES = (
    "Files: {Type: AWS::EFS::FileSystem}\n"
    "Point: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref Files}}\n"
    "Mount: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Files}}\n"
)

CASES = (
    _case(
        "DEPLOY-ORDER-GATEWAY",
        "AWS::EC2::Route",
        _ROUTE,
        _NETWORK,
        "Attachment",
        at="GatewayId",
    ),
    _case(
        "DEPLOY-ORDER-INTERNET",
        "AWS::EC2::NatGateway",
        "{SubnetId: !Ref Subnet, AllocationId: a}",
        _NETWORK,
        "Attachment",
        at="SubnetId",
    ),
    _case(
        "DEPLOY-ORDER-INTERNET",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "{Subnets: [!Ref Subnet]}",
        _NETWORK,
        "Attachment",
        name="load balancer",
        at="Subnets",
        severity=Severity.WARNING,
    ),
    _case(
        "DEPLOY-ORDER-WAY-OUT",
        _SERVICE,
        _PLACED,
        _NETWORK
        + f"Route: {{Type: AWS::EC2::Route, DependsOn: Attachment, Properties: {_ROUTE}}}\n"
        "Link: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: "
        "{SubnetId: !Ref Subnet, RouteTableId: !Ref Table}}\n",
        "[Route, Link]",
        at="NetworkConfiguration.AwsvpcConfiguration.Subnets",
        severity=Severity.WARNING,
    ),
    _case(
        "DEPLOY-ORDER-LOG-DESTINATION",
        "AWS::WAFv2::LoggingConfiguration",
        "{LogDestinationConfigs: [!Sub "
        "'arn:aws:logs:eu-central-2:${AWS::AccountId}:log-group:aws-waf-logs-a']}",
        _GROUP % "aws-waf-logs-a",
        "Group",
        at="LogDestinationConfigs",
    ),
    _case(
        "DEPLOY-ORDER-TASK-LOGS",
        _SERVICE,
        _RUNS,
        _LOGGING_TASK + _GROUP % "/tasks",
        "Group",
        at="TaskDefinition",
    ),
    _case(
        "DEPLOY-ORDER-OWN-LOG-GROUP",
        "AWS::RDS::DBCluster",
        "{DBClusterIdentifier: main, EnableCloudwatchLogsExports: [audit]}",
        _GROUP % "/aws/rds/cluster/main/audit",
        "Group",
        at="EnableCloudwatchLogsExports",
    ),
    _case(
        "DEPLOY-ORDER-OWN-LOG-GROUP",
        _SERVICE,
        "{Cluster: !Ref Cluster}",
        "Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main}}\n"
        + _GROUP % "/aws/ecs/containerinsights/main/performance",
        "Group",
        name="Container Insights",
        at="Cluster",
    ),
    _case(
        "DEPLOY-ORDER-FUNCTION-LOGS",
        "Custom::Thing",
        "{ServiceToken: !GetAtt Function.Arn}",
        _FUNCTION + _GROUP % "/aws/lambda/worker",
        "Group",
        at="ServiceToken",
        severity=Severity.WARNING,
    ),
    _case(
        "DEPLOY-ORDER-LISTENER",
        _SERVICE,
        "{LoadBalancers: [{ContainerName: a, TargetGroupArn: !Ref Targets}]}",
        _BALANCED,
        "Listener",
        at="LoadBalancers.0.TargetGroupArn",
    ),
    _case(
        "DEPLOY-ORDER-DATABASE",
        _SERVICE,
        _RUNS,
        _DATABASE % "Attached",
        "Writer",
        severity=Severity.WARNING,
    ),
    _case(
        "DEPLOY-ORDER-SECRET-ATTACHMENT",
        _SERVICE,
        _RUNS,
        _DATABASE % "Secret",
        "Attached",
        at="TaskDefinition",
        severity=Severity.WARNING,
    ),
    _case(
        "DEPLOY-ORDER-CAPACITY-PROVIDER",
        _SERVICE,
        "{Cluster: !Ref Cluster, CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT}]}",
        "Cluster: {Type: AWS::ECS::Cluster}\n"
        "Link: {Type: AWS::ECS::ClusterCapacityProviderAssociations, Properties: "
        "{Cluster: !Ref Cluster}}\n",
        "Link",
        at="CapacityProviderStrategy",
    ),
    _case(
        "DEPLOY-ORDER-SCALING-TARGET",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "{ResourceId: service/main/app}",
        "Service: {Type: AWS::ECS::Service, Properties: {ServiceName: app}}\n",
        "Service",
        at="ResourceId",
    ),
    _case(
        "DEPLOY-ORDER-API-METHODS",
        "AWS::ApiGateway::Deployment",
        "{RestApiId: !Ref Api}",
        "Api: {Type: AWS::ApiGateway::RestApi}\n"
        "Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api}}\n",
        "Get",
        at="RestApiId",
    ),
    _case(
        "DEPLOY-ORDER-MOUNT-TARGET",
        "AWS::Lambda::Function",
        "{FileSystemConfigs: [{Arn: !GetAtt Point.Arn}]}",
        _FILES,
        "Mount",
        at="FileSystemConfigs",
    ),
    _case(
        "DEPLOY-ORDER-PERMISSION",
        "AWS::SecretsManager::RotationSchedule",
        "{RotationLambdaARN: !GetAtt Function.Arn}",
        _permission("secretsmanager"),
        "Permission",
        at="RotationLambdaARN",
    ),
    _case(
        "DEPLOY-ORDER-PERMISSION",
        "AWS::S3::Bucket",
        "{NotificationConfiguration: {LambdaConfigurations: [{Function: !GetAtt Function.Arn}]}}",
        _permission("s3"),
        "Permission",
        name="bucket",
        at="NotificationConfiguration.LambdaConfigurations.0.Function",
    ),
    _case(
        "DEPLOY-ORDER-BUCKET-POLICY",
        "AWS::CloudTrail::Trail",
        "{S3BucketName: !Ref Bucket}",
        _BUCKET,
        "Policy",
        at="S3BucketName",
    ),
    _case(
        "DEPLOY-ORDER-BUCKET-POLICY",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "{LoadBalancerAttributes: [{Key: access_logs.s3.bucket, Value: !Ref Bucket}]}",
        _BUCKET,
        "Policy",
        name="load balancer",
        at="LoadBalancerAttributes",
    ),
    _case(
        "DEPLOY-ORDER-POLICY",
        "AWS::Lambda::Function",
        "{Role: !GetAtt Role.Arn, VpcConfig: {SubnetIds: [a]}}",
        _ROLE,
        "Policy",
        at="Role",
    ),
    _case(
        "DEPLOY-ORDER-POLICY-USED",
        _SERVICE,
        _RUNS,
        _ROLE
        + "Task: {Type: AWS::ECS::TaskDefinition, Properties: {TaskRoleArn: !GetAtt Role.Arn}}\n",
        "Policy",
        at="TaskDefinition",
        severity=Severity.WARNING,
    ),
)
