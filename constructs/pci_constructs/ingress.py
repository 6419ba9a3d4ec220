"""The way in: HTTPS only, behind a blocking web application firewall."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.log_bucket import log_bucket
from pci_constructs.network import Network
from pci_constructs.service import Service
from pci_constructs.settings.ingress import EVERYBODY, HostedZone, IngressSettings
from pci_constructs.web_acl import guard


class Ingress(Construct):
    """An internet-facing ALB with TLS 1.2/1.3, WAF, and logs of both (PCI DSS 1.4, 4.2.1, 6.4.2).

    Attributes:
        load_balancer: The load balancer.
        security_group: Its group: 443, and 80 for the redirect, from anywhere.
        target_group: The tasks.
        web_acl: The web ACL that guards the load balancer.
        access_logs: Bucket of the access logs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        network: Network,
        service: Service,
        settings: IngressSettings,
    ) -> None:
        """Create the way in to a service.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names of the web ACL and its log group; protection; the logs key.
            network: Where the load balancer stands: in the public tier, or in the private one.
            service: The service behind it; it will scale on requests too.
            settings: Certificate and limits.
        """
        super().__init__(scope, construct_id)
        self._foundation, self._settings = foundation, settings
        self._internal = settings.scheme == "internal"
        self._tier = network.private if self._internal else network.public
        self.access_logs = log_bucket(
            self, "AccessLogs", foundation=foundation, of="load balancers"
        )
        self.security_group = self._security_group()
        self.load_balancer = self._load_balancer()
        self.target_group = self._listeners(service)
        self.web_acl = guard(
            self,
            foundation=foundation,
            settings=settings,
            load_balancer_arn=self.load_balancer.load_balancer_arn,
        )
        service.stand_behind(self.target_group)

    def _security_group(self) -> ec2.SecurityGroup:
        everybody = EVERYBODY in self._settings.allowed_sources
        where = "the internet" if everybody else "the sources that are listed"
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self._tier.vpc,
            description=f"Load balancer: HTTPS, and HTTP for the redirect, from {where}",
            allow_all_outbound=False,
        )
        for source in self._settings.allowed_sources:
            peer = ec2.Peer.ipv4(source)
            group.add_ingress_rule(peer, ec2.Port.tcp(443), "HTTPS for customers")
            if everybody:  # whoever is listed knows the address
                group.add_ingress_rule(peer, ec2.Port.tcp(80), "Redirect to HTTPS only")
        if everybody:
            acknowledge(
                group,
                {
                    "AwsSolutions-EC23": "The service is public: 443 behind a blocking web ACL, "
                    "and 80 which answers with a redirect only.",
                },
            )
        return group

    def _load_balancer(self) -> elbv2.ApplicationLoadBalancer:
        balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=self._tier.vpc,
            vpc_subnets=self._tier.subnets,
            internet_facing=not self._internal,
            security_group=self.security_group,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elbv2.DesyncMitigationMode.STRICTEST,
            deletion_protection=self._foundation.protection.deletion_protection,
        )
        balancer.log_access_logs(self.access_logs)
        return balancer

    def _listeners(self, service: Service) -> elbv2.ApplicationTargetGroup:
        port = service.settings.container_port
        redirect = self.load_balancer.add_redirect(open=False)
        acknowledge(
            redirect,
            {
                "PCI.DSS.321-ELBv2ACMCertificateRequired": "This listener answers every request "
                "with a redirect to HTTPS; it needs no certificate and serves nothing."
            },
        )
        listener = self.load_balancer.add_listener(
            "Https",
            port=443,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            ssl_policy=elbv2.SslPolicy.TLS13_RES,
            certificates=[elbv2.ListenerCertificate(self._certificate_arn())],
            open=False,
        )
        return listener.add_targets(
            "Tasks",
            port=port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            targets=[
                service.service.load_balancer_target(
                    container_name=service.name, container_port=port
                )
            ],
            deregistration_delay=durations.seconds(30),
            health_check=elbv2.HealthCheck(
                path=service.settings.health_check_path,
                healthy_http_codes="200",
                interval=durations.seconds(15),
                timeout=durations.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _certificate_arn(self) -> str:
        certificate, published = self._settings.certificate, self._settings.zone
        zone = self._publish(published) if published else None
        if zone is None or not isinstance(certificate, HostedZone):
            return str(certificate)
        made = acm.Certificate(
            self,
            "Certificate",
            domain_name=certificate.domain_name,
            validation=acm.CertificateValidation.from_dns(zone),
        )
        return made.certificate_arn

    def _publish(self, name: HostedZone) -> route53.IHostedZone:
        """Publish the service's name in its zone; return the zone."""
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self,
            "HostedZone",
            hosted_zone_id=name.zone_id,
            zone_name=name.zone_name,
        )
        route53.ARecord(
            self,
            "Alias",
            zone=zone,
            record_name=name.domain_name,
            target=route53.RecordTarget.from_alias(
                cast("route53.IAliasRecordTarget", targets.LoadBalancerTarget(self.load_balancer))
            ),
        )
        return zone
