"""Certificates of ACM: the names that are validated, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open, objects, text
from pcistack.template.view import Resource, Value

_CERTIFICATE: Final = "AWS::CertificateManager::Certificate"


@rule(
    "DEPLOY-CERTIFICATE",
    "Options of a certificate for a name that it does not have",
    types=(_CERTIFICATE,),
    severity=Severity.FATAL,
    source="ACM API reference: RequestCertificate (InvalidDomainValidationOptionsException)",
)
def certificate_rule(context: Context) -> Iterator[Hit]:
    for certificate in context.of_type(_CERTIFICATE):
        names = [certificate.get("DomainName"), *certificate.items("SubjectAlternativeNames")]
        if any(is_open(name) for name in names) or None in names:
            continue
        known = {_bare(name) for name in names}
        for path, option in objects(certificate, "DomainValidationOptions"):
            name = option.get("DomainName")
            if text(name) is not None and _bare(name) not in known:
                yield hit(
                    certificate,
                    f"{path}.DomainName",
                    f"the certificate is for {', '.join(sorted(known))}, not for {text(name)}",
                    "name a domain of the certificate",
                )
        yield from _private(context, certificate)


def _bare(name: Value) -> str:
    return (text(name) or "").rstrip(".").lower()


def _private(context: Context, certificate: Resource) -> Iterator[Hit]:
    zones = {
        path: context.target(option.get("HostedZoneId"), "AWS::Route53::HostedZone")
        for path, option in objects(certificate, "DomainValidationOptions")
    }
    for path, zone in zones.items():
        if zone is not None and zone.items("VPCs"):
            yield hit(
                certificate,
                f"{path}.HostedZoneId",
                f"{zone.logical_id} is a private zone, in which ACM finds no record: the stack "
                "waits for the certificate until it fails",
                "name the public zone",
                severity=Severity.ERROR,
            )
