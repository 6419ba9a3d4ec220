"""What a sentence is, how it registers, and what sentences share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import label
from pcistack.pci_dss.context import Context
from pcistack.template.view import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence.

    Attributes:
        key: Its name, for the tests.
        numbers: Requirements that it speaks to.
        text: Returns the sentence, or an empty text where it is not true of the template.
    """

    key: str
    numbers: tuple[str, ...]
    text: Callable[[Context], str]


REGISTERED: Final[list[Sentence]] = []


def says(numbers: str) -> Callable[[Callable[[Context], str]], Callable[[Context], str]]:
    """Register a function as a sentence of some requirements, ``1.3.1 1.4.1``."""

    def register(text: Callable[[Context], str]) -> Callable[[Context], str]:
        REGISTERED.append(Sentence(key=text.__name__, numbers=tuple(numbers.split()), text=text))
        return text

    return register


def every(resources: Sequence[Resource], holds: Callable[[Resource], bool]) -> bool:
    """Whether there are some, and something holds for each."""
    return bool(resources) and all(map(holds, resources))


def on_fargate(service: Resource) -> bool:
    """Whether a service runs on Fargate for certain."""
    strategy = service.items("CapacityProviderStrategy")
    providers = [one.get("CapacityProvider") for one in strategy if isinstance(one, dict)]
    spot = bool(providers) and all(one in ("FARGATE", "FARGATE_SPOT") for one in providers)
    return service.get("LaunchType") == "FARGATE" or spot


def listed(items: Iterable[str]) -> str:
    """Return distinct texts as an enumeration: ``a, b and c``."""
    *most, last = dict.fromkeys(items)
    return f"{', '.join(most)} and {last}" if most else last


def name_in(context: Context, logical_id: str) -> str:
    """Return the readable name of a resource, or the text itself if it is none."""
    resource = context.view.resources.get(logical_id)
    return label(resource) if resource is not None else logical_id
