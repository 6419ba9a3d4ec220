"""The IAM policy that ``pcistack verify`` needs: its own questions and CloudFormation's.

A drift detection reads each resource with the permissions of whoever asks for it, so the read
permissions of the types in question belong to the policy. Their source is the resource schemas of
CloudFormation, as cfn-lint carries them; ``python -m pcistack.account.verify.permissions`` writes
them again after an update of the lock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, cast

from pcistack.account.aws import Call
from pcistack.account.verify.deployed import LOAD_BALANCER, SERVICE, TOPIC, VPC
from pcistack.account.verify.drift import detectable_types
from pcistack.resource_schemas import folder
from pcistack.template.document import Template

_READS: Final = Path(__file__).with_name("reads.json")
_ALWAYS: Final = (
    Call.STACK_RESOURCES,
    Call.STACKS,
    Call.EXPORTS,
    Call.TEMPLATE,
    Call.DETECT_DRIFT,
    Call.DRIFT_STATUS,
    Call.RESOURCE_DRIFTS,
)
_FOR_TYPES: Final[Mapping[str, Sequence[Call]]] = {
    VPC: (Call.FLOW_LOGS, Call.SECURITY_GROUPS),
    "AWS::CloudWatch::Alarm": (Call.ALARMS, Call.TOPICS),
    SERVICE: (Call.SERVICES, Call.SCALABLE_TARGETS, Call.SCALING_POLICIES),
    LOAD_BALANCER: (
        Call.LOAD_BALANCERS,
        Call.LOAD_BALANCER_ATTRIBUTES,
        Call.LISTENERS,
        Call.WEB_ACL_OF,
        Call.WEB_ACL_LOG,
    ),
    "AWS::KMS::Key": (Call.KEY_ROTATION,),
    "AWS::Logs::LogGroup": (Call.LOG_GROUPS,),
    "AWS::RDS::DBCluster": (
        Call.DATABASE_CLUSTERS,
        Call.DATABASE_SUBNETS,
        Call.SUBNETS,
        Call.ROUTE_TABLES,
    ),
    "AWS::RDS::DBInstance": (Call.DATABASE_INSTANCES,),
    "AWS::SecretsManager::Secret": (Call.SECRET,),
    TOPIC: (Call.TOPIC, Call.KEY_POLICY),
}
CALLS: Final = frozenset({*_ALWAYS, *(call for calls in _FOR_TYPES.values() for call in calls)})
"""Every call that a verification makes."""

_ALSO: Final[Mapping[Call, Sequence[str]]] = {
    # Source: CloudFormation User Guide, "Considerations when detecting drift".
    Call.DETECT_DRIFT: (
        "cloudformation:BatchDescribeTypeConfigurations",
        "cloudformation:DetectStackResourceDrift",
    ),
    # Source: AWS WAF API Reference, GetWebACLForResource: "This call uses GetWebACL".
    Call.WEB_ACL_OF: ("wafv2:GetWebACL",),
}


def policy(template: Template) -> dict[str, object]:
    """Return the least IAM policy that verifies a stack of this template.

    ``sts:GetCallerIdentity`` needs no permission.
    """
    types = {resource.type for resource in template.resources.values()}
    calls = {*_ALWAYS, *(call for kind in types for call in _FOR_TYPES.get(kind, ()))}
    actions = {call.permission for call in calls}
    actions |= {action for call in calls for action in _ALSO.get(call, ())}
    actions |= {action for kind in types for action in _reads().get(kind, ())}
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def drift_actions() -> frozenset[str]:
    """Return what drift detection asks of any stack beside the project's own calls."""
    read = (action for actions in _reads().values() for action in actions)
    return frozenset(read).union(*_ALSO.values())


@cache
def _reads() -> Mapping[str, Sequence[str]]:
    """Return the permissions that reading a resource takes, by its type."""
    return cast("Mapping[str, Sequence[str]]", json.loads(_READS.read_text(encoding="utf-8")))


def reads_of(schemas: Mapping[str, Mapping[str, object]]) -> dict[str, list[str]]:
    """Return the read permissions of the types whose drift is asked, from their schemas.

    What a handler lists besides, such as ``iam:PassRole``, reads nothing.
    """
    found: dict[str, list[str]] = {}
    for kind in sorted(detectable_types()):
        handlers = cast("Mapping[str, Mapping[str, list[str]]]", schemas[kind].get("handlers", {}))
        listed = handlers.get("read", {}).get("permissions", [])
        found[kind] = sorted(
            action
            for action in listed
            if action.partition(":")[2].startswith(("Describe", "Get", "List"))
        )
    return found


def shipped_schemas() -> dict[str, Mapping[str, object]]:
    """Return the resource schemas that cfn-lint carries, by type."""
    schemas = folder()
    names = json.loads((schemas / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    files = {kind: schemas / "resources" / f"{names[kind]}.json" for kind in detectable_types()}
    return {kind: json.loads(file.read_text(encoding="utf-8")) for kind, file in files.items()}


if __name__ == "__main__":
    _READS.write_text(json.dumps(reads_of(shipped_schemas()), indent=1) + "\n", encoding="utf-8")
