"""Who may do what in a template: roles with all their policies, keys, and resource policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from pcistack.policies import managed
from pcistack.policies.arns import ResourceNames
from pcistack.policies.evaluation import Evaluation, Principal, Request
from pcistack.policies.matching import all_of, any_of
from pcistack.policies.statements import Statement, statements_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View

TRUST = "AssumeRolePolicyDocument"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")


class Access:
    """Answers for one view; True, False, or None where the template does not decide."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.names = ResourceNames(view)
        self.evaluation = Evaluation(self.names)
        self._identity: dict[str, tuple[tuple[Statement, ...], bool]] = {}

    @cached_property
    def statements(self) -> Mapping[str, tuple[Statement, ...]]:
        """Statements by the logical id of the resource that holds them."""
        return statements_of(self._view)

    def role(self, value: Value) -> Resource | None:
        """Return the role of the template that a value names, by reference, ARN or name."""
        found = self.names.target(value)
        if found is None and isinstance(value, str):
            text = self.names.text(value)
            for role in self._view.of_type("AWS::IAM::Role"):
                if text in (self.names.arn(role), self.names.name(role)):
                    return role
        return found if found is not None and found.type == "AWS::IAM::Role" else None

    def may_assume(
        self, role: Resource, service: str, context: Mapping[str, tuple[str, ...]]
    ) -> bool | None:
        """Whether a role's trust policy lets a service assume it."""
        if not _readable(role.get(TRUST)):
            return None
        trust = [s for s in self.statements.get(role.logical_id, ()) if s.path.startswith(TRUST)]
        request = Request(
            action="sts:AssumeRole", principal=Principal(service=service), context=context
        )
        return self.evaluation.decide(trust, request, with_principal=True)

    def role_may(self, role: Resource, request: Request) -> bool | None:
        """Whether the policies of a role allow a request; resource policies are not asked."""
        statements, complete = self.identity(role)
        allows, denies = self.evaluation.both(statements, request)
        bounded = role.get("PermissionsBoundary") is not None
        if not complete or bounded:
            denies = denies or None
            allows = allows or (None if not complete else allows)
        within = self._boundary_allows(role, request) if bounded else True
        return all_of([allows, within, None if denies is None else not denies])

    def _boundary_allows(self, role: Resource, request: Request) -> bool | None:
        """Whether a role's boundary lets a request pass, which its policies alone cannot."""
        value = role.get("PermissionsBoundary")
        policy = self.names.target(value)
        statements = (
            managed.statements_of(self.names.text(value))
            if policy is None
            else self.statements.get(policy.logical_id)
        )
        if statements is None or (policy and not _readable(policy.get("PolicyDocument"))):
            return None
        return self.evaluation.decide(statements, request)

    def identity(self, role: Resource) -> tuple[tuple[Statement, ...], bool]:
        """Return the statements of a role's policies, and whether all of them are known."""
        if role.logical_id not in self._identity:
            self._identity[role.logical_id] = self._identity_of(role)
        return self._identity[role.logical_id]

    def _identity_of(self, role: Resource) -> tuple[tuple[Statement, ...], bool]:
        own = self.statements.get(role.logical_id, ())
        found = [statement for statement in own if statement.path.startswith("Policies.")]
        complete = _readable_items(role.get("Policies"), "PolicyDocument")
        attached = role.get("ManagedPolicyArns")
        complete = complete and not isinstance(attached, Unknown | Reference | Partial)
        for item in role.items("ManagedPolicyArns"):
            policy = self.names.target(item)
            statements = (
                managed.statements_of(self.names.text(item))
                if policy is None
                else self.statements.get(policy.logical_id, ())
            )
            complete = complete and statements is not None
            complete = complete and (policy is None or _readable(policy.get("PolicyDocument")))
            found += statements or ()
        for policy in self.attached(role):
            found += self.statements.get(policy.logical_id, ())
            complete = complete and _readable(policy.get("PolicyDocument"))
        return tuple(found), complete

    def attached(self, role: Resource) -> list[Resource]:
        """Return the policies of the template that name a role themselves."""
        return self._attached.get(role.logical_id, [])

    @cached_property
    def _attached(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for kind in _ATTACHED:
            for policy in self._view.of_type(kind):
                for item in (*policy.items("Roles"), *policy.items("RoleName")):
                    role = self.role(item)
                    if role is not None:
                        found.setdefault(role.logical_id, []).append(policy)
        return found

    def key_allows(
        self, key: Resource, request: Request, role: Resource | None = None
    ) -> bool | None:
        """Whether a key's policy, and where it leaves it to IAM the role's, allow a request.

        Args:
            key: A key of the template.
            request: The request; its resource is the key.
            role: The role that asks; None for a service or whoever deploys.
        """
        if not _readable(key.get("KeyPolicy")):
            return None
        statements = self.statements.get(key.logical_id, ())
        if role is None:
            return self.evaluation.decide(statements, request, with_principal=True)
        arn = self.names.arn(role) or ""
        of_role = _with(request, Principal(arn=arn), self.names.arn(key) or "")
        direct = [s for s in statements if not s.account_root]
        allows, denies = self.evaluation.both(statements, of_role, with_principal=True)
        by_name, _ = self.evaluation.both(direct, of_role, with_principal=True)
        delegated = all_of([allows, self.role_may(role, of_role)])
        return all_of([any_of([by_name, delegated]), None if denies is None else not denies])

    def resource_allows(self, holders: Iterable[Resource], request: Request) -> bool | None:
        """Whether the policies of some resources together allow a request."""
        found: list[Statement] = []
        for holder in holders:
            found += self.statements.get(holder.logical_id, ())
        return self.evaluation.decide(found, request, with_principal=True)


def _with(request: Request, principal: Principal, resource: str) -> Request:
    return Request(
        action=request.action, resource=resource, principal=principal, context=request.context
    )


def _readable(document: Value) -> bool:
    """Whether a policy document is known, statement by statement."""
    if not isinstance(document, dict):
        return isinstance(document, str) and not isinstance(document, Partial)
    statements = document.get("Statement")
    items = statements if isinstance(statements, list) else [statements]
    return all(isinstance(item, dict) for item in items)


def _readable_items(value: Value, path: str) -> bool:
    if value is None:
        return True
    if not isinstance(value, list):
        return False
    return all(isinstance(item, dict) and _readable(item.get(path)) for item in value)
