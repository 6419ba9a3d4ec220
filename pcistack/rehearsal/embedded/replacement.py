"""Replacement as CloudFormation decides it: the create-only properties and names of every type."""

from __future__ import annotations

from pcistack.changes.replacement import replacement_of
from pcistack.rehearsal.embedded import _engine


def install() -> None:
    """Put the schemas' answers in the place of the engine's, for every type that it has.

    A create-only property inside another one stands for it only where the whole is create-only.
    """
    provisioners = _engine.module("services.cloudformation.provisioners")
    names = provisioners._CUSTOM_NAME_REPLACEMENT
    for kind in _engine.resource_handlers():
        known = replacement_of(kind)
        if known is None:
            continue
        always = tuple(sorted(path for path in known.always if "." not in path))
        sometimes = tuple(sorted(path for path in known.sometimes if "." not in path))
        provisioners._REPLACING_PROPERTIES[kind] = always
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES[kind] = sometimes
        for name in known.names:
            names.setdefault(kind, {"name": name})
