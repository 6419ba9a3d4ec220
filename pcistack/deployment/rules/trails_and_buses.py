"""Selectors of trails, rules of event buses, masks of logs and options of certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Resource, Value

_TRAIL: Final = "AWS::CloudTrail::Trail"
_STORE: Final = "AWS::CloudTrail::EventDataStore"
_RULE: Final = "AWS::Events::Rule"
_GROUP: Final = "AWS::Logs::LogGroup"
_CERTIFICATE: Final = "AWS::CertificateManager::Certificate"


@rule(
    "DEPLOY-TRAIL-SELECTOR",
    "A selector of a trail that does not say what kind of events it selects",
    types=(_TRAIL, _STORE),
    severity=Severity.FATAL,
    source="CloudTrail API reference: AdvancedEventSelector (eventCategory is required)",
)
def selector_rule(context: Context) -> Iterator[Hit]:
    for trail in context.of_type(_TRAIL, _STORE):
        for path, item in objects(trail, "AdvancedEventSelectors"):
            chosen = [text(fields(one).get("Field")) for one in listed(item.get("FieldSelectors"))]
            if chosen and None not in chosen and "eventCategory" not in chosen:
                yield hit(
                    trail,
                    f"{path}.FieldSelectors",
                    "no field is eventCategory",
                    "add {Field: eventCategory, Equals: [Management]}",
                )


@rule(
    "DEPLOY-EVENT-BUS-RULE",
    "A schedule on an event bus of one's own, or a target without the role that it needs",
    types=(_RULE,),
    severity=Severity.FATAL,
    source="EventBridge API reference: PutRule (ScheduleExpression is supported only on the "
    "default event bus), PutTargets (RoleArn is required)",
)
def bus_rule(context: Context) -> Iterator[Hit]:
    needing = ("AWS::Events::ApiDestination", "AWS::StepFunctions::StateMachine")
    for one in context.of_type(_RULE):
        bus = one.get("EventBusName")
        own = context.target(bus, "AWS::Events::EventBus") or text(bus) not in (None, "default")
        if own and one.get("ScheduleExpression") is not None:
            yield hit(
                one,
                "ScheduleExpression",
                "only the default event bus has schedules",
                "delete EventBusName",
            )
        for path, target in objects(one, "Targets"):
            goal = context.target(target.get("Arn"), *needing)
            if goal is not None and target.get("RoleArn") is None and not context.has_macro:
                yield hit(
                    one,
                    f"{path}.RoleArn",
                    f"{goal.logical_id}, an {goal.type}, is reached in a role",
                    "set RoleArn",
                )


@rule(
    "DEPLOY-LOG-PROTECTION",
    "A data protection policy that CloudWatch Logs refuses",
    types=(_GROUP,),
    severity=Severity.FATAL,
    source="CloudWatch Logs API reference: PutDataProtectionPolicy (one statement audits, one "
    "masks, on the same data identifiers)",
)
def protection_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(_GROUP):
        policy = group.get("DataProtectionPolicy")
        statements = listed(fields(policy).get("Statement"))
        if not statements or any(not isinstance(one, dict) for one in statements):
            continue
        operations = [fields(fields(one).get("Operation")) for one in statements]
        for name in ("Audit", "Deidentify"):
            if not any(name in operation for operation in operations):
                yield hit(
                    group,
                    "DataProtectionPolicy.Statement",
                    f"no statement has the operation {name}; a policy has Audit and Deidentify",
                    f"add a statement with {name}",
                )


@rule(
    "DEPLOY-CERTIFICATE",
    "Options of a certificate for a name that it does not have",
    types=(_CERTIFICATE,),
    severity=Severity.FATAL,
    source="ACM API reference: RequestCertificate (InvalidDomainValidationOptionsException)",
)
def certificate_rule(context: Context) -> Iterator[Hit]:
    for certificate in context.of_type(_CERTIFICATE):
        names = [certificate.get("DomainName"), *certificate.items("SubjectAlternativeNames")]
        if any(is_open(name) for name in names) or None in names:
            continue
        known = {_bare(name) for name in names}
        for path, option in objects(certificate, "DomainValidationOptions"):
            name = option.get("DomainName")
            if text(name) is not None and _bare(name) not in known:
                yield hit(
                    certificate,
                    f"{path}.DomainName",
                    f"the certificate is for {', '.join(sorted(known))}, not for {text(name)}",
                    "name a domain of the certificate",
                )
        yield from _private(context, certificate)


def _bare(name: Value) -> str:
    return (text(name) or "").rstrip(".").lower()


def _private(context: Context, certificate: Resource) -> Iterator[Hit]:
    zones = {
        path: context.target(option.get("HostedZoneId"), "AWS::Route53::HostedZone")
        for path, option in objects(certificate, "DomainValidationOptions")
    }
    for path, zone in zones.items():
        if zone is not None and zone.items("VPCs"):
            yield hit(
                certificate,
                f"{path}.HostedZoneId",
                f"{zone.logical_id} is a private zone, in which ACM finds no record: the stack "
                "waits for the certificate until it fails",
                "name the public zone",
                severity=Severity.ERROR,
            )
