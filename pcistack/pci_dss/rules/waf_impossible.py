"""Requirement 6.4.2: what no web ACL can guard, and where one lets all pass when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.network.network import Kind
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_WEB_PORTS: Final = frozenset({80, 443, 8000, 8080, 8443})
_UNGUARDED: Final = (
    "AWS::Lightsail::LoadBalancer",
    "AWS::Lightsail::Container",
    "AWS::Lightsail::Distribution",
)


@rule(
    "PCI-6.4.2-FIREWALL-IMPOSSIBLE",
    "No public web application stands where no web ACL can guard it",
    asks="An automated control in front of public web applications detects and prevents attacks.",
    requirements=("6.4.2", "1.4.2"),
    types=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Api",
        "AWS::Serverless::Function",
        "AWS::AppRunner::Service",
        *_UNGUARDED,
    ),
    fix="Put an application load balancer, a REST API or a CDN with a web ACL in front of it, "
    "and close the direct way.",
)
def firewall_impossible(context: Context) -> Iterator[Hit]:
    yield from _network_balancers(context)
    yield from _http_apis(context)
    yield from _serverless_routes(context)
    guarded = {
        name_of(link.get("ResourceArn"))
        for link in context.of_type("AWS::WAFv2::WebACLAssociation")
    }
    for service in context.of_type("AWS::AppRunner::Service"):
        path = "NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible"
        if service.flag(path) is not False and service.logical_id not in guarded:
            yield hit(service, path, "the service is public, and no web ACL is associated with it")
    for kind in _UNGUARDED:
        for resource in context.of_type(kind):
            yield hit(resource, "", "it is public, and no web ACL can guard it")


def _network_balancers(context: Context) -> Iterator[Hit]:
    for workload in context.network.workloads.values():
        if workload.kind is not Kind.LOAD_BALANCER or workload.public is not True:
            continue
        balancer = context.view.resources[workload.logical_id]
        classic = balancer.type == "AWS::ElasticLoadBalancing::LoadBalancer"
        if not classic and balancer.get("Type") not in ("network", "gateway"):
            continue
        ports = _ports(context, balancer, classic=classic)
        web = sorted(ports & _WEB_PORTS)
        if ports:
            yield hit(
                balancer,
                "" if classic else "Type",
                f"it faces the internet on {', '.join(map(str, web or sorted(ports)))}, and no web "
                "ACL can guard it",
                severity=None if web else Severity.WARNING,
            )


def _ports(context: Context, balancer: Resource, *, classic: bool) -> set[int]:
    if classic:
        listed = [
            item.get("LoadBalancerPort")
            for item in balancer.items("Listeners")
            if isinstance(item, dict)
        ]
        return {int(str(port)) for port in listed if str(port).isdecimal()}
    numbers = [
        listener.number("Port")
        for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if name_of(listener.get("LoadBalancerArn")) == balancer.logical_id
    ]
    return {int(number) for number in numbers if number is not None}


def _http_apis(context: Context) -> Iterator[Hit]:
    """HTTP and WebSocket APIs: AWS WAF guards REST APIs only (WAF developer guide)."""
    for api in context.of_type("AWS::ApiGatewayV2::Api"):
        if api.flag("DisableExecuteApiEndpoint") is True:
            continue
        routes = [
            route
            for route in context.of_type("AWS::ApiGatewayV2::Route")
            if name_of(route.get("ApiId")) == api.logical_id
        ]
        opened = [route for route in routes if route.get("AuthorizationType") in (None, "NONE")]
        for route in opened:
            yield hit(
                route,
                "AuthorizationType",
                f"everybody may call {show(route.get('RouteKey'))} of an API that no web ACL can "
                "guard",
            )
        if routes and not opened:
            yield hit(
                api,
                "ProtocolType",
                "no web ACL can guard an API of this protocol; only its authorizer does",
                severity=Severity.WARNING,
            )
        if not routes and api.get("Target") is not None:
            yield hit(api, "Target", "everybody may call an API that no web ACL can guard")


def _serverless_routes(context: Context) -> Iterator[Hit]:
    """Yield events of functions that are routes of an HTTP API, and ask nobody who they are."""
    for function in context.of_type("AWS::Serverless::Function"):
        events = function.get("Events")
        for name, event in events.items() if isinstance(events, dict) else ():
            if not isinstance(event, dict) or event.get("Type") != "HttpApi":
                continue
            api = context.target(function.get(f"Events.{name}.Properties.ApiId"))
            api = api or context.view.resources.get("ServerlessHttpApi")
            default = api is not None and api.get("Auth.DefaultAuthorizer")
            asked = function.get(f"Events.{name}.Properties.Auth.Authorizer")
            if asked == "NONE" or (not asked and not default):
                message = "everybody may call it, through an API that no web ACL can guard"
                yield hit(function, f"Events.{name}", message)


@rule(
    "PCI-6.4.2-FIREWALL-FAILS-OPEN",
    "No load balancer lets requests pass when its web ACL cannot be asked",
    asks="The control in front of public web applications prevents attacks, at all times.",
    requirements=("6.4.2",),
    types=("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    fix="Leave waf.fail_open.enabled out, or set it to false.",
)
def firewall_fails_open(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        for index, item in enumerate(balancer.items("LoadBalancerAttributes")):
            if (
                isinstance(item, dict)
                and item.get("Key") == "waf.fail_open.enabled"
                and str(item.get("Value")).lower() != "false"
            ):
                yield hit(
                    balancer,
                    f"LoadBalancerAttributes.{index}.Value",
                    "requests pass when the web ACL cannot be asked",
                )
