"""What AWS refuses, the added resource types refuse; what they accept is there afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pcistack.regional.aurora import recommended_version
from pcistack.rehearsal.trial import Lab

Resources = dict[str, dict[str, object]]


def _one(kind: str, **properties: object) -> Resources:
    return {"Thing": {"Type": kind, "Properties": properties}}


_VPC: Resources = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "CidrBlock": "10.0.0.0/24",
            "AvailabilityZone": "eu-central-2a",
        },
    },
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "A group"},
    },
}

_ADDRESS: Resources = {"Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}}
_ALLOCATION = {"Fn::GetAtt": ["Address", "AllocationId"]}


def _rule(**properties: object) -> Resources:
    base = {"GroupId": {"Ref": "Group"}, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rule = {name: value for name, value in {**base, **properties}.items() if value is not None}
    return _VPC | _one("AWS::EC2::SecurityGroupIngress", **rule)


def _cluster(**properties: object) -> Resources:
    capacity = {"MinCapacity": 0.5, "MaxCapacity": 1}
    base: Mapping[str, object] = {
        "Engine": "aurora-mysql",
        "MasterUsername": "owner",
        "MasterUserPassword": "a" * 32,
        "ServerlessV2ScalingConfiguration": capacity,
    }
    cluster = {name: value for name, value in {**base, **properties}.items() if value is not None}
    return _one("AWS::RDS::DBCluster", **cluster)


def _target(**properties: object) -> Resources:
    base = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": "service/nowhere/nothing",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    }
    return _one("AWS::ApplicationAutoScaling::ScalableTarget", **{**base, **properties})


_REFUSED: Mapping[str, tuple[Resources, str]] = {
    "address outside a VPC": (_one("AWS::EC2::EIP", Domain="classic"), "not a valid enum value"),
    "address with an unknown property": (_one("AWS::EC2::EIP", Colour="blue"), "extraneous key"),
    "NAT gateway without a subnet": (_one("AWS::EC2::NatGateway"), "required key [SubnetId]"),
    "NAT gateway in no subnet": (
        _ADDRESS | _one("AWS::EC2::NatGateway", SubnetId="subnet-0", AllocationId=_ALLOCATION),
        "does not exist",
    ),
    "NAT gateway without an address": (
        _VPC | _one("AWS::EC2::NatGateway", SubnetId={"Ref": "Subnet"}),
        "requires the property AllocationId",
    ),
    "NAT gateway without an internet gateway": (
        _VPC
        | _ADDRESS
        | _one("AWS::EC2::NatGateway", SubnetId={"Ref": "Subnet"}, AllocationId=_ALLOCATION),
        "has no Internet gateway attached",
    ),
    "flow log of no VPC": (
        _one("AWS::EC2::FlowLog", ResourceType="VPC", ResourceId="vpc-0", TrafficType="ALL"),
        "does not exist",
    ),
    "flow log without a role": (
        _VPC
        | _one(
            "AWS::EC2::FlowLog",
            ResourceType="VPC",
            ResourceId={"Ref": "Vpc"},
            TrafficType="ALL",
            LogGroupName="flows",
        ),
        "DeliverLogsPermissionArn",
    ),
    "rule without a peer": (_rule(), "Exactly one of"),
    "rule with two peers": (
        _rule(CidrIp="10.0.0.0/8", CidrIpv6="::/0"),
        "Exactly one of",
    ),
    "rule for a group that does not exist": (
        _rule(SourceSecurityGroupId="sg-00000000000000000"),
        "does not exist",
    ),
    "rule with ports the wrong way round": (
        _rule(FromPort=444, CidrIp="10.0.0.0/8"),
        "Invalid value for portRange",
    ),
    "rule with a port out of range": (
        _rule(ToPort=70_000, CidrIp="10.0.0.0/8"),
        "not between -1 and 65535",
    ),
    "cluster of Serverless v1": (_cluster(EngineMode="serverless"), "currently unavailable"),
    "cluster without an engine": (_cluster(Engine=None), "required key [Engine]"),
    "cluster of an engine version that does not exist": (
        _cluster(EngineVersion="8.0.mysql_aurora.3.99.9"),
        "Cannot find version",
    ),
    "cluster whose capacity is upside down": (
        _cluster(ServerlessV2ScalingConfiguration={"MinCapacity": 4, "MaxCapacity": 2}),
        "lower bound first",
    ),
    "cluster whose capacity is in quarters": (
        _cluster(ServerlessV2ScalingConfiguration={"MinCapacity": 0.25, "MaxCapacity": 2}),
        "half units",
    ),
    "cluster that keeps backups for too long": (
        _cluster(BackupRetentionPeriod=36),
        "not between 1 and 35",
    ),
    "cluster with a short password": (_cluster(MasterUserPassword="short"), "does not match"),
    "cluster in a subnet group that does not exist": (
        _cluster(DBSubnetGroupName="nowhere"),
        "not found",
    ),
    "cluster with a key that does not exist": (
        _cluster(KmsKeyId="00000000-0000-4000-8000-000000000000"),
        "not found",
    ),
    "cluster with an export that MySQL lacks": (
        _cluster(EnableCloudwatchLogsExports=["postgresql"]),
        "cannot use the log types",
    ),
    "cluster with a Serverless v1 property": (
        _cluster(ScalingConfiguration={"AutoPause": True}),
        "extraneous key [ScalingConfiguration]",
    ),
    "serverless instance of a cluster without capacity": (
        _cluster(ServerlessV2ScalingConfiguration=None)
        | {
            "Instance": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "DBClusterIdentifier": {"Ref": "Thing"},
                    "DBInstanceClass": "db.serverless",
                    "Engine": "aurora-mysql",
                },
            }
        },
        "Set the Serverless v2 scaling configuration",
    ),
    "instance of no cluster": (
        _one(
            "AWS::RDS::DBInstance",
            DBClusterIdentifier="nothing",
            DBInstanceClass="db.serverless",
            Engine="aurora-mysql",
        ),
        "not found",
    ),
    "event subscription to no topic": (
        _one(
            "AWS::RDS::EventSubscription",
            SnsTopicArn="arn:aws:sns:eu-central-2:111111111111:nothing",
        ),
        "does not exist",
    ),
    "scalable target of no service": (_target(), "not found"),
    "scalable target of another kind": (_target(ServiceNamespace="dynamodb"), "valid enum value"),
    "scaling policy of no target": (
        _one(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId="service/nowhere/nothing|ecs:service:DesiredCount|ecs",
        ),
        "No scalable target registered",
    ),
    "web ACL association of nothing": (
        _one(
            "AWS::WAFv2::WebACLAssociation",
            ResourceArn="arn:aws:elasticloadbalancing:eu-central-2:111111111111:loadbalancer/app/a/1",
            WebACLArn="arn:aws:wafv2:eu-central-2:111111111111:regional/webacl/a/1",
        ),
        "does not exist",
    ),
    "rotation of no secret": (
        _one("AWS::SecretsManager::RotationSchedule", SecretId="nothing"),
        "can't find the specified secret",
    ),
    "rotation from the Serverless Application Repository": (
        _one(
            "AWS::SecretsManager::RotationSchedule",
            SecretId="nothing",
            HostedRotationLambda={"RotationType": "MySQLSingleUser"},
        ),
        "eu-central-2 does not have",
    ),
    "topic with a key that does not exist": (
        _one("AWS::SNS::Topic", KmsMasterKeyId="00000000-0000-4000-8000-000000000000"),
        "not found",
    ),
    "bucket with an unknown property": (_one("AWS::S3::Bucket", Colour="blue"), "extraneous key"),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_what_aws_refuses_is_refused_with_its_reason_and_leaves_nothing(
    lab: Lab, what: str
) -> None:
    resources, reason = _REFUSED[what]
    before = {tuple(item.values()) for item in lab.emulator.inventory()}

    status, given = lab.try_resources(resources)

    assert status == "ROLLBACK_COMPLETE"
    assert reason in given
    history = {"cloudformation", "cloudtrail", "cloudwatch"}
    after = [item for item in lab.emulator.inventory() if item["Service"] not in history]
    new = [item for item in after if tuple(item.values()) not in before]
    assert [item for item in new if item["State"] != "deleted"] == []


def test_public_nat_gateway_stands_in_its_subnet_with_its_address(lab: Lab) -> None:
    gateway: Resources = {
        "Gateway": {"Type": "AWS::EC2::InternetGateway", "Properties": {}},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Nat": {
            "Type": "AWS::EC2::NatGateway",
            "DependsOn": "Attachment",
            "Properties": {"SubnetId": {"Ref": "Subnet"}, "AllocationId": _ALLOCATION},
        },
    }

    with lab.stack(_VPC | _ADDRESS | gateway) as ids:
        ec2 = lab.client("ec2")
        found = ec2.describe_nat_gateways(NatGatewayIds=[ids["Nat"]])["NatGateways"][0]
        assert (found["State"], found["SubnetId"]) == ("available", ids["Subnet"])


def test_security_group_rule_is_in_its_group(lab: Lab) -> None:
    with lab.stack(_rule(SourceSecurityGroupId={"Ref": "Group"})) as ids:
        groups = lab.client("ec2").describe_security_groups(GroupIds=[ids["Group"]])
        rule = groups["SecurityGroups"][0]["IpPermissions"][0]
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        assert rule["UserIdGroupPairs"][0]["GroupId"] == ids["Group"]


def test_bucket_that_is_not_empty_is_not_deleted(lab: Lab) -> None:
    s3 = lab.client("s3")
    bucket = _one("AWS::S3::Bucket", BucketName="trial-bucket")
    with pytest.raises(AssertionError, match="BucketNotEmpty"), lab.stack(bucket):
        s3.put_object(Bucket="trial-bucket", Key="log", Body=b"line")
    s3.delete_object(Bucket="trial-bucket", Key="log")
    assert lab.direct.delete("Trial") == "DELETE_COMPLETE"


def _service(low: int, high: int) -> Resources:
    """A service without a count of its own, and what scales it."""
    container = {"Name": "app", "Image": "nginx", "Memory": 128}
    return _VPC | {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "counted"}},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": "counted", "ContainerDefinitions": [container]},
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": "counted",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "Subnets": [{"Ref": "Subnet"}],
                        "SecurityGroups": [{"Fn::GetAtt": ["Group", "GroupId"]}],
                    }
                },
            },
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "DependsOn": "Service",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": "service/counted/counted",
                "MinCapacity": low,
                "MaxCapacity": high,
            },
        },
    }


@pytest.mark.parametrize(("low", "high", "count"), [(1, 4, 1), (3, 4, 3), (0, 0, 0)])
def test_service_without_a_count_is_brought_between_the_limits_of_its_scaling(
    lab: Lab, low: int, high: int, count: int
) -> None:
    with lab.stack(_service(low, high)):
        found = lab.client("ecs").describe_services(cluster="counted", services=["counted"])
        assert found["services"][0]["desiredCount"] == count


def test_log_group_whose_name_is_taken_is_refused_and_left_alone(lab: Lab) -> None:
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="/taken")
    try:
        status, reason = lab.try_resources(_one("AWS::Logs::LogGroup", LogGroupName="/taken"))
        assert status == "ROLLBACK_COMPLETE"
        assert "'/taken' already exists" in reason
    finally:
        logs.delete_log_group(logGroupName="/taken")


def test_final_snapshots_of_one_cluster_have_names_of_their_own(lab: Lab) -> None:
    rds = lab.client("rds")
    cluster = _cluster(DBClusterIdentifier="kept")
    cluster["Thing"]["DeletionPolicy"] = "Snapshot"
    for _ in range(2):
        with lab.stack(cluster):
            pass
    snapshots = rds.describe_db_cluster_snapshots(DBClusterIdentifier="kept")["DBClusterSnapshots"]
    names = {snapshot["DBClusterSnapshotIdentifier"] for snapshot in snapshots}
    assert len(names) == 2
    for name in names:
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)


def test_secret_is_referred_to_by_its_arn(lab: Lab) -> None:
    with lab.stack(_one("AWS::SecretsManager::Secret", Name="app")) as ids:
        found = lab.client("secretsmanager").describe_secret(SecretId="app")
        assert ids["Thing"] == found["ARN"]


def test_every_version_that_a_cluster_may_ask_for_is_known(lab: Lab) -> None:
    with lab.stack(_cluster(EngineVersion=recommended_version("aurora-mysql"))) as ids:
        found = lab.client("rds").describe_db_clusters(DBClusterIdentifier=ids["Thing"])
        assert found["DBClusters"][0]["EngineVersion"] == recommended_version("aurora-mysql")
