"""The stack ``PciDssDelivery``: a provider of identities, and a role for each use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import Environment as CdkEnvironment
from aws_cdk import aws_iam as iam
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.place import Place
from pci_constructs.policy import Statement, allow, policy
from stacks.delivery import permissions
from stacks.delivery.settings import Delivery

NAME: Final = "PciDssDelivery"
BOUNDARY: Final = "pcistack-pull-requests"
"""Name of the boundary, for ``protection.permissions_boundary`` of ``ephemeral.toml``."""

_Statements: TypeAlias = Callable[[Place], Sequence[Statement]]


class DeliveryStack(Stack):
    """Who may deploy from a pipeline, without a key.

    Attributes:
        settings: What it is made from.
        provider: ARN of the provider of identities.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Delivery) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(region=settings.region),
            description="Roles that a pipeline takes to check and to deploy",
            termination_protection=True,
        )
        self.settings = settings
        self._place = Place.of(self)
        self.provider = settings.provider_arn or self._make_provider()
        ends = settings.subjects
        boundary = self._policy(
            "Boundary",
            lambda place: permissions.within_pull_requests(place, settings),
            name=BOUNDARY,
            accepted=permissions.ACCEPTED,
        )
        self._reads = self._policy(
            "Read", lambda _: [permissions.reads()], accepted=permissions.READS_ALL
        )
        execution = self._execution(boundary)
        self._role("Check", ends.check)
        self._role(
            "Ephemeral",
            ends.ephemeral,
            lambda place: permissions.deploys_pull_requests(place, settings, execution.attr_arn),
        )
        self._role(
            "Production",
            ends.production,
            lambda place: [permissions.takes_bootstrap_roles(place)],
        )
        CfnOutput(self, "ExecutionRoleArn", value=execution.attr_arn)
        Tags.of(self).add("Project", settings.project)

    def _make_provider(self) -> str:
        provider = iam.CfnOIDCProvider(
            self,
            "Provider",
            url=f"https://{self.settings.issuer}",
            client_id_list=[self.settings.audience],
        )
        return provider.attr_arn

    def _role(
        self, name: str, ends: tuple[str, ...], statements: _Statements | None = None
    ) -> None:
        """Make a role that runs with exact subjects may take, for an hour at a time."""
        issuer = self.settings.issuer
        policies = [self._reads.ref]
        if statements is not None:
            policies.append(self._policy(f"{name}Policy", statements).ref)
        role = iam.CfnRole(
            self,
            name,
            description=f"{name}: runs of {self.settings.repository}",
            assume_role_policy_document=policy(
                allow(
                    "sts:AssumeRoleWithWebIdentity",
                    on=None,
                    to={"Federated": self.provider},
                    when={
                        "StringEquals": {
                            f"{issuer}:aud": self.settings.audience,
                            f"{issuer}:sub": self.settings.trusted(ends),
                        }
                    },
                )
            ),
            managed_policy_arns=policies,
        )
        CfnOutput(self, f"{name}RoleArn", value=role.attr_arn)

    def _policy(
        self,
        construct_id: str,
        statements: _Statements,
        *,
        name: str | None = None,
        accepted: Mapping[str, str] | None = None,
    ) -> iam.CfnManagedPolicy:
        """Make a policy; each wildcard in it is accepted for the reason of its statement."""
        own = iam.CfnManagedPolicy(
            self,
            construct_id,
            managed_policy_name=name,
            policy_document=policy(*statements(self._place)),
        )
        wildcards = permissions.wildcards(statements(self._place.in_findings))
        acknowledge(own, {**wildcards, **(accepted or {})})
        return own

    def _execution(self, boundary: iam.CfnManagedPolicy) -> iam.CfnRole:
        """Make the role that CloudFormation takes for the environments of pull requests."""
        own = self._policy(
            "ExecutionPolicy",
            lambda place: permissions.makes_roles(place, self.settings, boundary.ref),
        )
        return iam.CfnRole(
            self,
            "Execution",
            description="CloudFormation, for the environments of pull requests",
            assume_role_policy_document=policy(
                allow(
                    "sts:AssumeRole",
                    on=None,
                    to={"Service": "cloudformation.amazonaws.com"},
                    when={"StringEquals": {"aws:SourceAccount": self._place.account}},
                )
            ),
            managed_policy_arns=[boundary.ref, own.ref],
        )
