"""What a rule looks at: one view of a template, its region and the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pcistack.deployment.order import Order
from pcistack.network.network import NetworkMap, network_of
from pcistack.policies.access import Access
from pcistack.regions import partition_of
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value, View


@dataclass(frozen=True, kw_only=True)
class Context:
    """One view of a template; what is derived from it is computed once, when first asked for.

    Attributes:
        view: The view.
        region: Region of the deployment; None if it is not known.
        on: The day for which the template is judged.
    """

    view: View
    region: str | None
    on: date

    @classmethod
    def of(cls, view: View, region: str | None, on: date) -> Context:
        """Return the context of a view."""
        return cls(view=view, region=region, on=on)

    @property
    def here(self) -> str:
        """The region, as messages name it."""
        return self.region or "any region"

    @cached_property
    def has_macro(self) -> bool:
        """Whether a macro changes the template, so that what it lacks may be brought in."""
        transform = self.view.template.body.get("Transform")
        named = transform if isinstance(transform, list) else [transform]
        if any(one not in (None, "AWS::LanguageExtensions") for one in named):
            return True
        body = str(self.view.template.body.get("Resources"))
        return any(sign in body for sign in ("Fn::ForEach", "Fn::Transform", "::MODULE"))

    @cached_property
    def grants_more(self) -> bool:
        """Whether a macro writes permissions that are not in the template yet."""
        return self.has_macro or any(
            resource.type == "AWS::Serverless::Connector" or "Connectors" in resource.raw.body
            for resource in self.view.resources.values()
        )

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some CloudFormation types, type by type."""
        return self.view.of_each(*types)

    def target(self, value: Value, *types: str) -> Resource | None:
        """Return the resource that a value refers to, if it is in the view and of a type."""
        found = self.view.target(value)
        return found if found is not None and (not types or found.type in types) else None

    @property
    def domain(self) -> str:
        """The domain of the services of the region's partition."""
        return partition_of(self.region)[1] if self.region else "amazonaws.com"

    def placed(self, arn: str) -> str:
        """Fill partition and region into an ARN that names them ``{p}`` and ``{r}``."""
        partition = partition_of(self.region)[0] if self.region else "<AWS::Partition>"
        return arn.format(p=partition, r=self.region or "<AWS::Region>")

    @cached_property
    def access(self) -> Access:
        """Who may do what."""
        return Access(self.view)

    @cached_property
    def order(self) -> Order:
        """What is created before what."""
        return Order(self.view.template)

    @cached_property
    def network(self) -> NetworkMap:
        """What can reach what."""
        return network_of(self.view)

    @cached_property
    def custom_resources(self) -> tuple[tuple[Resource, Resource], ...]:
        """Custom resources, each with the function of the template that serves it."""
        found: list[tuple[Resource, Resource]] = []
        for resource in self.view.resources.values():
            function = self.target(resource.get("ServiceToken"), "AWS::Lambda::Function")
            if function is not None:
                found.append((resource, function))
        return tuple(found)

    def balancers_of(self, group: str) -> tuple[str, ...]:
        """Return the load balancers whose listeners send requests to a target group."""
        return self._balancers.get(group, ())

    @cached_property
    def _balancers(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        kind = "AWS::ElasticLoadBalancingV2::Listener"
        for one in self.of_type(kind, "AWS::ElasticLoadBalancingV2::ListenerRule"):
            listener = one if one.type == kind else self.target(one.get("ListenerArn"), kind)
            balancer = name_of(listener.get("LoadBalancerArn")) if listener else ""
            for path, value in one.leaves:
                if path.endswith("TargetGroupArn") and balancer:
                    group = name_of(value)
                    found[group] = tuple(dict.fromkeys((*found.get(group, ()), balancer)))
        return found
