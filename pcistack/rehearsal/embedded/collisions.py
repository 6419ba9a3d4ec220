"""A name that is taken: AWS refuses a second resource, or a second export, of the same name.

The engine lets many of them through, and lets the second stack take over what the first one has.
Only names that a template chooses can be taken; CloudFormation's own are new each time.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from pcistack.account.verify.names import NAMED
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import call

# IAM is one for all regions of an account.
_GLOBAL: Final = "AWS::IAM::"

_TAKEN: Final = (
    "Resource of type '{kind}' with identifier '{name}' already exists. "
    "(HandlerErrorCode: AlreadyExists)"
)
_taken: dict[tuple[str, str, str, str], str] = {}


def install() -> None:
    """Put the question of the name before every creation, and the one of exports at the end."""
    provisioners = _engine.module("services.cloudformation.provisioners")
    stacks = _engine.module("services.cloudformation.stacks")
    create, delete = provisioners._provision_resource, provisioners._delete_resource
    for module in (provisioners, stacks):
        module._provision_resource = _with_free_name(create)
        module._delete_resource = _giving_back(delete)
    stacks._resolve_stack_outputs = _with_free_exports(stacks._resolve_stack_outputs)
    handlers = _engine.resource_handlers()
    for kind, guard in (
        ("AWS::EC2::Subnet", _without_overlap),
        ("AWS::Logs::LogGroup", _not_made_by_a_service),
    ):
        handlers[kind]["create"] = guard(handlers[kind]["create"])


def _key(kind: str, name: str) -> tuple[str, str, str, str]:
    region = "" if kind.startswith(_GLOBAL) else _engine.region()
    return (_engine.account_id(), region, kind, name)


def _with_free_name(create: Untyped) -> Untyped:
    def run(kind: str, logical_id: str, values: Untyped, stack: str) -> Untyped:
        name = values.get(NAMED.get(kind, ""))
        if not isinstance(name, str):
            return create(kind, logical_id, values, stack)
        key = _key(kind, name)
        if key in _taken:
            raise ValueError(_TAKEN.format(kind=kind, name=name))
        created = create(kind, logical_id, values, stack)
        _taken[key] = str(created[0])
        return created

    return run


def _giving_back(delete: Untyped) -> Untyped:
    def run(kind: str, physical_id: str, *rest: Untyped) -> None:
        delete(kind, physical_id, *rest)
        for key in [key for key, held in _taken.items() if key[2] == kind and held == physical_id]:
            del _taken[key]

    return run


def _with_free_exports(resolve: Untyped) -> Untyped:
    def run(*arguments: Untyped) -> Untyped:
        outputs, exports = resolve(*arguments)
        known = _engine.module("services.cloudformation")._exports
        for name, export in exports.items():
            other = known.get(name)
            if other is not None and other["StackId"] != export["StackId"]:
                owner = str(other["StackId"]).split("/")[1]
                raise ValueError(f"Export with name {name} is already exported by stack {owner}.")
        return outputs, exports

    return run


def _without_overlap(create: Untyped) -> Untyped:
    """Subnets of one VPC do not overlap (EC2 CreateSubnet: InvalidSubnet.Conflict)."""

    def run(logical_id: str, values: Untyped, stack: str) -> Untyped:
        block, vpc = values.get("CidrBlock"), values.get("VpcId")
        if block is not None:
            scope = [{"Name": "vpc-id", "Values": [vpc]}]
            for subnet in call("ec2", "describe_subnets", Filters=scope)["Subnets"]:
                other = ipaddress.ip_network(subnet["CidrBlock"])
                if other.overlaps(ipaddress.ip_network(str(block))):
                    raise ValueError(
                        f"The CIDR '{block}' conflicts with another subnet, "
                        f"{subnet['SubnetId']} (Error code: InvalidSubnet.Conflict)"
                    )
        return create(logical_id, values, stack)

    return run


def _not_made_by_a_service(create: Untyped) -> Untyped:
    """A service may have made the log group, or a stack kept it; so its name is looked up."""

    def run(logical_id: str, values: Untyped, stack: str) -> Untyped:
        name = values.get("LogGroupName")
        if name is not None:
            groups = call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
            if any(group["logGroupName"] == name for group in groups):
                raise ValueError(_TAKEN.format(kind="AWS::Logs::LogGroup", name=name))
        return create(logical_id, values, stack)

    return run
