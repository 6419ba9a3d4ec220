"""Resource types and services that the region lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.findings import Finding, Severity
from assurance.regional.facts import Availability, Facts, known_types, service_of
from assurance.regional.rule import Context, Rule

# Not in the registry: macros expand them, or CloudFormation handles them by itself.
_EXPANDED: Final = ("AWS::Serverless::", "AWS::CDK::Metadata")


def _type(rule: Rule, context: Context) -> Iterator[Finding]:
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
        yield rule.finding(
            resource,
            "",
            message,
            f"leave {name} out in {context.facts.region}, or deploy it in a region that has it",
            # two sources that agree leave no doubt; one alone may be older than the region
            severity=None if second is Availability.UNAVAILABLE else Severity.ERROR,
            source=_source(context.facts),
        )


def _unknown_type(rule: Rule, context: Context) -> Iterator[Finding]:
    for resource in context.view.resources.values():
        name = resource.type
        if not name.startswith("AWS::") or name.startswith(_EXPANDED) or name.endswith("::MODULE"):
            continue
        if context.facts.absent_types is not None and name not in known_types():
            yield rule.finding(
                resource,
                "",
                f"{name} is not among the resource types of {context.here}, nor of any region, on "
                f"{context.facts.versions.get('cfn-lint schema date', 'an unknown day')}",
                "check the spelling; if the type is newer, run 'pcistack facts refresh' after an "
                "upgrade of cfn-lint",
                source=_source(context.facts),
            )


def _application_repository(rule: Rule, context: Context) -> Iterator[Finding]:
    if context.facts.service_by_two_sources("serverlessrepo") is not Availability.UNAVAILABLE:
        return
    for resource in context.view.of_type("AWS::Serverless::Application"):
        if isinstance(resource.get("Location"), dict):
            yield rule.finding(
                resource,
                "Location",
                f"the AWS Serverless Application Repository does not exist in {context.here}",
                "deploy the application's template as a nested stack of your own; for the "
                "rotation of a database secret use ManageMasterUserPassword or a rotation "
                "function in this template",
            )
    for resource in context.view.of_type("AWS::SecretsManager::RotationSchedule"):
        if resource.get("HostedRotationLambda") is not None:
            yield rule.finding(
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


_SOURCES: Final = "CloudFormation registry per region, as carried by cfn-lint"

RULES: Final = (
    Rule(
        id="REGION-RESOURCE-TYPE",
        title="A resource type that the region lacks",
        severity=Severity.FATAL,
        source=_SOURCES,
        check=_type,
    ),
    Rule(
        id="REGION-RESOURCE-TYPE-UNKNOWN",
        title="A resource type that no region is known to have",
        severity=Severity.WARNING,
        source=_SOURCES,
        check=_unknown_type,
    ),
    Rule(
        id="REGION-APPLICATION-REPOSITORY",
        title="An application of the Serverless Application Repository where it does not exist",
        severity=Severity.FATAL,
        source="AWS global infrastructure, as carried by moto",
        check=_application_repository,
    ),
)
