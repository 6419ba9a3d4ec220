"""A role that may do what is listed, and that nothing else in the stack can widen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.policy import Condition, Statement, allow, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleProps:
    """Inputs of :func:`closed_role`.

    Attributes:
        description: What the role is for.
        service: Service that assumes it, such as ``ecs-tasks.amazonaws.com``.
        when: Conditions under which it may, or None.
        statements: What the role may do, by a managed policy of its own.
        aws_policies: ARNs of policies of AWS that it has as well.
        accepted: Findings that are accepted on its policy, or on the role if it has none of its
            own: reason by rule id.
    """

    description: str
    service: str
    when: Condition | None = None
    statements: tuple[Statement, ...] = ()
    aws_policies: tuple[str, ...] = ()
    accepted: Mapping[str, str] | None = None


def closed_role(scope: Construct, construct_id: str, *, props: RoleProps) -> iam.IRole:
    """Create a role (PCI DSS 7.2).

    It is handed out as an import, so that no grant of the CDK adds to what is listed.
    """
    own = (
        iam.CfnManagedPolicy(
            scope, f"{construct_id}Policy", policy_document=policy(*props.statements)
        )
        if props.statements
        else None
    )
    role = iam.CfnRole(
        scope,
        construct_id,
        description=props.description,
        assume_role_policy_document=policy(
            allow("sts:AssumeRole", on=None, to={"Service": props.service}, when=props.when)
        ),
        managed_policy_arns=[*props.aws_policies, *([own.ref] if own else [])],
    )
    if props.accepted:
        acknowledge(own or role, props.accepted)
    return iam.Role.from_role_arn(scope, f"{construct_id}Arn", role.attr_arn, mutable=False)
