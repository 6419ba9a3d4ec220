"""Ways: who reaches what."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_VPC = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Gateway: {Type: AWS::EC2::InternetGateway}
Public: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
PublicTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
PublicRoute:
  Type: AWS::EC2::Route
  Properties:
    {RouteTableId: !Ref PublicTable, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
PublicLink:
  Type: AWS::EC2::SubnetRouteTableAssociation
  Properties: {SubnetId: !Ref Public, RouteTableId: !Ref PublicTable}
Private: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
PrivateTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
PrivateLink:
  Type: AWS::EC2::SubnetRouteTableAssociation
  Properties: {SubnetId: !Ref Private, RouteTableId: !Ref PrivateTable}
"""


def _nat(subnet: str, name: str = "Nat") -> str:
    return (
        f"{name}: {{Type: AWS::EC2::NatGateway, Properties: {{SubnetId: !Ref {subnet}}}}}\n"
        "Out:\n  Type: AWS::EC2::Route\n  Properties: {RouteTableId: !Ref PrivateTable, "
        f"DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref {name}}}\n"
    )


_ANYWHERE = "[{IpProtocol: -1, CidrIp: 0.0.0.0/0}]"


def _group(name: str, egress: str = _ANYWHERE, into: str = "[]") -> str:
    return (
        f"{name}: {{Type: AWS::EC2::SecurityGroup, Properties: {{VpcId: !Ref Vpc, "
        f"SecurityGroupEgress: {egress}, SecurityGroupIngress: {into}}}}}\n"
    )


def _service(subnet: str = "Private", public: str = "DISABLED", more: str = "") -> str:
    return (
        "Thing:\n  Type: AWS::ECS::Service\n  Properties:\n    LaunchType: FARGATE\n"
        f"    TaskDefinition: !Ref Task\n{more}"
        "    NetworkConfiguration: {AwsvpcConfiguration: "
        f"{{Subnets: [!Ref {subnet}], SecurityGroups: [!Ref Tasks], AssignPublicIp: {public}}}}}\n"
    )


def _task(container: str = "Image: nginx") -> str:
    return (
        "Task: {Type: AWS::ECS::TaskDefinition, Properties: {ExecutionRoleArn: !GetAtt Role.Arn, "
        f"ContainerDefinitions: [{{Name: a, {container}}}]}}}}\n"
        "Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: "
        "[{Effect: Allow, Action: 'sts:AssumeRole', Principal: "
        "{Service: [ecs-tasks.amazonaws.com, lambda.amazonaws.com]}}]}}}\n"
    )


_PUBLIC_IMAGE = _VPC + _task() + _group("Tasks")
_LOGGED = _task(
    "Image: !Ref Image, LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: /a}}"
)
_INTO = "[{IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: !Ref Tasks}]"


def _endpoint(more: str = "", into: str = _INTO) -> str:
    return (
        "Logs:\n  Type: AWS::EC2::VPCEndpoint\n  Properties:\n    VpcEndpointType: Interface\n"
        "    VpcId: !Ref Vpc\n    ServiceName: com.amazonaws.eu-central-2.logs\n"
        f"    SubnetIds: [!Ref Private]\n    SecurityGroupIds: [!Ref Endpoints]\n{more}"
        + _group("Endpoints", into=into)
    )


_ENDPOINTED = _VPC + _service() + _LOGGED + _group("Tasks")
_START = "NetworkConfiguration.AwsvpcConfiguration"


def _policy(action: str) -> str:
    return _endpoint(
        "    PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Resource: '*', "
        f"Action: '{action}'}}]}}\n"
    ).replace("Logs:", "Thing:")


def _database(egress: str, into: str) -> str:
    return (
        _VPC
        + _nat("Public")
        + _service()
        + _task("Image: nginx, Secrets: [{Name: A, ValueFrom: !Ref Attached}]")
        + "Secret: {Type: AWS::SecretsManager::Secret}\n"
        "Attached: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: "
        "{SecretId: !Ref Secret, TargetId: !Ref Database}}\n"
        "Database: {Type: AWS::RDS::DBCluster, Properties: {Port: 3306, "
        "DBSubnetGroupName: !Ref Place, VpcSecurityGroupIds: [!Ref Store]}}\n"
        "Place: {Type: AWS::RDS::DBSubnetGroup, Properties: {SubnetIds: [!Ref Private]}}\n"
        + _group("Tasks", egress)
        + _group("Store", into=into)
    )


def _balanced(into: str) -> str:
    return (
        _VPC
        + _nat("Public")
        + _service(
            more="    LoadBalancers: [{ContainerName: a, ContainerPort: 8080, "
            "TargetGroupArn: !Ref Targets}]\n"
        )
        + _task()
        + "Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup}\n"
        "Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: "
        "{Subnets: [!Ref Public], SecurityGroups: [!Ref Front]}}\n"
        "Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {Port: 443, "
        "LoadBalancerArn: !Ref Balancer, "
        "DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]}}\n"
        + _group("Front")
        + _group("Tasks", into=into)
    )


def _let_in(group: str, port: int) -> str:
    return (
        f"[{{IpProtocol: tcp, FromPort: {port}, ToPort: {port}, "
        f"SourceSecurityGroupId: !Ref {group}}}]"
    )


_HTTPS_ONLY = "[{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]"

_TARGETS = "Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup}"
_CHECKED = _TARGETS.replace("Group}", "Group, Properties: {HealthCheckPort: 9000}}")


def _files(into: str) -> str:
    return (
        _VPC
        + _nat("Public")
        + _service()
        + "Task: {Type: AWS::ECS::TaskDefinition, Properties: {Volumes: [{Name: a, "
        "EFSVolumeConfiguration: {FilesystemId: !Ref Files}}]}}\n"
        "Files: {Type: AWS::EFS::FileSystem}\n"
        "Mount: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Files, "
        "SubnetId: !Ref Private, SecurityGroups: [!Ref Store]}}\n"
        + _group("Tasks")
        + _group("Store", into=into)
    )


def _proxied(into: str) -> str:
    return (
        _VPC + "Thing: {Type: AWS::RDS::DBProxyTargetGroup, Properties: {DBProxyName: !Ref Proxy, "
        "DBClusterIdentifiers: [!Ref Database]}}\n"
        "Proxy: {Type: AWS::RDS::DBProxy, Properties: {VpcSubnetIds: [!Ref Private], "
        "VpcSecurityGroupIds: [!Ref Proxies]}}\n"
        "Database: {Type: AWS::RDS::DBCluster, Properties: {Port: 3306, "
        "DBSubnetGroupName: !Ref Place, VpcSecurityGroupIds: [!Ref Store]}}\n"
        "Place: {Type: AWS::RDS::DBSubnetGroup, Properties: {SubnetIds: [!Ref Private]}}\n"
        + _group("Proxies")
        + _group("Tasks")
        + _group("Store", into=into)
    )


_ATTACHMENT = (
    "Attachment: {Type: AWS::EC2::VPCGatewayAttachment, Properties: "
    "{VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}}\n"
)


def _balancer(subnet: str) -> str:
    return (
        "Thing: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: "
        f"{{Scheme: internet-facing, Subnets: [!Ref {subnet}]}}}}\n"
    )


CASES = (
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="no route",
        property=_START,
        bad=template(_PUBLIC_IMAGE + _service()),
        good=template(_PUBLIC_IMAGE + _service() + _nat("Public")),
    ),
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="NAT in a private subnet",
        property=_START,
        bad=template(_PUBLIC_IMAGE + _service() + _nat("Private")),
        good=template(_PUBLIC_IMAGE + _service() + _nat("Public")),
    ),
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="no public address",
        property=_START,
        bad=template(_PUBLIC_IMAGE + _service("Public")),
        good=template(_PUBLIC_IMAGE + _service("Public", "ENABLED")),
    ),
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="no outbound rule",
        property=_START,
        bad=template(
            _VPC + _task() + _service() + _nat("Public") + _group("Tasks", _let_in("Tasks", 80))
        ),
        good=template(_VPC + _task() + _service() + _nat("Public") + _group("Tasks", _HTTPS_ONLY)),
    ),
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="group of the endpoint",
        property=_START,
        bad=template(_ENDPOINTED + _endpoint(into="[]")),
        good=template(_ENDPOINTED + _endpoint()),
    ),
    Case(
        rule="DEPLOY-WAY-TASK-START",
        name="private DNS",
        property=_START,
        bad=template(_ENDPOINTED + _endpoint("    PrivateDnsEnabled: false\n")),
        good=template(_ENDPOINTED + _endpoint("    PrivateDnsEnabled: true\n")),
    ),
    Case(
        rule="DEPLOY-WAY-ENDPOINT-POLICY",
        property="PolicyDocument",
        bad=template(_ENDPOINTED.replace("Thing:", "Service:") + _policy("s3:*")),
        good=template(_ENDPOINTED.replace("Thing:", "Service:") + _policy("logs:*")),
    ),
    Case(
        rule="DEPLOY-WAY-DATABASE",
        name="inbound",
        severity=Severity.WARNING,
        property=_START,
        bad=template(_database(_ANYWHERE, _let_in("Tasks", 5432))),
        good=template(_database(_ANYWHERE, _let_in("Tasks", 3306))),
    ),
    Case(
        rule="DEPLOY-WAY-DATABASE",
        name="outbound",
        severity=Severity.WARNING,
        property=_START,
        bad=template(_database(_HTTPS_ONLY, _let_in("Tasks", 3306))),
        good=template(_database(_ANYWHERE, _let_in("Tasks", 3306))),
    ),
    Case(
        rule="DEPLOY-WAY-LOAD-BALANCER",
        property="LoadBalancers.0",
        bad=template(_balanced(_let_in("Front", 80))),
        good=template(_balanced(_let_in("Front", 8080))),
    ),
    Case(
        rule="DEPLOY-WAY-NAT",
        severity=Severity.WARNING,
        property="SubnetId",
        bad=template(
            _VPC + _nat("Private").replace("Nat:", "Thing:").replace("!Ref Nat", "!Ref Thing")
        ),
        good=template(_VPC + _nat("Public")),
    ),
    Case(
        rule="DEPLOY-WAY-GATEWAY",
        severity=Severity.FATAL,
        property="GatewayId",
        bad=template(_VPC.replace("PublicRoute:", "Thing:")),
        good=template(_VPC + _ATTACHMENT),
    ),
    Case(
        rule="DEPLOY-WAY-PUBLIC",
        severity=Severity.WARNING,
        property="Subnets",
        bad=template(_VPC + _balancer("Private")),
        good=template(_VPC + _balancer("Public")),
    ),
    Case(
        rule="DEPLOY-WAY-LOAD-BALANCER",
        name="health check",
        property="LoadBalancers.0",
        bad=template(_balanced(_let_in("Front", 8080)).replace(_TARGETS, _CHECKED)),
        good=template(_balanced(_let_in("Front", 8080))),
    ),
    Case(
        rule="DEPLOY-WAY-FILES",
        property=_START,
        bad=template(_files(_let_in("Tasks", 2050))),
        good=template(_files(_let_in("Tasks", 2049))),
    ),
    Case(
        rule="DEPLOY-WAY-DATABASE",
        name="proxy",
        severity=Severity.WARNING,
        property="DBClusterIdentifiers",
        bad=template(_proxied(_let_in("Tasks", 3306))),
        good=template(_proxied(_let_in("Proxies", 3306))),
    ),
)
