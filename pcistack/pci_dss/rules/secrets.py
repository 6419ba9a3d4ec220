"""Requirement 8: passwords are generated, kept in one place, rotated, and written nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_set, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.credentials import holds_credential, is_placeholder, names_credential
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, walk


@rule(
    "PCI-8.6.3-SECRET-ROTATION",
    "Every secret rotates, at least every 90 days",
    asks="Passwords of application and system accounts change as often as the risk asks.",
    requirements=("8.6.3", "8.3.9"),
    security_hub=(
        "SecretsManager.1",
        "SecretsManager.2",
        "SecretsManager.4",
    ),
    types=("AWS::SecretsManager::Secret", "AWS::SecretsManager::RotationSchedule"),
    extent=Extent.FULL,
    fix="Add an AWS::SecretsManager::RotationSchedule with a rate of 90 days or less.",
)
def secret_rotation(context: Context) -> Iterator[Hit]:
    schedules = context.of_type("AWS::SecretsManager::RotationSchedule")
    attached = {
        link.logical_id: name_of(link.get("SecretId"))
        for link in context.of_type("AWS::SecretsManager::SecretTargetAttachment")
    }
    rotated: set[str] = set()
    for schedule in schedules:
        secret = name_of(schedule.get("SecretId"))
        rotated.add(attached.get(secret, secret))
        days = _days(schedule)
        if days is None or days > accepted.PASSWORD_DAYS:
            problem = f"is every {days:.0f} days" if days else f"({_rules(schedule)}) {UNRESOLVED}"
            yield hit(
                schedule,
                "RotationRules",
                f"the rotation {problem}; at least every 90 days is needed",
            )
        if not any(schedule.get(path) for path in ("RotationLambdaARN", "HostedRotationLambda")):
            yield hit(schedule, "RotationLambdaARN", "no function rotates the secret")
    for secret_resource in context.of_type("AWS::SecretsManager::Secret"):
        if secret_resource.logical_id not in rotated:
            yield Hit(
                resource=secret_resource.logical_id,
                message="no rotation schedule of the template rotates it",
            )


def _rules(schedule: Resource) -> str:
    return show(schedule.get("RotationRules.ScheduleExpression"))


def _days(schedule: Resource) -> float | None:
    """Longest time between two rotations in days; None if it cannot be told."""
    after = schedule.number("RotationRules.AutomaticallyAfterDays")
    if after is not None:
        return after
    return accepted.rotation_days(schedule.text("RotationRules.ScheduleExpression") or "")


@rule(
    "PCI-8.3.2-SECRET-KEY",
    "Secrets use a key of your own",
    asks="Passwords are unreadable in storage, by strong cryptography with protected keys.",
    requirements=("8.3.2", "3.6.1"),
    severity=Severity.WARNING,
    types=("AWS::SecretsManager::Secret",),
    fix="Set KmsKeyId to a customer-managed key.",
)
def secret_key(context: Context) -> Iterator[Hit]:
    for secret in context.of_type("AWS::SecretsManager::Secret"):
        key = secret.get("KmsKeyId")
        if key is None or (isinstance(key, str) and str(key).startswith("alias/aws/")):
            yield hit(secret, "KmsKeyId", "the secret is encrypted with the key aws/secretsmanager")


@rule(
    "PCI-8.3.6-PASSWORD-STRENGTH",
    "Generated passwords have 12 characters or more, with letters and digits",
    asks="Passwords have at least 12 characters, letters and digits among them.",
    requirements=("8.3.6", "8.6.3"),
    types=("AWS::SecretsManager::Secret",),
    extent=Extent.FULL,
    fix="PasswordLength 32, RequireEachIncludedType true, no Exclude flags for letters or digits.",
)
def password_strength(context: Context) -> Iterator[Hit]:
    base = "GenerateSecretString"
    for secret in context.of_type("AWS::SecretsManager::Secret"):
        if secret.get(base) is None:
            continue
        length = secret.number(f"{base}.PasswordLength")
        if length is not None and length < accepted.PASSWORD_LENGTH:
            yield hit(secret, f"{base}.PasswordLength", f"PasswordLength is {length:.0f}")
        if secret.flag(f"{base}.ExcludeNumbers") is True:
            yield hit(secret, f"{base}.ExcludeNumbers", "digits are excluded")
        letters = [secret.flag(f"{base}.Exclude{case}case") for case in ("Lower", "Upper")]
        if letters == [True, True]:
            yield hit(secret, f"{base}.ExcludeLowercase", "letters are excluded")
        if secret.flag(f"{base}.RequireEachIncludedType") is False:
            path = f"{base}.RequireEachIncludedType"
            yield hit(secret, path, "a password without digits is possible")


def _is_secret(name: str, value: Value) -> str | None:
    """Return why a name and its value hold a secret, or None."""
    text = str(value) if isinstance(value, str) else ""
    if holds_credential(text):
        return "holds an access key, a private key or a password in an address"
    if "{{resolve:secretsmanager" in text or "{{resolve:ssm-secure" in text:
        return "is a secret that CloudFormation writes out in clear text here"
    if not names_credential(name):
        return None
    if isinstance(value, Reference) or is_placeholder(text):
        return None if not isinstance(value, Unknown) else "comes from a parameter, in clear text"
    if isinstance(value, Partial):
        return None
    return "is a literal" if text else None


def _variables(context: Context) -> Iterator[tuple[Resource, str, str, Value]]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            pairs = container.get("Environment") if isinstance(container, dict) else None
            for position, pair in enumerate(pairs if isinstance(pairs, list) else []):
                if isinstance(pair, dict):
                    path = f"ContainerDefinitions.{index}.Environment.{position}.Value"
                    yield task, path, str(pair.get("Name")), pair.get("Value")
    for function in context.of_type("AWS::Lambda::Function"):
        variables = function.get("Environment.Variables")
        for name, value in (variables if isinstance(variables, dict) else {}).items():
            yield function, f"Environment.Variables.{name}", name, value
    for project in context.of_type("AWS::CodeBuild::Project"):
        for index, pair in enumerate(project.items("Environment.EnvironmentVariables")):
            if isinstance(pair, dict) and pair.get("Type") in (None, "PLAINTEXT"):
                path = f"Environment.EnvironmentVariables.{index}.Value"
                yield project, path, str(pair.get("Name")), pair.get("Value")


@rule(
    "PCI-8.6.2-ENVIRONMENT",
    "No environment variable holds a secret",
    asks="Passwords are not written in scripts, configuration or code; an environment variable "
    "is shown to whoever may describe the resource.",
    requirements=("8.6.2", "8.3.2"),
    security_hub=(
        "ECS.8",
        "CodeBuild.2",
    ),
    types=("AWS::ECS::TaskDefinition", "AWS::Lambda::Function", "AWS::CodeBuild::Project"),
    extent=Extent.FULL,
    fix="Use Secrets with ValueFrom (ECS), read it from Secrets Manager at run time (Lambda), or "
    "Type SECRETS_MANAGER (CodeBuild).",
)
def environment(context: Context) -> Iterator[Hit]:
    for resource, path, name, value in _variables(context):
        problem = _is_secret(name, value)
        if problem:
            yield hit(resource, path, f"the variable {name} {problem}")


_PASSWORDS: Final = {
    "AWS::RDS::DBCluster": ("MasterUserPassword",),
    "AWS::RDS::DBInstance": ("MasterUserPassword", "TdeCredentialPassword"),
    "AWS::DocDB::DBCluster": ("MasterUserPassword",),
    "AWS::Redshift::Cluster": ("MasterUserPassword",),
    "AWS::ElastiCache::ReplicationGroup": ("AuthToken",),
    "AWS::IAM::User": ("LoginProfile.Password",),
    "AWS::DMS::Endpoint": ("Password",),
    "AWS::DirectoryService::MicrosoftAD": ("Password",),
    "AWS::DirectoryService::SimpleAD": ("Password",),
    "AWS::OpenSearchService::Domain": (
        "AdvancedSecurityOptions.MasterUserOptions.MasterUserPassword",
    ),
    "AWS::AmazonMQ::Broker": ("Users.0.Password",),
    "AWS::SecretsManager::Secret": ("SecretString",),
}


@rule(
    "PCI-8.6.2-PASSWORD-LITERAL",
    "No password is in the template or in a parameter",
    asks="Passwords of application and system accounts are not written in files or code.",
    requirements=("8.6.2",),
    types=tuple(_PASSWORDS),
    extent=Extent.FULL,
    fix="Use ManageMasterUserPassword, GenerateSecretString, or {{resolve:secretsmanager:...}}.",
)
def password_literal(context: Context) -> Iterator[Hit]:
    for kind, paths in _PASSWORDS.items():
        for resource in context.of_type(kind):
            for path in paths:
                problem = _password(resource.get(path))
                if problem:
                    yield hit(resource, path, f"{path} {problem}")
    for secret in context.of_type("AWS::SecretsManager::Secret"):
        yield from _secret_template(secret)


def _password(value: Value) -> str | None:
    if value is None or isinstance(value, Reference):
        return None
    if isinstance(value, Unknown):
        return "comes from a parameter, which whoever deploys knows and has to keep"
    if isinstance(value, Partial):
        return None if "{{resolve:" in value else "is put together in the template"
    return "is written in the template, or is a parameter's default"


def _secret_template(secret: Resource) -> Iterator[Hit]:
    path = "GenerateSecretString.SecretStringTemplate"
    try:
        parsed: object = json.loads(secret.text(path) or "{}")
    except ValueError:
        return
    for name, value in (parsed if isinstance(parsed, dict) else {}).items():
        if _is_secret(str(name), value if isinstance(value, str) else None):
            yield hit(secret, path, f"the template of the secret holds the {name} itself")


@rule(
    "PCI-8.6.2-KEY-LITERAL",
    "No access key, private key or address with a password is in the template",
    asks="Passwords and keys of system accounts are not written in files or code.",
    requirements=("8.6.2",),
    types=("any",),
    extent=Extent.FULL,
    fix="Revoke it, then use a role or Secrets Manager.",
)
def key_literal(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        if not _holds_key(dict(resource.properties)):
            continue  # the walk below, with its paths, costs more than all other rules
        for path, value in walk(dict(resource.properties)):
            if isinstance(value, str) and "Environment" not in path and holds_credential(value):
                yield hit(
                    resource,
                    path,
                    "an access key, a private key or an address with a password is here",
                )


def _holds_key(value: Value) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            signs = "://" in one or "AKIA" in one or "ASIA" in one or "PRIVATE KEY" in one
            if signs and holds_credential(one):
                return True
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return False


@rule(
    "PCI-8.6.1-LONG-LIVED-KEY",
    "No long-lived access key is made",
    asks="System accounts that can log in interactively are the exception; their keys do not "
    "live on.",
    requirements=("8.6.1", "8.6.3"),
    security_hub=("IAM.3",),
    types=("AWS::IAM::AccessKey", "AWS::EC2::Instance"),
    fix="Use a role; reach instances through Session Manager without a key pair.",
)
def long_lived_key(context: Context) -> Iterator[Hit]:
    for key in context.of_type("AWS::IAM::AccessKey"):
        yield Hit(resource=key.logical_id, message="an access key has no end of its own")
    for kind, path in (
        ("AWS::EC2::Instance", "KeyName"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.KeyName"),
        ("AWS::AutoScaling::LaunchConfiguration", "KeyName"),
    ):
        for resource in context.of_type(kind):
            if resource.get(path) is not None:
                yield Hit(
                    resource=resource.logical_id,
                    property=path,
                    message="a key pair opens the instance to whoever has it",
                    severity=Severity.WARNING,
                )


@rule(
    "PCI-8.6.2-CONTAINER-SECRETS",
    "Containers get their secrets from Secrets Manager or Parameter Store",
    asks="Passwords of application accounts are not written in configuration.",
    requirements=("8.6.2",),
    security_hub=("ECS.8",),
    types=("AWS::ECS::TaskDefinition",),
    extent=Extent.FULL,
    fix="Set ValueFrom to the secret's ARN.",
)
def container_secrets(context: Context) -> Iterator[Hit]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index in range(len(task.items("ContainerDefinitions"))):
            path = f"ContainerDefinitions.{index}.Secrets"
            for position in range(len(task.items(path))):
                item = f"{path}.{position}.ValueFrom"
                yield from must_be_set(task, item, "the secret has no source")
