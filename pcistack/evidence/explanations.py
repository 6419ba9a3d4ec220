"""Texts of the evidence that are true of every template: they claim nothing of the one shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.network.network import Kind

DRAWN: Final = (
    "Drawn from the synthesized template and from what the checks find in it. It shows how a "
    "template supports {} of the {} requirements of the standard, setting by setting; the other {} "
    "have no part in a template. It certifies nothing: an assessor decides."
)
MEANINGS: Final[Mapping[str, str]] = {
    "met": "by the template or by AWS",
    "met in part": "the rest is described and yours",
    "needs you": "outside a template, or an open finding",
    "acknowledged": "a finding was accepted, with a reason",
}
"""What each standing means."""
BY_AWS: Final = "AWS does it; its attestation of compliance covers it."
REGISTERED: Final = (
    "Acceptances are in the register of acknowledgements, those of checks that are not named here "
    "too."
)
COMPARE: Final = (
    "To show that this is what runs, compare the digest of the content with that of the deployed "
    "stack:"
)
COMMAND: Final = (
    "aws cloudformation get-template --stack-name {stack} --query TemplateBody --output json "
    "| python3 -c 'import hashlib, json, sys; "
    "print(hashlib.sha256(json.dumps(json.load(sys.stdin), "
    "sort_keys=True).encode()).hexdigest())'"
)
"""Prints the digest of what a deployed template says, as the page has it."""
NETWORK: Final = (
    "Requirement 1.2.3. Zones, tiers and the connections that routes and security groups allow."
)
NETWORK_CAPTION: Final = (
    "Blue: traffic that security groups let in. Brown: the ways out. A tier's name says what its "
    "route tables allow, not what it is called. What runs is marked with its relation to the "
    "cardholder data environment (CDE)."
)
DATA_FLOW: Final = (
    "Requirement 1.2.4. Where account data may travel and rest, and how it is protected there."
)
DATA_FLOW_CAPTION: Final = (
    "Blue: may carry account data. Brown: leaves the network, and may carry account data. Grey: "
    "credentials, events and copies. Mark the flows that really carry card numbers. Left out: the "
    "flows inside your application; what the internet may do as well; questions to DNS; further "
    "calls to the AWS APIs."
)
RESPONSIBILITIES: Final = (
    "AWS's share is covered by its own attestation of compliance, which AWS Artifact gives you."
)
REST: Final = (
    "{} of {}, in a few words of our own. Nothing on this page is evidence for them: your "
    "organization shows them, or its providers."
)
NO_ROWS: Final = "No row: this register is empty."
FOOTER: Final = (
    "The same content is in evidence.json, and as an OSCAL component definition in "
    "oscal-component-definition.json. The same input gives the same bytes; nothing on this page is "
    "fetched from anywhere."
)

OSCAL_TITLE: Final = "PCI DSS v4.0.1 evidence of {}"
OSCAL_REMARKS: Final = (
    "Drawn from the synthesized template. It supports an assessment and certifies nothing."
)
OSCAL_STACK: Final = "A CloudFormation stack, called {} in short."
OSCAL_RESOURCE: Final = "{} with the logical id {}."
OSCAL_AS_A_WHOLE: Final = "How the stack as a whole stands to PCI DSS v4.0.1."
OSCAL_SETTINGS: Final = "Settings of this resource that support PCI DSS v4.0.1."
OSCAL_BELOW: Final = "Supported by the settings below."
OSCAL_TEMPLATE: Final = "The template that this evidence is drawn from."
OSCAL_YOURS: Final = "Left to the organization: {}"

NETWORK_TITLE: Final = "Network diagram: tiers, subnets, workloads and the connections between them"
DATA_FLOW_TITLE: Final = (
    "Data-flow diagram: where account data travels and rests, and how it is protected"
)
OTHER_NETWORKS_TITLE: Final = "Other networks"
OTHER_NETWORKS_LINE: Final = "behind a transit gateway, a VPN or a peering"
AWS_SERVICES: Final = ("AWS services", "outside the VPC, by AWS's own network")
APPLICATION: Final = "your container image or code"
RECORDS: Final = "Credentials and records"
CALLED: Final = ("Internet, called from inside", "processors, registries, other APIs")
ENDING: Final = "Tasks that end"
PEOPLE: Final = "Alarms, to people"
RESOLVER: Final = "DNS: resolver of the VPC"

KINDS: Final[Mapping[Kind, str]] = {
    Kind.LOAD_BALANCER: "Load balancer",
    Kind.TASKS: "Tasks",
    Kind.FUNCTION: "Function",
    Kind.INSTANCE: "Instance",
    Kind.DATABASE: "Database",
    Kind.CACHE: "Cache",
    Kind.SEARCH: "Search",
    Kind.FILES: "File system",
    Kind.STREAM: "Stream",
    Kind.PROXY: "Database proxy",
    Kind.ENDPOINT: "Endpoint",
}
"""What the diagrams call a workload."""


@dataclass(frozen=True, slots=True)
class About:
    """What a register is about.

    Attributes:
        title: What it lists.
        requirements: Numbers of the requirements it is evidence for.
        text: What it is drawn from.
    """

    title: str
    requirements: str
    text: str


REGISTERS: Final[Mapping[str, About]] = {
    "ports": About(
        "Allowed ports and their business need",
        "1.2.5 1.2.6",
        "Rules of security groups. The business need is the rule's description in the template.",
    ),
    "keys": About(
        "Keys",
        "3.6.1 3.7.4 12.3.3",
        "Keys of AWS KMS and the resources that name them as their key.",
    ),
    "certificates": About(
        "Certificates",
        "4.2.1.1 12.3.3",
        "Certificates that the template makes or that its listeners show.",
    ),
    "channels": About(
        "TLS policies and protocols",
        "4.2.1 4.2.1.1 12.3.3",
        "Where data travels, and the setting that decides how it is encrypted there.",
    ),
    "secrets": About(
        "Secrets and their rotation",
        "8.3.9 8.6.2 8.6.3",
        "Passwords and other secrets, and how their value comes to be. A value is never shown.",
    ),
    "software": About(
        "Software and its vendor's support",
        "6.3.2 6.3.3 12.3.4",
        "Products whose version the template chooses. The days are AWS's calendars as this version "
        "of the checks knows them; what is inside an image is not seen.",
    ),
    "logs": About(
        "Log sources and their retention",
        "10.2.1 10.3.2 10.5.1",
        "What is recorded, where it is kept, how long, and with which key.",
    ),
    "acknowledgements": About(
        "Acknowledgements",
        "",
        "Findings of the checks that somebody accepted, with the reason that was given.",
    ),
    "security-hub": About(
        "What Security Hub may show red",
        "",
        "Controls of its PCI DSS v4.0.1 standard that look at what a rule criticised, or that fail "
        "where no rule objects, and why. Those on the account itself come on top.",
    ),
    "components": About(
        "Components and their scope",
        "12.5.1 12.5.2",
        "Resources of the template. Confirm the scope: it is derived from the type and from who "
        "refers to whom.",
    ),
}
"""The registers, in the order they are read."""

LIMITS: Final = (
    "It does not make card numbers unreadable. Encrypted volumes alone are not enough for stored "
    "card numbers since 31 March 2025 (3.5.1.2): encrypt or tokenize them in your application, "
    "before they enter a statement.",
    "It does not see your application: what it stores, what it logs, how it authenticates people.",
    "It does not sign your container image, and it does not test from outside.",
    "It does not manage people: sign-in, multi-factor authentication, reviews, training.",
    "It shows what the template asks for, not what runs. Compare with the account by drift "
    "detection and AWS Config.",
    "It supports requirements. Only a qualified assessor, or you in a self-assessment, can say "
    "that an environment is compliant.",
)
"""What no template does."""
