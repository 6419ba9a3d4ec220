"""How a resource type is added to the embedded CloudFormation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import NotFoundError
from pcistack.rehearsal.embedded.properties import Properties, PropertyError

# The physical id, and what Fn::GetAtt can read.
Created = tuple[str, dict[str, str]]
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPosition:
    """Where a resource stands in its stack.

    Attributes:
        stack: Name of the stack.
        logical_id: Name of the resource in the template.
    """

    stack: str
    logical_id: str

    def name(self, *, lowercase: bool = False, longest: int = 128) -> str:
        """Return the name CloudFormation gives to a resource whose template names none."""
        return _engine.physical_name(
            self.stack, self.logical_id, lowercase=lowercase, longest=longest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One CloudFormation resource type.

    Attributes:
        name: The type, for example ``AWS::EC2::EIP``.
        create: Makes the resource; refuses what AWS would refuse.
        delete: Removes it; the properties are those it was created with.
        update: Changes it in place. None: every change replaces the resource.
        create_only: Properties whose change replaces the resource.
        snapshot: Keeps a copy before the delete, for ``DeletionPolicy: Snapshot``.
        tags: Whether stack tags reach its ``Tags`` property.
    """

    name: str
    create: Callable[[StackPosition, Properties], Created]
    delete: Callable[[str, Values], None]
    update: Callable[[str, Properties, Values], Created] | None = None
    create_only: frozenset[str] = field(default_factory=frozenset)
    snapshot: Callable[[str, Values], None] | None = None
    tags: bool = False

    def register(self) -> None:
        """Enter the type into the table of the embedded CloudFormation."""
        provisioners = _engine.module("services.cloudformation.provisioners")
        handler: dict[str, object] = {"create": self._create, "delete": self._delete}
        handler |= {"update": self._update, "update_with_logical_id": True}
        if self.snapshot is not None:
            handler["snapshot"] = self.snapshot
        _engine.resource_handlers()[self.name] = handler
        provisioners._REPLACING_PROPERTIES[self.name] = tuple(sorted(self.create_only))
        if self.tags:
            provisioners._STACK_TAG_PROPERTY[self.name] = ("Tags", "list")

    def _create(self, logical_id: str, values: Values, stack: str) -> Created:
        properties = Properties(values)
        created = self.create(StackPosition(stack=stack, logical_id=logical_id), properties)
        try:
            properties.close()
        except PropertyError:
            self.delete(created[0], values)
            raise
        return created

    def _delete(self, physical_id: str, values: Values) -> None:
        """Delete; what is gone already counts as deleted, as CloudFormation sees it."""
        with suppress(NotFoundError):
            self.delete(physical_id, values)

    def _update(
        self, physical_id: str, old: Values, new: Values, stack: str, logical_id: str
    ) -> Created:
        if self.update is None:
            return self._create(logical_id, new, stack)
        with Properties.read(new) as properties:
            return self.update(physical_id, properties, old)
