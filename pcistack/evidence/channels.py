"""The register of channels: where data travels, and what encrypts it there (PCI DSS 4.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import referrers, shown, targets, text
from pcistack.template.view import Resource, Value, View

_DEFAULT_POLICY: Final = "ELBSecurityPolicy-2016-08"
REDIRECT: Final = "redirect to HTTPS only"
"""What a listener without TLS may do: send the client to one with TLS."""
_OLD_TLS: Final = ("TLS 1.0", "TLS 1.1", "no encryption")


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


def channels(view: View) -> tuple[Channel, ...]:
    """Return where the template encrypts data on its way, and where it does not."""
    rows = [
        *_listeners(view),
        *_target_groups(view),
        *_databases(view),
        *_policies(view),
    ]
    return tuple(sorted(rows, key=lambda row: (row.channel, row.towards, row.port, row.resource)))


def tls_versions(policy: str) -> str:
    """Return the TLS versions of a load balancer's security policy, by its name.

    Source: Elastic Load Balancing user guide, security policies for Application Load Balancers.
    """
    if "TLS13-1-3" in policy:
        return "TLS 1.3"
    if re.search(r"TLS13-1-2|FS-1-2|TLS-1-2", policy):
        return "TLS 1.2 and 1.3" if "TLS13" in policy else "TLS 1.2"
    if re.search(r"TLS13-1-1|FS-1-1|TLS-1-1", policy):
        return "TLS 1.1 and newer"
    if re.search(r"TLS13-1-0|2016-08|2015-05|FS-2018", policy):
        return "TLS 1.0 and newer"
    return f"as {policy} says"


def _listeners(view: View) -> Iterator[Channel]:
    for listener in view.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        port, protocol = text(listener, "Port"), text(listener, "Protocol")
        if protocol in ("HTTPS", "TLS"):
            policy = text(listener, "SslPolicy", absent=_DEFAULT_POLICY)
            versions = tls_versions(policy)
            setting = f"SslPolicy = {policy}"
            attention = "Older than TLS 1.2." if versions.startswith(_OLD_TLS) else ""
        elif redirects(listener):
            versions, attention = REDIRECT, ""
            setting = "DefaultActions.0.Type = redirect"
        else:
            versions, setting = "no encryption", f"Protocol = {protocol}"
            attention = "Traffic is not encrypted (4.2.1)."
        yield Channel(
            channel="Clients to load balancer",
            towards=listener.referenced("LoadBalancerArn") or text(listener, "LoadBalancerArn"),
            port=port,
            resource=listener.logical_id,
            protocols=versions,
            setting=setting,
            attention=attention,
        )


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
    users = referrers(view)
    for group in view.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        behind = [
            user.logical_id
            for user in users.get(group.logical_id, ())
            if user.type == "AWS::ECS::Service"
        ]
        protocol = text(group, "Protocol")
        encrypted = protocol in ("HTTPS", "TLS")
        yield Channel(
            channel="Load balancer to tasks",
            towards=behind[0] if behind else group.logical_id,
            port=text(group, "Port", absent=""),
            resource=group.logical_id,
            protocols="TLS 1.2 and newer" if encrypted else "no encryption",
            setting=f"Protocol = {protocol}",
            attention="" if encrypted else "Inside the VPC, between two security groups only.",
        )


def _databases(view: View) -> Iterator[Channel]:
    for cluster in view.of_type("AWS::RDS::DBCluster"):
        group = view.target(cluster.get("DBClusterParameterGroupName"))
        parameters = group.get("Parameters") if group is not None else None
        known = parameters if isinstance(parameters, dict) else {}
        forced = str(known.get("require_secure_transport", known.get("rds.force_ssl", "")))
        on = forced.lower() in ("on", "1", "true")
        versions = known.get("tls_version")
        yield Channel(
            channel="Clients to database",
            towards=cluster.logical_id,
            port=text(cluster, "Port", absent=""),
            resource=group.logical_id if group is not None else cluster.logical_id,
            protocols=_tls(shown(versions)) if versions is not None else "as the engine allows",
            setting=(
                f"require_secure_transport = {forced}" if forced else "nothing forces encryption"
            ),
            attention="" if on else "The database also accepts unencrypted connections (4.2.1).",
        )


def _tls(versions: str) -> str:
    numbers = [part.strip().removeprefix("TLSv") for part in versions.split(",")]
    return "TLS " + " and ".join(sorted(numbers))


def _guarded(policy: Resource) -> Value:
    """What a resource policy is attached to."""
    found = next(
        (policy.get(key) for key in ("Bucket", "Topics", "Queues") if policy.get(key)), None
    )
    return found


def _policies(view: View) -> Iterator[Channel]:
    """Resource policies that refuse requests without TLS."""
    for resource in view.of_type(
        "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"
    ):
        for index, statement in enumerate(resource.items("PolicyDocument.Statement")):
            if not isinstance(statement, dict) or statement.get("Effect") != "Deny":
                continue
            condition = statement.get("Condition")
            tests = condition.get("Bool") if isinstance(condition, dict) else None
            if isinstance(tests, dict) and str(tests.get("aws:SecureTransport")) == "false":
                service = resource.type.split("::")[1]
                guarded = next(iter(targets(_guarded(resource))), resource.logical_id)
                yield Channel(
                    channel=f"Callers to {service}",
                    towards=guarded,
                    port="443",
                    resource=resource.logical_id,
                    protocols="TLS only",
                    setting=f"Statement {index} denies aws:SecureTransport = false",
                    attention="",
                )
