"""The names that tasks may resolve: those that are listed, and AWS's; every query is logged."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53resolver as resolver
from constructs import Construct

from pci_constructs.foundation import Foundation
from pci_constructs.log_group import delivered_log_group
from pci_constructs.network import Network
from pci_constructs.settings.image import PRIVATE_IMAGE, registry_hosts
from pci_constructs.settings.regions import regions


class DnsFirewall(Construct):
    """Route 53 Resolver DNS Firewall: names that are not listed do not exist (PCI DSS 1.3.2).

    It sees names, not addresses: who knows an address needs no name. The flow log shows these.

    Attributes:
        domains: What may be resolved.
        association: Puts it into effect; let tasks wait for it.
        log_group: Every query.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        network: Network,
        outbound: Iterable[str],
        images: Iterable[str],
    ) -> None:
        """Create the firewall and its log.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, place and keys.
            network: The network whose tasks resolve names.
            outbound: Domains, such as ``api.example.com`` or ``*.example.com``.
            images: Images of the tasks, whose registries must be found.
        """
        super().__init__(scope, construct_id)
        self.domains = _domains(foundation, outbound, images)
        vpc_id = network.vpc.vpc_id
        self.log_group = self._log(foundation, vpc_id)
        allowed = resolver.CfnFirewallDomainList(self, "Allowed", domains=self.domains)
        every = resolver.CfnFirewallDomainList(self, "Everything", domains=["*"])
        rule = resolver.CfnFirewallRuleGroup.FirewallRuleProperty
        group = resolver.CfnFirewallRuleGroup(
            self,
            "Rules",
            firewall_rules=[
                rule(
                    action="ALLOW",
                    firewall_domain_list_id=allowed.attr_id,
                    firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
                    priority=100,
                ),
                rule(
                    action="BLOCK",
                    block_response="NXDOMAIN",
                    firewall_domain_list_id=every.attr_id,
                    priority=200,
                ),
            ],
        )
        self.association = resolver.CfnFirewallRuleGroupAssociation(
            self,
            "Association",
            firewall_rule_group_id=group.attr_id,
            vpc_id=vpc_id,
            priority=101,
            mutation_protection="DISABLED",
        )

    def _log(self, foundation: Foundation, vpc_id: str) -> logs.LogGroup:
        name, place = foundation.names.dns_logs, foundation.place
        group = delivered_log_group(self, "LogGroup", name=name, foundation=foundation)
        logging = resolver.CfnResolverQueryLoggingConfig(
            self, "Logging", destination_arn=place.arn("logs", f"log-group:{name}")
        )
        logging.node.add_dependency(group)
        resolver.CfnResolverQueryLoggingConfigAssociation(
            self,
            "LoggingAssociation",
            resolver_query_log_config_id=logging.attr_id,
            resource_id=vpc_id,
        )
        return group


def _domains(foundation: Foundation, outbound: Iterable[str], images: Iterable[str]) -> list[str]:
    """Return what may be resolved: what is listed, registries of images, AWS's own names."""
    here = foundation.place.region
    home = regions()[here]
    hosts: list[str] = []
    for image in images:
        private = PRIVATE_IMAGE.fullmatch(image)
        if private is None:
            hosts += registry_hosts(image)
        elif private["region"] != here:
            hosts.append(f"*.{private['region']}.{private['domain']}")
    own = [
        f"*.{here}.{home.domain}",
        f"*.{here}.rds.{home.domain}",  # the database
        f"*.{here}.compute.internal",
    ]
    return list(dict.fromkeys([*outbound, *hosts, *own]))
