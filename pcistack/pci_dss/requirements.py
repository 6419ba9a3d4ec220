"""The PCI DSS v4.0.1 requirements that this project has an answer to, and who does what.

The wording is our own; the standard itself is published by the PCI Security Standards Council.
Which of AWS's settings support a requirement is our reading and an assessor has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pcistack.checks.rule import Extent, Rule
from pcistack.pci_dss.context import Context


class Party(StrEnum):
    """Who does something for a requirement.

    Attributes:
        AWS: The provider, under the shared responsibility model.
        STACK: This stack's resources and the checks on their template.
        YOU: The entity that runs the stack.
    """

    AWS = "AWS"
    STACK = "this stack"
    YOU = "you"


class State(StrEnum):
    """What a template alone can say of a requirement.

    Attributes:
        MET: Infrastructure settles it; clean rules mean that it is met for these resources.
        PART: Infrastructure supports it, the rest is yours.
        AWS: Inherited from AWS.
        YOU: Nothing in a template can meet it.
    """

    MET = "met by infrastructure"
    PART = "met in part by infrastructure"
    AWS = "inherited from AWS"
    YOU = "needs you"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement of the standard.

    Attributes:
        number: Its number in PCI DSS v4.0.1.
        topic: A few words.
        asks: What it asks, in our own words.
        parties: Who has a part in it.
        extent: How far infrastructure can satisfy it.
        you: What is left to you; empty for nothing.
        evidence: Artefact of ``pcistack evidence`` that supports it, such as ``diagram``,
            ``port register``, ``crypto inventory``, ``component inventory``, ``software``,
            ``secrets``, ``log sources``; empty for none.
        documentary: Whether that artefact is itself what the requirement asks for.
    """

    number: str
    topic: str
    asks: str
    parties: tuple[Party, ...]
    extent: Extent
    you: str = ""
    evidence: str = ""
    documentary: bool = False

    @property
    def state(self) -> State:
        """The one state the requirement is in, before any finding is looked at."""
        if self.extent is Extent.FULL:
            return State.MET
        if self.extent is Extent.PART:
            return State.PART
        return State.AWS if Party.YOU not in self.parties else State.YOU

    @property
    def sort_key(self) -> tuple[int, ...]:
        """Orders requirements as the standard does: 1.2.10 after 1.2.9."""
        return tuple(int(part) for part in self.number.split("."))


def supporting(number: str, rules: Iterable[Rule[Context]]) -> tuple[Rule[Context], ...]:
    """Return the rules that support a requirement, in the order given."""
    return tuple(rule for rule in rules if number in rule.requirements)


def _full(number: str, topic: str, asks: str, *, evidence: str = "") -> Requirement:
    return Requirement(
        number=number,
        topic=topic,
        asks=asks,
        parties=(Party.AWS, Party.STACK),
        extent=Extent.FULL,
        evidence=evidence,
    )


def _part(
    number: str,
    topic: str,
    asks: str,
    you: str,
    *,
    evidence: str = "",
    documentary: bool = False,
) -> Requirement:
    return Requirement(
        number=number,
        topic=topic,
        asks=asks,
        parties=(Party.AWS, Party.STACK, Party.YOU),
        extent=Extent.PART,
        you=you,
        evidence=evidence,
        documentary=documentary,
    )


def _you(number: str, topic: str, asks: str, you: str, *, evidence: str = "") -> Requirement:
    return Requirement(
        number=number,
        topic=topic,
        asks=asks,
        parties=(Party.YOU,),
        extent=Extent.NONE,
        you=you,
        evidence=evidence,
    )


def _aws(number: str, topic: str, asks: str, *, evidence: str = "") -> Requirement:
    return Requirement(
        number=number,
        topic=topic,
        asks=asks,
        parties=(Party.AWS,),
        extent=Extent.NONE,
        evidence=evidence,
    )


REQUIREMENTS: Final[tuple[Requirement, ...]] = (
    # 1 Network security controls
    _part(
        "1.2.3",
        "Network diagram",
        "Keep an accurate drawing of every connection into and out of the cardholder data "
        "environment.",
        "Add what is connected from outside this template: offices, partners, other accounts.",
        evidence="diagram",
        documentary=True,
    ),
    _part(
        "1.2.4",
        "Data-flow diagram",
        "Keep an accurate drawing of how account data moves through systems and networks.",
        "Mark which flows carry card data, and the flows inside your application.",
        evidence="diagram",
        documentary=True,
    ),
    _part(
        "1.2.5",
        "Allowed services, protocols and ports",
        "Every allowed service, protocol and port is identified, approved and has a business need.",
        "Approve the register.",
        evidence="port register",
    ),
    _part(
        "1.2.6",
        "Insecure services and protocols",
        "Where an insecure service or protocol is allowed, its risk is dealt with.",
        "Justify any exception you acknowledge.",
        evidence="port register",
    ),
    _part(
        "1.2.7",
        "Review every six months",
        "Network control configurations are reviewed at least every six months.",
        "Hold the review and keep its record.",
        evidence="port register",
        documentary=True,
    ),
    _part(
        "1.2.8",
        "Configurations of network controls are protected",
        "Configuration of network controls is safe from unauthorised change and matches what runs.",
        "Protect the repository and the deployment role; run drift detection.",
    ),
    _full(
        "1.3.1",
        "Inbound traffic to the CDE",
        "Only necessary traffic comes in; all else is denied.",
        evidence="diagram",
    ),
    _part(
        "1.3.2",
        "Outbound traffic from the CDE",
        "Only necessary traffic goes out; all else is denied.",
        "Name the addresses that your application needs, and allow these only, by a firewall or "
        "an endpoint. Filter DNS if your risk asks for it.",
        evidence="diagram",
    ),
    _full(
        "1.4.1",
        "Controls between trusted and untrusted networks",
        "Network controls stand between trusted and untrusted networks.",
        evidence="diagram",
    ),
    _full(
        "1.4.2",
        "Inbound traffic from untrusted networks",
        "Traffic from untrusted networks reaches only what is meant to be public, or answers.",
        evidence="diagram",
    ),
    _aws(
        "1.4.3",
        "Anti-spoofing",
        "Forged source addresses are detected and kept out of the trusted network.",
    ),
    _full(
        "1.4.4",
        "Stored card data is not directly reachable",
        "What stores cardholder data is not directly accessible from untrusted networks.",
        evidence="diagram",
    ),
    _part(
        "1.4.5",
        "Internal addresses are not disclosed",
        "Internal addresses and routing are shown to authorised parties only.",
        "Keep addresses out of your application's replies.",
    ),
    # 2 Secure configurations
    _part(
        "2.2.2",
        "Vendor default accounts",
        "Default accounts are removed, disabled, or have their password changed.",
        "Defaults in your container image are yours.",
    ),
    _part(
        "2.2.4",
        "Only necessary functions",
        "Only needed services, protocols, daemons and functions are on.",
        "Keep the container image small.",
    ),
    _part(
        "2.2.5",
        "Insecure services justified",
        "An insecure service that is present is justified and secured.",
        "Justify any exception you acknowledge.",
    ),
    _part(
        "2.2.6",
        "Secure system parameters",
        "System security parameters prevent misuse.",
        "The parameters of your application.",
    ),
    _part(
        "2.2.7",
        "Encrypted administration",
        "Administration that is not at the console is encrypted with strong cryptography.",
        "Your administrators' way to the AWS API and to the database.",
    ),
    # 3 Stored account data
    _part(
        "3.2.1",
        "Stored data kept to the minimum",
        "Account data is kept only as long and as much as needed, then disposed of.",
        "The retention policy of the card data itself.",
        evidence="log sources",
    ),
    _part(
        "3.3.1",
        "No sensitive authentication data after authorisation",
        "Sensitive authentication data is not kept once a payment is authorised.",
        "Your application must not store or log it, nor write it into a statement.",
    ),
    _part(
        "3.5.1",
        "Card numbers unreadable where stored",
        "Stored card numbers are unreadable: hash, truncation, token or strong cryptography.",
        "Encrypt, hash or tokenise the card number in your application.",
        evidence="crypto inventory",
    ),
    _you(
        "3.5.1.2",
        "Disk encryption is not enough",
        "Disk or volume encryption alone no longer makes card numbers unreadable, except on "
        "removable media.",
        "Field-level encryption or tokenisation in your application. The encryption of volume, "
        "backup and log does not meet this requirement, whatever a dashboard says.",
    ),
    _part(
        "3.6.1",
        "Keys are protected",
        "Keys that protect stored account data are protected against disclosure and misuse.",
        "Name the custodians and write the procedure.",
        evidence="crypto inventory",
    ),
    _aws(
        "3.6.1.2",
        "Keys are stored in a secure form",
        "Secret and private keys are stored encrypted, in a secure cryptographic device or in "
        "parts.",
        evidence="crypto inventory",
    ),
    _part(
        "3.7.4",
        "Keys change at the end of their period",
        "Keys are changed when their cryptoperiod ends.",
        "Define the cryptoperiod of each key. Keys of the certificate and of your application.",
        evidence="crypto inventory",
    ),
    _part(
        "3.7.5",
        "Keys are retired or replaced",
        "Keys are retired, replaced or destroyed when they are no longer trusted or needed.",
        "Decide when a key is no longer trusted.",
        evidence="crypto inventory",
    ),
    # 4 Transmission
    _part(
        "4.2.1",
        "Strong cryptography in transit",
        "Card data is protected by strong cryptography over open, public networks.",
        "The way from the load balancer to your container, if you want TLS there too.",
        evidence="crypto inventory",
    ),
    _part(
        "4.2.1.1",
        "Inventory of keys and certificates",
        "Trusted keys and certificates in use are listed.",
        "Certificates that live outside this template.",
        evidence="crypto inventory",
        documentary=True,
    ),
    # 5 Malware
    _you(
        "5.2.1",
        "Anti-malware",
        "Components that can be affected by malware are protected against it.",
        "Turn on GuardDuty with malware protection and runtime monitoring in the account.",
    ),
    # 6 Secure systems and software
    _part(
        "6.2.4",
        "Common attacks",
        "Software techniques prevent or mitigate common attacks.",
        "Your application's own defences.",
    ),
    _part(
        "6.3.2",
        "Inventory of software",
        "An inventory of bespoke software and of the third-party components in it is kept, to "
        "find vulnerabilities and patch them.",
        "What is inside your image: a bill of materials for every build.",
        evidence="software",
        documentary=True,
    ),
    _part(
        "6.3.3",
        "Patches",
        "Components are protected from known vulnerabilities by timely patches; critical ones "
        "within a month.",
        "Rebuild your image; approve engine upgrades.",
        evidence="software",
    ),
    _part(
        "6.4.2",
        "Web application firewall",
        "An automated control in front of public web applications detects and prevents attacks.",
        "Watch it and tune it.",
    ),
    _part(
        "6.5.1",
        "Change control",
        "Changes follow a documented, approved procedure.",
        "Approvals and their record.",
    ),
    _you(
        "6.5.2",
        "Confirmation after significant change",
        "After a significant change, the applicable requirements are confirmed to be in place.",
        "Run the checks again, keep their record, update documents.",
    ),
    _part(
        "6.5.3",
        "Pre-production is separate",
        "Pre-production environments are separated from production, with access control.",
        "An account per environment.",
    ),
    _you(
        "6.5.4",
        "Separate roles",
        "Roles and functions are separated between production and pre-production.",
        "Give people different roles per account.",
    ),
    _part(
        "6.5.5",
        "No live card numbers outside production",
        "Live card numbers are not used in pre-production, unless it is protected as the "
        "cardholder data environment is.",
        "Keep live card numbers out of test data, and show how.",
    ),
    # 7 Least privilege
    _part(
        "7.2.1",
        "Access control model",
        "Access follows business need and classification of resources.",
        "The model for people.",
    ),
    _part(
        "7.2.2",
        "Least privilege of users",
        "Access is assigned by job and by the least privilege needed.",
        "People's access.",
    ),
    _part(
        "7.2.5",
        "Least privilege of application and system accounts",
        "Application and system accounts have the least privilege their work needs.",
        "What your application asks for on top.",
    ),
    _you(
        "7.2.5.1",
        "Review of application and system accounts",
        "Access of application and system accounts is reviewed at the interval of a risk "
        "analysis; what is no longer right is put right.",
        "Hold the review and keep its record. The roles among the components and the register of"
        " secrets say what there is to review.",
        evidence="secrets",
    ),
    _part(
        "7.2.6",
        "Access to stored card data",
        "Query access to stores of card data goes through applications or administrators only.",
        "Database users and their grants.",
    ),
    _part(
        "7.3.1",
        "Access control system",
        "An access control system restricts access by need to know for all components.",
        "The database is an access control system of its own: its users and their grants. "
        "People's access to the account.",
    ),
    _part(
        "7.3.3",
        "Deny by default",
        "The access control system denies all unless allowed.",
        "The grants of the database's users, and what your application denies by default.",
    ),
    # 8 Users and authentication
    _part(
        "8.2.2",
        "Shared accounts",
        "Shared accounts and credentials are used by exception only, with a reason, an approval,"
        " and so that each action is somebody's.",
        "Named accounts for the people who reach the database; the reason for each use of a "
        "shared one.",
        evidence="secrets",
    ),
    _part(
        "8.3.2",
        "Authentication factors unreadable",
        "Passwords are unreadable in transit and storage.",
        "Passwords of your application's users.",
        evidence="secrets",
    ),
    _part(
        "8.3.6",
        "Password strength",
        "Passwords have at least 12 characters with letters and digits.",
        "Passwords of people.",
        evidence="secrets",
    ),
    _part(
        "8.3.9",
        "Password age",
        "A password that is the only factor changes at least every 90 days.",
        "Passwords of people.",
        evidence="secrets",
    ),
    _you(
        "8.4.2",
        "Multi-factor authentication into the CDE",
        "Everybody who reaches the cardholder data environment, except by an application "
        "account, uses more than one factor.",
        "Ask for a second factor at sign-in to the account: whoever may change this stack or "
        "read its secrets can reach the environment.",
    ),
    _part(
        "8.6.1",
        "Interactive login of system accounts",
        "System accounts that can log in interactively are used only by exception.",
        "Who may read the master secret, and the record of its use.",
    ),
    _part(
        "8.6.2",
        "No password in code or configuration",
        "Passwords of application and system accounts are not written in scripts, files or code.",
        "Source code, the image and its layers: a template does not show them. Scan them for "
        "secrets.",
        evidence="secrets",
    ),
    _part(
        "8.6.3",
        "Passwords of system accounts are rotated",
        "Passwords of application and system accounts change as often as the risk asks.",
        "The risk analysis that gives the interval.",
        evidence="secrets",
    ),
    # 10 Logs
    _part(
        "10.2.1",
        "Audit logs are on",
        "Audit logs are on and active for all system components and card data.",
        "CloudTrail in the account; your application's own events.",
        evidence="log sources",
    ),
    _part(
        "10.2.1.1",
        "Access of people to card data",
        "Audit logs record every access of an individual user to cardholder data.",
        "Record in your application who looks at which card data. A person's SELECT in the "
        "database is not in the audit log: its statements would hold card data (3.3.1). Database"
        " Activity Streams, or a log that is masked, closes the gap.",
        evidence="log sources",
    ),
    _part(
        "10.2.1.2",
        "Actions with administrative access",
        "Audit logs record every action with administrative access, interactive use of system "
        "accounts among them.",
        "CloudTrail in the account; the administration of your application.",
        evidence="log sources",
    ),
    _you(
        "10.2.1.3",
        "Access to audit logs",
        "Audit logs record every access to audit logs.",
        "CloudTrail with data events of the log buckets and of CloudWatch Logs, in the account.",
    ),
    _part(
        "10.2.1.4",
        "Invalid access attempts",
        "Audit logs record every invalid logical access attempt.",
        "Failed logins to your application and to the account.",
        evidence="log sources",
    ),
    _part(
        "10.2.1.5",
        "Changes of credentials",
        "Audit logs record every change of identification and authentication credentials.",
        "CloudTrail for users, roles and secrets; users of your application.",
        evidence="log sources",
    ),
    _part(
        "10.2.1.6",
        "Start and stop of audit logs",
        "Audit logs record when new logs are initialized, and when existing ones are started, "
        "stopped or paused.",
        "CloudTrail for changes of log groups, trails and parameter groups.",
        evidence="log sources",
    ),
    _part(
        "10.2.1.7",
        "System-level objects",
        "Audit logs record every creation and deletion of system-level objects.",
        "CloudTrail for resources of the account.",
        evidence="log sources",
    ),
    _part(
        "10.2.2",
        "What an entry holds",
        "Each entry has who, what, when, whether it worked, from where, on what.",
        "Your application's entries.",
        evidence="log sources",
    ),
    _part(
        "10.3.1",
        "Reading logs is limited",
        "Read access to logs is limited to those with a need.",
        "People's access.",
        evidence="log sources",
    ),
    _part(
        "10.3.2",
        "Logs cannot be changed",
        "Log files are protected from modification.",
        "Object Lock or a copy in a log account, if your risk asks for it.",
        evidence="log sources",
    ),
    _part(
        "10.3.3",
        "Logs are backed up",
        "Logs are promptly copied to a server that is hard to alter.",
        "A central log account.",
        evidence="log sources",
    ),
    _you(
        "10.3.4",
        "Change detection on logs",
        "Change detection watches the logs.",
        "CloudTrail log file validation in the account; alarms on changes of the log stores.",
    ),
    _you(
        "10.4.1",
        "Daily review",
        "Logs of critical components are reviewed at least daily.",
        "Review, or let a tool review.",
    ),
    _part(
        "10.4.1.1",
        "Automated review",
        "Mechanisms review the logs automatically.",
        "Tune them; subscribe to the topic.",
    ),
    _part(
        "10.4.2",
        "Periodic review of other logs",
        "Logs of other components are reviewed periodically.",
        "The review.",
        evidence="log sources",
    ),
    _part(
        "10.5.1",
        "Twelve months of logs",
        "Audit logs are kept for at least 12 months, the last three at once available.",
        "CloudTrail, your application's own logs and the operating system metrics that RDS "
        "keeps: they are not in this template.",
        evidence="log sources",
    ),
    _part(
        "10.6.1",
        "Time",
        "Clocks are synchronised with a common source.",
        "Your application's time stamps.",
    ),
    _part(
        "10.7.2",
        "Failures of controls are noticed",
        "Failures of critical security controls are detected, alerted and dealt with promptly.",
        "Respond.",
    ),
    _you(
        "10.7.3",
        "Failures of controls are answered",
        "Failures of critical security controls are answered and recorded.",
        "Respond, record cause and duration.",
    ),
    # 11 Testing
    _part(
        "11.3.1",
        "Internal vulnerability scans",
        "Internal vulnerability scans run at least every three months.",
        "Turn on Inspector; rescan until high risks are gone.",
    ),
    _you(
        "11.5.1",
        "Intrusion detection",
        "Intrusions into the network are detected or prevented.",
        "Turn on GuardDuty with RDS protection in the account and the region.",
    ),
    _part(
        "11.5.2",
        "Change detection",
        "A mechanism alerts to unauthorised change of critical files and settings.",
        "AWS Config in the account; images by digest.",
    ),
    # 12 Organisation
    _part(
        "12.3.3",
        "Review of cryptography",
        "Cipher suites and protocols in use are listed and reviewed every year.",
        "Review it every year.",
        evidence="crypto inventory",
        documentary=True,
    ),
    _part(
        "12.3.4",
        "Review of technologies",
        "Hardware and software in use are reviewed every year: vendors still give fixes, and the"
        " use of each is still right.",
        "Review it every year, with a plan for what ends. What is in your image.",
        evidence="software",
        documentary=True,
    ),
    _part(
        "12.5.1",
        "Inventory of components in scope",
        "An inventory of system components in scope is kept, with their function.",
        "Components outside this template.",
        evidence="component inventory",
        documentary=True,
    ),
    _part(
        "12.5.2",
        "Scope is confirmed",
        "Scope is documented and confirmed every year and after significant change.",
        "Confirm it every year.",
        evidence="component inventory",
        documentary=True,
    ),
    _part(
        "12.10.1",
        "Incident response plan",
        "A plan exists and is ready to be used.",
        "The plan, and people who answer.",
    ),
)
