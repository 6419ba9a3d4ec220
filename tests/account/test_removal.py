"""What a destroyed environment has left is named with a command that exists and removes it."""

from __future__ import annotations

import re
from functools import cache

import pytest
from botocore import xform_name
from botocore.model import OperationModel

from pcistack.account.removal import COMMANDS, command_for, kind_of
from tests.account.recorded import REGION, model_of
from tests.support import template
from tests.tables import cases

_HERE = f"{REGION}:111111111111"
ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{_HERE}:alarm:load-pr42",
    "AWS::CloudWatch::Dashboard": "arn:aws:cloudwatch::111111111111:dashboard/pr42",
    "AWS::EC2::EIP": f"arn:aws:ec2:{_HERE}:elastic-ip/eipalloc-1",
    "AWS::EC2::FlowLog": f"arn:aws:ec2:{_HERE}:vpc-flow-log/fl-1",
    "AWS::EC2::InternetGateway": f"arn:aws:ec2:{_HERE}:internet-gateway/igw-1",
    "AWS::EC2::NatGateway": f"arn:aws:ec2:{_HERE}:natgateway/nat-1",
    "AWS::EC2::RouteTable": f"arn:aws:ec2:{_HERE}:route-table/rtb-1",
    "AWS::EC2::SecurityGroup": f"arn:aws:ec2:{_HERE}:security-group/sg-1",
    "AWS::EC2::Subnet": f"arn:aws:ec2:{_HERE}:subnet/subnet-1",
    "AWS::EC2::VPC": f"arn:aws:ec2:{_HERE}:vpc/vpc-1",
    "AWS::EC2::VPCEndpoint": f"arn:aws:ec2:{_HERE}:vpc-endpoint/vpce-1",
    "AWS::ECS::Cluster": f"arn:aws:ecs:{_HERE}:cluster/pcidss-pr42",
    "AWS::ECS::Service": f"arn:aws:ecs:{_HERE}:service/pcidss-pr42/app",
    "AWS::ECS::TaskDefinition": f"arn:aws:ecs:{_HERE}:task-definition/app-pr42:3",
    "AWS::ElasticLoadBalancingV2::Listener": (
        f"arn:aws:elasticloadbalancing:{_HERE}:listener/app/pr42/1/2"
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        f"arn:aws:elasticloadbalancing:{_HERE}:loadbalancer/app/pr42/1"
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        f"arn:aws:elasticloadbalancing:{_HERE}:targetgroup/pr42/1"
    ),
    "AWS::Events::Rule": f"arn:aws:events:{_HERE}:rule/nightly-pr42",
    "AWS::IAM::Role": "arn:aws:iam::111111111111:role/pr42",
    "AWS::KMS::Key": f"arn:aws:kms:{_HERE}:key/1234",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:rotation-pr42",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:/app/pr42",
    "AWS::RDS::DBCluster": f"arn:aws:rds:{_HERE}:cluster:db-pr42",
    "AWS::RDS::DBClusterParameterGroup": f"arn:aws:rds:{_HERE}:cluster-pg:db-pr42",
    "AWS::RDS::DBInstance": f"arn:aws:rds:{_HERE}:db:db-pr42",
    "AWS::RDS::DBSubnetGroup": f"arn:aws:rds:{_HERE}:subgrp:db-pr42",
    "AWS::RDS::EventSubscription": f"arn:aws:rds:{_HERE}:es:db-pr42",
    "AWS::Route53Resolver::FirewallDomainList": (
        f"arn:aws:route53resolver:{_HERE}:firewall-domain-list/rslvr-fdl-1"
    ),
    "AWS::Route53Resolver::FirewallRuleGroup": (
        f"arn:aws:route53resolver:{_HERE}:firewall-rule-group/rslvr-frg-1"
    ),
    "AWS::Route53Resolver::FirewallRuleGroupAssociation": (
        f"arn:aws:route53resolver:{_HERE}:firewall-rule-group-association/rslvr-frgassoc-1"
    ),
    "AWS::Route53Resolver::ResolverQueryLoggingConfig": (
        f"arn:aws:route53resolver:{_HERE}:resolver-query-log-config/rqlc-1"
    ),
    "AWS::S3::Bucket": "arn:aws:s3:::logs-pr42",
    "AWS::SNS::Topic": f"arn:aws:sns:{_HERE}:alarms-pr42",
    "AWS::Scheduler::Schedule": f"arn:aws:scheduler:{_HERE}:schedule/pr42/nightly",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{_HERE}:schedule-group/pr42",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{_HERE}:secret:app-pr42-Ab1Cd2",
    "AWS::WAFv2::WebACL": f"arn:aws:wafv2:{_HERE}:regional/webacl/pr42/1234",
}
"""What a resource of each type is called by its ARN."""

_WITHOUT = {"AWS::ApplicationAutoScaling::ScalableTarget"}  # its ARN does not say what it scales


@pytest.mark.parametrize("suffix", ["prod", "payments"])
def test_every_tagged_type_of_our_templates_has_a_command(suffix: str) -> None:
    tagged = {
        str(resource["Type"])
        for resource in template(suffix).resources.values()
        if isinstance(resource.get("Properties"), dict)
        and "Tags" in str(resource["Properties"])
        and str(resource["Type"]).startswith("AWS::")
    }
    known = {kind for kind in ARNS if kind_of(ARNS[kind])[0] in COMMANDS}
    assert tagged - known - _WITHOUT == set()


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("AWS::ECS::Service", "--cluster pcidss-pr42 --service app --force"),
        ("AWS::ECS::TaskDefinition", "--task-definition app-pr42:3"),
        ("AWS::WAFv2::WebACL", "--name pr42 --id 1234 --lock-token $(aws wafv2 get-web-acl "),
        ("AWS::Logs::LogGroup", "--log-group-name /app/pr42"),
    ],
)
def test_command_names_the_resource_as_its_service_does(kind: str, command: str) -> None:
    assert command in command_for(ARNS[kind], REGION)
    assert command_for(ARNS[kind], REGION).endswith(f" --region {REGION}")


@cache
def _operations(service: str) -> dict[str, OperationModel]:
    model = model_of(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


@cases("command", [c for c in COMMANDS.values() if not c.startswith("aws s3 ")])
def test_every_command_is_one_of_the_aws_cli(command: str) -> None:
    for one in re.findall(r"aws [^$)]*", command):
        _, service, verb, *rest = one.split()
        operation = _operations(service)[verb]
        assert operation.input_shape is not None
        known = {xform_name(name, "-") for name in operation.input_shape.members}
        options = {word.removeprefix("--") for word in rest if word.startswith("--")}
        assert options - {"query", "output", "region", "lock-token"} <= known


@cases("command", COMMANDS.values())
def test_every_command_removes(command: str) -> None:
    removing = ("delete-", "deregister-", "disassociate-", "release-", "schedule-", "stop-", "rb ")
    assert command.split(" ", 2)[2].startswith(removing)
