"""Flow logs: what they watch and where they go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.references import name_of


@rule(
    "DEPLOY-FLOW-LOG",
    "A flow log that lacks its destination, or the role for it",
    types=("AWS::EC2::FlowLog",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateFlowLogs",
)
def flow_log_rule(context: Context) -> Iterator[Hit]:
    for log in context.of_type("AWS::EC2::FlowLog"):
        kind = log.text("LogDestinationType") or "cloud-watch-logs"
        if log.is_unknown("LogDestinationType"):
            continue
        role, name = log.get("DeliverLogsPermissionArn"), log.get("LogGroupName")
        if kind == "cloud-watch-logs" and name is None and log.get("LogDestination") is None:
            yield hit(log, "LogDestination", "the flow log has no destination", "name a log group")
        elif kind == "cloud-watch-logs" and role in (None, ""):
            yield hit(
                log,
                "DeliverLogsPermissionArn",
                "a flow log to CloudWatch Logs needs a role that writes it",
                "set DeliverLogsPermissionArn",
            )
        elif kind == "s3" and (role is not None or name is not None):
            wrong = "DeliverLogsPermissionArn" if role is not None else "LogGroupName"
            yield hit(log, wrong, f"a flow log to S3 takes no {wrong}", f"delete {wrong}")
        if name is not None and log.get("LogDestination") is not None:
            yield hit(
                log,
                "LogGroupName",
                "LogGroupName and LogDestination exclude each other",
                "keep LogDestination",
            )


_FLOW: Final = "AWS::EC2::FlowLog"
_OBSERVED: Final = {
    "AWS::EC2::NetworkInterface": "NetworkInterface",
    "AWS::EC2::Subnet": "Subnet",
    "AWS::EC2::TransitGateway": "TransitGateway",
    "AWS::EC2::TransitGatewayAttachment": "TransitGatewayAttachment",
    "AWS::EC2::VPC": "VPC",
}
_FIELD_NAMES: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow- "
    "direction traffic-path ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs- "
    "container-instance-id ecs-container-id ecs-second-container-id ecs-service-name ecs-task- "
    "definition-arn ecs-task-arn ecs-task-id reject-reason resource-type tgw-id tgw-attachment-id "
    "tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet- "
    "id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair- "
    "attachment-id packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded "
    "packets-lost-ttl-expired encryption-status"
)
_FIELDS: Final = frozenset(_FIELD_NAMES.split())


@rule(
    "DEPLOY-FLOW-LOG-SOURCE",
    "A flow log of something else, or of fields that do not exist",
    types=(_FLOW,),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateFlowLogs; VPC user guide: Flow log records, available fields",
)
def flow_rule(context: Context) -> Iterator[Hit]:
    for log in context.of_type(_FLOW):
        target = context.target(log.get("ResourceId"), *_OBSERVED)
        kind = log.text("ResourceType")
        if target is not None and kind is not None and _OBSERVED[target.type] != kind:
            yield hit(
                log,
                "ResourceType",
                f"{target.logical_id} is an {target.type}, not a {kind}",
                f"set ResourceType: {_OBSERVED[target.type]}",
            )
        for name in re.findall(r"\$\{([^}]*)\}", log.text("LogFormat") or ""):
            if name not in _FIELDS:
                yield hit(
                    log,
                    "LogFormat",
                    f"flow logs have no field {name}",
                    "name fields such as ${vpc-id}, ${srcaddr} and ${action}",
                )


@rule(
    "DEPLOY-FLOW-LOG-BUCKET",
    "A flow log whose bucket refuses it",
    types=(_FLOW,),
    source="VPC user guide: Amazon S3 bucket permissions for flow logs",
)
def bucket_rule(context: Context) -> Iterator[Hit]:
    """AWS adds its own statement to the policy, which no Deny may stand against."""
    names = context.access.names
    for log in context.of_type(_FLOW):
        bucket = names.found(log.get("LogDestination"))
        if bucket is None or bucket.type != "AWS::S3::Bucket":
            continue
        request = Request(
            action="s3:PutObject",
            resource=f"{names.arn(bucket)}/AWSLogs/<AWS::AccountId>/vpcflowlogs/x",
            principal=Principal(service="delivery.logs.amazonaws.com"),
            context={
                "s3:x-amz-acl": ("bucket-owner-full-control",),
                "aws:securetransport": ("true",),
            },
        )
        for policy in context.of_type("AWS::S3::BucketPolicy"):
            if name_of(policy.get("Bucket")) != bucket.logical_id:
                continue
            statements = context.access.statements.get(policy.logical_id, ())
            if context.access.evaluation.both(statements, request, with_principal=True)[1] is True:
                yield hit(
                    log,
                    "LogDestination",
                    f"{policy.logical_id} denies s3:PutObject on {bucket.logical_id} to "
                    "delivery.logs.amazonaws.com: no flow is logged",
                    "leave delivery.logs.amazonaws.com out of the Deny",
                )
