"""The evidence as an OSCAL component definition, for tools that read compliance as data.

Model: NIST OSCAL 1.2, component definition, JSON. Every id is derived from what it names and the
timestamp is the one of the mapping, so the same input gives the same bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from pcistack.evidence import explanations
from pcistack.evidence.gather import Evidence
from pcistack.evidence.standing import RequirementEvidence
from pcistack.template.document import Json

OSCAL_VERSION: Final = "1.2.1"
NAMESPACE: Final = "https://docs.aws.amazon.com/AWSCloudFormation"
"""Whose names the properties have: CloudFormation's own resource types and property paths."""
STANDARD: Final = "https://www.pcisecuritystandards.org/document_library/?document=pci_dss"
MAPPED: Final = "2026-11-24T00:00:00Z"
"""When the mapping from settings to requirements last changed; not when a file was written."""

_ROOT: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pcistack:evidence")


def component_definition(evidence: Evidence) -> Json:
    """Return the OSCAL document: the stack, and every resource that supports a requirement."""
    stack = evidence.stack
    components: list[Json] = [_stack_component(evidence)]
    components += _resource_components(evidence)
    return {
        "component-definition": {
            "uuid": _id(evidence, "definition"),
            "metadata": {
                "title": explanations.OSCAL_TITLE.format(stack),
                "last-modified": MAPPED,
                "version": evidence.judgement.sha256,
                "oscal-version": OSCAL_VERSION,
                "props": [
                    _prop("region", evidence.region or "none"),
                    _prop("template-sha256", evidence.judgement.sha256),
                ],
                "remarks": explanations.OSCAL_REMARKS,
            },
            "components": components,
            "back-matter": {
                "resources": [
                    {
                        "uuid": _id(evidence, "template"),
                        "title": f"{stack}.template.json",
                        "description": explanations.OSCAL_TEMPLATE,
                        "rlinks": [
                            {
                                "href": f"{stack}.template.json",
                                "media-type": "application/json",
                                "hashes": [
                                    {"algorithm": "SHA-256", "value": evidence.judgement.sha256}
                                ],
                            }
                        ],
                    }
                ]
            },
        }
    }


def control_id(number: str) -> str:
    """Return the token that stands for a requirement; a token cannot start with a digit."""
    return f"pci-dss-{number}"


def _id(evidence: Evidence, *parts: str) -> str:
    return str(uuid.uuid5(_ROOT, "/".join((evidence.stack, *parts))))


def _prop(name: str, value: str, remarks: str = "") -> Json:
    """Make a property; OSCAL wants its value to be one line without space around it."""
    prop: dict[str, Json] = {
        "name": name,
        "ns": NAMESPACE,
        "value": " ".join(value.split()) or "none",
    }
    if remarks:
        prop["remarks"] = remarks
    return prop


def _stack_component(evidence: Evidence) -> Json:
    return {
        "uuid": _id(evidence, "stack"),
        "type": "software",
        "title": evidence.stack,
        "description": explanations.OSCAL_STACK.format(evidence.environment),
        "control-implementations": [
            {
                "uuid": _id(evidence, "stack", "implementation"),
                "source": STANDARD,
                "description": explanations.OSCAL_AS_A_WHOLE,
                "implemented-requirements": [
                    _implemented(evidence, requirement) for requirement in evidence.requirements
                ],
            }
        ],
    }


def _implemented(evidence: Evidence, requirement: RequirementEvidence) -> Json:
    props = [_prop("standing", requirement.standing)]
    props += [_prop("rule", rule) for rule in requirement.rules]
    props += [_prop("security-hub-control", control) for control in requirement.controls]
    props += [_prop("open-finding", found.rule, found.message) for found in requirement.open]
    props += [
        _prop("acknowledged", entry.rule, f"{', '.join(entry.resources)}: {entry.reason}")
        for entry in requirement.acknowledged
    ]
    implemented: dict[str, Json] = {
        "uuid": _id(evidence, "stack", requirement.number),
        "control-id": control_id(requirement.number),
        "description": f"{requirement.title}. {requirement.why}",
        "props": props,
    }
    if requirement.yours:
        implemented["remarks"] = explanations.OSCAL_YOURS.format(requirement.yours)
    return implemented


def _resource_components(evidence: Evidence) -> Iterator[Json]:
    supported: dict[str, dict[str, list[Json]]] = {}
    for requirement in evidence.requirements:
        for setting in requirement.settings:
            for resource in setting.resources:
                supported.setdefault(resource, {}).setdefault(requirement.number, []).append(
                    _prop("setting", setting.property, setting.value)
                )
    names = evidence.names
    for resource in sorted(supported):
        kind = evidence.view.resources[resource].type
        yield {
            "uuid": _id(evidence, "resource", resource),
            "type": "service",
            "title": names[resource],
            "description": explanations.OSCAL_RESOURCE.format(kind, resource),
            "props": [_prop("resource-type", kind), _prop("logical-id", resource)],
            "control-implementations": [
                {
                    "uuid": _id(evidence, "resource", resource, "implementation"),
                    "source": STANDARD,
                    "description": explanations.OSCAL_SETTINGS,
                    "implemented-requirements": [
                        {
                            "uuid": _id(evidence, "resource", resource, number),
                            "control-id": control_id(number),
                            "description": explanations.OSCAL_BELOW,
                            "props": list(settings),
                        }
                        for number, settings in supported[resource].items()
                    ],
                }
            ],
        }
