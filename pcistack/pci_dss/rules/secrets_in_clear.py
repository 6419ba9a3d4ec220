"""Requirement 8.6.2: no password, key or token stands in the template, wherever it could."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Extent, Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.credentials import Grade, grade, is_literal
from pcistack.pci_dss.exposure import PlaceKind
from pcistack.pci_dss.outputs import published
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.unresolved import hides
from pcistack.template.view import Resource


def _at(context: Context, place: PlaceKind, before: str = "") -> Iterator[Hit]:
    for found in context.exposures:
        if found.place is place:
            yield hit(
                found.resource,
                found.path,
                f"{before}{found.message}",
                severity=Severity.WARNING if found.hidden else None,
            )


@rule(
    "PCI-8.6.2-ENVIRONMENT",
    "No environment variable, option, label or argument holds a secret",
    asks="Passwords are not written in scripts, configuration or code; an environment variable "
    "is shown to whoever may describe the resource.",
    requirements=("8.6.2", "8.3.2"),
    security_hub=(
        "ECS.8",
        "CodeBuild.2",
    ),
    types=(ANY,),
    extent=Extent.FULL,
    fix="Use Secrets with ValueFrom (ECS, Batch, App Runner), SecretOptions (log drivers), Type "
    "SECRETS_MANAGER (CodeBuild), or read it from Secrets Manager at run time.",
)
def environment(context: Context) -> Iterator[Hit]:
    yield from _at(context, PlaceKind.SETTING, "the variable ")


@rule(
    "PCI-8.6.2-LOOKS-RANDOM",
    "No setting without a telling name holds what looks like a key",
    asks="Passwords are not written in scripts, configuration or code, under whatever name.",
    requirements=("8.6.2",),
    types=(ANY,),
    fix="Keep it in Secrets Manager; if it is no secret, give it a name that says what it is, such "
    "as ..._ID, ..._HASH or ..._VERSION.",
)
def looks_random(context: Context) -> Iterator[Hit]:
    yield from _at(context, PlaceKind.CHANCE, "the variable ")


@rule(
    "PCI-8.6.2-TEXT",
    "No command, script, code or document holds a secret",
    asks="Passwords are not hard coded in scripts, configuration files or bespoke source code.",
    requirements=("8.6.2",),
    types=(ANY,),
    fix="Let it read the secret from Secrets Manager when it runs.",
)
def text(context: Context) -> Iterator[Hit]:
    yield from _at(context, PlaceKind.TEXT)


@rule(
    "PCI-8.6.2-PASSWORD-LITERAL",
    "No password is in the template or in a parameter that is shown",
    asks="Passwords of application and system accounts are not written in files or code.",
    requirements=("8.6.2",),
    types=(ANY,),
    extent=Extent.FULL,
    fix="Use ManageMasterUserPassword, GenerateSecretString, or {{resolve:secretsmanager:...}}.",
)
def password_literal(context: Context) -> Iterator[Hit]:
    yield from _at(context, PlaceKind.PASSWORD)
    for secret in context.of_type("AWS::SecretsManager::Secret"):
        yield from _secret_template(secret)


def _secret_template(secret: Resource) -> Iterator[Hit]:
    path = "GenerateSecretString.SecretStringTemplate"
    try:
        parsed: object = json.loads(secret.text(path) or "{}")
    except ValueError:
        return
    for name, value in (parsed if isinstance(parsed, dict) else {}).items():
        if isinstance(value, str) and is_literal(grade(str(name)), value):
            yield hit(secret, path, f"the template of the secret holds the {name} itself")


@rule(
    "PCI-8.6.2-KEY-LITERAL",
    "No access key, private key, token or address with a password is in the template",
    asks="Passwords and keys of system accounts are not written in files or code.",
    requirements=("8.6.2",),
    security_hub=("CodeBuild.1",),
    types=(ANY,),
    extent=Extent.FULL,
    fix="Revoke it, then use a role or Secrets Manager.",
)
def key_literal(context: Context) -> Iterator[Hit]:
    yield from _at(context, PlaceKind.SHAPE)


@rule(
    "PCI-8.6.2-PARAMETER",
    "A parameter for a secret has no default and is not shown",
    asks="Passwords are not written in files; a parameter without NoEcho is shown in the console, "
    "in events and by the API.",
    requirements=("8.6.2", "8.3.2"),
    types=(ANY,),
    fix="Take the parameter out and generate the secret in Secrets Manager; else set NoEcho: true "
    "and no default.",
)
def parameter(context: Context) -> Iterator[Hit]:
    for name, body in context.view.template.section("Parameters").items():
        given = grade(name)
        if not isinstance(body, dict) or given < Grade.SECRET or body.get("Type") != "String":
            continue
        default = body.get("Default")
        if isinstance(default, str) and "{{resolve:" not in default and is_literal(given, default):
            yield hit("", f"Parameters.{name}.Default", f"the parameter {name} has a default")
        elif given is Grade.PASSWORD and not hides(body) and not body.get("AllowedValues"):
            yield hit(
                "",
                f"Parameters.{name}.NoEcho",
                f"the parameter {name} is shown to whoever may see the stack",
                severity=Severity.WARNING,
            )


@rule(
    "PCI-8.6.2-OUTPUT",
    "No output shows a secret",
    asks="Passwords are unreadable in storage and not written in files; an output is shown to "
    "whoever may see the stack, and an exported one to every stack.",
    requirements=("8.6.2", "8.3.2"),
    types=(ANY,),
    fix="Put out the secret's ARN.",
)
def output(context: Context) -> Iterator[Hit]:
    for name, problem in published(context.view):
        yield hit("", f"Outputs.{name}.Value", f"the output {name} {problem}")
