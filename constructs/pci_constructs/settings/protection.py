"""What happens to data at the end of an environment's life."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form
from pci_constructs.settings.retention import RETENTIONS
from pci_constructs.settings.words import listed


class ProtectionSettings(Settings):
    """What happens to data at the end of the environment's life."""

    keep_data: bool = False
    """Keep keys, logs and secrets and take a final snapshot when the stack is deleted. `false`
    deletes them with the stack; turned off later, nothing asks again. Where the first deployment
    fails after the load balancer, its test file holds the log bucket: empty and delete it."""

    deletion_protection: bool = False
    """AWS refuses to delete the database, the load balancer and the stack. Turned off later, it is
    lifted at once."""

    key_deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 7
    """How long a deleted key can be recovered."""

    permissions_boundary: Annotated[
        Annotated[str, form(r"[\w+=,.@-]{1,128}")] | None,
        Allowed("the name of a managed policy of the account"),
    ] = None
    """Managed policy of the account that is the most that each role of the stack may do, whatever
    its own policies say; it must exist. `pcistack-pull-requests`, which `PciDssDelivery` makes,
    lets a pipeline deploy the environments of pull requests and nothing else."""

    lock_logs: bool = False
    """Nobody can shorten the life of a log before its retention ends: S3 Object Lock in compliance
    mode for access logs, deletion protection for log groups. Turn it on once the first deployment
    has succeeded, as a failed one could not be rolled back; it goes with `keep_data`."""

    log_retention_days: Annotated[
        int,
        AfterValidator(values.retention),
        Allowed(f"{listed(map(str, RETENTIONS))} days"),
    ] = 365
    """How long logs are kept: what CloudWatch Logs offers and PCI DSS 10.5.1 (12 months)
    allows."""
