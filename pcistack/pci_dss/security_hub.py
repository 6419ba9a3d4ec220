"""Security Hub's PCI DSS v4.0.1 standard: its controls, and those that no template settles.

The list is that of its user guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pcistack.checks.rule import Rule
from pcistack.pci_dss.context import Context

STANDARD: Final = frozenset(
    [
        "ACM.1",
        "ACM.2",
        "APIGateway.9",
        "AppSync.2",
        "AutoScaling.3",
        "Autoscaling.5",
        "CloudFront.1",
        "CloudFront.10",
        "CloudFront.12",
        "CloudFront.3",
        "CloudFront.5",
        "CloudFront.6",
        "CloudFront.9",
        "CloudTrail.2",
        "CloudTrail.3",
        "CloudTrail.4",
        "CloudTrail.6",
        "CloudTrail.7",
        "CodeBuild.1",
        "CodeBuild.2",
        "CodeBuild.3",
        "DMS.1",
        "DMS.10",
        "DMS.11",
        "DMS.12",
        "DMS.6",
        "DMS.7",
        "DMS.8",
        "DMS.9",
        "DocumentDB.2",
        "DocumentDB.3",
        "DocumentDB.4",
        "DynamoDB.7",
        "EC2.13",
        "EC2.14",
        "EC2.15",
        "EC2.16",
        "EC2.170",
        "EC2.171",
        "EC2.21",
        "EC2.25",
        "EC2.51",
        "EC2.53",
        "EC2.54",
        "EC2.8",
        "ECR.1",
        "ECS.10",
        "ECS.16",
        "ECS.2",
        "ECS.8",
        "EFS.4",
        "EKS.1",
        "EKS.2",
        "EKS.3",
        "EKS.8",
        "ELB.12",
        "ELB.14",
        "ELB.3",
        "ELB.4",
        "ELB.8",
        "EMR.1",
        "EMR.2",
        "ES.2",
        "ES.3",
        "ES.5",
        "ES.8",
        "ElastiCache.2",
        "ElastiCache.5",
        "ElastiCache.6",
        "ElasticBeanstalk.2",
        "ElasticBeanstalk.3",
        "EventBridge.3",
        "GuardDuty.1",
        "GuardDuty.10",
        "GuardDuty.6",
        "GuardDuty.7",
        "GuardDuty.9",
        "IAM.11",
        "IAM.12",
        "IAM.14",
        "IAM.16",
        "IAM.17",
        "IAM.18",
        "IAM.19",
        "IAM.3",
        "IAM.5",
        "IAM.6",
        "IAM.7",
        "IAM.8",
        "IAM.9",
        "Inspector.1",
        "Inspector.2",
        "Inspector.3",
        "Inspector.4",
        "KMS.4",
        "Lambda.1",
        "Lambda.2",
        "MQ.2",
        "MQ.3",
        "MSK.1",
        "MSK.3",
        "Neptune.2",
        "Neptune.3",
        "Opensearch.10",
        "Opensearch.5",
        "RDS.13",
        "RDS.2",
        "RDS.20",
        "RDS.21",
        "RDS.22",
        "RDS.24",
        "RDS.25",
        "RDS.34",
        "RDS.35",
        "RDS.36",
        "RDS.37",
        "RDS.9",
        "Redshift.1",
        "Redshift.15",
        "Redshift.2",
        "Redshift.4",
        "Route53.2",
        "S3.1",
        "S3.15",
        "S3.17",
        "S3.19",
        "S3.22",
        "S3.23",
        "S3.24",
        "S3.5",
        "S3.8",
        "S3.9",
        "SSM.2",
        "SSM.3",
        "SageMaker.1",
        "SecretsManager.1",
        "SecretsManager.2",
        "SecretsManager.4",
        "StepFunctions.1",
        "Transfer.2",
        "WAF.1",
        "WAF.11",
    ]
)

OF_THE_ACCOUNT: Final[Mapping[str, str]] = {
    "ACM.1": "how soon a certificate ends is known at run time",
    "CloudTrail.3": "a trail of the account or organization",
    **dict.fromkeys(
        ("GuardDuty.6", "GuardDuty.7", "GuardDuty.9", "GuardDuty.10"),
        "GuardDuty is turned on in the account",
    ),
    **dict.fromkeys(
        (
            *("IAM.3", "IAM.5", "IAM.6", "IAM.7", "IAM.8", "IAM.9", "IAM.11", "IAM.12", "IAM.14"),
            *("IAM.16", "IAM.17", "IAM.18", "IAM.19"),
        ),
        "users, root and password policy of the account",
    ),
    **dict.fromkeys(
        ("Inspector.1", "Inspector.2", "Inspector.3", "Inspector.4"),
        "Inspector is turned on in the account",
    ),
    **dict.fromkeys(("S3.22", "S3.23"), "data events of the account's trail"),
    **dict.fromkeys(("SSM.2", "SSM.3"), "patches of managed instances, at run time"),
}
"""Controls that a template of a workload does not settle, with the reason."""


def covered(rules: Iterable[Rule[Context]]) -> Mapping[str, tuple[str, ...]]:
    """Return the rules that look at what a control of the standard looks at, by the control."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        for control in rule.security_hub:
            found.setdefault(control, []).append(rule.id)
    return {control: tuple(found[control]) for control in sorted(found, key=in_order)}


def uncovered(rules: Iterable[Rule[Context]]) -> tuple[str, ...]:
    """Return the controls that no rule looks at and that a template could settle."""
    left = STANDARD - covered(rules).keys() - OF_THE_ACCOUNT.keys()
    return tuple(sorted(left, key=in_order))


def in_order(control: str) -> tuple[str, int]:
    """Order controls by service, then number: EC2.8 before EC2.13."""
    service, _, number = control.partition(".")
    return service.lower(), int(number)
