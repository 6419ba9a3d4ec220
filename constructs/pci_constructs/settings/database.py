"""Settings of the database."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pci_constructs.names import MAX_READERS
from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form


class DatabaseSettings(Settings):
    """Aurora MySQL Serverless v2."""

    engine_version: Annotated[
        str,
        AfterValidator(values.engine_version),
        Allowed("a version such as 8.0.mysql_aurora.3.10.4"),
    ] = "8.0.mysql_aurora.3.10.6"
    """Full Aurora MySQL version. Whether the region has it, and until when it is supported, is
    checked at synth."""

    min_capacity: Annotated[
        float,
        Field(ge=0, le=256, allow_inf_nan=False),
        AfterValidator(values.half_steps),
        Allowed("a number from 0 to 256 in steps of 0.5"),
    ] = 0.5
    """Smallest capacity in ACU (2 GiB of memory each); 0 lets it pause."""

    max_capacity: Annotated[
        float,
        Field(ge=1, le=256, allow_inf_nan=False),
        AfterValidator(values.half_steps),
        Allowed("a number from 1 to 256 in steps of 0.5"),
    ] = 1
    """Largest capacity in ACU."""

    auto_pause_seconds: Annotated[int | None, Field(ge=300, le=86400)] = None
    """Idle time before a pause, only with `min_capacity = 0`. Pools hold the database awake."""

    readers: Annotated[int, Field(ge=0, le=MAX_READERS)] = 0
    """Reader instances; writer and readers take the zones in turn."""

    port: Annotated[
        int,
        Field(ge=1150, le=65535),
        AfterValidator(values.not_mysql_port),
        Allowed("a whole number from 1150 to 65535, but not 3306"),
    ] = 6603
    """TCP port. A later change restarts the database and every task, with new passwords."""

    name: Annotated[
        str,
        form(r"[a-z][a-z0-9_]{0,63}"),
        AfterValidator(values.database_name),
        Allowed(
            "lower-case letters, digits and underscores, a letter first, at most 64; no reserved "
            "word and no own database of MySQL"
        ),
    ] = "transactions"
    """Database made at the start. AWS refuses a later change: the cluster would be replaced."""

    # RDS API reference, CreateDBCluster, MasterUsername
    master_username: Annotated[
        str,
        form(r"[A-Za-z][A-Za-z0-9]{0,15}"),
        AfterValidator(values.master_username),
        Allowed(
            "letters and digits, a letter first, at most 16; no default account, no reserved word, "
            "nothing that begins with rds"
        ),
    ] = "txowner"
    """Master user, whose password RDS keeps; a name of your own (PCI DSS 2.2.2). AWS refuses a
    later change."""

    snapshot: Annotated[
        Annotated[str, form(values.SNAPSHOT_ARN)] | None,
        Allowed("arn:aws:rds:<region>:<12 digits>:cluster-snapshot:<name>"),
    ] = None
    """Cluster snapshot that the first deployment begins with, of the same region; its master user
    and databases take the place of `master_username` and `name`, which must be among them. Leave it
    afterwards: AWS would replace the cluster where it is added, changed or removed, and
    CloudFormation refuses to replace a cluster with a name."""

    slow_query_log: Annotated[bool | None, Allowed("true or false")] = None
    """Export the slow query log, which holds whole statements and with them card numbers that your
    application writes unencrypted (PCI DSS 3.3.1). Left out, it is off for `cardholder-data` and on
    for `test-data`."""

    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 7
    """How long automatic backups are kept."""

    rotation_days: Annotated[int, Field(ge=1, le=90)] = 31
    """Most days between rotations of an identity's password (PCI DSS 8.6.3); 31: on the first of
    each month."""

    rotation_hour: Annotated[int, Field(ge=0, le=21)] = 1
    """Hour in UTC at which the three hours begin in which passwords rotate and tasks restart;
    choose one outside business hours."""
