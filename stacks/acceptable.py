"""Which findings an environment may accept; without the CDK, as configuration asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pcistack.checks.rule import Rule

CLUSTER: Final = "AWS::RDS::DBCluster"
INSTANCE: Final = "AWS::RDS::DBInstance"
GROUP: Final = "AWS::EC2::SecurityGroup"
ACCEPTABLE: Final = (CLUSTER, INSTANCE, GROUP)
"""Types of the resources on which an environment may accept a finding."""

HTTPS_ANYWHERE: Final = "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE"
"""The rule that tasks may not reach any address."""


def rules() -> tuple[Rule[Any], ...]:
    """Return every rule of the project; only a file that accepts something pays for loading it."""
    from pcistack.checks.run import load
    from pcistack.packs import PACKS

    return tuple(rule for name in PACKS for rule in load(name).rules)
