"""Access: actions and service principals that do not exist allow nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.policies import managed
from pcistack.policies.actions import exists, nearest, principals
from pcistack.policies.arns import parts
from pcistack.policies.statements import Statement
from pcistack.regions import DOMAINS
from pcistack.template.serverless import MADE
from pcistack.template.view import Partial, Value

_SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::S3::BucketPolicy": ("s3",),
    "AWS::SNS::TopicPolicy": ("sns",),
    "AWS::SQS::QueuePolicy": ("sqs",),
}
"""Policies whose service refuses actions that it does not have, and the prefixes of its own."""

_ON_THEIR_OWN: Final = frozenset(
    ("dynamodb", "ecr", "firehose", "kinesis", "kms", "lambda", "secretsmanager", "sns", "sqs")
)
"""Services whose actions take ARNs of their own, whichever of them one looks at."""

_SERVICE: Final = re.compile(r"[a-z0-9-]+")

_SLIP: Final = 0.9
"""How alike two names are, from 0 to 1, where one is the other misspelt."""

_DOMAIN: Final = re.compile(rf"\.({'|'.join(map(re.escape, DOMAINS.values()))}|aws\.internal)$")
_REGION: Final = re.compile(r"(^|\.)[a-z]{2,4}(-[a-z]+)+-\d(?=\.|$)")


def _known(value: Value) -> list[tuple[str, str]]:
    """Return the texts of a value that are fully known, each with its place."""
    items = value if isinstance(value, list) else [value]
    single = not isinstance(value, list)
    return [
        ("" if single else f".{index}", item)
        for index, item in enumerate(items)
        if isinstance(item, str) and not isinstance(item, Partial)
    ]


def _statements(context: Context) -> Iterator[tuple[str, Statement]]:
    for name, statements in context.access.statements.items():
        for statement in statements:
            yield context.view.resources[name].type, statement


@rule(
    "DEPLOY-IAM-ACTION",
    "An IAM action that does not exist",
    types=(ANY,),
    source="Service authorization reference: Actions, resources, and condition keys for AWS "
    "services",
)
def action_rule(context: Context) -> Iterator[Hit]:
    for kind, statement in _statements(context):
        scope = _SCOPES.get(kind, ())
        for key in ("Action", "NotAction"):
            for place, action in _known(statement.written.get(key)):
                if exists(action) and (not scope or _within(action, scope)):
                    continue
                near = nearest(action)
                refused = "; the service refuses the policy" if scope and key == "Action" else ""
                yield hit(
                    statement.resource,
                    f"{statement.path}.{key}{place}",
                    f"there is no action {action!r}"
                    + (f" in a policy of {scope[0]}" if scope else "")
                    + f": the statement says nothing of what is meant{refused}",
                    f"write {near}" if near else "name an action of the service",
                    severity=Severity.FATAL
                    if scope and key == "Action"
                    else _severity(action, near),
                )


def _severity(action: str, near: str) -> Severity | None:
    """A slip of the pen is an error; what once existed, or does not yet, is worth a look."""
    close = difflib.SequenceMatcher(None, action.lower(), near).ratio() >= _SLIP
    return None if close else Severity.WARNING


def _within(action: str, scope: tuple[str, ...]) -> bool:
    return action == "*" or action.lower().partition(":")[0] in scope


@rule(
    "DEPLOY-IAM-RESOURCE",
    "An action allowed on resources of other services only",
    types=("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"),
    severity=Severity.WARNING,
    source="Service authorization reference: resource types of each action; IAM user guide: IAM "
    "JSON policy elements: Resource",
)
def resource_rule(context: Context) -> Iterator[Hit]:
    for kind, statement in _statements(context):
        if not statement.allows or not kind.startswith("AWS::IAM::"):
            continue
        named = statement.written.get("Resource")
        texts = map(context.access.names.text, named if isinstance(named, list) else [named])
        services = {_service_of(text) for text in texts}
        for place, action in _known(statement.written.get("Action")):
            service = action.lower().partition(":")[0]
            if service in _ON_THEIR_OWN and not services & {service, ""}:
                other = ", ".join(sorted(services))
                yield hit(
                    statement.resource,
                    f"{statement.path}.Action{place}",
                    f"{action} acts on resources of {service} only, and the statement names those "
                    f"of {other}: it allows nothing",
                    f"name the ARN of the {service} resource, in a statement of its own",
                )


def _service_of(arn: str) -> str:
    """Return the service in an ARN; empty if the text may be an ARN of any."""
    pieces = parts(arn)
    service = pieces[2] if len(pieces) > 3 and pieces[0] == "arn" else ""
    return service if _SERVICE.fullmatch(service) else ""


@rule(
    "DEPLOY-IAM-PRINCIPAL",
    "A service principal that does not exist",
    types=(ANY,),
    source="IAM user guide: AWS JSON policy elements: Principal (Invalid principal in policy)",
)
def principal_rule(context: Context) -> Iterator[Hit]:
    for _, statement in _statements(context):
        principal = statement.written.get("Principal")
        services = principal.get("Service") if isinstance(principal, dict) else None
        for place, service in _known(services):
            name = _REGION.sub("", _DOMAIN.sub("", service)).strip(".")
            if service == "*" or (name in principals() and _DOMAIN.search(service)):
                continue
            near = difflib.get_close_matches(name, sorted(principals()), 1, _SLIP)
            yield hit(
                statement.resource,
                f"{statement.path}.Principal.Service{place}",
                f"{service!r} is no service principal that is known: the policy is refused, or "
                "lets in nobody",
                f"write {near[0]}.{context.domain}" if near else "name the service's principal",
                severity=None if near or not _DOMAIN.search(service) else Severity.WARNING,
            )


@rule(
    "DEPLOY-IAM-MANAGED-POLICY",
    "An AWS managed policy that does not exist",
    types=("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"),
    source="AWS managed policy reference; IAM: Policy does not exist or is not attachable",
)
def managed_rule(context: Context) -> Iterator[Hit]:
    for holder in context.of_type("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for place, arn in _known(holder.get("ManagedPolicyArns")):
            before, named, name = arn.partition("::aws:policy/")
            if not named or not before.startswith("arn:") or name in managed.names():
                continue
            own = name.rpartition("/")[2]
            moved = [other for other in managed.names() if other.rpartition("/")[2] == own]
            if moved and MADE in holder.raw.body:
                continue  # the transform finds the path of a name by itself
            near = moved or difflib.get_close_matches(name, managed.names(), 1, _SLIP)
            yield hit(
                holder,
                f"ManagedPolicyArns{place}",
                f"AWS has no managed policy {name!r} that can be attached",
                f"write {before}{named}{near[0]}" if near else "name a policy of AWS or your own",
                severity=Severity.FATAL if moved else None if near else Severity.WARNING,
            )
