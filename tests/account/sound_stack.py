"""A small stack that keeps every promise, and what AWS answers about it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from pcistack.account.aws import Call
from pcistack.account.verify.deployed import Deployed
from pcistack.template.document import Template
from tests.account.recorded import NOW, REGION, Answer, StubbedAws, stack_resource

ACCOUNT: Final = "111111111111"
STACK: Final = "PciDss-pr42"
KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
TOPIC: Final = f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-alarms"
SERVICE: Final = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/pcidss-pr42/app-pr42"
BALANCER: Final = (
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/pcidss-pr42/1234"
)
WEB_ACL: Final = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/pcidss-pr42/1234"
SECRET: Final = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app-pr42-Ab1Cd2"

_IDS: Final = {
    "Vpc": ("AWS::EC2::VPC", "vpc-1"),
    "Key": ("AWS::KMS::Key", "1234"),
    "Database": ("AWS::RDS::DBCluster", "transaction-db-cluster-pr42"),
    "Writer": ("AWS::RDS::DBInstance", "transaction-db-instance-pr42"),
    "DatabaseGroup": ("AWS::EC2::SecurityGroup", "sg-db"),
    "BalancerGroup": ("AWS::EC2::SecurityGroup", "sg-lb"),
    "Service": ("AWS::ECS::Service", SERVICE),
    "Audit": ("AWS::Logs::LogGroup", "/app/pr42"),
    "Alarms": ("AWS::SNS::Topic", TOPIC),
    "Load": ("AWS::CloudWatch::Alarm", "load-pr42"),
    "Login": ("AWS::SecretsManager::Secret", SECRET),
    "Rotation": ("AWS::SecretsManager::RotationSchedule", SECRET),
    "Balancer": ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER),
}
TEMPLATE: Final = Template(
    {
        "Resources": {
            name: {
                "Type": kind,
                "Properties": {"SecretId": {"Ref": "Login"}} if name == "Rotation" else {},
            }
            for name, (kind, _) in _IDS.items()
        }
    }
)


def stack_resources(**ids: str) -> dict[str, Any]:
    """Return what ListStackResources says, with other physical ids; an empty one is left out."""
    return {
        "StackResourceSummaries": [
            stack_resource(kind, ids.get(name, physical)) | {"LogicalResourceId": name}
            for name, (kind, physical) in _IDS.items()
            if ids.get(name, physical)
        ]
    }


def cluster(**changes: object) -> dict[str, Any]:
    """Return the database cluster as RDS describes it."""
    return {
        "DBClusters": [
            {
                "EngineMode": "provisioned",
                "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1.0},
                "StorageEncrypted": True,
                "KmsKeyId": KEY,
                "DBSubnetGroup": "group-pr42",
                "Port": 3306,
                "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}],
                "EnabledCloudwatchLogsExports": ["audit"],
            }
            | changes
        ]
    }


def instance(**changes: object) -> dict[str, Any]:
    """Return the writer as RDS describes it."""
    return {
        "DBInstances": [
            {
                "DBInstanceIdentifier": "transaction-db-instance-pr42",
                "DBInstanceClass": "db.serverless",
                "PubliclyAccessible": False,
            }
            | changes
        ]
    }


def service(network: dict[str, str] | None = None, **changes: object) -> dict[str, Any]:
    """Return the service as ECS describes it."""
    return {
        "services": [
            {
                "status": "ACTIVE",
                "desiredCount": 1,
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": [], "assignPublicIp": "DISABLED"}
                    | (network or {})
                },
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True}
                },
            }
            | changes
        ]
    }


def security_groups(database: dict[str, Any] | None = None, **default: object) -> dict[str, Any]:
    """Return the security groups of the VPC; ``database`` changes the rule into the database."""
    into_database = {
        "IpProtocol": "tcp",
        "FromPort": 3306,
        "ToPort": 3306,
        "UserIdGroupPairs": [{"GroupId": "sg-tasks"}],
    }
    public = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    none: dict[str, Any] = {"IpPermissions": [], "IpPermissionsEgress": []}
    database_rules = {"IpPermissions": [into_database | (database or {})]}
    return {
        "SecurityGroups": [
            none | {"GroupId": "sg-0", "GroupName": "default"} | default,
            none | {"GroupId": "sg-db", "GroupName": "database"} | database_rules,
            none | {"GroupId": "sg-lb", "GroupName": "balancer", "IpPermissions": [public]},
        ]
    }


def target(low: int, high: int) -> dict[str, Any]:
    """Return a scalable target."""
    return {
        "ScalableTargets": [
            {
                "ServiceNamespace": "ecs",
                "ResourceId": "service/pcidss-pr42/app-pr42",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": low,
                "MaxCapacity": high,
                "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/scaling",
                "CreationTime": NOW,
            }
        ]
    }


def listener(protocol: str, port: int, action: str, **changes: object) -> dict[str, Any]:
    """Return a listener."""
    return {"Protocol": protocol, "Port": port, "DefaultActions": [{"Type": action}]} | changes


def stack(export: str = "pr42-Vpc") -> dict[str, Any]:
    """Return the stack as CloudFormation describes it."""
    return {
        "Stacks": [
            {
                "StackName": STACK,
                "CreationTime": NOW,
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": [{"OutputKey": "Vpc", "OutputValue": "vpc-1", "ExportName": export}],
            }
        ]
    }


def key_policy(service: str) -> dict[str, Any]:
    """Return the policy of a key that lets a service publish."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    return {"Policy": json.dumps({"Statement": [statement]})}


def secret(**changes: object) -> dict[str, Any]:
    """Return the secret as Secrets Manager describes it, without its value."""
    due = datetime(2099, 1, 1, tzinfo=NOW.tzinfo)
    return {"KmsKeyId": KEY, "RotationEnabled": True, "NextRotationDate": due} | changes


def drifts(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return resources that differ, as DescribeStackResourceDrifts gives them."""
    known = {
        "StackId": STACK,
        "PhysicalResourceId": "x",
        "StackResourceDriftStatus": "MODIFIED",
        "Timestamp": NOW,
    }
    return {"StackResourceDrifts": [known | resource for resource in resources]}


def difference(path: str, expected: str, found: str) -> dict[str, str]:
    """Return one property that differs."""
    return {
        "PropertyPath": path,
        "ExpectedValue": expected,
        "ActualValue": found,
        "DifferenceType": "NOT_EQUAL",
    }


def detection(status: str = "DETECTION_COMPLETE", **changes: object) -> dict[str, Any]:
    """Return how far a drift detection is."""
    return {
        "StackId": STACK,
        "StackDriftDetectionId": "d-1",
        "DetectionStatus": status,
        "Timestamp": NOW,
    } | changes


SOUND: Final[dict[Call, Answer]] = {
    Call.CALLER_IDENTITY: {"Account": ACCOUNT},
    Call.STACK_RESOURCES: stack_resources(),
    Call.STACKS: stack(),
    Call.EXPORTS: {"Exports": [{"Name": "pr42-Vpc"}]},
    Call.TEMPLATE: {"TemplateBody": json.dumps(TEMPLATE.body)},
    Call.DETECT_DRIFT: {"StackDriftDetectionId": "d-1"},
    Call.DRIFT_STATUS: detection(),
    Call.RESOURCE_DRIFTS: drifts(),
    Call.DATABASE_CLUSTERS: cluster(),
    Call.DATABASE_INSTANCES: instance(),
    Call.DATABASE_SUBNETS: {
        "DBSubnetGroups": [
            {"Subnets": [{"SubnetIdentifier": "subnet-a"}, {"SubnetIdentifier": "subnet-b"}]}
        ]
    },
    Call.SUBNETS: {
        "Subnets": [{"AvailabilityZone": f"{REGION}a"}, {"AvailabilityZone": f"{REGION}b"}]
    },
    Call.ROUTE_TABLES: {"RouteTables": []},
    Call.SECURITY_GROUPS: security_groups(),
    Call.FLOW_LOGS: {
        "FlowLogs": [{"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}]
    },
    Call.LOG_GROUPS: {
        "logGroups": [{"logGroupName": "/app/pr42", "kmsKeyId": KEY, "retentionInDays": 365}]
    },
    Call.KEY_ROTATION: {"KeyRotationEnabled": True},
    Call.KEY_POLICY: key_policy("cloudwatch.amazonaws.com"),
    Call.SECRET: secret(),
    Call.TOPICS: {"Topics": [{"TopicArn": TOPIC}]},
    Call.TOPIC: {"Attributes": {"KmsMasterKeyId": KEY}},
    Call.ALARMS: {"MetricAlarms": [{"AlarmName": "load-pr42", "AlarmActions": [TOPIC]}]},
    Call.SERVICES: service(),
    Call.SCALABLE_TARGETS: target(1, 4),
    Call.SCALING_POLICIES: {
        "ScalingPolicies": [
            {
                "PolicyARN": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:1",
                "PolicyName": "cpu",
                "ServiceNamespace": "ecs",
                "ResourceId": "service/pcidss-pr42/app-pr42",
                "ScalableDimension": "ecs:service:DesiredCount",
                "PolicyType": "TargetTrackingScaling",
                "CreationTime": NOW,
            }
        ]
    },
    Call.LOAD_BALANCERS: {"LoadBalancers": [{"SecurityGroups": ["sg-lb"]}]},
    Call.LISTENERS: {
        "Listeners": [
            listener("HTTPS", 443, "forward", Certificates=[{"CertificateArn": "arn:x"}]),
            listener("HTTP", 80, "redirect"),
        ]
    },
    Call.LOAD_BALANCER_ATTRIBUTES: {
        "Attributes": [{"Key": "access_logs.s3.enabled", "Value": "true"}]
    },
    Call.WEB_ACL_OF: {
        "WebACL": {
            "Name": "acl",
            "Id": "1234",
            "ARN": WEB_ACL,
            "DefaultAction": {"Allow": {}},
            "VisibilityConfig": {
                "SampledRequestsEnabled": True,
                "CloudWatchMetricsEnabled": True,
                "MetricName": "acl",
            },
        }
    },
    Call.WEB_ACL_LOG: {
        "LoggingConfiguration": {
            "ResourceArn": WEB_ACL,
            "LogDestinationConfigs": [
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-pr42"
            ],
        }
    },
}
"""Answers about a stack that keeps every promise."""


def sound_stack(**answers: Answer) -> tuple[Deployed, StubbedAws]:
    """Return the stack, with other answers by the name of the call."""
    stub = StubbedAws(SOUND | {Call[name]: answer for name, answer in answers.items()})
    return Deployed(stub.aws(), TEMPLATE, stack=STACK, suffix="pr42"), stub
