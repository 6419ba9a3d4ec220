"""What the listeners of a load balancer do with requests in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value


def redirects_only(context: Context, balancer: str, port: int) -> bool:
    """Whether a load balancer's listener on a port does nothing but redirect to HTTPS."""
    listeners = [
        listener
        for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if name_of(listener.get("LoadBalancerArn")) == balancer and listener.number("Port") == port
    ]
    redirects = (not list(not_redirecting(context, listener)) for listener in listeners)
    return bool(listeners) and all(redirects)


def not_redirecting(context: Context, listener: Resource) -> Iterator[tuple[str, str]]:
    """Yield resource and path of every action of an HTTP listener that is no HTTPS redirect."""
    rules = context.pointing(
        "AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn", listener.logical_id
    )
    for resource, path in ((listener, "DefaultActions"), *((one, "Actions") for one in rules)):
        for index, action in enumerate(resource.items(path)):
            if not _to_https(action, str(listener.get("Protocol"))):
                yield resource.logical_id, f"{path}.{index}"


def _to_https(action: Value, protocol: str) -> bool:
    if not isinstance(action, dict):
        return False
    if action.get("Type") == "fixed-response":
        return True
    redirect = action.get("RedirectConfig")
    if action.get("Type") != "redirect" or not isinstance(redirect, dict):
        return False
    target = str(redirect.get("Protocol", "#{protocol}")).replace("#{protocol}", protocol)
    return target.upper() == "HTTPS"
