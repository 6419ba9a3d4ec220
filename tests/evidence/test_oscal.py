"""The OSCAL document validates against the published model and is the same for the same input."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from pcistack.evidence.files import content
from pcistack.evidence.oscal import OSCAL_VERSION
from pcistack.pci_dss.requirements import REQUIREMENTS
from tests.evidence import sample
from tests.evidence.conftest import Gather


def _document(gathered: Gather, change: Any = None) -> dict[str, Any]:  # noqa: ANN401 - JSON
    text = content(gathered(change), "oscal-component-definition.json")
    document: dict[str, Any] = json.loads(text)["component-definition"]
    return document


def _validate(document: dict[str, Any]) -> None:
    """Validate with classes that are generated from NIST's OSCAL schema and allow nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, at import
        from trestle.oscal.component import ComponentDefinition
    ComponentDefinition.model_validate(document)


def test_the_document_validates_against_the_published_schema(gathered: Gather) -> None:
    _validate(_document(gathered))


def test_the_schema_is_of_the_version_that_the_document_claims() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trestle.oscal import OSCAL_VERSION as PUBLISHED
    assert PUBLISHED == OSCAL_VERSION


@pytest.mark.parametrize("broken", ["uuid", "metadata", "extra"])
def test_the_validation_notices_a_broken_document(gathered: Gather, broken: str) -> None:
    document = _document(gathered)
    if broken == "extra":
        document["invented"] = 1
    else:
        del document[broken]
    with pytest.raises(ValueError, match=broken if broken != "extra" else "invented"):
        _validate(document)


def test_odd_text_in_a_template_still_validates(gathered: Gather) -> None:
    def spoil(resources: dict[str, sample.Body]) -> None:
        resources["Cluster"]["Properties"]["EngineVersion"] = "8.0\n  <b>&"
        resources["Vpc"]["Properties"]["CidrBlock"] = " spaced "
        resources["AlbGroup"]["Metadata"]["aws:cdk:path"] = "PciDss-prod/ \t/Resource"

    _validate(_document(gathered, spoil))


def test_every_requirement_is_implemented_once_by_the_stack(gathered: Gather) -> None:
    stack = _document(gathered)["components"][0]
    (implementation,) = stack["control-implementations"]
    ids = [item["control-id"] for item in implementation["implemented-requirements"]]
    assert sorted(ids) == sorted(f"pci-dss-{item.number}" for item in REQUIREMENTS)


def test_ids_are_unique_and_follow_from_the_content(gathered: Gather) -> None:
    def ids(node: Any) -> list[str]:  # noqa: ANN401 - JSON
        if isinstance(node, dict):
            own = [node["uuid"]] if "uuid" in node else []
            return own + [found for value in node.values() for found in ids(value)]
        return [found for item in node for found in ids(item)] if isinstance(node, list) else []

    first, second = ids(_document(gathered)), ids(_document(gathered))
    assert first == second
    assert len(first) == len(set(first))
