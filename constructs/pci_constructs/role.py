"""A role that may do what is listed, and what somebody grants it in so many words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from aws_cdk import aws_iam as iam
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.policy import Condition, Statement, allow, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleProps:
    """Inputs of :func:`listed_role`.

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


class ListedRole:
    """A role in two hands, each made when it is first asked for.

    Attributes:
        resource: The role itself, for a managed policy that is attached later.
    """

    def __init__(self, scope: Construct, construct_id: str, resource: iam.CfnRole) -> None:
        self._scope, self._id, self.resource = scope, construct_id, resource
        self._arn = resource.attr_arn

    @cached_property
    def role(self) -> iam.IRole:
        """For everybody: a grant to it takes effect, by a policy of its own."""
        return self._imported("Arn", mutable=True)

    @cached_property
    def closed(self) -> iam.IRole:
        """For the CDK while it wires a construct whose needs are listed already.

        What it grants then is dropped. Never hand it out.
        """
        return self._imported("Closed", mutable=False)

    def _imported(self, what: str, *, mutable: bool) -> iam.IRole:
        return iam.Role.from_role_arn(self._scope, f"{self._id}{what}", self._arn, mutable=mutable)


def listed_role(scope: Construct, construct_id: str, *, props: RoleProps) -> ListedRole:
    """Create a role that begins with what is listed (PCI DSS 7.2)."""
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
        managed_policy_arns=[*props.aws_policies, *([own] if own else [])],
    )
    if props.accepted:
        acknowledge(own or role, props.accepted)
    return ListedRole(scope, construct_id, role)
