"""Ask AWS whether what a template needs is there: nothing is written, everything is reported.

Each question becomes one :class:`Row`. A call that AWS refuses becomes a row too, so that one run
names every permission that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from pcistack.account import dns, domains, quotas
from pcistack.account import names_in_use as taken
from pcistack.account.ask_facts import ENABLED, opt_in_status, overlaid, resource_types, zones
from pcistack.account.aws import Aws, Call, Item, flag, number, objects, part, text, texts
from pcistack.account.linked_roles import linked_roles
from pcistack.account.needs import Endpoint, NeededDatabase, Needs, needs
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


@dataclass(kw_only=True)
class _Answers:
    """What AWS answered, to override the shipped facts."""

    zones: Sequence[str]
    services: list[str] | None = None
    offered: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    exact: dict[tuple[str, str], str] = field(default_factory=dict)


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
    answers = _Answers(zones=here or [])
    worlds = views(template, aws.region, zones=here or None)
    wanted = needs(worlds)
    rows += refusal or _zones(wanted, answers.zones)
    rows += tried(partial(_types, wanted, facts), aws, "resource types")
    for database in wanted.databases:
        rows += _databases(aws, database, answers)
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
    answers: _Answers,
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


# Databases


def _databases(aws: Aws, database: NeededDatabase, answers: _Answers) -> Iterator[Row]:
    if database.engine is None or database.version is None or database.instance_class is None:
        unknown = [
            name
            for name, value in (
                ("Engine", database.engine),
                ("EngineVersion", database.version),
                ("DBInstanceClass", database.instance_class),
            )
            if value is None
        ]
        yield undecided(f"{' and '.join(unknown)} of {database.resource}", database.resource)
        return
    if not database.engine:
        return
    yield from tried(
        partial(_version, database, answers), aws, f"{database.engine} {database.version}".strip()
    )
    if database.instance_class:
        yield from tried(
            partial(_orderable, database, answers),
            aws,
            f"{database.engine} on {database.instance_class}",
        )


def _version(database: NeededDatabase, answers: _Answers, aws: Aws) -> Iterator[Row]:
    found = _versions(database, aws)
    current = [item for item in found if text(item, "Status") in ("", "available")]
    chosen = (current or found)[-1] if found else {}
    complaints = (
        list(_version_complaints(database, chosen))
        if current
        else ["no longer created: AWS says deprecated" if found else "AWS does not offer it here"]
    )
    version = text(chosen, "EngineVersion")
    offered = answers.offered.setdefault(database.engine or "", set())
    offered |= {(name, "") for name in (version, database.version) if name and current}
    answers.exact[database.engine or "", database.version or ""] = version
    named = f"{database.engine} {database.version or '(the default version)'}"
    yield Row(
        state=Verdict.FAILS if complaints else Verdict.CONFIRMED,
        need=named,
        answer="; ".join(complaints)
        or ("available" if database.version == version else f"it is {version}"),
        asked=Call.ENGINE_VERSIONS.permission,
        resources=(database.resource,),
    )


def _versions(database: NeededDatabase, aws: Aws) -> list[Item]:
    """Ask for a version; one that names only a major, or none at all, stands for a default."""
    engine = {"Engine": database.engine}
    named = {"EngineVersion": database.version} if database.version else {}
    if named:
        found = aws.items(
            Call.ENGINE_VERSIONS, "DBEngineVersions", {**engine, **named, "IncludeAll": True}
        )
        if found:
            return found
    return aws.items(
        Call.ENGINE_VERSIONS, "DBEngineVersions", {**engine, **named, "DefaultOnly": True}
    )


def _version_complaints(database: NeededDatabase, version: Item) -> Iterator[str]:
    modes = texts(version, "SupportedEngineModes")
    if database.mode and database.mode not in modes:
        yield f"no engine mode {database.mode}, only {', '.join(modes) or 'none'}"
    if database.is_serverless_v2:
        yield from _capacity_complaints(database, part(version, "ServerlessV2FeaturesSupport"))
    family = text(version, "DBParameterGroupFamily")
    if database.family and family and database.family != family:
        yield f"its family is {family}, the parameter group's is {database.family}"
    missing = sorted(set(database.log_types) - set(texts(version, "ExportableLogTypes")))
    if missing:
        yield f"no log export {', '.join(missing)}"
    authorities = texts(version, "SupportedCACertificateIdentifiers")
    wanted = database.certificate_authority
    if wanted and authorities and wanted not in authorities:
        yield f"no certificate authority {wanted}, only {', '.join(authorities)}"


def _capacity_complaints(database: NeededDatabase, limits: Item) -> Iterator[str]:
    lowest, highest = number(limits, "MinCapacity"), number(limits, "MaxCapacity")
    if lowest is None or highest is None:
        yield "it has no Serverless v2"
        return
    if database.minimum is not None and database.minimum < lowest:
        yield f"MinCapacity {database.minimum:g} is below {lowest:g}"
    if database.maximum is not None and database.maximum > highest:
        yield f"MaxCapacity {database.maximum:g} is above {highest:g}"


def _orderable(database: NeededDatabase, answers: _Answers, aws: Aws) -> Iterator[Row]:
    parameters: dict[str, object] = {
        "Engine": database.engine,
        "DBInstanceClass": database.instance_class,
    }
    asked = (database.engine or "", database.version or "")
    version = answers.exact.get(asked) or database.version
    if version:
        parameters["EngineVersion"] = version
    options = aws.items(Call.ORDERABLE_OPTIONS, "OrderableDBInstanceOptions", parameters)
    here = sorted({zone for option in options for zone in texts(option, "AvailabilityZones")})
    answers.offered.setdefault(database.engine or "", set()).update(
        (text(option, "EngineVersion"), text(option, "DBInstanceClass")) for option in options
    )
    complaints = []
    if not options:
        complaints.append("AWS does not sell it here")
    elif database.zone and here and database.zone not in here:
        complaints.append(f"not in {database.zone}, only in {', '.join(here)}")
    for name in database.flags if options else ():
        if all(flag(option, name) is False for option in options):
            complaints.append(f"without {_feature(name)}")
    yield Row(
        state=Verdict.FAILS if complaints else Verdict.CONFIRMED,
        need=f"{database.engine} on {database.instance_class}",
        answer="; ".join(complaints) or f"orderable in {', '.join(here) or 'this region'}",
        asked=Call.ORDERABLE_OPTIONS.permission,
        resources=(database.resource,),
    )


def _feature(name: str) -> str:
    return {
        "SupportsIAMDatabaseAuthentication": "IAM database authentication",
        "SupportsStorageEncryption": "storage encryption",
        "SupportsHttpEndpoint": "the Data API",
        "SupportsPerformanceInsights": "Performance Insights",
        "SupportsEnhancedMonitoring": "enhanced monitoring",
    }[name]


# VPC endpoints


def _endpoints(wanted: Sequence[Endpoint], answers: _Answers, aws: Aws) -> Iterator[Row]:
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
