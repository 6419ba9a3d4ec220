"""Whether the roles are there that services make for themselves at their first use.

The first use makes them, and may come before IAM has spread the new role: the deployment then fails
once, with "Unable to assume the service linked role".

Source: IAM user guide: Using service-linked roles; the guides of the services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from pcistack.account.aws import Aws, Call
from pcistack.account.rows import Row, Verdict, tried


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    """A role that a service has for itself.

    Attributes:
        name: Its name.
        service: The service's principal.
        needed: Whether the service refuses without it, where others make it at the first use.
    """

    name: str
    service: str
    needed: bool = False


_ECS: Final = _Role(name="AWSServiceRoleForECS", service="ecs.amazonaws.com")
_RDS: Final = _Role(name="AWSServiceRoleForRDS", service="rds.amazonaws.com")

_ROLES: Final[Mapping[str, _Role]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _Role(
        name="AWSServiceRoleForApplicationAutoScaling_ECSService",
        service="ecs.application-autoscaling.amazonaws.com",
    ),
    "AWS::AutoScaling::AutoScalingGroup": _Role(
        name="AWSServiceRoleForAutoScaling", service="autoscaling.amazonaws.com"
    ),
    "AWS::ECS::Cluster": _ECS,
    "AWS::ECS::Service": _ECS,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _Role(
        name="AWSServiceRoleForElasticLoadBalancing", service="elasticloadbalancing.amazonaws.com"
    ),
    "AWS::OpenSearchService::Domain": _Role(
        name="AWSServiceRoleForAmazonOpenSearchService",
        service="opensearchservice.amazonaws.com",
        needed=True,
    ),
    "AWS::RDS::DBCluster": _RDS,
    "AWS::RDS::DBInstance": _RDS,
    "AWS::WAFv2::LoggingConfiguration": _Role(
        name="AWSServiceRoleForWAFV2Logging", service="wafv2.amazonaws.com"
    ),
}
"""The role that each type's service acts with. A scalable target is taken for one of ECS."""


def linked_roles(aws: Aws, types: Collection[str]) -> Iterator[Row]:
    """Yield a row for each role that the services of a template's types act with."""
    for role in dict.fromkeys(_ROLES[kind] for kind in sorted(types) if kind in _ROLES):
        yield from tried(partial(_role, role), aws, f"role of {role.service}")


def _role(role: _Role, aws: Aws) -> Iterator[Row]:
    asked = {"RoleName": role.name}
    found = aws.items(Call.ROLE, "Role", asked, at_home=True, absent=("NoSuchEntity",))
    missing = (
        "it is missing, and the service refuses without it in a VPC"
        if role.needed
        else "it is missing: the first use makes it, and may fail once"
    )
    yield Row(
        state=Verdict.CONFIRMED if found else Verdict.WARNING,
        need=f"role of {role.service}",
        answer="it is there" if found else missing,
        asked=Call.ROLE.permission,
        fix=""
        if found
        else f"aws iam create-service-linked-role --aws-service-name {role.service}",
    )
