"""Requirement 10.3.1: no function makes its log group again once it is deleted."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    Hit,
    hit,
)
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.log_groups import group_of
from pcistack.pci_dss.pack import rule
from pcistack.policies.statements import Statement
from pcistack.template.references import name_of
from pcistack.template.view import Resource

# AWS's policies that let a function make log groups: they allow logs:CreateLogGroup on "*".
_MAKES_GROUPS: Final = re.compile(
    r"AWSLambda\w*ExecutionRole|AWSLambdaExecute|CloudWatch(Logs)?FullAccess(V2)?"
    r"|PowerUserAccess|AdministratorAccess"
)


_CREATE: Final = "logs:CreateLogGroup"


@rule(
    "PCI-10.3.1-LOG-GROUP-RETURNS",
    "No function can make its log group again once it is deleted",
    asks="Logs are protected and kept; what a function still writes while its stack is deleted "
    "must not bring its log group back, without your key and for ever.",
    requirements=("10.3.1", "10.5.1", "3.2.1"),
    severity=Severity.WARNING,
    types=(
        "AWS::Lambda::Function",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::IAM::ManagedPolicy",
    ),
    fix="Give the function's role logs:CreateLogStream and logs:PutLogEvents on its log group, in "
    "place of logs:CreateLogGroup or AWSLambdaBasicExecutionRole. The next deployment of the same "
    "name fails otherwise, because the group already exists (aws/aws-cdk#31487).",
)
def log_group_returns(context: Context) -> Iterator[Hit]:
    for function in context.of_type("AWS::Lambda::Function"):
        group = _own_group(context, function)
        role = context.target(function.get("Role"))
        if group is None or role is None:
            continue
        statements = [
            statement
            for statement in _statements_of(context, role)
            if statement.allows_action(_CREATE) and _covers(statement, group)
        ]
        if any(not statement.allows for statement in statements):
            continue
        message = f"{role.logical_id} may make {group.logical_id} again when it is deleted"
        for statement in statements:
            yield Hit(resource=statement.resource, property=statement.path, message=message)
        for index, item in enumerate(role.items("ManagedPolicyArns")):
            name = str(item).rpartition("/")[2] if isinstance(item, str) else ""
            if _MAKES_GROUPS.fullmatch(name):
                yield hit(role, f"ManagedPolicyArns.{index}", f"{message}: {name} allows {_CREATE}")


def _own_group(context: Context, function: Resource) -> Resource | None:
    """Return the log group of the template that a function writes to, if there is one."""
    named = function.get("LoggingConfig.LogGroup")
    if named is None:
        return group_of(context, "/aws/lambda/", function, "FunctionName")
    for group in context.of_type("AWS::Logs::LogGroup"):
        name = group.get("LogGroupName")
        if name_of(named) == group.logical_id or (
            isinstance(name, str) and str(name) == str(named)
        ):
            return group
    return None


_ATTACHED: Final = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}


def _statements_of(context: Context, role: Resource) -> Iterator[Statement]:
    """Yield the statements of a role's policies, as far as the template has them."""
    holders = {role.logical_id: None}
    for kind, path in _ATTACHED.items():
        holders |= dict.fromkeys(
            holder.logical_id for holder in context.pointing(kind, path, role.logical_id)
        )
    holders |= dict.fromkeys(name_of(item) for item in role.items("ManagedPolicyArns"))
    for holder in holders:
        for statement in context.statements.get(holder, ()):
            if "AssumeRolePolicyDocument" not in statement.path:
                yield statement


def _covers(statement: Statement, group: Resource) -> bool:
    """Whether a statement is about a log group; a name that is not known matches every wildcard."""
    return not statement.resources or any(_matches(item, group) for item in statement.resources)


def _matches(resource: str, group: Resource) -> bool:
    if resource == group.logical_id or f"<{group.logical_id}" in resource:
        return True
    _, named, rest = resource.partition(":log-group:")
    name = group.get("LogGroupName")
    if not named or not isinstance(name, str):
        return "*" in (rest if named else resource)
    return fnmatch.fnmatchcase(str(name), rest.partition(":")[0])
