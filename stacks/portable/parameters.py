"""What the user of a portable template decides when it is deployed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

from pci_constructs.settings.retention import RETENTIONS
from stacks.documentation_values import is_documentation
from stacks.environment import Environment

CAPACITIES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""Most capacities to choose from; the alarm on connections knows its limit for each."""

SERVICE: Final = "Service"
"""What the logical ids of the service begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A setting that is a number in the template, at one property of every resource of a type.

    Attributes:
        name: The parameter.
        places: Type and path of the properties that have it.
        says: What it is.
        lowest: Its lowest value.
        highest: Its highest value.
        among: Its values, where only some are allowed.
        of: What the logical ids begin with, where others of the type have numbers of their own.
    """

    name: str
    places: tuple[tuple[str, str], ...]
    says: str
    lowest: float
    highest: float
    among: tuple[int, ...] = ()
    of: str = ""

    def parameter(self, default: object) -> dict[str, object]:
        """Return the parameter as CloudFormation writes it."""
        allowed: dict[str, object] = (
            {"AllowedValues": sorted({*self.among, cast("int", default)})}
            if self.among
            else {"MinValue": self.lowest, "MaxValue": self.highest}
        )
        return {"Type": "Number", "Default": default, "Description": self.says, **allowed}


_SCALING: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_CLUSTER: Final = "AWS::RDS::DBCluster"
NUMBERS: Final = (
    Number(
        name="DatabaseMinCapacity",
        places=((_CLUSTER, "ServerlessV2ScalingConfiguration.MinCapacity"),),
        says="Least capacity of the database, in ACUs",
        lowest=0.5,
        highest=128,
    ),
    Number(
        name="DatabaseMaxCapacity",
        places=((_CLUSTER, "ServerlessV2ScalingConfiguration.MaxCapacity"),),
        says="Most capacity of the database, in ACUs; at least DatabaseMinCapacity",
        lowest=1,
        highest=128,
        among=CAPACITIES,
    ),
    Number(
        name="BackupRetentionDays",
        places=((_CLUSTER, "BackupRetentionPeriod"),),
        says="How long the database can be restored to any second",
        lowest=1,
        highest=35,
    ),
    Number(
        name="ServiceMinCount",
        places=((_SCALING, "MinCapacity"),),
        says="Least number of tasks",
        lowest=1,
        highest=5000,
        of=SERVICE,
    ),
    Number(
        name="ServiceMaxCount",
        places=((_SCALING, "MaxCapacity"),),
        says="Most tasks; at least ServiceMinCount",
        lowest=1,
        highest=5000,
        of=SERVICE,
    ),
    Number(
        name="KeyDeletionWindowDays",
        places=(("AWS::KMS::Key", "PendingWindowInDays"),),
        says="How long a deleted key can be recovered",
        lowest=7,
        highest=30,
    ),
    Number(
        name="LogRetentionDays",
        places=(("AWS::Logs::LogGroup", "RetentionInDays"),),
        says="How long logs are kept; PCI DSS 10.5.1 asks for 12 months",
        lowest=365,
        highest=3653,
        among=tuple(RETENTIONS),
    ),
)


def texts(environment: Environment, image: str) -> dict[str, tuple[str, dict[str, object]]]:
    """Return what else an environment decides: the text that has it, its parameter.

    Nothing of it is secret: passwords are generated in the account.

    Args:
        environment: The environment.
        image: The image of its service.
    """
    repository = re.split(r"[@:](?=[^/]*$)", image.partition("@")[0])[0]
    escaped = repository.replace(".", r"\.")
    found: dict[str, tuple[str, dict[str, object]]] = {
        image: (
            "ServiceImage",
            {
                "Type": "String",
                "Description": "Image of the service, of the repository that was checked",
                "AllowedPattern": f"{escaped}(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]+)?",
                **({} if is_documentation(image) else {"Default": image}),
            },
        )
    }
    ingress = environment.ingress
    if ingress is not None and ingress.certificate_arn is not None:
        found[ingress.certificate_arn] = (
            "CertificateArn",
            {
                "Type": "String",
                "Description": "Certificate of the load balancer, in the region of the stack",
                "AllowedPattern": f"arn:[a-z-]+:acm:{environment.region}:[0-9]+:certificate/.+",
            },
        )
    for number, zone in enumerate(environment.network.zones, 1):
        found[zone] = (
            f"Zone{number}",
            {
                "Type": "AWS::EC2::AvailabilityZone::Name",
                "Default": zone,
                "Description": f"Zone {number}; a later change replaces its subnets",
            },
        )
    for number, address in enumerate(environment.monitoring.emails, 1):
        name = "AlarmEmail" if number == 1 else f"AlarmEmail{number}"
        found[address] = (
            name,
            {
                "Type": "String",
                "Description": "Who is told of alarms; confirms the subscription by mail",
                "AllowedPattern": r"[^@\s]+@[^@\s]+\.[^@\s]+",
            },
        )
    return found
