"""It will not silently not work: functions that are told the name of what does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields
from pcistack.template.view import Resource, Value

_CLUSTERS: Final = (
    ("AWS::ECS::Cluster", "ClusterName"),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
)
_FUNCTION: Final = "AWS::Lambda::Function"
# Variables that name a resource: form of the variable -> its type and the property of its name.
_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    r"(?:.*_)?ECS_CLUSTER(?:_NAME)?": ("AWS::ECS::Cluster", "ClusterName"),
    r"(?:.*_)?(?:ECS_)?SERVICE(?:_NAME)?": ("AWS::ECS::Service", "ServiceName"),
    r"(?:.*_)?DB_?CLUSTER(?:_ID|_IDENTIFIER|_NAME)?": (
        "AWS::RDS::DBCluster",
        "DBClusterIdentifier",
    ),
    r"(?:.*_)?QUEUE_NAME": ("AWS::SQS::Queue", "QueueName"),
    r"(?:.*_)?TABLE(?:_NAME)?": ("AWS::DynamoDB::Table", "TableName"),
    r"(?:.*_)?BUCKET(?:_NAME)?": ("AWS::S3::Bucket", "BucketName"),
    r"(?:.*_)?LOG_GROUP(?:_NAME)?": ("AWS::Logs::LogGroup", "LogGroupName"),
}


@rule(
    "DEPLOY-SILENT-NAME",
    "A variable of a function that names what the template does not have",
    types=(_FUNCTION,),
    severity=Severity.WARNING,
    source="ECS API reference: UpdateService, ServiceNotFoundException; and the like",
)
def name_rule(context: Context) -> Iterator[Hit]:
    """Only where the template names every resource of the type itself, so that none is meant."""
    for function in context.of_type(_FUNCTION):
        for variable, value in fields(function.get("Environment.Variables")).items():
            yield from _cluster(context, function, variable, value)
            for form, (kind, key) in _NAMES.items():
                if type(value) is not str or not re.fullmatch(form, variable.upper()):
                    continue
                names = [resource.get(key) for resource in context.of_type(kind)]
                known = bool(names) and all(type(name) is str for name in names)
                if value and known and value not in names:
                    yield hit(
                        function,
                        f"Environment.Variables.{variable}",
                        f"{variable} is {value!r}, and the template's {kind} have other names: "
                        f"{', '.join(sorted(str(name) for name in names))}",
                        "name one of them, by a reference",
                    )
                break


def _cluster(context: Context, function: Resource, variable: str, value: Value) -> Iterator[Hit]:
    """A variable that says CLUSTER and nothing more names one of either kind."""
    if variable.upper() not in ("CLUSTER", "CLUSTER_NAME", "CLUSTER_ID") or type(value) is not str:
        return
    names = [one.get(key) for kind, key in _CLUSTERS for one in context.of_type(kind)]
    if value and names and all(type(name) is str for name in names) and value not in names:
        yield hit(
            function,
            f"Environment.Variables.{variable}",
            f"{variable} is {value!r}, and the template's clusters have other names: "
            f"{', '.join(sorted(str(name) for name in names))}",
            "name one of them, by a reference",
        )
