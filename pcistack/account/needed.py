"""What a template can need of its account and region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededDatabase:
    """A cluster or instance, as far as AWS has a say in whether it can be created.

    Attributes:
        resource: Logical id.
        engine: Engine; None if only the deployment knows.
        version: Version; empty if AWS chooses it, None if only the deployment knows.
        mode: ``EngineMode``; empty if none.
        instance_class: ``DBInstanceClass`` of an instance, else empty; None if not known.
        minimum: Serverless v2 ``MinCapacity``, if known.
        maximum: Serverless v2 ``MaxCapacity``, if known.
        is_serverless_v2: Whether there is a Serverless v2 scaling configuration.
        family: Family of its parameter group, if the template has it; else empty.
        log_types: CloudWatch log exports.
        certificate_authority: ``CACertificateIdentifier``; empty if none is named.
        zone: Zone asked for; empty if none.
        flags: Features asked for, by the name of the flag in AWS's answer.
    """

    resource: str
    engine: str | None
    version: str | None
    mode: str = ""
    instance_class: str | None = ""
    minimum: float | None = None
    maximum: float | None = None
    is_serverless_v2: bool = False
    family: str = ""
    log_types: tuple[str, ...] = ()
    certificate_authority: str = ""
    zone: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A VPC endpoint.

    Attributes:
        resource: Logical id.
        service: Service name; None if only the deployment knows.
        kind: ``Interface``, ``Gateway`` or ``GatewayLoadBalancer``.
        zones: Zones of its subnets, as far as they are known.
    """

    resource: str
    service: str | None
    kind: str
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueName:
    """A name that the template gives, and that nothing else may have.

    Attributes:
        resource: Logical id.
        type: CloudFormation type.
        name: The name; None if only the deployment knows.
        kept: Whether the resource is kept when its stack is deleted.
    """

    resource: str
    type: str
    name: str | None
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A hosted zone that the template names.

    Attributes:
        resource: Logical id of what names it.
        id: The zone's id.
        domain: What it is needed for.
        validates: Whether a certificate is validated in it, so that it must be public.
    """

    resource: str
    id: str
    domain: str
    validates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Everything a template needs, over all worlds its conditions allow.

    Attributes:
        databases: Clusters and instances.
        endpoints: VPC endpoints.
        zones: Zones named, with the resources that name them.
        counts: How many of a thing are created, the most of any world.
        nat_zones: NAT gateways by zone; the key is empty where the zone is not known.
        vcpu: Fargate vCPU of all tasks when the stack starts.
        vcpu_at_scale: Fargate vCPU when every service is scaled out.
        unknown: What is needed in a number that only the deployment knows.
        types: Resource types.
        names: Names that the template gives.
        certificates: ACM certificates of this region by ARN, with the resources that name them.
        hosted_zones: Hosted zones named by id.
        problems: Expressions that fail in this region, such as a zone past the last one.
    """

    databases: Sequence[NeededDatabase]
    endpoints: Sequence[Endpoint]
    zones: Mapping[str, Sequence[str]]
    counts: Mapping[str, int]
    nat_zones: Mapping[str, int]
    vcpu: float
    vcpu_at_scale: float
    unknown: Sequence[str]
    types: frozenset[str]
    names: Sequence[UniqueName]
    certificates: Mapping[str, Sequence[str]]
    hosted_zones: Sequence[Zone]
    problems: Sequence[tuple[str, str]]
