"""Requirement 8: passwords are generated, kept in one place, rotated, and written nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_set, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource


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
    types=("AWS::SecretsManager::Secret", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
    fix="Set KmsKeyId to a customer-managed key.",
)
def secret_key(context: Context) -> Iterator[Hit]:
    kept = {"AWS::RDS::DBCluster": "MasterUserSecret.KmsKeyId"}
    kept["AWS::RDS::DBInstance"] = kept["AWS::RDS::DBCluster"]
    for kind, path in {"AWS::SecretsManager::Secret": "KmsKeyId", **kept}.items():
        for resource in context.of_type(kind):
            key = resource.get(path)
            if kind in kept and not resource.flag("ManageMasterUserPassword"):
                continue
            if key is None or (isinstance(key, str) and str(key).startswith("alias/aws/")):
                yield hit(resource, path, "the secret is encrypted with the key aws/secretsmanager")


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
