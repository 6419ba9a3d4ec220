"""The fixed part of a month of one template."""

from __future__ import annotations

from dataclasses import dataclass

from pcistack.cost.prices import prices
from pcistack.cost.quantities import BILLED, Billed, quantities, unpriced
from pcistack.regions import zones_of
from pcistack.template.document import Template
from pcistack.template.worlds import views


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one kind of thing costs a month.

    Attributes:
        billed: The thing.
        quantity: How many, or how much.
        unit: Its price for the hour or the month, in US dollars.
        estimated: Whether that price is an estimate.
        source: Where the price comes from.
    """

    billed: Billed
    quantity: float
    unit: float
    estimated: bool
    source: str

    @property
    def month(self) -> float:
        """US dollars a month."""
        return self.quantity * self.billed.hours * self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The fixed part of a template's month, without what follows use.

    Attributes:
        region: The region.
        lines: What it adds up from.
        unknown: Logical ids whose quantity only the deployment knows.
        unpriced: Logical ids of what costs by the hour and has no price here.
    """

    region: str
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    unpriced: tuple[str, ...]

    @property
    def month(self) -> float:
        """US dollars a month."""
        return sum(line.month for line in self.lines)

    @property
    def estimated(self) -> bool:
        """Whether any price of it is an estimate."""
        return any(line.estimated for line in self.lines)


def estimate(template: Template, region: str) -> Estimate:
    """Return what the fixed part of a template costs a month, with every default of its choices.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    view = views(template, region, zones=zones_of(region))[0]
    table = prices(region)
    amounts: dict[str, float] = {}
    unknown: dict[str, None] = {}
    for quantity in quantities(view):
        if quantity.amount is None:
            unknown[quantity.resource] = None
        else:
            amounts[quantity.price] = amounts.get(quantity.price, 0.0) + quantity.amount
    return Estimate(
        region=region,
        lines=tuple(
            Line(
                billed=billed,
                quantity=amounts[billed.price],
                unit=table[billed.price].dollars,
                estimated=table[billed.price].estimated,
                source=table[billed.price].source,
            )
            for billed in BILLED
            if amounts.get(billed.price)
        ),
        unknown=tuple(unknown),
        unpriced=tuple(dict.fromkeys(unpriced(view))),
    )
