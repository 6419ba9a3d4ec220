"""Names of services that carry a region: of this one, and of this partition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regions import DOMAINS, known_regions, partition_of
from pcistack.template.view import Partial, Resource, Value

_NAME: Final = re.compile(
    r"([a-z0-9.-]+?)\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.(amazonaws\.(?:com\.cn|com|eu))"
)
_GLOBAL: Final = ("AWS::IAM::",)  # what holds in every region of the account
_DOMAINS: Final = tuple(f".{suffix}" for suffix in {*DOMAINS.values()} - {DOMAINS["aws"]})
"""Those of other partitions."""
_HOST: Final = re.compile(
    r"(?:^|[/@.\s'\"=])((?:[a-z0-9-]+\.)*?(?:rds|s3|dkr\.ecr|ecr|sqs|sns|kms|secretsmanager|ssm|logs|"
    r"monitoring|events|dynamodb|lambda|sts|elasticache|es|kinesis|cache|redshift|execute-api|"
    r"codecommit|elb)[.-]([a-z]{2,4}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?)"
)
_HOLDERS: Final = (
    "AWS::CodeBuild::Project",
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::Function",
    "AWS::SSM::Parameter",
)


@rule(
    "REGION-SERVICE-PRINCIPAL",
    "A policy for the service of another region or partition",
    types=(ANY,),
    severity=Severity.ERROR,
    source="CDK region-info: service principals per region; CloudWatch Logs user guide: Encrypt "
    "log data, logs.<region>.<domain>",
)
def principal_rule(context: Context) -> Iterator[Hit]:
    """Said once of a policy's service, and only where none of its names is of this region."""
    if not context.facts.region:
        return
    here, domain = context.facts.region, context.facts.domain
    for resource in context.view.resources.values():
        found: dict[str, list[tuple[str, str]]] = {}
        for path, name in _principals(resource):
            match = _NAME.fullmatch(name)
            service = match.group(1) if match else name.partition(".amazonaws.")[0]
            found.setdefault(service, []).append((path, name))
        for service, named in found.items():
            wrong = [(path, problem) for path, name in named if (problem := _wrong(name, context))]
            if not wrong or len(wrong) < len(named):
                continue
            path, problem = wrong[0]
            regional = f".{here}" if _NAME.fullmatch(named[0][1]) else ""
            yield hit(
                resource,
                path,
                f"{named[0][1]} is the service {problem}; the stack is for {context.here}",
                f"write {service}{regional}.{domain}",
                severity=Severity.WARNING if resource.type.startswith(_GLOBAL) else None,
            )


def _principals(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield each service that a policy names, with its path."""
    for path, leaf in resource.leaves:
        if type(leaf) is str and "Principal" in path and "Service" in path:
            steps = path.split(".")
            if "Principal" in steps and "Service" in steps:
                yield path, leaf


def _wrong(name: str, context: Context) -> str:
    """Say of what another region or partition a principal is; nothing if it is of this one."""
    match = _NAME.fullmatch(name)
    here, domain = context.facts.region, context.facts.domain
    if match is None:
        other = name.endswith(_DOMAINS) and not name.endswith(f".{domain}")
        return "of another partition" if other else ""
    service, region, its = match.groups()
    if region not in known_regions():
        return ""
    if region != here:
        return f"of {region}"
    of_domain = its == domain or (service != "logs" and its == "amazonaws.com")
    return "" if of_domain else f"of another partition, by the domain {its}"


@rule(
    "REGION-VIA-SERVICE",
    "A key that may be used through the service of another region only",
    types=(ANY,),
    severity=Severity.ERROR,
    source="KMS developer guide: condition keys, kms:ViaService and kms:EncryptionContext",
)
def via_service_rule(context: Context) -> Iterator[Hit]:
    if not context.facts.region:
        return
    for resource in context.view.resources.values():
        for path, values in _conditions(resource):
            regions = [_region_of(value) for value in values]
            if not regions or None in regions or context.facts.region in regions:
                continue
            yield hit(
                resource,
                path,
                f"{values[0]} is of {regions[0]}, and the stack is for {context.here}: the "
                "condition never holds here",
                f"write it with {context.facts.region}, or with ${{AWS::Region}}",
                severity=Severity.WARNING if resource.type.startswith(_GLOBAL) else None,
            )


_KEYS: Final = ("kms:viaservice", "kms:encryptioncontext:aws:logs:arn")


def _conditions(resource: Resource) -> Iterator[tuple[str, list[str]]]:
    """Yield the values of each condition on the service or the log group that uses a key."""
    found: dict[str, list[str]] = {}
    for path, leaf in resource.leaves:
        lower = path.lower()
        for key in _KEYS if ".kms:" in lower and ".condition." in lower else ():
            place = lower.find(f".{key}")
            if place >= 0 and isinstance(leaf, str):
                found.setdefault(path[: place + 1 + len(key)], []).append(str(leaf))
    yield from found.items()


def _region_of(value: str) -> str | None:
    """Return the region in the name of a service or an ARN; None if there is none."""
    match = _NAME.fullmatch(value)
    region = match.group(2) if match else ""
    if value.startswith("arn:"):
        region = (value.split(":") + [""] * 4)[3]
    return region if region in known_regions() else None


@rule(
    "REGION-HOST-NAME",
    "The address of a service in another region",
    types=_HOLDERS,
    severity=Severity.WARNING,
    source="AWS general reference: Service endpoints",
)
def host_rule(context: Context) -> Iterator[Hit]:
    """It may be meant, so it is a warning; of another partition it cannot work."""
    here = context.facts.region
    for kind in _HOLDERS if here else ():
        for resource in context.view.of_type(kind):
            for path, leaf in resource.leaves:
                found = _host(leaf) if "escription" not in path else None
                if found is None or found[1] == here or found[1] not in known_regions():
                    continue
                host, region = found
                apart = partition_of(region)[0] != context.facts.partition
                yield hit(
                    resource,
                    path,
                    f"{host} is in {region}; the stack is for {context.here}"
                    + (", another partition, which cannot reach it" if apart else ""),
                    f"name the address in {here}, or write ${{AWS::Region}}",
                    severity=Severity.ERROR if apart else None,
                )


def _host(leaf: Value) -> tuple[str, str] | None:
    if not isinstance(leaf, str) or len(leaf) > 2000 or ".amazonaws.com" not in leaf:
        return None
    found = _HOST.search(str(leaf) if isinstance(leaf, Partial) else leaf)
    return (found.group(1), found.group(2)) if found else None
