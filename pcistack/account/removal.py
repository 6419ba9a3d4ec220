"""The command of the AWS CLI that removes a resource, by its ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ARN: Final = re.compile(r"arn:[^:]+:(?P<service>[^:]+):[^:]*:[^:]*:(?P<rest>.+)")
_NAMES_ALONE: Final = ("s3", "sns", "sqs")

COMMANDS: Final[Mapping[str, str]] = {
    "acm:certificate": "aws acm delete-certificate --certificate-arn {arn}",
    "backup:backup-plan": "aws backup delete-backup-plan --backup-plan-id {name}",
    "backup:backup-vault": "aws backup delete-backup-vault --backup-vault-name {name}",
    "cloudformation:stack": "aws cloudformation delete-stack --stack-name {parts[0]}",
    "cloudwatch:alarm": "aws cloudwatch delete-alarms --alarm-names {name}",
    "cloudwatch:dashboard": "aws cloudwatch delete-dashboards --dashboard-names {name}",
    "dynamodb:table": "aws dynamodb delete-table --table-name {name}",
    "ec2:elastic-ip": "aws ec2 release-address --allocation-id {name}",
    "ec2:internet-gateway": "aws ec2 delete-internet-gateway --internet-gateway-id {name}",
    "ec2:natgateway": "aws ec2 delete-nat-gateway --nat-gateway-id {name}",
    "ec2:network-interface": "aws ec2 delete-network-interface --network-interface-id {name}",
    "ec2:route-table": "aws ec2 delete-route-table --route-table-id {name}",
    "ec2:security-group": "aws ec2 delete-security-group --group-id {name}",
    "ec2:subnet": "aws ec2 delete-subnet --subnet-id {name}",
    "ec2:vpc": "aws ec2 delete-vpc --vpc-id {name}",
    "ec2:vpc-endpoint": "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {name}",
    "ec2:vpc-flow-log": "aws ec2 delete-flow-logs --flow-log-ids {name}",
    "ecr:repository": "aws ecr delete-repository --repository-name {name}",
    "ecs:cluster": "aws ecs delete-cluster --cluster {name}",
    "ecs:service": ("aws ecs delete-service --cluster {parts[0]} --service {parts[1]} --force"),
    "ecs:task": "aws ecs stop-task --cluster {parts[0]} --task {parts[1]}",
    "ecs:task-definition": "aws ecs deregister-task-definition --task-definition {name}",
    "elasticloadbalancing:listener": "aws elbv2 delete-listener --listener-arn {arn}",
    "elasticloadbalancing:listener-rule": "aws elbv2 delete-rule --rule-arn {arn}",
    "elasticloadbalancing:loadbalancer": (
        "aws elbv2 delete-load-balancer --load-balancer-arn {arn}"
    ),
    "elasticloadbalancing:targetgroup": "aws elbv2 delete-target-group --target-group-arn {arn}",
    "events:rule": "aws events delete-rule --name {name} --force",
    "iam:role": "aws iam delete-role --role-name {name}",
    "kms:key": "aws kms schedule-key-deletion --key-id {name} --pending-window-in-days 7",
    "lambda:function": "aws lambda delete-function --function-name {name}",
    "logs:log-group": "aws logs delete-log-group --log-group-name {name}",
    "rds:cluster": (
        "aws rds delete-db-cluster --db-cluster-identifier {name} "
        "--final-db-snapshot-identifier {name}-final"
    ),
    "rds:cluster-pg": (
        "aws rds delete-db-cluster-parameter-group --db-cluster-parameter-group-name {name}"
    ),
    "rds:cluster-snapshot": (
        "aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {name}"
    ),
    "rds:db": "aws rds delete-db-instance --db-instance-identifier {name}",
    "rds:es": "aws rds delete-event-subscription --subscription-name {name}",
    "rds:pg": "aws rds delete-db-parameter-group --db-parameter-group-name {name}",
    "rds:subgrp": "aws rds delete-db-subnet-group --db-subnet-group-name {name}",
    "route53resolver:firewall-domain-list": (
        "aws route53resolver delete-firewall-domain-list --firewall-domain-list-id {name}"
    ),
    "route53resolver:firewall-rule-group": (
        "aws route53resolver delete-firewall-rule-group --firewall-rule-group-id {name}"
    ),
    "route53resolver:firewall-rule-group-association": (
        "aws route53resolver disassociate-firewall-rule-group "
        "--firewall-rule-group-association-id {name}"
    ),
    "route53resolver:resolver-query-log-config": (
        "aws route53resolver delete-resolver-query-log-config --resolver-query-log-config-id {name}"
    ),
    "s3:": "aws s3 rb s3://{name} --force",
    "scheduler:schedule": (
        "aws scheduler delete-schedule --group-name {parts[0]} --name {parts[1]}"
    ),
    "scheduler:schedule-group": "aws scheduler delete-schedule-group --name {name}",
    "secretsmanager:secret": (
        "aws secretsmanager delete-secret --secret-id {arn} --recovery-window-in-days 7"
    ),
    "sns:": "aws sns delete-topic --topic-arn {arn}",
    "sqs:": (
        "aws sqs delete-queue --queue-url $(aws sqs get-queue-url --queue-name {name} "
        "--query QueueUrl --output text --region {region})"
    ),
    "ssm:parameter": "aws ssm delete-parameter --name {name}",
    "states:stateMachine": "aws stepfunctions delete-state-machine --state-machine-arn {arn}",
    "wafv2:webacl": (
        "aws wafv2 delete-web-acl --scope REGIONAL --name {parts[0]} --id {parts[1]} "
        "--lock-token $(aws wafv2 get-web-acl --scope REGIONAL --name {parts[0]} "
        "--id {parts[1]} --query LockToken --output text --region {region})"
    ),
}
"""Command by the ARN's service and the kind of its resource.

``{name}`` is what follows the kind, ``{parts[0]}`` what stands before its first slash.
"""


def kind_of(arn: str) -> tuple[str, str]:
    """Return ``service:kind`` and the resource's name; S3, SNS and SQS have names alone."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return "", arn
    service, rest = match["service"], match["rest"]
    if service in _NAMES_ALONE:
        return f"{service}:", rest
    if service == "wafv2":  # regional/webacl/name/id
        rest = rest.partition("/")[2]
    parts = re.split(r"[:/]", rest, maxsplit=1)
    return (f"{service}:{parts[0]}", parts[1]) if len(parts) == 2 else (f"{service}:", rest)


def command_for(arn: str, region: str) -> str:
    """Return the command that removes a resource; where none is known, what to look at."""
    kind, name = kind_of(arn)
    command = COMMANDS.get(kind)
    if command is None:
        return f"look at {arn} and delete it"
    filled = command.format(arn=arn, name=name, parts=name.split("/"), region=region)
    return f"{filled} --region {region}"
