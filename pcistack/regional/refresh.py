"""Generate the region files from the packages that carry the facts.

Sources: cfn-lint (resource types, instance classes, zones, engine versions, Lambda runtimes),
moto's copy of AWS's global-infrastructure parameters (services, zone ids, names) and CDK's
region-info (opt-in regions, load-balancer accounts). These packages are needed here only, never
by a check.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pcistack.regions import DATA

# Engines whose instance classes are kept; the others are left to the schema validators.
ENGINES: Final = ("aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres")
_PACKAGES: Final = ("aws-cdk-lib", "cfn-lint", "moto")
_REGION_INFO: Final = """
import json, sys
from aws_cdk.region_info import RegionInfo
regions = {}
for region in RegionInfo.regions:
    found = {"opt_in": bool(region.is_opt_in_region)}
    if region.elbv2_account:
        found["load_balancer_account"] = region.elbv2_account
    regions[region.name] = found
json.dump(regions, sys.stdout)
"""


class RefreshError(RuntimeError):
    """A source package is missing or has another shape; the message says which and what to do."""


def refresh(data: Path = DATA) -> list[str]:
    """Write every generated file again; return the paths that changed, sorted.

    Nothing is written if any source cannot be read.

    Raises:
        RefreshError: A source package is missing, or its data has another shape than expected.
    """
    try:
        documents = _documents()
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        raise RefreshError(f"a source package is missing: {error}; run 'make install'") from error
    except (KeyError, TypeError, IndexError, AttributeError, OSError, ValueError) as error:
        raise RefreshError(
            f"a source package's data has changed its shape ({type(error).__name__}: {error}); "
            "pcistack/regional/refresh.py must learn the new one"
        ) from error
    changed = []
    for name, document in documents.items():
        path = data / name
        text = render(document)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in sorted((data / "regions").glob("*.json")):
        if f"regions/{path.name}" not in documents:
            changed.append(f"regions/{path.name}")
            path.unlink()
    return sorted(changed)


def _documents() -> dict[str, Any]:
    sources = _sources()  # a missing package is told before anything is read
    infrastructure = _infrastructure()
    services = {name for facts in infrastructure.values() for name in facts["services"]}
    types = _types()
    known = sorted(set().union(*types.values()))
    classes = _instance_classes()
    zones = _zones()
    information = _region_info()
    documents: dict[str, Any] = {
        "engines.json": {
            "engine_versions": _engine_versions(),
            "lambda_runtimes": _lambda_runtimes(),
            "sources": sources,
        },
        "ec2.json": _instance_types(),
        "types.json": {
            "service_of_namespace": _service_of_namespace(known, services),
            "services": sorted(services),
            "types": _by_service(known),
        },
        "regions.json": {
            "regions": {
                region: {
                    "domain": _value(facts, "domain"),
                    "long_name": _value(facts, "longName"),
                    "partition": _value(facts, "partition"),
                    "zone_ids": sorted(facts.get("availability-zones", {})),
                    "zones": zones.get(region, []),
                    **information.get(region, {}),
                }
                for region, facts in sorted(infrastructure.items())
            }
        },
    }
    for region, facts in infrastructure.items():
        body: dict[str, Any] = {"services": sorted(facts["services"])}
        if region in types:
            body["absent_types"] = absent(known, types[region])
        if region in classes:
            body["instance_classes"] = classes[region]
        documents[f"regions/{region}.json"] = body
    return documents


def _sources() -> dict[str, str]:
    found = {package: importlib.metadata.version(package) for package in _PACKAGES}
    schema = _cfnlint("data/schemas/version.json")["schema_date"]
    return found | {"cfn-lint schema date": schema[:10]}


def _package(name: str) -> Path:
    """Folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(name)
    return Path(spec.origin).parent


# moto


def _infrastructure() -> dict[str, Any]:
    path = _package("moto") / "ssm" / "resources" / "regions.json.gz"
    with gzip.open(path) as file:
        document = json.load(file)
    regions: dict[str, Any] = document["aws"]["service"]["global-infrastructure"]["regions"]
    return regions


def _value(facts: Mapping[str, Any], key: str) -> str:
    return str(facts.get(key, {}).get("Value", ""))


# cfn-lint


def _cfnlint(name: str) -> Any:  # noqa: ANN401  raw JSON of another package
    return json.loads((_package("cfnlint") / name).read_text(encoding="utf-8"))


def _zones() -> dict[str, list[str]]:
    helpers = importlib.import_module("cfnlint.helpers")
    zones: dict[str, list[str]] = helpers.AVAILABILITY_ZONES
    return {region: sorted(names) for region, names in zones.items()}


def _types() -> dict[str, set[str]]:
    folder = _package("cfnlint") / "data" / "schemas" / "providers"
    return {
        path.stem: set(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*-*.json"))
    }


def _by_service(types: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(types):
        service, _, resource = name.rpartition("::")
        found.setdefault(service, []).append(resource)
    return found


def _service_of_namespace(types: Iterable[str], services: Iterable[str]) -> dict[str, str]:
    """Match namespaces with services of the same name, hyphens aside."""
    plain = {name.replace("-", ""): name for name in sorted(services)}
    namespaces = sorted({name.rpartition("::")[0] for name in types})
    return {
        namespace: plain[name]
        for namespace in namespaces
        if (name := namespace.partition("::")[2].lower()) in plain
    }


def absent(known: Iterable[str], here: set[str]) -> dict[str, list[str]]:
    """Types that the region lacks, by service; ``*`` stands for all of a service's types."""
    present = {name.rpartition("::")[0] for name in here}
    missing = _by_service(name for name in known if name not in here)
    return {service: names if service in present else ["*"] for service, names in missing.items()}


def _instance_classes() -> dict[str, dict[str, dict[str, str]]]:
    enum = _cfnlint("data/schemas/extensions/aws_rds_dbinstance/dbinstanceclass_enum.json")
    return {
        region: {
            engine: by_family(classes)
            for engine in ENGINES
            if (classes := _engine_classes(rules["allOf"], engine))
        }
        for region, rules in enum.items()
    }


def _engine_classes(rules: Iterable[Mapping[str, Any]], engine: str) -> set[str]:
    found: set[str] = set()
    for rule in rules:
        if rule["if"]["properties"]["Engine"].get("const") == engine:
            found |= set(rule["then"]["properties"]["DBInstanceClass"]["enum"])
    found.discard("db.serverless")  # cfn-lint adds it to every region as a literal
    return found


def by_family(classes: Iterable[str]) -> dict[str, str]:
    """Write instance classes compactly: sizes by family."""
    families: dict[str, list[str]] = {}
    for name in sorted(classes):
        family, _, size = name.rpartition(".")
        families.setdefault(family, []).append(size)
    return {family: " ".join(sizes) for family, sizes in families.items()}


def _engine_versions() -> dict[str, dict[str, str]]:
    folder = "data/schemas/extensions/aws_rds_dbinstance/"
    versions: dict[str, dict[str, str]] = {}
    for rule in _cfnlint(f"{folder}engine_version.json")["allOf"]:
        engine = rule["if"]["properties"]["Engine"].get("const", "")
        if engine in ENGINES:
            known = rule["then"]["properties"]["EngineVersion"]["enum"]
            versions[engine] = dict.fromkeys(sorted(known), "available")
    for rule in _cfnlint(f"{folder}engine_version_deprecated.json")["allOf"]:
        properties = rule["if"]["properties"]
        engine = properties["Engine"].get("const", "")
        if engine in versions:
            for version in properties["EngineVersion"]["enum"]:
                versions[engine][version] = "deprecated"
    return versions


def _instance_types() -> dict[str, Any]:
    """EC2 instance types: sizes by family, and per region the families that it has in full.

    A family that a region sells only in part stands there with its sizes.
    """
    enum = _cfnlint("data/schemas/extensions/aws_ec2_instance/instancetype_enum.json")
    here = {
        region: by_family(rule["enum"])
        for region, rule in enum.items()
        if isinstance(rule, dict) and rule.get("enum") and region != "all"
    }
    every = by_family({f"{f}.{s}" for r in here.values() for f in r for s in r[f].split()})
    return {
        "families": every,
        "regions": {
            region: {
                "full": " ".join(f for f, sizes in sorted(families.items()) if sizes == every[f]),
                "part": {f: sizes for f, sizes in families.items() if sizes != every[f]},
            }
            for region, families in here.items()
        },
    }


def _lambda_runtimes() -> dict[str, dict[str, str]]:
    runtimes = _cfnlint("data/AdditionalSpecs/LmbdRuntimeLifecycle.json")
    return {
        name: {
            key: facts[key] for key in ("create-block", "deprecated", "successor") if facts.get(key)
        }
        for name, facts in sorted(runtimes.items())
    }


# CDK's region-info, in a process of its own: a check must never depend on aws_cdk


def _region_info() -> dict[str, dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-c", _REGION_INFO], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise RefreshError(f"CDK's region-info cannot be read: {reason}")
    found: dict[str, dict[str, Any]] = json.loads(result.stdout)
    return found


def render(document: object) -> str:
    """Sorted JSON; a list or a flat object of texts on one line, so that a diff stays readable."""
    return _node(document, 0) + "\n"


def _node(node: object, depth: int) -> str:
    if not isinstance(node, dict) or not node:
        return json.dumps(node, ensure_ascii=False)
    indent = " " * (depth + 1)
    lines = [
        f"{indent}{json.dumps(key)}: {_node(value, depth + 1)}"
        for key, value in sorted(node.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
