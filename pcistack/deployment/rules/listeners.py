"""Listeners and their rules: what Elastic Load Balancing refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.load_balancing import BALANCER, GROUP, HTTP, NETWORK
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Reference, Resource, Value, number

LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
RULE: Final = "AWS::ElasticLoadBalancingV2::ListenerRule"
_API: Final = "Elastic Load Balancing API reference: CreateListener"
_SECURE: Final = ("HTTPS", "TLS")
_OLD: Final = ("2015-05", "2016-08", "FS-2018-06", "FS-1-1-2019-08", "FS-1-2-2019-08")
_MORE: Final = ("FS-1-2-Res-2019-08", "FS-1-2-Res-2020-10", "TLS-1-0-2015-04", "TLS-1-1-2017-01")
_TLS12: Final = ("TLS-1-2-2017-01", "TLS-1-2-Ext-2018-06")
_TLS13: Final = ("1-0", "1-1", "1-2", "1-2-Ext1", "1-2-Ext2", "1-2-Res", "1-3")
_POLICIES: Final = (*_OLD, *_MORE, *_TLS12)
# What belongs to an action of a type.
_CONFIGURATIONS: Final = {
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "fixed-response": "FixedResponseConfig",
    "jwt-validation": "JwtValidationConfig",
    "redirect": "RedirectConfig",
}
# The protocols of the groups that a listener of a protocol forwards to.
_TARGETS: Final = {
    "HTTP": HTTP,
    "HTTPS": HTTP,
    "TCP": ("TCP", "TCP_UDP"),
    "TLS": ("TCP", "TLS"),
    "UDP": ("UDP", "TCP_UDP"),
    "TCP_UDP": ("TCP_UDP",),
}


def _known_policy(name: str) -> bool:
    """Whether a security policy exists; what is younger than TLS 1.3's first ones may exist."""
    rest = name.removeprefix("ELBSecurityPolicy-")
    if rest == name:
        return False
    if rest in _POLICIES:
        return True
    inner = rest.removeprefix("TLS13-")
    if inner == rest:
        return False
    versions, _, year = inner.rpartition("-20")
    return (versions in _TLS13 and year == "21-06") or year > "22"


@rule(
    "DEPLOY-LISTENER",
    "A listener that does not fit its protocol",
    types=(LISTENER,),
    severity=Severity.FATAL,
    source=_API,
)
def listener_rule(context: Context) -> Iterator[Hit]:
    for listener in context.of_type(LISTENER):
        protocol = listener.text("Protocol")
        balancer = context.target(listener.get("LoadBalancerArn"), BALANCER)
        kind = None if balancer is None or balancer.is_unknown("Type") else balancer.text("Type")
        if balancer is not None and balancer.get("Type") is None:
            kind = "application"
        wanted = {"application": HTTP, "network": NETWORK}.get(kind or "")
        if protocol is not None and wanted and protocol not in wanted:
            yield hit(
                listener,
                "Protocol",
                f"a load balancer of type {kind} does not listen to {protocol}",
                f"choose from {', '.join(wanted)}",
            )
        yield from _security(listener, protocol)
        port = listener.number("Port")
        if port is not None and not 1 <= port <= 65535:
            yield hit(listener, "Port", f"there is no port {port:g}", "choose one from 1 to 65535")


def _security(listener: Resource, protocol: str | None) -> Iterator[Hit]:
    certificates = [
        one
        for one in listener.items("Certificates")
        if not isinstance(one, dict) or one.get("CertificateArn") not in (None, "")
    ]
    if protocol in _SECURE and not certificates:
        yield hit(
            listener,
            "Certificates",
            f"a listener for {protocol} needs a certificate, and has none",
            "add Certificates with one CertificateArn",
        )
    if len(certificates) > 1:
        yield hit(
            listener,
            "Certificates",
            f"{len(certificates)} certificates; a listener has one, its default",
            "keep one, and add the others by AWS::ElasticLoadBalancingV2::ListenerCertificate",
        )
    policy = listener.text("SslPolicy")
    if protocol is not None and protocol not in _SECURE:
        for name, given in (
            ("Certificates", certificates),
            ("SslPolicy", listener.get("SslPolicy")),
        ):
            if given not in (None, "", []):
                yield hit(
                    listener,
                    name,
                    f"a listener for {protocol} takes no {name}",
                    f"delete {name}, or listen to HTTPS or TLS",
                )
    elif policy and not _known_policy(policy):
        yield hit(
            listener,
            "SslPolicy",
            f"there is no security policy {policy}",
            "set SslPolicy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        )


@rule(
    "DEPLOY-LISTENER-PORT",
    "Two listeners of one load balancer at one port",
    types=(LISTENER,),
    severity=Severity.FATAL,
    source=f"{_API}, DuplicateListener",
)
def port_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for listener in context.of_type(LISTENER):
        balancer, port = listener.referenced("LoadBalancerArn"), listener.text("Port")
        if balancer is None or port is None:
            continue
        first = seen.setdefault((balancer, port), listener.logical_id)
        if first != listener.logical_id:
            yield hit(
                listener,
                "Port",
                f"{first} listens at port {port} of {balancer} already",
                "choose another port, or add a rule to the other listener",
            )


def _actions(resource: Resource) -> Iterator[tuple[str, dict[str, Value]]]:
    yield from objects(resource, "DefaultActions" if resource.type == LISTENER else "Actions")


@rule(
    "DEPLOY-LISTENER-ACTION",
    "An action of a listener that Elastic Load Balancing refuses",
    types=(LISTENER, RULE),
    severity=Severity.FATAL,
    source="Elastic Load Balancing API reference: Action",
)
def action_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(LISTENER, RULE):
        listener = resource
        if resource.type == RULE:
            listener = context.target(resource.get("ListenerArn"), LISTENER) or resource
        protocol = listener.text("Protocol") if listener.type == LISTENER else None
        for path, action in _actions(resource):
            kind = text(action.get("Type"))
            needed = _CONFIGURATIONS.get(kind or "")
            forwards = action.get("TargetGroupArn") or action.get("ForwardConfig")
            if needed and action.get(needed) is None:
                yield hit(
                    resource, path, f"an action of type {kind} needs {needed}", f"add {needed}"
                )
            elif kind == "forward" and forwards in (None, ""):
                yield hit(
                    resource,
                    path,
                    "an action of type forward needs a target group",
                    "add TargetGroupArn or ForwardConfig",
                )
            elif kind is not None and kind != "forward" and kind not in _CONFIGURATIONS:
                yield hit(
                    resource,
                    f"{path}.Type",
                    f"there is no action of type {kind}",
                    f"choose from forward, {', '.join(_CONFIGURATIONS)}",
                )
            if kind in ("authenticate-cognito", "authenticate-oidc") and protocol == "HTTP":
                yield hit(resource, f"{path}.Type", f"{kind} is for HTTPS only", "listen to HTTPS")
            yield from _response(resource, path, action)
            yield from _target_protocol(context, resource, path, action, protocol)


def _response(resource: Resource, path: str, action: dict[str, Value]) -> Iterator[Hit]:
    status = text(fields(action.get("RedirectConfig")).get("StatusCode"))
    if status not in (None, "HTTP_301", "HTTP_302"):
        yield hit(
            resource,
            f"{path}.RedirectConfig.StatusCode",
            f"a redirect has no status {status}",
            "choose from HTTP_301, HTTP_302",
        )
    code = text(fields(action.get("FixedResponseConfig")).get("StatusCode"))
    if code is not None and not (len(code) == 3 and code.isdecimal() and code[0] in "245"):
        yield hit(
            resource,
            f"{path}.FixedResponseConfig.StatusCode",
            f"a fixed response has no status {code}",
            "choose a code of 2XX, 4XX or 5XX",
        )


def _target_protocol(
    context: Context, resource: Resource, path: str, action: dict[str, Value], protocol: str | None
) -> Iterator[Hit]:
    wanted = _TARGETS.get(protocol or "")
    forward = fields(action.get("ForwardConfig"))
    groups = [action.get("TargetGroupArn")]
    groups += [fields(g).get("TargetGroupArn") for g in listed(forward.get("TargetGroups"))]
    for value in groups:
        group = context.target(value, GROUP)
        its = group.text("Protocol") if group else None
        if group is not None and wanted and its is not None and its not in wanted:
            yield hit(
                resource,
                path,
                f"a listener for {protocol} does not forward to {group.logical_id}, a target group "
                f"of {its}",
                f"set Protocol of {group.logical_id} to {' or '.join(wanted)}",
            )


@rule(
    "DEPLOY-LISTENER-RULE",
    "Rules of a listener with one priority, or with none that exists",
    types=(RULE,),
    severity=Severity.FATAL,
    source="Elastic Load Balancing API reference: CreateRule",
)
def priority_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for found in context.of_type(RULE):
        priority, listener = found.text("Priority"), found.get("ListenerArn")
        value = number(priority)
        if value is not None and not (1 <= value <= 50000):
            yield hit(
                found,
                "Priority",
                f"the priority {priority} is outside 1 to 50000",
                "choose a priority between 1 and 50000",
            )
        if priority is not None and (isinstance(listener, Reference) or type(listener) is str):
            first = seen.setdefault((str(listener), priority), found.logical_id)
            if first != found.logical_id:
                yield hit(
                    found,
                    "Priority",
                    f"{first} has the priority {priority} of the same listener already",
                    "give each rule of a listener a priority of its own",
                )
        if len(found.items("Conditions")) > 5 and not is_open(found.get("Conditions")):
            yield hit(found, "Conditions", "a rule has at most 5 conditions", "split the rule")
