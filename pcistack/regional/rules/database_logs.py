"""Logs that a database sends to CloudWatch Logs: of kinds that its engine has."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.curated import logs_of
from pcistack.regional.pack import rule

_PATH = "EnableCloudwatchLogsExports"


@rule(
    "DATABASE-LOG-TYPE",
    "A kind of log that the engine does not have",
    types=(aurora.CLUSTER, aurora.INSTANCE),
    severity=Severity.FATAL,
    source="Amazon RDS user guide: Publishing database logs to Amazon CloudWatch Logs",
)
def log_types(context: Context) -> Iterator[Hit]:
    for resource in context.view.of_type(aurora.CLUSTER, aurora.INSTANCE):
        engine = aurora.engine(resource)
        known, source = logs_of(engine)
        if not known:
            continue
        for index, name in enumerate(resource.items(_PATH)):
            # an empty item is what a comma list without values becomes
            if type(name) is not str or not name or name in known:
                continue
            yield hit(
                resource,
                f"{_PATH}.{index}",
                f"{engine} has no log '{name}', in {context.here} or elsewhere",
                f"choose from {', '.join(sorted(known))}",
                source=source,
            )
