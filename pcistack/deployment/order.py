"""In which order CloudFormation creates things: references and ``DependsOn``."""

from __future__ import annotations

from collections.abc import Mapping

from pcistack.template.document import RawResource, Template
from pcistack.template.view import Resource


class Order:
    """What a template's resources wait for; nothing else holds CloudFormation back."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._resources: Mapping[str, RawResource] = template.resources
        self._waits: dict[str, frozenset[str]] = {}
        self._direct: dict[str, frozenset[str]] = {}

    def waits_for(self, later: Resource | str, earlier: Resource | str) -> bool:
        """Whether one resource is created after another for certain, also through others."""
        return _id(earlier) in self.before(_id(later))

    def before(self, logical_id: str) -> frozenset[str]:
        """Return every resource that exists before one is created."""
        if logical_id not in self._waits:
            found: set[str] = set()
            waiting = [logical_id]
            while waiting:
                for name in self._needs(waiting.pop()):
                    if name not in found:
                        found.add(name)
                        waiting.append(name)
            self._waits[logical_id] = frozenset(found)
        return self._waits[logical_id]

    def named(self, logical_id: str) -> frozenset[str]:
        """Return the resources that one refers to itself."""
        return self._needs(logical_id)

    def _needs(self, logical_id: str) -> frozenset[str]:
        if logical_id not in self._direct:
            raw = self._resources.get(logical_id)
            named = set(self._template.uses(logical_id).names) if raw else set()
            on = raw.body.get("DependsOn") if raw else None
            named |= {str(name) for name in (on if isinstance(on, list) else [on])}
            self._direct[logical_id] = frozenset(named & self._resources.keys())
        return self._direct[logical_id]


def _id(resource: Resource | str) -> str:
    return resource if isinstance(resource, str) else resource.logical_id
