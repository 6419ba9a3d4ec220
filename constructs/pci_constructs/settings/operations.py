"""What people may do with a running environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings


class OperationsSettings(Settings):
    """What people may do with a running environment."""

    database_session: bool = False
    """Let `pcistack database-session` start a task of its own, in which a person looks into the
    database; what is typed and shown is recorded. No other task can be entered."""

    session_image: Annotated[
        Annotated[str, AfterValidator(values.image)] | None,
        Allowed(
            "an image for x86_64 with sh, sleep, script and MySQL's own client; with its digest "
            "for `cardholder-data`"
        ),
    ] = None
    """Image of that task; `docs/database-session.md` has two lines that make one. It has no
    default: you scan and renew what people work in (PCI DSS 6.3.3)."""

    session_identity: Literal["reader", "application", "owner"] = "reader"
    """Database identity that the person has."""

    session_minutes: Annotated[int, Field(ge=5, le=480)] = 30
    """After so many minutes the task ends, with the session in it."""
