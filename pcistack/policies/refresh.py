"""Write what IAM knows from the packages that carry it: actions, managed policies, principals.

Sources: cfn-lint (actions of every service, from the service authorization reference) and moto
(AWS managed policies). They are needed here only, never by a check. Run it with
``python -m pcistack.policies.refresh`` after an update of the lock.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pcistack.policies.actions import ACTIONS, PRINCIPALS
from pcistack.policies.managed import DATA, NAMES, POLICIES

_EVERYBODY: Final = ("ReadOnlyAccess", "AdministratorAccess", "PowerUserAccess")
"""Managed policies outside ``service-role/`` that roles of a service often carry."""
_OF_SERVICES: Final = re.compile(
    r"(Lambda|ECS|EC2Container|CloudWatch(Logs|Agent|Events|Full)|SSM|RDS|S3|SQS|SNS|DynamoDB"
    r"|SecretsManager|EventBridge|StepFunctions|XRay|Config|KMS|Kinesis|VPC|EC2FullAccess"
    r"|CodeDeploy|CodeBuild|CodePipeline|APIGateway|CloudFormation|IAMFullAccess)"
)
_LONGEST: Final = 6_000
"""Characters of a managed policy; the few longer ones stay unknown, which finds nothing."""

_IN_POLICY: Final = re.compile(r"\"([a-z0-9][a-z0-9.-]*)\.amazonaws\.com\"")
_IN_CODE: Final = re.compile(r"ServicePrincipal\([\"']([a-z0-9][a-z0-9.-]*)\.amazonaws\.com[\"']")
_REGION: Final = re.compile(r"(^|[.])[a-z]{2,4}(-[a-z]+)+-\d($|[.])")
_DOCUMENTED: Final = DATA / "documented_principals.txt"
"""Principals of the service guides that neither source writes out; kept by hand."""


def refresh() -> None:
    """Write the four files again."""
    policies = _managed()
    documents = dict(_selected(policies))
    rows = [f"{name} {json.dumps(documents[name], separators=(',', ':'))}" for name in documents]
    POLICIES.write_text("\n".join(sorted(rows)) + "\n", encoding="utf-8")
    paths = {name: policy.get("Path", "/").lstrip("/") for name, policy in policies.items()}
    attachable = (f"{paths[name]}{name}" for name in paths if paths[name] != "aws-service-role/")
    NAMES.write_text("\n".join(sorted(attachable)) + "\n", encoding="utf-8")
    actions = _actions()
    lines = [f"{service} {' '.join(sorted(found))}" for service, found in sorted(actions.items())]
    ACTIONS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    PRINCIPALS.write_text("\n".join(sorted(_principals(policies))) + "\n", encoding="utf-8")


def _actions() -> Mapping[str, Mapping[str, Any]]:
    path = _package("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    return {service: held["Actions"] for service, held in document.items() if held["Actions"]}


def _managed() -> Mapping[str, Mapping[str, Any]]:
    module = importlib.import_module("moto.iam.aws_managed_policies")
    policies: Mapping[str, Mapping[str, Any]] = json.loads(module.aws_managed_policies_data)
    return policies


def _selected(policies: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, policy in policies.items():
        path = policy.get("Path", "/").lstrip("/")
        wanted = path == "service-role/" or name in _EVERYBODY or _OF_SERVICES.search(name)
        document = policy["Document"]
        if wanted and path != "aws-service-role/" and len(json.dumps(document)) <= _LONGEST:
            statements = document["Statement"]
            kept = statements if isinstance(statements, list) else [statements]
            yield f"{path}{name}", {"Statement": [_slim(statement) for statement in kept]}


def _slim(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != "Sid"}


def _principals(policies: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return service principals that the sources name, without region and domain."""
    found = set(_DOCUMENTED.read_text(encoding="utf-8").split())
    for policy in policies.values():
        found |= set(_IN_POLICY.findall(json.dumps(policy["Document"])))
    archive = next((_package("aws_cdk") / "_jsii").glob("*.tgz"))
    with tarfile.open(archive) as library:
        for member in library:
            read = library.extractfile(member) if member.name.endswith(".js") else None
            if read is not None:
                found |= set(_IN_CODE.findall(read.read().decode(errors="replace")))
    return {name for name in found if not _REGION.search(name)}


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"{name} is missing; run 'make install'")
    return Path(found.origin).parent


if __name__ == "__main__":
    refresh()
