"""Ask AWS whether what a template needs is there: nothing is written, everything is reported.

Each question becomes one :class:`Row`. A call that AWS refuses becomes a row too, so that one run
names every permission that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from pcistack.account import dns, domains, quotas
from pcistack.account import names_in_use as taken
from pcistack.account.ask_facts import (
    ENABLED,
    Answers,
    opt_in_status,
    overlaid,
    resource_types,
    zones,
)
from pcistack.account.aws import Aws, Call, Item, objects, text, texts
from pcistack.account.databases import offered
from pcistack.account.linked_roles import linked_roles
from pcistack.account.needed import Endpoint, Needs
from pcistack.account.needs import needs
from pcistack.account.requirements import account_needs
from pcistack.account.rows import Row, Verdict, answered, tried, undecided
from pcistack.checks.findings import Severity
from pcistack.checks.run import check_template
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability, Facts
from pcistack.regional.pack import PACK
from pcistack.template.document import Template
from pcistack.template.worlds import views

# built into CloudFormation, or made by a transform: never in its list of resource types
_NOT_LISTED: Final = ("AWS::CloudFormation::", "AWS::CDK::", "AWS::Serverless::")


def preflight(
    template: Template,
    aws: Aws,
    facts: Facts,
    *,
    now: datetime,
    stack: str | None = None,
    lookup: dns.Lookup = dns.lookup,
) -> list[Row]:
    """Ask AWS everything that a template needs.

    In the end the rules of the regional guard judge the template by AWS's answers; what can never
    deploy is a row too.

    Args:
        template: The template.
        aws: Asks in the region that the template is meant for.
        facts: The shipped facts of that region.
        now: The present, for metrics of current use and support dates.
        stack: Name of the stack that the template is for, which may be there already; None if
            it is not known.
        lookup: Asks the public DNS.

    Raises:
        CredentialsError: There are no credentials, or AWS does not accept them.
        AwsError: Not even the credentials could be checked.
        TemplateError: The template is too large to resolve.
    """
    aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    rows = [*tried(_region, aws, f"{aws.region} is enabled")]
    if any(row.state is Verdict.FAILS for row in rows):
        return rows  # every further question would fail for the same reason
    here, refusal = answered(_zone_names, aws, "availability zones")
    answers = Answers(zones=here or [])
    worlds = views(template, aws.region, zones=here or None)
    wanted = needs(worlds)
    rows += refusal or _zones(wanted, answers.zones)
    rows += tried(partial(_types, wanted, facts), aws, "resource types")
    for database in wanted.databases:
        rows += offered(aws, database, answers)
    rows += tried(partial(_endpoints, wanted.endpoints, answers), aws, "VPC endpoint services")
    rows += taken.certificates(wanted, aws)
    rows += domains.zones(wanted.hosted_zones, aws, lookup)
    rows += linked_roles(aws, wanted.types)
    rows += taken.names(wanted, aws, stack)
    rows += quotas.room(wanted, aws, now)
    rows += account_needs(aws, wanted.types)
    rows += _judged(template, aws, facts, answers, rows, now)
    return _merged(rows)


def _judged(
    template: Template,
    aws: Aws,
    facts: Facts,
    answers: Answers,
    rows: Sequence[Row],
    now: datetime,
) -> Iterator[Row]:
    """Yield what the guard's rules refuse for good, by AWS's answers, and no row says yet."""
    live = overlaid(
        facts,
        zone_names=answers.zones,
        endpoint_services=answers.services,
        offered=answers.offered,
    )
    said = {name for row in rows if row.state is Verdict.FAILS for name in row.resources}
    pack = replace(PACK, context=lambda view, region, on: Context(view=view, facts=live, on=on))
    outcome = check_template(
        template, (pack,), region=aws.region, on=now.date(), zones=answers.zones
    )
    for finding in outcome.open:
        if finding.severity is Severity.FATAL and finding.resource not in said:
            yield Row(
                state=Verdict.FAILS,
                need=finding.rule,
                answer=finding.message,
                asked="",
                resources=(finding.resource,) if finding.resource else (),
            )


def _merged(rows: Iterable[Row]) -> list[Row]:
    """Make one row of those that differ only in the resources that need it."""
    found: dict[tuple[Verdict, str, str, str, str], Row] = {}
    for row in rows:
        key = (row.state, row.need, row.answer, row.asked, row.fix)
        before = found[key].resources if key in found else ()
        found[key] = replace(row, resources=tuple(dict.fromkeys((*before, *row.resources))))
    return list(found.values())


# The region and its zones


def _region(aws: Aws) -> Iterator[Row]:
    status = opt_in_status(aws)
    if status in ENABLED:
        answer, state = status, Verdict.CONFIRMED
    elif status:
        answer = f"{status}: enable it under Account > AWS Regions first"
        state = Verdict.FAILS
    else:
        answer, state = "AWS knows no such region", Verdict.FAILS
    yield Row(
        state=state, need=f"{aws.region} is enabled", answer=answer, asked=Call.REGIONS.permission
    )


def _zone_names(aws: Aws) -> list[str]:
    return [name for name, _ in zones(aws)]


def _zones(wanted: Needs, here: Sequence[str]) -> Iterator[Row]:
    asked = Call.ZONES.permission
    for zone, resources in wanted.zones.items():
        there = zone in here
        yield Row(
            state=Verdict.CONFIRMED if there else Verdict.FAILS,
            need=f"zone {zone}",
            answer="available" if there else f"there are {', '.join(here)}",
            asked=asked,
            resources=resources,
        )
    for resource, message in wanted.problems:
        yield Row(
            state=Verdict.FAILS,
            need="an expression that works here",
            answer=message,
            asked=asked,
            resources=(resource,) if resource else (),
        )


def _types(wanted: Needs, facts: Facts, aws: Aws) -> Iterator[Row]:
    listed = resource_types(aws)
    missing = sorted(name for name in wanted.types - listed if not name.startswith(_NOT_LISTED))
    absent = [name for name in missing if facts.resource_type(name) is not Availability.AVAILABLE]
    doubtful = [name for name in missing if name not in absent]
    asked = Call.RESOURCE_TYPES.permission
    yield Row(
        state=Verdict.FAILS if absent else Verdict.CONFIRMED,
        need=f"resource types: {len(wanted.types) - len(doubtful)}",
        answer=f"not here: {', '.join(absent)}" if absent else "all here",
        asked=asked,
    )
    for name in doubtful:
        yield Row(
            state=Verdict.UNKNOWN,
            need=f"resource type {name}",
            answer="AWS does not list it here, but the schemas of the region have it",
            asked=asked,
        )


# VPC endpoints


def _endpoints(wanted: Sequence[Endpoint], answers: Answers, aws: Aws) -> Iterator[Row]:
    named = sorted({endpoint.service for endpoint in wanted if endpoint.service})
    found: list[Item] = []
    if named:
        found = aws.items(
            Call.ENDPOINT_SERVICES,
            "ServiceDetails",
            {"Filters": [{"Name": "service-name", "Values": named}]},
        )
        answers.services = [text(item, "ServiceName") for item in found]
    for endpoint in wanted:
        if endpoint.service is None:
            yield undecided(f"the service of {endpoint.resource}", endpoint.resource)
            continue
        details = [item for item in found if text(item, "ServiceName") == endpoint.service]
        complaint = _endpoint_complaint(endpoint, details)
        yield Row(
            state=Verdict.FAILS if complaint else Verdict.CONFIRMED,
            need=f"{endpoint.kind.lower()} endpoint {endpoint.service}",
            answer=complaint or "available",
            asked=Call.ENDPOINT_SERVICES.permission,
            resources=(endpoint.resource,),
        )


def _endpoint_complaint(endpoint: Endpoint, details: Sequence[Item]) -> str:
    if not details:
        return "AWS has no such service here"
    kinds = {
        str(kind.get("ServiceType", ""))
        for item in details
        for kind in objects(item, "ServiceType")
    }
    if endpoint.kind not in kinds:
        return f"it is {' or '.join(sorted(kinds)).lower()} only"
    here = {zone for item in details for zone in texts(item, "AvailabilityZones")}
    missing = sorted(set(endpoint.zones) - here)
    return f"not in {', '.join(missing)}" if here and missing else ""
