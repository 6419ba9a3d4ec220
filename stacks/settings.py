"""The settings of one environment, each judged by itself.

What concerns several of them, and what stands in lists, is judged in :mod:`stacks.consistency`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pci_constructs.names import DEFAULT_PROJECT, Names, longest_project
from pci_constructs.settings import values
from pci_constructs.settings.database import DatabaseSettings
from pci_constructs.settings.form import Allowed, Settings, form
from pci_constructs.settings.ingress import IngressSettings
from pci_constructs.settings.monitoring import MonitoringSettings
from pci_constructs.settings.network import NetworkSettings
from pci_constructs.settings.operations import OperationsSettings
from pci_constructs.settings.protection import ProtectionSettings
from pci_constructs.settings.workload import JobSettings, Name, ServiceSettings, WorkerSettings


class Acceptance(Settings):
    """Why a finding is accepted; a text alone is the reason."""

    reason: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True)],
        Allowed("at least 20 characters that would convince an assessor"),
    ]
    """Why."""

    until: Annotated[date | None, Allowed("a day such as 2027-06-30")] = None
    """Last day on which it is accepted; left out, it does not end."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say that the short form is as good."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"reason": value} if isinstance(value, str) else value


class AcceptedChange(Settings):
    """Why a dangerous change of what is deployed is accepted, and until when."""

    reason: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=20)],
        Allowed("at least 20 characters that would convince an assessor"),
    ]
    """Why."""

    until: Annotated[date, Allowed("a day such as 2027-06-30")]
    """Last day on which it is accepted."""


class Environment(Settings):
    """Everything that differs between two environments."""

    suffix: str
    """The environment's suffix; it comes from the command line, not from the file."""

    serves: Annotated[
        tuple[Annotated[str, form(r"[a-z][a-z0-9]*(-[a-z0-9]+)*-?\*?")], ...],
        Field(strict=False),
        Allowed('a list of suffixes such as ["pr*", "demo"]'),
    ] = ()
    """In `ephemeral.toml`: suffixes without a file of their own that it is for; any other is
    refused, so that a missing file never turns production into a throw-away environment. `*` stands
    for what begins with a digit or a hyphen: `pr*` is `pr42` and `pr-login`, never `prod`."""

    region: Annotated[
        str,
        AfterValidator(values.region),
        Allowed('the name of an AWS region, such as "eu-central-2"'),
    ]
    """AWS region."""

    account: Annotated[
        Annotated[str, form(r"[0-9]{12}")] | None, Allowed("12 digits in quotes")
    ] = None
    """AWS account; left out, the stack goes to the account of the deploying credentials."""

    project: Annotated[
        str,
        form(rf"[a-z][a-z0-9]{{0,{longest_project() - 1}}}"),
        Allowed(f"lower-case letters and digits, a letter first, at most {longest_project()}"),
    ] = DEFAULT_PROJECT
    """Short name of the system; a tag, and part of every name, so that several systems can stand in
    one account. No hyphen, so that two environments never get the same name. A later
    change replaces logs and database by empty ones."""

    data_classification: Literal["cardholder-data", "test-data"] = "test-data"
    """Tag `DataClassification` on every resource. `cardholder-data` needs `keep_data`,
    `deletion_protection` and a database that never pauses."""

    network: NetworkSettings
    database: DatabaseSettings = DatabaseSettings()
    service: ServiceSettings = ServiceSettings()
    workers: Annotated[
        dict[Name, WorkerSettings],
        Allowed("a table [workers.NAME] for each worker; names of a-z, 0-9 and hyphens"),
    ] = Field(default_factory=dict)
    jobs: Annotated[
        dict[Name, JobSettings],
        Allowed("a table [jobs.NAME] for each job; names of a-z, 0-9 and hyphens"),
    ] = Field(default_factory=dict)
    ingress: IngressSettings | None = None
    protection: ProtectionSettings = ProtectionSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    operations: OperationsSettings = OperationsSettings()
    acknowledged: Annotated[
        dict[str, Acceptance],
        Allowed("a reason of at least 20 characters for each rule id, or { reason, until }"),
    ] = Field(default_factory=dict)
    """Findings of the project's rules on the database and on the tasks' ways out that this
    environment accepts, by rule id. What is fatal cannot be accepted."""

    accepted_changes: Annotated[
        dict[
            Annotated[
                str, form(r"(loses-data|lifts-protection|leaves-behind|locks-out|refused) .+")
            ],
            AcceptedChange,
        ],
        Allowed("{ reason, until } for each change as `pcistack diff` names it"),
    ] = Field(default_factory=dict)
    """Dangerous changes of what is deployed that this environment accepts until a last day, as
    `pcistack diff --deployed` names them, such as `lifts-protection AWS::RDS::DBCluster`. Without
    it `make deploy` refuses them."""

    @property
    def names(self) -> Names:
        """Physical names of the environment."""
        return Names(
            project=self.project,
            suffix=self.suffix,
            workers=tuple(self.workers),
            jobs=tuple(self.jobs),
            filters_dns=self.network.outbound is not None,
            logs_slow_queries=self.database.slow_query_log
            if self.database.slow_query_log is not None
            else self.data_classification != "cardholder-data",
            database_session=self.operations.database_session,
        )


def is_in(names: tuple[str, ...], unusable: Collection[tuple[str, ...]]) -> bool:
    """Whether a setting, or a table that it stands in, is among those that cannot be used."""
    return any(names[:length] in unusable for length in range(1, len(names) + 1))


def is_served(suffix: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns of ``serves`` is for a suffix."""
    parts = (pattern.partition("*") for pattern in patterns)
    return any(
        suffix == head or (star and re.fullmatch(f"{re.escape(head)}([0-9]|-|(?<=-)).*", suffix))
        for head, star, _ in parts
    )
