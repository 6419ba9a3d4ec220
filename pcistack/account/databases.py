"""Ask AWS whether it offers the databases that a template needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pcistack.account.ask_facts import (
    Answers,
)
from pcistack.account.aws import Aws, Call, Item, flag, number, part, text, texts
from pcistack.account.needed import NeededDatabase
from pcistack.account.rows import Row, Verdict, tried, undecided


def offered(aws: Aws, database: NeededDatabase, answers: Answers) -> Iterator[Row]:
    """Yield whether the version of a database is offered, and on its instance class."""
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


def _version(database: NeededDatabase, answers: Answers, aws: Aws) -> Iterator[Row]:
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


def _orderable(database: NeededDatabase, answers: Answers, aws: Aws) -> Iterator[Row]:
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
