"""A small assembly as a synthesis writes it: three tiers in two zones, with everything on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from pcistack.checks import record
from pcistack.checks.run import Outcome

Body: TypeAlias = Any  # a template is JSON of any shape, and tests change it in place
DAY = date(2026, 11, 24)
REGION = "eu-central-2"
ZONES = ("a", "b")


def _resource(kind: str, path: str = "", /, **properties: object) -> dict[str, Body]:
    metadata = {"aws:cdk:path": f"PciDss-prod/{path}/Resource"} if path else {}
    return {"Type": kind, "Properties": properties, "Metadata": metadata}


def _ref(name: str) -> dict[str, Body]:
    return {"Ref": name}


def _att(name: str, attribute: str) -> dict[str, Body]:
    return {"Fn::GetAtt": [name, attribute]}


def _network() -> dict[str, Body]:
    found: dict[str, Body] = {
        "Vpc": _resource("AWS::EC2::VPC", "Network/Vpc", CidrBlock="10.0.0.0/16"),
        "Igw": _resource("AWS::EC2::InternetGateway", "Network/Vpc/IGW"),
        "IgwAttachment": _resource(
            "AWS::EC2::VPCGatewayAttachment", VpcId=_ref("Vpc"), InternetGatewayId=_ref("Igw")
        ),
        "S3Endpoint": _resource(
            "AWS::EC2::VPCEndpoint",
            ServiceName=f"com.amazonaws.{REGION}.s3",
            VpcId=_ref("Vpc"),
            VpcEndpointType="Gateway",
            RouteTableIds=[_ref(f"PrivateRoutes{zone.upper()}") for zone in ZONES],
        ),
    }
    for tier, base in (("Public", 0), ("Private", 10), ("Isolated", 20)):
        for index, zone in enumerate(ZONES):
            name = f"{tier}{zone.upper()}"
            found[name] = _resource(
                "AWS::EC2::Subnet",
                f"Network/Vpc/{tier}Subnet{index + 1}",
                VpcId=_ref("Vpc"),
                AvailabilityZone=f"{REGION}{zone}",
                CidrBlock=f"10.0.{base + index}.0/24",
                MapPublicIpOnLaunch=False,
            )
            routes = f"{tier}Routes{zone.upper()}"
            found[routes] = _resource("AWS::EC2::RouteTable", VpcId=_ref("Vpc"))
            found[f"{routes}Association"] = _resource(
                "AWS::EC2::SubnetRouteTableAssociation",
                RouteTableId=_ref(routes),
                SubnetId=_ref(name),
            )
    for zone in ZONES:
        letter = zone.upper()
        found[f"PublicDefault{letter}"] = _resource(
            "AWS::EC2::Route",
            RouteTableId=_ref(f"PublicRoutes{letter}"),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=_ref("Igw"),
        )
        found[f"Nat{letter}"] = _resource(
            "AWS::EC2::NatGateway", "Network/Nat", SubnetId=_ref(f"Public{letter}")
        )
        found[f"PrivateDefault{letter}"] = _resource(
            "AWS::EC2::Route",
            RouteTableId=_ref(f"PrivateRoutes{letter}"),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=_ref(f"Nat{letter}"),
        )
    return found


def _rule(kind: str, group: str, peer: str, port: int, why: str) -> dict[str, Body]:
    side = "Source" if kind == "Ingress" else "Destination"
    return _resource(
        f"AWS::EC2::SecurityGroup{kind}",
        GroupId=_att(group, "GroupId"),
        IpProtocol="tcp",
        FromPort=port,
        ToPort=port,
        Description=why,
        **{f"{side}SecurityGroupId": _att(peer, "GroupId")},
    )


def _groups() -> dict[str, Body]:
    closed = [
        {
            "CidrIp": "255.255.255.255/32",
            "Description": "Disallow all traffic",
            "FromPort": 252,
            "ToPort": 86,
            "IpProtocol": "icmp",
        }
    ]

    def group(path: str, why: str, **more: object) -> dict[str, Body]:
        return _resource(
            "AWS::EC2::SecurityGroup",
            path,
            GroupDescription=why,
            VpcId=_ref("Vpc"),
            **({"SecurityGroupEgress": closed} | more),
        )

    open_to = [
        {
            "CidrIp": "0.0.0.0/0",
            "Description": why,
            "FromPort": port,
            "ToPort": port,
            "IpProtocol": "tcp",
        }
        for port, why in (
            (443, "Customers send transactions over TLS"),
            (80, "Redirect to HTTPS"),
        )
    ]
    return {
        "AlbGroup": group("Ingress/Group", "Load balancer", SecurityGroupIngress=open_to),
        "TaskGroup": group("Service/Group", "Tasks"),
        "DatabaseGroup": group("Database/Group", "Database"),
        "AlbToTask": _rule("Egress", "AlbGroup", "TaskGroup", 8080, "Requests to the tasks"),
        "TaskFromAlb": _rule(
            "Ingress", "TaskGroup", "AlbGroup", 8080, "Requests from the load balancer"
        ),
        "TaskToDatabase": _rule(
            "Egress", "TaskGroup", "DatabaseGroup", 3306, "Transactions are stored"
        ),
        "DatabaseFromTask": _rule(
            "Ingress", "DatabaseGroup", "TaskGroup", 3306, "Only the tasks reach the database"
        ),
    }


def _data() -> dict[str, Body]:
    return {
        "DataKey": _resource(
            "AWS::KMS::Key",
            "Encryption/Data",
            Description="Encrypts the database",
            EnableKeyRotation=True,
            PendingWindowInDays=30,
            KeyPolicy={},
        ),
        "LogKey": _resource(
            "AWS::KMS::Key",
            "Encryption/Logs",
            Description="Encrypts logs",
            EnableKeyRotation=True,
            KeyPolicy={},
        ),
        "Parameters": _resource(
            "AWS::RDS::DBClusterParameterGroup",
            "Database/Parameters",
            Description="TLS only, audited",
            Family="aurora-mysql8.0",
            Parameters={
                "require_secure_transport": "ON",
                "tls_version": "TLSv1.2,TLSv1.3",
                "server_audit_logging": "1",
                "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
            },
        ),
        "SubnetGroup": _resource(
            "AWS::RDS::DBSubnetGroup",
            "Database/Subnets",
            DBSubnetGroupDescription="Isolated subnets",
            SubnetIds=[_ref("IsolatedA"), _ref("IsolatedB")],
        ),
        "Cluster": _resource(
            "AWS::RDS::DBCluster",
            "Database/Cluster",
            DBClusterIdentifier="transaction-db-cluster-prod",
            Engine="aurora-mysql",
            EngineVersion="8.0.mysql_aurora.3.10.4",
            MasterUsername="transactions",
            ManageMasterUserPassword=True,
            MasterUserSecret={"KmsKeyId": _att("DataKey", "Arn")},
            StorageEncrypted=True,
            KmsKeyId=_att("DataKey", "Arn"),
            BackupRetentionPeriod=35,
            DBClusterParameterGroupName=_ref("Parameters"),
            DBSubnetGroupName=_ref("SubnetGroup"),
            VpcSecurityGroupIds=[_att("DatabaseGroup", "GroupId")],
            EnableCloudwatchLogsExports=["audit", "error", "slowquery"],
            DeletionProtection=True,
            Port=3306,
        ),
        "Writer": _resource(
            "AWS::RDS::DBInstance",
            "Database/Writer",
            DBInstanceClass="db.serverless",
            DBClusterIdentifier=_ref("Cluster"),
            Engine="aurora-mysql",
            PubliclyAccessible=False,
        ),
        **{
            f"{kind.capitalize()}Logs": _resource(
                "AWS::Logs::LogGroup",
                f"Database/{kind}",
                LogGroupName=f"/aws/rds/cluster/transaction-db-cluster-prod/{kind}",
                RetentionInDays=400,
                KmsKeyId=_att("LogKey", "Arn"),
            )
            for kind in ("audit", "error", "slowquery")
        },
        "FlowLogs": _resource(
            "AWS::Logs::LogGroup",
            "Network/FlowLogs",
            LogGroupName="/pcidss/prod/flow-logs",
            RetentionInDays=400,
            KmsKeyId=_att("LogKey", "Arn"),
        ),
        "FlowLog": _resource(
            "AWS::EC2::FlowLog",
            "Network/FlowLog",
            ResourceId=_ref("Vpc"),
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=_ref("FlowLogs"),
        ),
    }


def _service() -> dict[str, Body]:
    found = {
        "TaskLogs": _resource(
            "AWS::Logs::LogGroup",
            "Service/Logs",
            LogGroupName="/pcidss/prod/tasks",
            RetentionInDays=400,
            KmsKeyId=_att("LogKey", "Arn"),
        ),
        "EcsCluster": _resource("AWS::ECS::Cluster", "Service/Cluster", ClusterName="pcidss-prod"),
        "Task": _resource(
            "AWS::ECS::TaskDefinition",
            "Service/Task",
            Cpu="512",
            Memory="1024",
            NetworkMode="awsvpc",
            RequiresCompatibilities=["FARGATE"],
            ContainerDefinitions=[
                {
                    "Name": "app",
                    "Image": "111111111111.dkr.ecr.eu-central-2.amazonaws.com/app:1",
                    "ReadonlyRootFilesystem": True,
                    "User": "10001",
                    "PortMappings": [{"ContainerPort": 8080}],
                    "LogConfiguration": {
                        "LogDriver": "awslogs",
                        "Options": {"awslogs-group": _ref("TaskLogs"), "awslogs-region": REGION},
                    },
                    "Secrets": [
                        {
                            "Name": "DB_PASSWORD",
                            "ValueFrom": {
                                "Fn::Join": [
                                    "",
                                    [_att("Cluster", "MasterUserSecret.SecretArn"), ":password::"],
                                ]
                            },
                        }
                    ],
                }
            ],
        ),
        "Service": _resource(
            "AWS::ECS::Service",
            "Service/Service",
            Cluster=_ref("EcsCluster"),
            TaskDefinition=_ref("Task"),
            LaunchType="FARGATE",
            DesiredCount=2,
            LoadBalancers=[
                {"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": _ref("Targets")}
            ],
            NetworkConfiguration={
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "SecurityGroups": [_att("TaskGroup", "GroupId")],
                    "Subnets": [_ref("PrivateA"), _ref("PrivateB")],
                }
            },
        ),
        "Alb": _resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Ingress/Alb",
            Scheme="internet-facing",
            Type="application",
            SecurityGroups=[_att("AlbGroup", "GroupId")],
            Subnets=[_ref("PublicA"), _ref("PublicB")],
            LoadBalancerAttributes=[
                {"Key": "access_logs.s3.enabled", "Value": "true"},
                {"Key": "access_logs.s3.bucket", "Value": _ref("LogBucket")},
                {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
            ],
        ),
        "LogBucket": _resource(
            "AWS::S3::Bucket",
            "Ingress/Logs",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            LifecycleConfiguration={"Rules": [{"Status": "Enabled", "ExpirationInDays": 400}]},
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        ),
        "Targets": _resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Ingress/Targets",
            Port=8080,
            Protocol="HTTP",
            TargetType="ip",
            VpcId=_ref("Vpc"),
        ),
        "Https": _resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            "Ingress/Https",
            LoadBalancerArn=_ref("Alb"),
            Port=443,
            Protocol="HTTPS",
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            Certificates=[
                {"CertificateArn": "arn:aws:acm:eu-central-2:111111111111:certificate/example"}
            ],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": _ref("Targets")}],
        ),
        "Redirect": _resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            "Ingress/Redirect",
            LoadBalancerArn=_ref("Alb"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[
                {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443"}}
            ],
        ),
        "Acl": _resource(
            "AWS::WAFv2::WebACL", "Ingress/Acl", Scope="REGIONAL", DefaultAction={"Allow": {}}
        ),
        "AclAssociation": _resource(
            "AWS::WAFv2::WebACLAssociation",
            ResourceArn=_ref("Alb"),
            WebACLArn=_att("Acl", "Arn"),
        ),
    }
    found["LogBucket"]["Metadata"]["pcistack:acknowledged"] = [
        {
            "rule": "AwsSolutions-S1",
            "reason": "This bucket holds the access logs themselves.",
            "until": "2027-06-30",
        }
    ]
    return found


def template() -> dict[str, Body]:
    """Return a fresh copy of the template."""
    copy: dict[str, Body] = json.loads(_template())
    return copy


@cache
def _template() -> str:
    return json.dumps({"Resources": {**_network(), **_groups(), **_data(), **_service()}})


def only_a_topic(resources: dict[str, Body]) -> None:
    """Change the resources into a template without a network or data."""
    resources.clear()
    resources["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {}}


def report(template_file: str = "PciDss-prod.template.json") -> dict[str, Body]:
    """Return CDK's report of the checks that ran with the template."""
    bucket = {
        "constructPath": "PciDss-prod/Ingress/Logs/Resource",
        "cloudFormationResource": {
            "templatePath": template_file,
            "logicalId": "LogBucket",
            "propertyPaths": [],
        },
    }
    return {
        "version": "55.0.0",
        "title": "Validation Report",
        "pluginReports": [
            {
                "pluginName": "AwsSolutions",
                "pluginVersion": "3.0.2",
                "conclusion": "success",
                "violations": [],
                "suppressedViolations": [
                    {
                        "ruleName": "AwsSolutions-S1",
                        "description": "The bucket has server access logs disabled.",
                        "severity": "error",
                        "violatingConstructs": [bucket],
                        "acknowledgedId": "AwsSolutions-S1",
                        "reason": "This bucket holds the access logs themselves.",
                    }
                ],
            },
        ],
    }


def write(
    directory: Path,
    *,
    suffix: str = "prod",
    change: Callable[[dict[str, Body]], object] | None = None,
    found: Outcome | None = None,
    body: dict[str, Body] | None = None,
) -> Path:
    """Write an assembly, after a change to its resources, and return its directory.

    Args:
        directory: The directory.
        suffix: The environment's suffix.
        change: Changes the template's resources.
        found: What the checks of the synthesis found; None for a synthesis without record.
        body: Another template than the sample.
    """
    body = template() if body is None else body
    if change is not None:
        change(body["Resources"])
    stack = f"PciDss-{suffix}"
    manifest = {
        "version": "55.0.0",
        "artifacts": {
            stack: {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://unknown-account/{REGION}",
            }
        },
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{stack}.template.json").write_text(json.dumps(body), encoding="utf-8")
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (directory / "validation-report.json").write_text(
        json.dumps(report(f"{stack}.template.json")), encoding="utf-8"
    )
    (directory / record.FILE).unlink(missing_ok=True)
    if found is not None:
        outcomes = {directory / f"{stack}.template.json": found}
        record.write(directory, [outcomes], on=DAY, commit="1" * 40, version="0.1.0")
    return directory
