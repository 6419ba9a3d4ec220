"""Who hears of alarms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form


class MonitoringSettings(Settings):
    """Who hears of alarms."""

    emails: Annotated[
        tuple[str, ...],
        Field(strict=False),
        Allowed('a list of different addresses, such as ["security@example.com"]'),
    ] = ()
    """Addresses that are asked to subscribe to the alarm topic."""

    topic_arn: Annotated[
        Annotated[str, form(values.TOPIC_ARN)] | None,
        Allowed("a topic: arn:aws:sns:<region>:<12 digits>:<name>"),
    ] = None
    """An existing topic that is told instead of one of the stack's own. Its policy and key must let
    `cloudwatch.amazonaws.com`, `events.rds.amazonaws.com` and, with jobs, `events.amazonaws.com` of
    this account publish."""
