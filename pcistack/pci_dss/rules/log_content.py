"""Requirements 10.2.2, 3.5.1 and 4.2.1: what a log says, what it must not show, how it travels."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Partial, Resource, Value

_FORMATS: Final = {
    "AWS::ApiGateway::Stage": "AccessLogSetting.Format",
    "AWS::ApiGateway::Deployment": "StageDescription.AccessLogSetting.Format",
    "AWS::ApiGatewayV2::Stage": "AccessLogSettings.Format",
}
_NEEDED: Final = {
    "who": re.compile(r"sourceIp|identity\.|authorizer|connectionId"),
    "what": re.compile(r"httpMethod|[pP]ath|routeKey|eventType"),
    "when": re.compile(r"requestTime"),
    "with which result": re.compile(r"[sS]tatus|error"),
}


@rule(
    "PCI-10.2.2-ACCESS-LOG-FIELDS",
    "Access logs of APIs say who, what, when, and with which result",
    asks="Each entry names its origin, the type of event, date and time, result and target.",
    requirements=("10.2.2",),
    severity=Severity.WARNING,
    types=tuple(_FORMATS),
    fix="Name $context.identity.sourceIp, $context.requestTime, $context.httpMethod, $context.path "
    "(or routeKey) and $context.status in it.",
)
def access_log_fields(context: Context) -> Iterator[Hit]:
    for kind, path in _FORMATS.items():
        for stage in context.of_type(kind):
            written = stage.get(path)
            if not isinstance(written, str) or isinstance(written, Partial) or "$" not in written:
                continue
            missing = [what for what, sign in _NEEDED.items() if not sign.search(written)]
            if missing:
                yield hit(stage, path, f"the entries do not say {', '.join(missing)}")


@rule(
    "PCI-3.5.1-LOG-MASKED",
    "A data protection policy of a log group masks what it finds",
    asks="Card numbers are unreadable wherever they are kept, logs among them.",
    requirements=("3.5.1", "3.3.1"),
    severity=Severity.WARNING,
    types=("AWS::Logs::LogGroup", "AWS::Logs::AccountPolicy"),
    fix="Add a statement with Operation Deidentify and MaskConfig {} for the same identifiers.",
)
def log_masked(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        yield from _masks(group, "DataProtectionPolicy")
    for policy in context.of_type("AWS::Logs::AccountPolicy"):
        if policy.get("PolicyType") == "DATA_PROTECTION_POLICY":
            yield from _masks(policy, "PolicyDocument")


def _masks(resource: Resource, path: str) -> Iterator[Hit]:
    written = resource.get(path)
    known = isinstance(written, dict | str) and not isinstance(written, Partial)
    if known and "Audit" in str(written) and "Deidentify" not in str(written):
        yield hit(resource, path, "what is found is counted, and stays readable")


_ADDRESS: Final = {
    "syslog": ("syslog-address", ("tcp+tls://", "unix")),
    "gelf": ("gelf-address", ()),
    "fluentd": ("fluentd-address", ("tls://", "unix")),
    "splunk": ("splunk-url", ("https://",)),
    "awsfirelens": ("", ()),
}
_UNCHECKED: Final = {
    "splunk": ("splunk-insecureskipverify", "true"),
    "syslog": ("syslog-tls-skip-verify", "true"),
    "awsfirelens": ("tls.verify", "off"),
}
_PLAIN_OPTION: Final = {"awsfirelens": ("tls", "off")}


@rule(
    "PCI-4.2.1-LOG-TRANSPORT",
    "Containers send their logs over TLS, to whom they have checked",
    asks="Strong cryptography protects what is sent over open networks; clear-text services are "
    "off.",
    requirements=("4.2.1", "2.2.5", "10.3.3"),
    types=("AWS::ECS::TaskDefinition",),
    fix="awslogs, or syslog-address tcp+tls://, splunk-url https://, tls On with tls.verify On.",
)
def log_transport(context: Context) -> Iterator[Hit]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            path = f"ContainerDefinitions.{index}.LogConfiguration"
            options = task.get(f"{path}.Options")
            if isinstance(options, dict):
                yield from _sent(task, str(task.get(f"{path}.LogDriver")), path, options)


def _sent(task: Resource, driver: str, path: str, options: dict[str, Value]) -> Iterator[Hit]:
    for table, problem in (
        (_UNCHECKED, "any certificate is taken, also that of an attacker"),
        (_PLAIN_OPTION, "logs travel in the clear"),
    ):
        name, bad = table.get(driver, ("", ""))
        if name and str(options.get(name)).lower() == bad:
            yield hit(task, f"{path}.Options", f"{name} is {bad}: {problem}")
    name, good = _ADDRESS.get(driver, ("", ()))
    address = options.get(name) if name else None
    if isinstance(address, str) and not address.lower().startswith(good or ("tls://",)):
        host = address.partition("://")[2].rpartition(":")[0] or address.partition(":")[0]
        if not _is_local(host):
            yield hit(task, f"{path}.Options", f"{name} is {address}: logs travel in the clear")


def _is_local(host: str) -> bool:
    """Whether an address is of the task itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in ("", "localhost")
