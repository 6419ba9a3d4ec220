"""Who hears of alarms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pci_constructs.settings.form import Allowed, Settings


class MonitoringSettings(Settings):
    """Who hears of alarms."""

    emails: Annotated[
        tuple[str, ...],
        Field(strict=False),
        Allowed('a list of different addresses, such as ["security@example.com"]'),
    ] = ()
    """Addresses that are asked to subscribe to the alarm topic."""
