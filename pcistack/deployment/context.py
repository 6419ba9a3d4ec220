"""What a rule looks at: one view of a template, its region and the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pcistack.deployment.order import Order
from pcistack.policies.access import Access
from pcistack.regions import partition_of
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

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some CloudFormation types, type by type."""
        return [resource for kind in types for resource in self.view.of_type(kind)]

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
