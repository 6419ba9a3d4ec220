"""Settings of the way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form

EVERYBODY: Final = "0.0.0.0/0"

_Arn = Annotated[
    str, form(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]{1,64}")
]
_ZoneId = Annotated[str, form(r"Z[A-Z0-9]{1,31}")]
_HostName = Annotated[str, AfterValidator(values.host_name)]
_CommonName = Annotated[str, AfterValidator(values.common_name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedZone:
    """A public Route 53 zone in which a certificate is validated and the name is published.

    Attributes:
        zone_id: Id of the hosted zone.
        zone_name: Its domain.
        domain_name: Name of the service inside the zone.
    """

    zone_id: str
    zone_name: str
    domain_name: str


def _everybody(above: dict[str, Any]) -> tuple[str, ...]:
    return values.PRIVATE_RANGES if above["scheme"] == "internal" else (EVERYBODY,)


class IngressSettings(Settings):
    """The way in from the internet; without this table there is none. Remove it in two steps."""

    certificate_arn: Annotated[
        _Arn | None,
        Allowed("an ACM certificate: arn:aws:acm:<region>:<12 digits>:certificate/<id>"),
    ] = None
    """Certificate in the environment's region and account. Left out, one is validated in the zone
    that the three fields below name; with both, the name is published in that zone."""

    hosted_zone_id: Annotated[
        _ZoneId | None, Allowed("an id as Route 53 shows it: Z, then capital letters and digits")
    ] = None
    """Public Route 53 zone in which a new certificate is validated and the name is published."""

    hosted_zone_name: Annotated[_HostName | None, Allowed("a domain such as example.com")] = None
    """Domain of that zone."""

    domain_name: Annotated[
        _CommonName | None,
        Allowed("a host name such as pay.example.com, at most 64 characters"),
    ] = None
    """Name of the service inside that zone."""

    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    """`internal`: the load balancer stands in the private tier and is reached from inside the VPC
    and from networks that are connected to it."""

    allowed_sources: Annotated[
        tuple[str, ...],
        Field(min_length=1, max_length=50, strict=False),
        Allowed('a list of different IPv4 ranges, such as ["203.0.113.0/24"]'),
    ] = Field(default_factory=_everybody)
    """Who may reach the load balancer. Left out, it is everybody, or with `internal` all private
    addresses."""

    waf_exceptions: Annotated[
        dict[
            Annotated[str, AfterValidator(values.managed_rule)],
            Annotated[str, StringConstraints(strip_whitespace=True, min_length=20)],
        ],
        Allowed(
            "a reason of at least 20 characters for each rule of AWS's managed groups, such as "
            "SizeRestrictions_BODY"
        ),
    ] = Field(default_factory=dict)
    """Rules of the web ACL that count instead of blocking: reason by name. `SizeRestrictions_BODY`
    blocks bodies of more than 8 KB."""

    rate_limit: Annotated[int, Field(ge=10, le=2_000_000)] = 2000
    """Requests that one address may send in five minutes before it is blocked."""

    @property
    def zone(self) -> HostedZone | None:
        """The zone of the service's name, if all that it needs is there."""
        if not (self.hosted_zone_id and self.hosted_zone_name and self.domain_name):
            return None
        return HostedZone(
            zone_id=self.hosted_zone_id,
            zone_name=self.hosted_zone_name,
            domain_name=self.domain_name,
        )

    @property
    def certificate(self) -> str | HostedZone:
        """ARN of the certificate, or the zone to validate a new one in.

        Raises:
            ValueError: There is neither.
        """
        certificate = self.certificate_arn or self.zone
        if certificate is None:
            raise ValueError(
                "ingress: lacks a certificate; allowed: certificate_arn, or hosted_zone_id, "
                "hosted_zone_name and domain_name"
            )
        return certificate
