"""Elastic Beanstalk, whose settings are a list of options (4.2.1, 6.3.3, 10.2.1, 1.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value, number

_TYPES: Final = (
    "AWS::ElasticBeanstalk::Environment",
    "AWS::ElasticBeanstalk::ConfigurationTemplate",
)
_LISTENERS: Final = ("aws:elbv2:listener:", "aws:elb:listener")
_LOGS: Final = "aws:elasticbeanstalk:cloudwatch:logs"


def _options(resource: Resource) -> Mapping[tuple[str, str], tuple[str, Value]]:
    """Return the options of an environment, with where each is: (namespace, name) to its value."""
    return {
        (str(item.get("Namespace")), str(item.get("OptionName"))): (
            f"OptionSettings.{index}.Value",
            item.get("Value"),
        )
        for index, item in enumerate(resource.items("OptionSettings"))
        if isinstance(item, dict)
    }


def _is(value: Value, wanted: str) -> bool:
    return str(value).strip().lower() == wanted


@rule(
    "PCI-4.2.1-BEANSTALK-TLS",
    "Environments of Elastic Beanstalk listen with TLS 1.2 or later",
    asks="Strong cryptography protects card data over open networks.",
    requirements=("4.2.1", "2.2.5"),
    types=_TYPES,
    fix="Protocol HTTPS with a certificate and SSLPolicy ELBSecurityPolicy-TLS13-1-2-Res-2021-06; "
    "ListenerEnabled false for port 80.",
)
def beanstalk_tls(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_TYPES):
        options = _options(resource)
        for (namespace, name), (path, value) in options.items():
            if not namespace.startswith(_LISTENERS):
                continue
            off = _is(options.get((namespace, "ListenerEnabled"), ("", None))[1], "false")
            if name in ("Protocol", "ListenerProtocol") and _is(value, "http") and not off:
                yield hit(resource, path, f"{namespace} speaks HTTP")
            weak = isinstance(value, str) and not accepted.strong_tls_policy(str(value))
            if name == "SSLPolicy" and weak:
                yield hit(resource, path, f"{namespace} takes what {show(value)} takes")


@rule(
    "PCI-10.2.1-BEANSTALK-LOGS",
    "Environments of Elastic Beanstalk send their logs away and keep them",
    asks="Audit logs are on for all components, are copied away, and are kept for 12 months.",
    requirements=("10.2.1", "10.5.1"),
    security_hub=("ElasticBeanstalk.3",),
    severity=Severity.WARNING,
    types=_TYPES[:1],
    fix=f"In {_LOGS}: StreamLogs true, RetentionInDays 365 or more, DeleteOnTerminate false.",
)
def beanstalk_logs(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_TYPES[:1]):
        if resource.is_unknown("OptionSettings") or resource.get("TemplateName") is not None:
            continue
        options = _options(resource)
        path, value = options.get((_LOGS, "StreamLogs"), ("OptionSettings", None))
        if value is None or _is(value, "false"):
            yield hit(resource, path, "what the hosts log stays on the hosts")
        path, value = options.get((_LOGS, "RetentionInDays"), ("OptionSettings", None))
        days = number(value)
        if days is not None and days < accepted.LOG_DAYS:
            yield hit(resource, path, f"logs are kept for {days:.0f} days")
        path, value = options.get((_LOGS, "DeleteOnTerminate"), ("OptionSettings", None))
        if _is(value, "true"):
            yield hit(resource, path, "its logs go when the environment goes")


@rule(
    "PCI-6.3.3-BEANSTALK-UPDATES",
    "Environments of Elastic Beanstalk take updates of their platform by themselves",
    asks="Known vulnerabilities are patched in time.",
    requirements=("6.3.3",),
    security_hub=("ElasticBeanstalk.2",),
    severity=Severity.WARNING,
    types=_TYPES[:1],
    fix="In aws:elasticbeanstalk:managedactions: ManagedActionsEnabled true.",
)
def beanstalk_updates(context: Context) -> Iterator[Hit]:
    wanted = ("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled")
    for resource in context.of_type(*_TYPES[:1]):
        if resource.is_unknown("OptionSettings") or resource.get("TemplateName") is not None:
            continue
        path, value = _options(resource).get(wanted, ("OptionSettings", None))
        if value is None or _is(value, "false"):
            yield hit(resource, path, "the platform stays as it is")


@rule(
    "PCI-1.4.2-BEANSTALK-HOSTS",
    "Hosts of Elastic Beanstalk have no public address and keep their credentials",
    asks="Traffic from untrusted networks reaches only what is meant to be public; parameters that "
    "a system trusts are not within reach of an attacker.",
    requirements=("1.4.2", "2.2.6"),
    types=_TYPES,
    fix="AssociatePublicIpAddress false in aws:ec2:vpc; DisableIMDSv1 true in "
    "aws:autoscaling:launchconfiguration.",
)
def beanstalk_hosts(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_TYPES):
        options = _options(resource)
        path, value = options.get(("aws:ec2:vpc", "AssociatePublicIpAddress"), ("", None))
        if _is(value, "true"):
            yield hit(resource, path, "every host has a public address")
        names = ("aws:autoscaling:launchconfiguration", "DisableIMDSv1")
        path, value = options.get(names, ("", None))
        if _is(value, "false"):
            yield hit(resource, path, "version 1 of the metadata service gives credentials away")
