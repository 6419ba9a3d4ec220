"""Who does what: AWS, the stack, and the organization that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.explanations import LIMITS
from pcistack.evidence.wording import claim
from pcistack.pci_dss.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsibility:
    """One principal requirement of PCI DSS v4.0.1: AWS's part and yours.

    The stack's part is not written down here: it is whatever the template is found to support.

    Attributes:
        requirement: Number of the principal requirement, 1 to 12.
        topic: What it is about.
        aws: What AWS does; its attestation of compliance covers it.
        you: What stays with the organization.
    """

    requirement: int
    topic: str
    aws: str
    you: str


RESPONSIBILITIES: Final = (
    Responsibility(
        requirement=1,
        topic="Network security controls",
        aws="Separates customers' networks; runs the hardware of the network.",
        you="Approve the diagrams and ports, review the rules every six months, secure the "
        "connections into your account.",
    ),
    Responsibility(
        requirement=2,
        topic="Secure configurations",
        aws="Hardens hosts, the container runtime and the database engine's platform.",
        you="Harden your container image; keep a configuration standard.",
    ),
    Responsibility(
        requirement=3,
        topic="Stored account data",
        aws="Runs the key-management hardware; wipes and destroys media.",
        you="Store as little as possible; make card numbers unreadable in the application "
        "(3.5.1.2); delete what is no longer needed.",
    ),
    Responsibility(
        requirement=4,
        topic="Transmission",
        aws="Runs TLS on its endpoints; encrypts traffic between its data centres.",
        you="Own the certificate and its domain; encrypt to third parties; decide on TLS up to "
        "the container.",
    ),
    Responsibility(
        requirement=5,
        topic="Malicious software",
        aws="Protects hosts of Fargate and of the database.",
        you="Turn on GuardDuty with runtime monitoring, or show that the system is not at risk.",
    ),
    Responsibility(
        requirement=6,
        topic="Secure software",
        aws="Patches hosts, the container platform and its services.",
        you="Develop securely, scan and patch your image, review changes, train developers.",
    ),
    Responsibility(
        requirement=7,
        topic="Access by need to know",
        aws="Keeps its own people away from your data.",
        you="Grant people access by role; review it every six months.",
    ),
    Responsibility(
        requirement=8,
        topic="Identification and authentication",
        aws="Offers identity services and multi-factor authentication.",
        you="Multi-factor authentication for every person; database users of the application; "
        "joiners and leavers.",
    ),
    Responsibility(
        requirement=9,
        topic="Physical access",
        aws="All of it for the data centres.",
        you="Offices, terminals, paper and media of your own.",
    ),
    Responsibility(
        requirement=10,
        topic="Logging and monitoring",
        aws="Synchronizes time; records calls of its API in CloudTrail.",
        you="Keep an organization trail, review logs and exceptions, log what your application "
        "does without card data in it.",
    ),
    Responsibility(
        requirement=11,
        topic="Testing",
        aws="Tests its own networks and services.",
        you="Vulnerability scans inside and by an approved vendor outside, penetration and "
        "segmentation tests, intrusion detection.",
    ),
    Responsibility(
        requirement=12,
        topic="Policies and programs",
        aws="Gives you its attestation of compliance and responsibility summary.",
        you="Policies, risk analyses, scope once a year, awareness, providers, incident response.",
    ),
)

_ABSENT: Final = claim(
    "It does not turn on account-wide services: {}. One stack should not own what the whole "
    "account shares."
)
_SERVICES: Final[Mapping[str, str]] = {
    "AWS::CloudTrail::Trail": "CloudTrail",
    "AWS::Config::ConfigurationRecorder": "Config",
    "AWS::GuardDuty::Detector": "GuardDuty",
    "AWS::InspectorV2::Filter": "Inspector",
    "AWS::SecurityHub::Hub": "Security Hub",
    "AWS::AccessAnalyzer::Analyzer": "Access Analyzer",
}


def limits(context: Context) -> tuple[str, ...]:
    """Return what a stack does not do: what no template does, and what this one leaves out."""
    absent = [name for kind, name in _SERVICES.items() if not context.of_type(kind)]
    if not absent:
        return LIMITS
    return (*LIMITS[:2], _ABSENT.format(", ".join(absent)), *LIMITS[2:])
