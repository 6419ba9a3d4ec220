"""Alarms, containers, services, listeners, networks and names: one good template, small changes."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import changes

_ALARMS = """
Cluster:
  Type: AWS::ECS::Cluster
  Properties: {ClusterName: pay, ClusterSettings: [{Name: containerInsights, Value: enabled}]}
Thing:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmName: cpu
    EvaluationPeriods: 1
    ComparisonOperator: GreaterThanThreshold
    Threshold: 1
    Metrics:
    - {Id: e, Expression: IF(m > 1, m)}
    - Id: m
      ReturnData: false
      MetricStat:
        Period: 60
        Stat: p99
        Metric:
          Namespace: ECS/ContainerInsights
          MetricName: RunningTaskCount
          Dimensions: [{Name: ClusterName, Value: !Ref Cluster}, {Name: ServiceName, Value: pay}]
All:
  Type: AWS::CloudWatch::CompositeAlarm
  Properties: {AlarmName: all, AlarmRule: !Sub 'ALARM("${Thing}") AND NOT (OK(a) OR TRUE)'}
Late:
  Type: AWS::CloudWatch::CompositeAlarm
  DependsOn: Thing
  Properties: {AlarmName: late, AlarmRule: ALARM(cpu)}
"""
_STAT = "Metrics.1.MetricStat."
_METRIC = f"{_STAT}Metric.Dimensions"
CASES = (
    *changes(
        "DEPLOY-ALARM-FUNCTION",
        _ALARMS,
        ("unknown function", "Thing", "Metrics.0.Expression", "IF(m > 1, m)", "WHEN(m)"),
        ("search", "Thing", "Metrics.0.Expression", "IF(m > 1, m)", "SEARCH('x', 'Sum', 60)"),
        ("statistic", "Thing", f"{_STAT}Stat", "Stat: p99", "Stat: Avg"),
        ("dimension twice", "Thing", f"{_METRIC}.1.Name", "Name: ServiceName", "Name: ClusterName"),
    ),
    *changes(
        "DEPLOY-ALARM-COMPOSITE",
        _ALARMS,
        ("open end", "All", "AlarmRule", "NOT (OK(a) OR TRUE)", "NOT (OK(a) OR"),
        (
            "no state",
            "All",
            "AlarmRule",
            "!Sub 'ALARM(\"${Thing}\") AND NOT (OK(a) OR TRUE)'",
            "cpu",
        ),
        ("misspelt", "Late", "AlarmRule", "ALARM(cpu)", "ALARM(cpus)"),
    ),
    *changes(
        "DEPLOY-ALARM-COMPOSITE",
        _ALARMS,
        ("order", "Late", "AlarmRule", "DependsOn: Thing", "Metadata: {}"),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-ALARM-SILENT-SET",
        _ALARMS,
        ("alone", "Thing", _METRIC, "{Name: ClusterName, Value: !Ref Cluster}, ", ""),
        ("switched off", "Thing", _METRIC, "Value: enabled", "Value: disabled"),
        severity=Severity.WARNING,
    ),
)

_TASK = """
Thing:
  Type: AWS::ECS::TaskDefinition
  Properties:
    NetworkMode: awsvpc
    Volumes:
    - {Name: ebs, ConfiguredAtLaunch: true}
    - Name: efs
      EFSVolumeConfiguration:
        FilesystemId: fs-1
        TransitEncryption: ENABLED
        RootDirectory: /
        AuthorizationConfig: {AccessPointId: fsap-1}
    ContainerDefinitions:
    - Name: web
      Image: localhost:5000/team/web_app:1.2
      Memory: 128
      HealthCheck: {Command: [CMD-SHELL, true]}
      Ulimits: [{Name: nofile, SoftLimit: 1024, HardLimit: 4096}]
      LinuxParameters: {Capabilities: {Drop: [NET_RAW]}}
      PortMappings: [{ContainerPort: 80, Name: http}]
      DependsOn: [{ContainerName: init, Condition: SUCCESS}]
    - {Name: init, Image: busybox, Memory: 64, Essential: false}
Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: errors-5xx}}
Cluster: {Type: AWS::ECS::Cluster, Properties: {CapacityProviders: [FARGATE]}}
Service:
  Type: AWS::ECS::Service
  Properties:
    Cluster: !Ref Cluster
    TaskDefinition: !Ref Thing
    CapacityProviderStrategy: [{CapacityProvider: FARGATE, Weight: 1}]
    DeploymentConfiguration: {Alarms: {Enable: true, Rollback: true, AlarmNames: [errors-5xx]}}
    ServiceConnectConfiguration: {Enabled: true, Services: [{PortName: http}]}
    VolumeConfigurations: [{Name: ebs}]
"""
_WEB = "ContainerDefinitions.0."
CASES += (
    *changes(
        "DEPLOY-TASK-IMAGE-NAME",
        _TASK,
        ("capitals", "Thing", f"{_WEB}Image", "localhost:5000/team/web_app:1.2", "Team/Web"),
        ("URL", "Thing", f"{_WEB}Image", "localhost:5000/team/web_app:1.2", "'https://a.b/c:1'"),
        ("empty tag", "Thing", f"{_WEB}Image", "localhost:5000/team/web_app:1.2", "'web:'"),
    ),
    *changes(
        "DEPLOY-TASK-CONTAINER",
        _TASK,
        ("no command", "Thing", f"{_WEB}HealthCheck.Command", "[CMD-SHELL, true]", "[CMD-SHELL]"),
        ("ulimit", "Thing", f"{_WEB}Ulimits.0.SoftLimit", "SoftLimit: 1024", "SoftLimit: 9999"),
        (
            *("capability", "Thing", f"{_WEB}LinuxParameters.Capabilities.Drop.0"),
            *("[NET_RAW]", "[CAP_NET_RAW]"),
        ),
    ),
    *changes(
        "DEPLOY-TASK-DEPENDENCY",
        _TASK,
        ("essential", "Thing", f"{_WEB}DependsOn", "Memory: 64, Essential: false", "Memory: 64"),
        (
            "itself",
            "Thing",
            f"{_WEB}DependsOn",
            "init, Condition: SUCCESS",
            "web, Condition: START",
        ),
    ),
    *changes(
        "DEPLOY-TASK-VOLUME",
        _TASK,
        ("unconfigured", "Service", "VolumeConfigurations", "[{Name: ebs}]", "[]"),
        ("twice", "Thing", "Volumes.1.Name", "Name: efs", "Name: ebs"),
        (
            *("folder", "Thing", "Volumes.1.EFSVolumeConfiguration.RootDirectory"),
            *("RootDirectory: /", "RootDirectory: /data"),
        ),
    ),
    *changes(
        "DEPLOY-SERVICE-PROVIDER",
        _TASK,
        (
            *("absent", "Service", "CapacityProviderStrategy.0.CapacityProvider"),
            *("CapacityProvider: FARGATE", "CapacityProvider: FARGATE_SPOT"),
        ),
    ),
    *changes(
        "DEPLOY-SERVICE-ALARM",
        _TASK,
        (
            *("misspelt", "Service", "DeploymentConfiguration.Alarms.AlarmNames.0"),
            *("[errors-5xx]", "[error-5xx]"),
        ),
    ),
    *changes(
        "DEPLOY-SERVICE-PORT",
        _TASK,
        (
            *("unnamed", "Service", "ServiceConnectConfiguration.Services.0.PortName"),
            *("PortName: http", "PortName: grpc"),
        ),
    ),
    *changes(
        "DEPLOY-TASK-SET",
        """
        Service:
          Type: AWS::ECS::Service
          Properties: {DeploymentController: {Type: EXTERNAL}}
        Thing: {Type: AWS::ECS::TaskSet, Properties: {Service: !Ref Service}}
        """,
        ("rolling", "Thing", "Service", "EXTERNAL", "ECS"),
    ),
    *changes(
        "DEPLOY-TASK-FILES",
        """
        Role:
          Type: AWS::IAM::Role
          Properties:
            AssumeRolePolicyDocument:
              Statement: [{Effect: Allow, Action: sts:AssumeRole,
                           Principal: {Service: ecs-tasks.amazonaws.com}}]
            Policies:
            - PolicyName: p
              PolicyDocument:
                Statement:
                - {Effect: Allow, Action: s3:GetObject, Resource: 'arn:aws:s3:::files/*'}
                - {Effect: Allow, Action: elasticfilesystem:ClientMount, Resource: '*'}
        Disk:
          Type: AWS::EFS::FileSystem
          Properties:
            FileSystemPolicy:
              Statement: [{Effect: Deny, Principal: {AWS: '*'}, Action: '*',
                           Condition: {Bool: {'aws:SecureTransport': 'false'}}}]
        Thing:
          Type: AWS::ECS::TaskDefinition
          Properties:
            ExecutionRoleArn: !GetAtt Role.Arn
            TaskRoleArn: !GetAtt Role.Arn
            Volumes:
            - Name: v
              EFSVolumeConfiguration:
                FilesystemId: !Ref Disk
                TransitEncryption: ENABLED
                AuthorizationConfig: {IAM: ENABLED}
            ContainerDefinitions:
            - Name: web
              EnvironmentFiles: [{Type: s3, Value: 'arn:aws:s3:::files/web.env'}]
        """,
        ("files", "Thing", f"{_WEB}EnvironmentFiles.0", "s3:GetObject", "s3:ListBucket"),
        (
            *("file system", "Thing", "Volumes.0.EFSVolumeConfiguration"),
            *("elasticfilesystem:ClientMount", "elasticfilesystem:DescribeFileSystems"),
        ),
        severity=Severity.ERROR,
    ),
)

_RULE = """
Balancer:
  Type: AWS::ElasticLoadBalancingV2::LoadBalancer
  Properties: {IpAddressType: ipv4, Subnets: [!Ref A, !Ref B], Type: application}
A: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.0.0/24, VpcId: vpc-1}}
B: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.1.0/24, VpcId: vpc-1}}
Listener:
  Type: AWS::ElasticLoadBalancingV2::Listener
  Properties:
    LoadBalancerArn: !Ref Balancer
    Port: 80
    Protocol: HTTP
    DefaultActions:
    - {Type: redirect, RedirectConfig: {StatusCode: HTTP_301, Protocol: HTTPS, Port: '443'}}
Thing:
  Type: AWS::ElasticLoadBalancingV2::ListenerRule
  Properties:
    ListenerArn: !Ref Listener
    Priority: 1
    Conditions:
    - {Field: path-pattern, Values: [/pay/*]}
    - {Field: source-ip, SourceIpConfig: {Values: [192.0.2.0/24]}}
    Actions:
    - Type: forward
      ForwardConfig:
        TargetGroups: [{TargetGroupArn: 'arn:aws:elasticloadbalancing:x', Weight: 9}]
"""
CASES += (
    *changes(
        "DEPLOY-LISTENER-CONDITION",
        _RULE,
        ("field", "Thing", "Conditions.0.Field", "Field: path-pattern", "Field: path"),
        (
            "twice",
            "Thing",
            "Conditions.1",
            "source-ip, SourceIpConfig: {Values: [192.0.2.0/24]}",
            "path-pattern, Values: [/a]",
        ),
        ("no length", "Thing", "Conditions.1.SourceIpConfig.Values", "192.0.2.0/24", "192.0.2.1"),
        ("six", "Thing", "Conditions", "[/pay/*]", "[/a, /b, /c, /d, /e]"),
        ("no values", "Thing", "Conditions.0", "path-pattern, Values: [/pay/*]", "path-pattern"),
        (
            "of another",
            "Thing",
            "Conditions.1.SourceIpConfig",
            "Field: source-ip",
            "Field: host-header",
        ),
    ),
    *changes(
        "DEPLOY-LISTENER-ANSWER",
        _RULE,
        (
            "loop",
            "Listener",
            "DefaultActions.0.RedirectConfig",
            ", Protocol: HTTPS, Port: '443'",
            "",
        ),
        ("port", "Listener", "DefaultActions.0.RedirectConfig.Port", "'443'", "'70000'"),
        (
            "weight",
            "Thing",
            "Actions.0.ForwardConfig.TargetGroups.0.Weight",
            "Weight: 9",
            "Weight: 1000",
        ),
        ("network", "Listener", "DefaultActions.0.Type", "Type: application", "Type: network"),
    ),
    *changes(
        "DEPLOY-LOAD-BALANCER-IPV6",
        _RULE,
        ("none", "Balancer", "IpAddressType", "IpAddressType: ipv4", "IpAddressType: dualstack"),
    ),
)

_NETWORK = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Other: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
Subnet: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.0.0/24, VpcId: !Ref Vpc}}
Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: a, VpcId: !Ref Vpc}}
Thing:
  Type: AWS::Lambda::Function
  Properties:
    VpcConfig: {SubnetIds: [!Ref Subnet], SecurityGroupIds: [!GetAtt Group.GroupId]}
Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
Address: {Type: AWS::EC2::EIP}
Nat:
  Type: AWS::EC2::NatGateway
  Properties: {SubnetId: !Ref Subnet, AllocationId: !GetAtt Address.AllocationId}
Second:
  Type: AWS::EC2::NatGateway
  Properties: {SubnetId: !Ref Subnet, AllocationId: eipalloc-1}
Route:
  Type: AWS::EC2::Route
  Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Vpc}}
Link:
  Type: AWS::EC2::SubnetNetworkAclAssociation
  Properties: {SubnetId: !Ref Subnet, NetworkAclId: !Ref Acl}
In:
  Type: AWS::EC2::NetworkAclEntry
  Properties: {NetworkAclId: !Ref Acl, RuleNumber: 1, RuleAction: allow, Protocol: 6,
               CidrBlock: 0.0.0.0/0, PortRange: {From: 443, To: 444}}
Out:
  Type: AWS::EC2::NetworkAclEntry
  Properties: {NetworkAclId: !Ref Acl, RuleNumber: 1, RuleAction: allow, Protocol: -1,
               CidrBlock: 0.0.0.0/0, Egress: true}
First:
  Type: AWS::EC2::SecurityGroupIngress
  Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8}
Again:
  Type: AWS::EC2::SecurityGroupIngress
  Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 2, ToPort: 2, CidrIp: 10.1.0.0/8,
               Description: two}
Flow:
  Type: AWS::EC2::FlowLog
  Properties: {ResourceId: !Ref Vpc, ResourceType: VPC, LogDestinationType: s3,
               LogFormat: '${vpc-id} ${action}', LogDestination: !GetAtt Bucket.Arn}
Bucket: {Type: AWS::S3::Bucket}
Policy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: !Ref Bucket
    PolicyDocument:
      Statement: [{Effect: Deny, Principal: '*', Action: 's3:Delete*', Resource: '*'}]
"""
CASES += (
    *changes(
        "DEPLOY-OTHER-NETWORK",
        _NETWORK,
        (
            "group",
            "Thing",
            "VpcConfig.SecurityGroupIds.0",
            "GroupDescription: a, VpcId: !Ref Vpc",
            "GroupDescription: a, VpcId: !Ref Other",
        ),
    ),
    *changes(
        "DEPLOY-NETWORK-TAKEN",
        _NETWORK,
        ("address", "Second", "AllocationId", "eipalloc-1", "!GetAtt Address.AllocationId"),
        (
            "local",
            "Route",
            "DestinationCidrBlock",
            "Block: 0.0.0.0/0, Nat",
            "Block: 10.0.0.0/16, Nat",
        ),
    ),
    *changes(
        "DEPLOY-ACL-ENTRY",
        _NETWORK,
        ("number", "Out", "RuleNumber", "Egress: true", "Egress: false"),
        ("backwards", "In", "PortRange.To", "From: 443", "From: 445"),
    ),
    *changes(
        "DEPLOY-WAY-ACL",
        _NETWORK,
        ("nothing out", "Link", "NetworkAclId", "Egress: true", "Egress: false"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-GROUP-ENTRY",
        _NETWORK,
        ("no peer", "First", "CidrIp", ", CidrIp: 10.0.0.0/8", ""),
        ("description", "Again", "Description", "Description: two", "Description: zwölf"),
        (
            "twice",
            "Again",
            "",
            "FromPort: 2, ToPort: 2, CidrIp: 10.1.0.0/8",
            "FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8",
        ),
    ),
    *changes(
        "DEPLOY-FLOW-LOG-SOURCE",
        _NETWORK,
        ("type", "Flow", "ResourceType", "ResourceType: VPC", "ResourceType: Subnet"),
        ("field", "Flow", "LogFormat", "${vpc-id}", "${vpc}"),
    ),
    *changes(
        "DEPLOY-FLOW-LOG-BUCKET",
        _NETWORK,
        ("denied", "Flow", "LogDestination", "Action: 's3:Delete*'", "Action: 's3:Put*'"),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-NAME-TWICE",
        """
        A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /a}}
        Thing: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /b}}
        """,
        ("group", "Thing", "LogGroupName", "/b", "/a"),
    ),
)
