"""Requirement 10.2.1: the audit of a database leaves nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss import audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Partial, Resource, Value

_GROUPS: Final = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
_WHOM: Final = {
    "server_audit_incl_users": "only these users are in the audit log",
    "server_audit_excl_users": "these users are not in the audit log",
    "SERVER_AUDIT_INCL_USERS": "only these users are in the audit log",
    "SERVER_AUDIT_EXCL_USERS": "these users are not in the audit log",
    "pgaudit.role": "only what this role may is in the audit log",
}


@rule(
    "PCI-10.2.1-AUDIT-FILTERED",
    "No filter leaves users or events out of a database's audit log",
    asks="Audit logs record all individual access and all actions of administrators.",
    requirements=("10.2.1", "10.2.1.1", "10.2.1.2"),
    types=(*_GROUPS, "AWS::RDS::OptionGroup", *types_of(audit_settings.AUDIT_OFF)),
    fix="Delete the parameter, so that every user is in the audit log.",
)
def audit_filtered(context: Context) -> Iterator[Hit]:
    yield from wrong(context, audit_settings.AUDIT_OFF)
    for group in context.of_type(*_GROUPS):
        parameters = group.get("Parameters")
        for name, value in parameters.items() if isinstance(parameters, dict) else ():
            why = _why(name, value)
            if why and str(value or "").strip():
                yield hit(group, f"Parameters.{name}", f"{name} is {show(value)}: {why}")
        yield from _without_grants(group, parameters)
    for group in context.of_type("AWS::RDS::OptionGroup"):
        for index, option in enumerate(group.items("OptionConfigurations")):
            settings = option.get("OptionSettings") if isinstance(option, dict) else None
            for item in settings if isinstance(settings, list) else ():
                name = str(item.get("Name")) if isinstance(item, dict) else ""
                why = _why(name, item.get("Value")) if isinstance(item, dict) else ""
                if why and isinstance(item, dict) and item.get("Value"):
                    yield hit(
                        group,
                        f"OptionConfigurations.{index}.OptionSettings",
                        f"{name} is {show(item.get('Value'))}: {why}",
                    )


_CLASSES: Final = {"role", "ddl"}
_KNOWN_CLASSES: Final = {"read", "write", "function", "role", "ddl", "misc", "misc_set"}


def _without_grants(group: Resource, parameters: Value) -> Iterator[Hit]:
    """Yield a pgAudit that is not loaded, or that records neither grants nor definitions."""
    known = parameters if isinstance(parameters, dict) else {}
    value, libraries = known.get("pgaudit.log"), known.get("shared_preload_libraries")
    if not isinstance(value, str) or isinstance(value, Partial):
        return
    classes = {part.strip().lower() for part in value.split(",")}
    if classes <= _KNOWN_CLASSES and not classes >= _CLASSES:
        missing = ", ".join(sorted(_CLASSES - classes))
        yield hit(group, "Parameters.pgaudit.log", f"it is {value}, without {missing}")
    loaded = str(libraries) if isinstance(libraries, str) else "pgaudit"
    if "pgaudit" not in loaded:
        path = "Parameters.shared_preload_libraries"
        yield hit(group, path, f"it is {loaded}: pgaudit.log has no effect")


def _why(name: str, value: Value) -> str:
    """Return what a setting keeps out of the audit log; nothing if it keeps nothing out."""
    text = str(value).lower()
    if name == "SERVER_AUDIT_LOGGING" and text in ("off", "0"):
        return "nobody is in the audit log"
    if name == "init_connect" and "server_audit" in text:
        return "it changes the audit log at every login"
    return _WHOM.get(name, "")
