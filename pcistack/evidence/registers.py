"""The registers an assessor asks for, in one shape that the page and the JSON share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

from pcistack.checks.rule import Rule
from pcistack.checks.run import Outcome
from pcistack.evidence.acknowledgements import AcceptedFinding
from pcistack.evidence.channels import REDIRECT, Channel, channels
from pcistack.evidence.cryptography import Certificate, Key, certificates, keys
from pcistack.evidence.explanations import REGISTERS, About
from pcistack.evidence.inventory import Component, components
from pcistack.evidence.logs import LogSource, log_sources
from pcistack.evidence.ports import AllowedPort, allowed_ports
from pcistack.evidence.secrets import RegisteredSecret, secrets
from pcistack.evidence.security_hub import (
    RedControl,
    by_number,
    criticised_controls,
    red_controls,
)
from pcistack.evidence.software import Software, software
from pcistack.pci_dss.context import Context

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CellText: TypeAlias = "str | tuple[str, ...]"


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
    rows: tuple[Mapping[str, CellText], ...]


def registers(
    context: Context,
    accepted: Sequence[AcceptedFinding],
    rules: Sequence[Rule[Context]],
    outcome: Outcome,
) -> tuple[Register, ...]:
    """Return every register of a template, in the order they are read.

    Args:
        context: The template.
        accepted: Every acceptance.
        rules: The PCI DSS rules.
        outcome: What the checks found.
    """
    view, network = context.view, context.network
    controls = (*red_controls(context), *criticised_controls(context, rules, outcome))
    red = sorted(controls, key=by_number)
    rows: Mapping[str, tuple[type[DataclassInstance], Sequence[DataclassInstance]]] = {
        "ports": (AllowedPort, allowed_ports(network.permissions, _redirecting(context))),
        "keys": (Key, keys(view)),
        "certificates": (Certificate, certificates(view)),
        "channels": (Channel, channels(context)),
        "secrets": (RegisteredSecret, secrets(view)),
        "software": (Software, software(view)),
        "logs": (LogSource, log_sources(view)),
        "acknowledgements": (AcceptedFinding, accepted),
        "security-hub": (RedControl, red),
        "components": (Component, components(view)),
    }
    return tuple(_register(name, about, *rows[name]) for name, about in REGISTERS.items())


def _redirecting(context: Context) -> frozenset[str]:
    """Security groups of load balancers whose port 80 only redirects to HTTPS."""
    listening = [row for row in channels(context) if row.port == "80"]
    return frozenset(
        group
        for row in listening
        if row.protocols == REDIRECT and row.towards in context.network.workloads
        for group in context.network.workloads[row.towards].groups
    )


def _register(
    name: str,
    about: About,
    kind: type[DataclassInstance],
    rows: Sequence[DataclassInstance],
) -> Register:
    columns = tuple(field.name for field in fields(kind))
    return Register(
        name=name,
        title=about.title,
        requirements=tuple(about.requirements.split()),
        about=about.text,
        columns=columns,
        rows=tuple({column: _cell(getattr(row, column)) for column in columns} for row in rows),
    )


def _cell(value: object) -> CellText:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else str(value)
