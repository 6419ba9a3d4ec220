"""Resource types and services that the region lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.catalog import known_types, service_of
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability, Facts
from pcistack.regional.pack import rule

# Not in the registry: macros expand them, or CloudFormation handles them by itself.
_EXPANDED: Final = ("AWS::Serverless::", "AWS::CDK::Metadata")
_SOURCES: Final = "CloudFormation registry per region, as carried by cfn-lint"


@rule(
    "REGION-RESOURCE-TYPE",
    "A resource type that the region lacks",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_SOURCES,
)
def type_rule(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        name = resource.type
        if context.facts.resource_type(name) is not Availability.UNAVAILABLE:
            continue
        service = service_of(name)
        second = context.facts.service(service) if service else Availability.UNKNOWN
        here = context.here
        message = f"{name} does not exist in {here}"
        if second is Availability.UNAVAILABLE:
            message += f"; AWS does not list its service ({service}) there either"
        elif second is Availability.AVAILABLE:
            message += f", though AWS lists its service ({service}) there"
        yield hit(
            resource,
            "",
            message,
            f"leave {name} out in {context.facts.region}, or deploy it in a region that has it",
            # two sources that agree leave no doubt; one alone may be older than the region
            severity=None if second is Availability.UNAVAILABLE else Severity.ERROR,
            source=_source(context.facts),
        )


@rule(
    "REGION-RESOURCE-TYPE-UNKNOWN",
    "A resource type that no region is known to have",
    types=(ANY,),
    severity=Severity.WARNING,
    source=_SOURCES,
)
def unknown_type(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        name = resource.type
        if not name.startswith("AWS::") or name.startswith(_EXPANDED) or name.endswith("::MODULE"):
            continue
        if context.facts.absent_types is not None and name not in known_types():
            yield hit(
                resource,
                "",
                f"{name} is not among the resource types of {context.here}, nor of any region, on "
                f"{context.facts.versions.get('cfn-lint schema date', 'an unknown day')}",
                "check the spelling; if the type is newer, run 'pcistack facts refresh' after an "
                "upgrade of cfn-lint",
                source=_source(context.facts),
            )


@rule(
    "REGION-APPLICATION-REPOSITORY",
    "An application of the Serverless Application Repository where it does not exist",
    types=("AWS::Serverless::Application", "AWS::SecretsManager::RotationSchedule"),
    severity=Severity.FATAL,
    source="AWS global infrastructure, as carried by moto",
)
def application_repository(context: Context) -> Iterator[Hit]:
    if context.facts.service_by_two_sources("serverlessrepo") is not Availability.UNAVAILABLE:
        return
    for resource in context.view.of_type("AWS::Serverless::Application"):
        if isinstance(resource.get("Location"), dict):
            yield hit(
                resource,
                "Location",
                f"the AWS Serverless Application Repository does not exist in {context.here}",
                "deploy the application's template as a nested stack of your own; for the "
                "rotation of a database secret use ManageMasterUserPassword or a rotation "
                "function in this template",
            )
    for resource in context.view.of_type("AWS::SecretsManager::RotationSchedule"):
        if resource.get("HostedRotationLambda") is not None:
            yield hit(
                resource,
                "HostedRotationLambda",
                "a hosted rotation function comes from the AWS Serverless Application "
                f"Repository, which does not exist in {context.here}",
                "use ManageMasterUserPassword, or a rotation function in this template "
                "(RotationLambdaARN)",
            )


def _source(facts: Facts) -> str:
    versions = facts.versions
    return (
        f"CloudFormation registry as carried by cfn-lint {versions.get('cfn-lint', '')} "
        f"({versions.get('cfn-lint schema date', '')}); AWS global infrastructure as carried by "
        f"moto {versions.get('moto', '')}"
    )
