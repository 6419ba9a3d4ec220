"""The inventory of keys and certificates (PCI DSS 4.2.1.1, 12.3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import AT_DEPLOYMENT, NONE, OUTSIDE, purpose, shown, text
from pcistack.evidence.wording import claim
from pcistack.template.view import Reference, Resource, View

_STILL: Final = claim("The key does not rotate by itself (3.7.4).")
_EVERY: Final = claim("every {} days")
_WAITS: Final = claim("{} days")
_BY_DNS: Final = claim("AWS, as long as its DNS records stand")
_BY_MAIL: Final = claim("you, by answering an e-mail")
_BY_PRIVATE: Final = claim("AWS, by the private authority that the template names")
_BY_WHOM: Final = claim("AWS for its own public certificates; you for imported ones")
_ADD_IT: Final = claim("Made outside this template: add its names and end date to your inventory.")
_KEY_PROPERTY: Final = re.compile(r"(kms|encryption).*key|^key(id|arn)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of AWS KMS.

    Attributes:
        resource: Logical id.
        purpose: What the template says it is for.
        algorithm: Algorithm and length.
        rotation: How often its material changes.
        deletion: Days between the request to delete it and its end.
        encrypts: Logical ids of the resources it encrypts.
        attention: Why it wants a look; empty if it does not.
    """

    resource: str
    purpose: str
    algorithm: str
    rotation: str
    deletion: str
    encrypts: tuple[str, ...]
    attention: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that a listener or a distribution shows.

    Attributes:
        resource: Logical id, or the ARN of a certificate from outside.
        names: Domain names.
        algorithm: Key algorithm.
        renewal: Who renews it.
        used_by: Logical ids of the resources that show it.
        attention: Why it wants a look; empty if it does not.
    """

    resource: str
    names: str
    algorithm: str
    renewal: str
    used_by: tuple[str, ...]
    attention: str


def keys(view: View) -> tuple[Key, ...]:
    """Return the KMS keys of a template and what each encrypts."""
    users = view.referrers
    rows = [
        Key(
            resource=key.logical_id,
            purpose=purpose(key),
            algorithm=_algorithm(key),
            rotation=_rotation(key),
            deletion=_WAITS.format(text(key, "PendingWindowInDays", absent="30")),
            encrypts=tuple(
                user.logical_id
                for user in users.get(key.logical_id, ())
                if _encrypts(user, key.logical_id)
            ),
            attention="" if _rotates(key) else _STILL,
        )
        for key in view.of_type("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
    ]
    return tuple(sorted(rows, key=lambda row: row.resource))


def _algorithm(key: Resource) -> str:
    spec = text(key, "KeySpec", absent="SYMMETRIC_DEFAULT")
    return "AES-256-GCM" if spec == "SYMMETRIC_DEFAULT" else spec


def _rotates(key: Resource) -> bool:
    return key.flag("EnableKeyRotation") is True


def _rotation(key: Resource) -> str:
    if not _rotates(key):
        return NONE
    return _EVERY.format(text(key, "RotationPeriodInDays", absent="365"))


def _encrypts(user: Resource, key: str) -> bool:
    """Whether a resource names the key in a property that says what encrypts it."""
    if user.type.startswith(("AWS::IAM::", "AWS::KMS::")):
        return False
    return any(
        _KEY_PROPERTY.search(path.rpartition(".")[2]) or "KmsKey" in path
        for path, reference in user.references
        if reference.logical_id == key
    )


def certificates(view: View) -> tuple[Certificate, ...]:
    """Return the certificates a template makes, and those from outside its listeners show."""
    users = view.referrers
    rows = [
        Certificate(
            resource=certificate.logical_id,
            names=", ".join(
                shown(name)
                for name in (
                    certificate.get("DomainName"),
                    *certificate.items("SubjectAlternativeNames"),
                )
            ),
            algorithm=text(certificate, "KeyAlgorithm", absent="RSA_2048"),
            renewal=_renewal(certificate),
            used_by=tuple(user.logical_id for user in users.get(certificate.logical_id, ())),
            attention="",
        )
        for certificate in view.of_type("AWS::CertificateManager::Certificate")
    ]
    rows += [
        Certificate(
            resource=arn,
            names=OUTSIDE,
            algorithm=OUTSIDE,
            renewal=_BY_WHOM,
            used_by=tuple(sorted(listeners)),
            attention=_ADD_IT,
        )
        for arn, listeners in sorted(_outside(view).items())
    ]
    return tuple(sorted(rows, key=lambda row: row.resource))


def _renewal(certificate: Resource) -> str:
    if certificate.get("CertificateAuthorityArn") is not None:
        return _BY_PRIVATE
    method = text(certificate, "ValidationMethod", absent="EMAIL")
    return {"DNS": _BY_DNS, "EMAIL": _BY_MAIL}.get(method, AT_DEPLOYMENT)


def _outside(view: View) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for listener in view.of_type(
        "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerCertificate"
    ):
        for entry in listener.items("Certificates"):
            arn = entry.get("CertificateArn") if isinstance(entry, dict) else None
            if arn is not None and not isinstance(arn, Reference):
                found.setdefault(shown(arn), set()).add(listener.logical_id)
    return found
