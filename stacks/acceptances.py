"""Where an environment's acceptances go: to the resources on which a rule reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import IConstruct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.database import Database
from stacks.acceptable import CLUSTER, rules


def accept(database: Database, accepted: Mapping[str, str]) -> None:
    """Accept findings on the database.

    Args:
        database: The database.
        accepted: Reason by rule id.
    """
    types = {rule.id: rule.types for rule in rules()} if accepted else {}
    for rule, reason in accepted.items():
        for resource in _holders(database, types[rule]):
            acknowledge(resource, {rule: reason})


def _holders(database: Database, types: Sequence[str]) -> Sequence[IConstruct]:
    """Return where a rule reports.

    A rule that knows clusters reports there, and on instances without a cluster only; any other
    reports on each instance.
    """
    return [database.cluster] if CLUSTER in types else database.instances
