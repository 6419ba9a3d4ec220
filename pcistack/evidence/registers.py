"""The registers an assessor asks for, in one shape that the page and the JSON share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

from pcistack.evidence.acknowledgements import Acknowledgement
from pcistack.evidence.channels import REDIRECT, Channel, channels
from pcistack.evidence.cryptography import Certificate, Key, certificates, keys
from pcistack.evidence.inventory import Component, components
from pcistack.evidence.logs import LogSource, log_sources
from pcistack.evidence.ports import AllowedPort, allowed_ports
from pcistack.evidence.secrets import Secret, secrets
from pcistack.evidence.security_hub import RedControl, red_controls
from pcistack.evidence.software import Software, software
from pcistack.network.network import Network
from pcistack.pci_dss.context import Context
from pcistack.template.view import View

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Cell: TypeAlias = "str | tuple[str, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register.

    Attributes:
        name: Its key in the JSON, and its anchor on the page.
        title: What it lists.
        requirements: Numbers of the requirements it is evidence for.
        about: What it is drawn from, in a sentence.
        columns: Keys of its rows, in order.
        rows: Its lines: a text, or several, by column.
    """

    name: str
    title: str
    requirements: tuple[str, ...]
    about: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]


def registers(context: Context, accepted: Sequence[Acknowledgement]) -> tuple[Register, ...]:
    """Return every register of a template, in the order they are read."""
    view, network = context.view, context.network
    return (
        _register(
            "ports",
            "Allowed ports and their business need",
            "1.2.5 1.2.6",
            "Every rule of every security group. The business need is the rule's description in "
            "the template.",
            AllowedPort,
            allowed_ports(network.permissions, _redirecting(view, network)),
        ),
        _register(
            "keys",
            "Keys",
            "3.6.1 3.7.4 12.3.3",
            "Keys of AWS KMS and the resources that name them as their key.",
            Key,
            keys(view),
        ),
        _register(
            "certificates",
            "Certificates",
            "4.2.1.1 12.3.3",
            "Certificates that the template makes or that its listeners show.",
            Certificate,
            certificates(view),
        ),
        _register(
            "channels",
            "TLS policies and protocols",
            "4.2.1 4.2.1.1 12.3.3",
            "Where data travels, and the setting that decides how it is encrypted there.",
            Channel,
            channels(view),
        ),
        _register(
            "secrets",
            "Secrets and their rotation",
            "8.3.9 8.6.2 8.6.3",
            "Passwords and other secrets. None of their values is in the template.",
            Secret,
            secrets(view),
        ),
        _register(
            "software",
            "Software and its vendor's support",
            "6.3.2 6.3.3 12.3.4",
            "Products whose version the template chooses. The days are AWS's calendars as this "
            "version of the checks knows them; what is inside an image is not seen.",
            Software,
            software(view),
        ),
        _register(
            "logs",
            "Log sources and their retention",
            "10.2.1 10.3.2 10.5.1",
            "What is recorded, where it is kept, how long, and with which key.",
            LogSource,
            log_sources(view),
        ),
        _register(
            "acknowledgements",
            "Acknowledgements",
            "",
            "Findings of the checks that somebody accepted, with the reason given beside the "
            "resource.",
            Acknowledgement,
            accepted,
        ),
        _register(
            "security-hub",
            "What Security Hub will show red",
            "",
            "Controls of its PCI DSS v4.0.1 standard that fail for resources of this template, "
            "and why. Those on the account itself come on top.",
            RedControl,
            red_controls(context),
        ),
        _register(
            "components",
            "Components and their scope",
            "12.5.1 12.5.2",
            "Every resource of the template. Confirm the scope: it is derived from the type and "
            "from who refers to whom.",
            Component,
            components(view),
        ),
    )


def _redirecting(view: View, network: Network) -> frozenset[str]:
    """Security groups of load balancers whose port 80 only redirects to HTTPS."""
    listening = [row for row in channels(view) if row.port == "80"]
    return frozenset(
        group
        for row in listening
        if row.protocols == REDIRECT and row.towards in network.workloads
        for group in network.workloads[row.towards].groups
    )


def _register(
    name: str,
    title: str,
    requirements: str,
    about: str,
    kind: type[DataclassInstance],
    rows: Sequence[DataclassInstance],
) -> Register:
    columns = tuple(field.name for field in fields(kind))
    return Register(
        name=name,
        title=title,
        requirements=tuple(requirements.split()),
        about=about,
        columns=columns,
        rows=tuple({column: _cell(getattr(row, column)) for column in columns} for row in rows),
    )


def _cell(value: object) -> Cell:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else str(value)
