"""Parts of a stack, for a promise that is not about the rest: a whole one takes a second."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from pcistack.rehearsal.assembly import TemplateBody


def without_functions(template: TemplateBody) -> None:
    """Leave out what runs, with whatever refers to it."""
    _leave_out(template, "AWS::Lambda::", "Custom::")


def without_users(template: TemplateBody) -> None:
    """Leave out the database's users and their rotation, for which a server starts."""
    _leave_out(template, "Custom::DatabaseUsers", "AWS::SecretsManager::RotationSchedule")


def _leave_out(template: TemplateBody, *kinds: str) -> None:
    resources = template["Resources"]
    gone = {name for name, resource in resources.items() if resource["Type"].startswith(kinds)}
    while more := {name for name in resources.keys() - gone if needs(template, name) & gone}:
        gone |= more
    _keep(template, set(resources) - gone)


def only(*kinds: str) -> Callable[[TemplateBody], None]:
    """Leave out everything but resources of these types, and what they refer to."""

    def edit(template: TemplateBody) -> None:
        resources = template["Resources"]
        kept = {name for name, resource in resources.items() if resource["Type"] in kinds}
        while more := {other for name in kept for other in needs(template, name)} - kept:
            kept |= more
        _keep(template, kept)

    return edit


def needs(template: TemplateBody, name: str) -> set[str]:
    """Logical ids that a resource refers to; those that it only waits for are no part of it."""
    resource = {**template["Resources"][name], "DependsOn": []}
    return _named(resource, template["Resources"]) - {name}


def _named(value: object, resources: Iterable[str]) -> set[str]:
    text = json.dumps(value)
    return {name for name in resources if f'"{name}"' in text or f"${{{name}" in text}


def _keep(template: TemplateBody, names: set[str]) -> None:
    resources = template["Resources"]
    template["Resources"] = {name: resources[name] for name in resources if name in names}
    for resource in template["Resources"].values():
        needed = resource.get("DependsOn", [])
        needed = [needed] if isinstance(needed, str) else needed
        resource["DependsOn"] = [name for name in needed if name in names]
    outputs = template.get("Outputs", {})
    template["Outputs"] = {
        name: outputs[name] for name in outputs if not _named(outputs[name], resources) - names
    }
