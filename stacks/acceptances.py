"""What an environment accepts, beside the resources on which the rules report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from constructs import IConstruct

from pci_constructs.acknowledge import acknowledge
from pcistack.changes.accepted import METADATA
from stacks.acceptable import CLUSTER, GROUP, HTTPS_ANYWHERE, INSTANCE, rules
from stacks.environment import Environment

_NAMED_DOMAINS: Final = (
    "Names resolve for the domains that the environment's file lists, for the image registries and "
    "for AWS only (Route 53 Resolver DNS Firewall), and every query is logged; it is HTTPS only, "
    "through NAT, and in the flow log."
)
_TEST_DATA: Final = (
    "This environment declares that it holds no card data (data_classification = test-data), so "
    "none can leave; it is HTTPS only, through NAT, and in the flow log."
)


def accept(environment: Environment, holders: Mapping[str, Sequence[IConstruct]]) -> None:
    """Accept what the environment accepts.

    Args:
        environment: The environment.
        holders: Where findings may be accepted, by CloudFormation type: the cluster, its instances,
            and the groups of what runs.
    """
    if environment.network.egress == "nat" and HTTPS_ANYWHERE not in environment.acknowledged:
        reason = _TEST_DATA if environment.network.outbound is None else _NAMED_DOMAINS
        for group in holders[GROUP]:
            acknowledge(group, {HTTPS_ANYWHERE: reason})
    accepted = environment.acknowledged
    types = {rule.id: rule.types for rule in rules()} if accepted else {}
    for rule, acceptance in accepted.items():
        for resource in _holders(types[rule], holders):
            acknowledge(resource, {rule: acceptance.reason}, until=acceptance.until)


def accepted_changes(environment: Environment) -> dict[str, object]:
    """Return the template's metadata that `pcistack diff` takes a dangerous change's word from."""
    return {
        METADATA: {
            change: {"reason": accepted.reason, "until": accepted.until.isoformat()}
            for change, accepted in environment.accepted_changes.items()
        }
    }


def _holders(
    types: Sequence[str], holders: Mapping[str, Sequence[IConstruct]]
) -> Sequence[IConstruct]:
    """Return where a rule reports.

    A rule that knows clusters reports there, and on instances without a cluster only.
    """
    return next((holders[kind] for kind in (CLUSTER, INSTANCE, GROUP) if kind in types), ())
