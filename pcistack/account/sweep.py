"""What is left of an environment in an account after its stack was destroyed.

Two questions find it: which names of the template are still taken, and what still carries the
environment's tags. Nothing is deleted; each row names the command that does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, cast

from pcistack.account import names_in_use
from pcistack.account.aws import Aws, Call, Item, text
from pcistack.account.needs import Needs
from pcistack.account.rows import Row, Verdict, tried
from pcistack.naming import TAGS

CALLS: Final = (Call.TAGGED, Call.KEY, Call.SERVICES, Call.TASK_DEFINITION)
"""What is asked beside the names, which :mod:`pcistack.account.names_in_use` asks."""

# Command by the ARN's service and the kind of its resource; ``{name}`` is what follows the kind.
_COMMANDS: Final[Mapping[str, str]] = {
    "cloudformation:stack": "aws cloudformation delete-stack --stack-name {first}",
    "cloudwatch:alarm": "aws cloudwatch delete-alarms --alarm-names {name}",
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
    "ecs:cluster": "aws ecs delete-cluster --cluster {name}",
    "ecs:task-definition": "aws ecs delete-task-definitions --task-definitions {name}",
    "elasticloadbalancing:loadbalancer": (
        "aws elbv2 delete-load-balancer --load-balancer-arn {arn}"
    ),
    "elasticloadbalancing:targetgroup": "aws elbv2 delete-target-group --target-group-arn {arn}",
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
    "rds:subgrp": "aws rds delete-db-subnet-group --db-subnet-group-name {name}",
    "s3:": "aws s3 rb s3://{name} --force",
    "secretsmanager:secret": (
        "aws secretsmanager delete-secret --secret-id {arn} --recovery-window-in-days 7"
    ),
    "sns:": "aws sns delete-topic --topic-arn {arn}",
    "sqs:": "aws sqs delete-queue --queue-url {name}",
    "wafv2:regional": "aws wafv2 list-web-acls --scope REGIONAL",
}
_ARN: Final = re.compile(r"arn:[^:]+:(?P<service>[^:]+):[^:]*:[^:]*:(?P<rest>.+)")


def suffixes(aws: Aws) -> list[str]:
    """Return the suffix of every environment of which something is there, sorted.

    Args:
        aws: Asks in the region of the environments.
    """
    name = TAGS[0]
    tagged = aws.items(Call.TAGGED, "ResourceTagMappingList", {"TagFilters": [{"Key": name}]})
    pairs = [pair for item in tagged for pair in cast("list[Item]", item.get("Tags", []))]
    return sorted({text(pair, "Value") for pair in pairs if text(pair, "Key") == name})


def sweep(wanted: Needs, aws: Aws, tags: Mapping[str, str]) -> list[Row]:
    """Return what is left, or one row that says that nothing is.

    Args:
        wanted: What the template needs, its names among it.
        aws: Asks in the region of the environment.
        tags: The environment's own tags; see :func:`pcistack.naming.environment_tags`.

    Raises:
        CredentialsError: There are no credentials, or AWS does not accept them.
    """
    aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    rows = [*_named(wanted, aws)]
    said = {row.need.rpartition(" ")[2] for row in rows}
    rows += [
        row
        for row in tried(lambda aws: _tagged(aws, tags), aws, "resources with the tags")
        if row.need.rpartition(" ")[2] not in said
    ]
    if all(row.state is Verdict.CONFIRMED for row in rows):
        rows.append(
            Row(
                state=Verdict.CONFIRMED,
                need=" and ".join(f"{name}={value}" for name, value in tags.items()),
                answer="nothing is left",
                asked=Call.TAGGED.permission,
            )
        )
    return rows


def _named(wanted: Needs, aws: Aws) -> Iterator[Row]:
    """Yield the names that are still taken; what could not be asked is told too."""
    named = replace(wanted, counts={})  # how many policies the account has room for is not asked
    for row in names_in_use.names(named, aws, None):
        if row.state in (Verdict.FAILS, Verdict.UNKNOWN) and row.asked:
            yield replace(row, state=Verdict.FAILS, answer="is still there", resources=())
        elif row.state is Verdict.REFUSED:
            yield row


def _tagged(aws: Aws, tags: Mapping[str, str]) -> Iterator[Row]:
    filters = [{"Key": name, "Values": [value]} for name, value in tags.items()]
    found = aws.items(Call.TAGGED, "ResourceTagMappingList", {"TagFilters": filters})
    for arn in sorted(text(item, "ResourceARN") for item in found):
        yield _left(aws, arn)


def _left(aws: Aws, arn: str) -> Row:
    kind, name = _kind_of(arn)
    command = _COMMANDS.get(kind, "")
    row = Row(
        state=Verdict.FAILS,
        need=f"{kind.rstrip(':')} {name}",
        answer="is still there",
        asked=Call.TAGGED.permission,
        fix=f"{command.format(arn=arn, name=name, first=name.split('/')[0])} --region {aws.region}"
        if command
        else f"look at {arn} and delete it",
    )
    lingers = _LINGERING.get(kind)
    why = lingers(aws, arn, name) if lingers else ""
    return replace(row, state=Verdict.CONFIRMED, answer=why, fix="") if why else row


def _kind_of(arn: str) -> tuple[str, str]:
    """Return ``service:kind`` and the resource's name; S3, SNS and SQS have names alone."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return "", arn
    service, rest = match["service"], match["rest"]
    if service in ("s3", "sns", "sqs"):
        return f"{service}:", rest
    kind, _, name = (
        re.split(r"([:/])", rest, maxsplit=1) if re.search("[:/]", rest) else ("", "", rest)
    )
    return f"{service}:{kind}", name


# What AWS itself keeps for a while: why it may be there, or an empty text.


def _key(aws: Aws, _arn: str, name: str) -> str:
    found = aws.items(Call.KEY, "KeyMetadata", {"KeyId": name}, absent=("NotFoundException",))
    if not found:
        return "is gone"
    pending = text(found[0], "KeyState") == "PendingDeletion"
    return "goes by itself after its deletion window" if pending else ""


def _service(aws: Aws, arn: str, name: str) -> str:
    found = aws.items(
        Call.SERVICES,
        "services",
        {"cluster": name.partition("/")[0], "services": [arn]},
        absent=("ClusterNotFoundException",),
    )
    there = [item for item in found if text(item, "status") == "ACTIVE"]
    return "" if there else "is deleted; ECS shows it for a while"


def _task_definition(aws: Aws, arn: str, _name: str) -> str:
    found = aws.items(
        Call.TASK_DEFINITION,
        "taskDefinition",
        {"taskDefinition": arn},
        absent=("ClientException",),
    )
    there = [item for item in found if text(item, "status") == "ACTIVE"]
    return "" if there else "is deregistered; ECS shows it, and it costs nothing"


_LINGERING: Final[Mapping[str, Callable[[Aws, str, str], str]]] = {
    "ecs:service": _service,
    "ecs:task-definition": _task_definition,
    "kms:key": _key,
}
