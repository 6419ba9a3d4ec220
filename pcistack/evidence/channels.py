"""The register of channels: where data travels, and what encrypts it there (PCI DSS 4.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import AT_DEPLOYMENT, shown, text
from pcistack.evidence.wording import claim
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.plain_requests import POLICY_OWNERS, refuses_plain
from pcistack.template.view import Resource, View

_DEFAULT_POLICY: Final = "ELBSecurityPolicy-2016-08"
REDIRECT: Final = claim("redirect to HTTPS only")
"""What a listener without TLS may do: send the client to one with TLS."""
_TO_BALANCER: Final = claim("Clients to load balancer")
_TO_TASKS: Final = claim("Load balancer to what it serves")
_TO_DATABASE: Final = claim("Clients to database")
_TO_SERVICE: Final = claim("Callers to {}")
_PLAIN: Final = claim("no encryption")
_AS_CLIENT: Final = claim("as the client sends it")
_AS_ENGINE: Final = claim("as the engine allows")
_AS_AGREED: Final = claim("TLS, in the version that both sides agree on")
_TLS_ONLY: Final = claim("TLS only")
_AS_NAMED: Final = claim("as {} says")
_FROM_1_1: Final = claim("TLS 1.1 and newer")
_FROM_1_0: Final = claim("TLS 1.0 and newer")
_BOTH: Final = claim("TLS 1.2 and 1.3")
_OLD: Final = claim("Older than TLS 1.2.")
_CLEAR: Final = claim("Traffic is not encrypted (4.2.1).")
_CLEAR_INSIDE: Final = claim("Not encrypted on this way: say why its network is trusted (4.2.1).")
_NOT_FORCED: Final = claim("nothing in this template forces encryption")
_MAYBE_CLEAR: Final = claim("Nothing in this template refuses unencrypted connections (4.2.1).")
_ELSEWHERE: Final = claim("Its parameters are not in this template: look at them (4.2.1).")
_DENIED: Final = claim("Statement {} denies aws:SecureTransport = false")
_ENCRYPTED: Final = ("HTTPS", "TLS")
_PASSED_ON: Final = ("TCP", "UDP", "TCP_UDP", "GENEVE")
"""Protocols of a network load balancer, which hands on what it gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where data is encrypted while it travels.

    Attributes:
        channel: Who talks to whom.
        towards: Logical id of the side that is called.
        port: Its port; empty for any.
        protocols: Protocol versions that are let in.
        setting: The setting that enforces it, with its value.
        resource: Logical id of the resource that enforces it.
        attention: Why it wants a look; empty if it does not.
    """

    channel: str
    towards: str
    port: str
    protocols: str
    resource: str
    setting: str
    attention: str


def channels(context: Context) -> tuple[Channel, ...]:
    """Return where the template encrypts data on its way, and where it does not."""
    view = context.view
    rows = [
        *_listeners(view),
        *_target_groups(view),
        *_databases(view),
        *_refusing(context),
    ]
    return tuple(sorted(rows, key=lambda row: (row.channel, row.towards, row.port, row.resource)))


def tls_versions(policy: str) -> str:
    """Return the TLS versions of a load balancer's security policy, by its name.

    Source: Elastic Load Balancing user guide, security policies for Application Load Balancers.
    """
    if "TLS13-1-3" in policy:
        return "TLS 1.3"
    if re.search(r"TLS13-1-2|FS-1-2|TLS-1-2", policy):
        return _BOTH if "TLS13" in policy else "TLS 1.2"
    if re.search(r"TLS13-1-1|FS-1-1|TLS-1-1", policy):
        return _FROM_1_1
    if re.search(r"TLS13-1-0|2016-08|2015-05|FS-2018", policy):
        return _FROM_1_0
    return _AS_NAMED.format(policy)


def _listeners(view: View) -> Iterator[Channel]:
    for listener in view.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        protocol = text(listener, "Protocol")
        setting, attention = f"Protocol = {protocol}", ""
        if protocol in _ENCRYPTED:
            policy = text(listener, "SslPolicy", absent=_DEFAULT_POLICY)
            versions, setting = tls_versions(policy), f"SslPolicy = {policy}"
            attention = _OLD if versions in (_FROM_1_0, _FROM_1_1) else ""
        elif redirects(listener):
            versions, setting = REDIRECT, "DefaultActions.0.Type = redirect"
        else:
            versions = _unencrypted(protocol)
            attention = _CLEAR if versions == _PLAIN else ""
        yield Channel(
            channel=_TO_BALANCER,
            towards=listener.referenced("LoadBalancerArn") or text(listener, "LoadBalancerArn"),
            port=text(listener, "Port"),
            resource=listener.logical_id,
            protocols=versions,
            setting=setting,
            attention=attention,
        )


def _unencrypted(protocol: str) -> str:
    if protocol in _PASSED_ON:
        return _AS_CLIENT
    return AT_DEPLOYMENT if protocol == AT_DEPLOYMENT else _PLAIN


def redirects(listener: Resource) -> bool:
    """Whether a listener does nothing but send its clients to HTTPS."""
    actions = listener.items("DefaultActions")
    return bool(actions) and all(
        isinstance(action, dict)
        and action.get("Type") == "redirect"
        and isinstance(action.get("RedirectConfig"), dict)
        and listener.text(f"DefaultActions.{index}.RedirectConfig.Protocol") == "HTTPS"
        for index, action in enumerate(actions)
    )


def _target_groups(view: View) -> Iterator[Channel]:
    users = view.referrers
    for group in view.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        behind = [
            user.logical_id
            for user in users.get(group.logical_id, ())
            if user.type == "AWS::ECS::Service"
        ]
        protocol = text(group, "Protocol")
        versions = _AS_AGREED if protocol in _ENCRYPTED else _unencrypted(protocol)
        if group.get("Protocol") is None:  # of a function
            continue
        yield Channel(
            channel=_TO_TASKS,
            towards=behind[0] if behind else group.logical_id,
            port=text(group, "Port", absent=""),
            resource=group.logical_id,
            protocols=versions,
            setting=f"Protocol = {protocol}",
            attention=_CLEAR_INSIDE if versions == _PLAIN else "",
        )


def _databases(view: View) -> Iterator[Channel]:
    for database in view.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        if database.type == "AWS::RDS::DBInstance" and database.get("DBClusterIdentifier"):
            continue  # as its cluster
        cluster = database.type == "AWS::RDS::DBCluster"
        named = database.get(f"DB{'Cluster' if cluster else ''}ParameterGroupName")
        group = view.target(named)
        parameters = group.get("Parameters") if group is not None else None
        known = parameters if isinstance(parameters, dict) else {}
        key = next((key for key in _FORCING if key in known), "")
        forced = accepted.parameter_on(known.get(key))
        outside = named is not None and group is None
        versions = known.get("tls_version")
        yield Channel(
            channel=_TO_DATABASE,
            towards=database.logical_id,
            port=text(database, "Port", absent=""),
            resource=group.logical_id if group is not None else database.logical_id,
            protocols=_tls(shown(versions)) if versions is not None else _AS_ENGINE,
            setting=f"{key} = {shown(known[key])}" if key else _NOT_FORCED,
            attention="" if forced else _ELSEWHERE if outside else _MAYBE_CLEAR,
        )


_FORCING: Final = ("require_secure_transport", "rds.force_ssl")


def _tls(versions: str) -> str:
    numbers = [part.strip().removeprefix("TLSv") for part in versions.split(",")]
    return "TLS " + " and ".join(sorted(numbers))


def _refusing(context: Context) -> Iterator[Channel]:
    """Resource policies that refuse requests without TLS."""
    for resource in context.of_type(*POLICY_OWNERS):
        statement = refuses_plain(context, resource)
        if statement is not None:
            yield Channel(
                channel=_TO_SERVICE.format(resource.type.split("::")[1]),
                towards=resource.logical_id,
                port="443",
                resource=statement.resource,
                protocols=_TLS_ONLY,
                setting=_DENIED.format(statement.path.rpartition(".")[2]),
                attention="",
            )
