"""Templates for those who deploy templates, not apps: ``make template`` writes ``build/portable``.

A profile is synthesized once, under a suffix that stands for every other; wherever it stands in the
template, the parameter ``EnvironmentSuffix`` takes its place.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from pci_constructs.alarms import many_connections
from pci_constructs.names import longest_suffix
from pcistack.naming import SUFFIX
from stacks.environment import Environment, load_environment
from stacks.portable.parameters import CAPACITIES, NUMBERS, SERVICE, Number, texts

TARGET: Final = Path(__file__).resolve().parents[2] / "build" / "portable"
PROFILES: Final[Mapping[str, str]] = {"ephemeral": "pr1", "production": "prod"}
"""Suffix by profile, whose environment file decides what no parameter does."""

STAND_IN: Final = "x0suffix0x"
_MAP: Final = "DatabaseConnections"

Node: TypeAlias = Any
"""A part of a template as JSON parses it."""


def write(target: Path = TARGET) -> list[Path]:
    """Write the template of each profile, and the functions beside them.

    Args:
        target: The folder; what was in it is removed.

    Returns:
        The templates.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    written = []
    for profile, suffix in PROFILES.items():
        environment = load_environment(suffix).model_copy(update={"suffix": STAND_IN})
        with tempfile.TemporaryDirectory() as folder:
            assembly = Path(folder)
            body = portable(_synthesized(environment, assembly), environment, profile)
            _place_functions(body, assembly, target / "functions")
        path = target / f"{profile}.template.json"
        path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _synthesized(environment: Environment, folder: Path) -> dict[str, Node]:
    from stacks.app import build_app  # starts Node

    build_app([environment], outdir=str(folder)).synth()
    path = folder / f"{environment.names.stack}.template.json"
    text = path.read_text(encoding="utf-8")
    # Some logical ids of the CDK have the stack's name in them, without its hyphen.
    text = text.replace(environment.names.stack.replace("-", ""), "")
    return cast("dict[str, Node]", json.loads(text))


def portable(body: Mapping[str, Node], environment: Environment, profile: str) -> dict[str, Node]:
    """Return a template with parameters in the place of what an environment decides.

    Args:
        body: The template of an environment with the suffix :data:`STAND_IN`.
        environment: The environment.
        profile: The name of its profile.
    """
    named = texts(environment, _image(body["Resources"]))
    references = {text: {"Ref": name} for text, (name, _) in named.items()}
    resources = {
        key: _with_parameters(resource, references)
        for key, resource in body["Resources"].items()
        if resource["Type"] != "AWS::CDK::Metadata"
    }
    parameters: dict[str, Node] = {
        "EnvironmentSuffix": {
            "Type": "String",
            "Description": "Part of every name, tag and export, such as pr42",
            "AllowedPattern": SUFFIX.pattern,
            "MaxLength": longest_suffix(),
            "ConstraintDescription": "lower-case letters, digits, single hyphens; a letter first",
        },
        **dict(named.values()),
    }
    for number in NUMBERS:
        default = _take(resources, number)
        if default is not None:
            parameters[number.name] = number.parameter(default)
    _follow_capacity(resources)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"PCI DSS transaction processing, {profile}, for {environment.region}",
        "Parameters": parameters,
        "Mappings": {_MAP: {str(size): {"Most": many_connections(size)} for size in CAPACITIES}},
        "Rules": {
            "Region": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, environment.region]},
                        "AssertDescription": f"It was made and checked for {environment.region}",
                    }
                ]
            }
        },
        "Resources": resources,
        "Outputs": _with_parameters(body["Outputs"], references),
    }


def _image(resources: Mapping[str, Node]) -> str:
    """Return the image of the service."""
    task = next(
        resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::ECS::TaskDefinition" and name.startswith(SERVICE)
    )
    return str(task["ContainerDefinitions"][0]["Image"])


def _with_parameters(node: Node, references: Mapping[str, Node]) -> Node:
    """Return a part of the template with references in the place of texts."""
    if isinstance(node, str):
        return references.get(node) or _with_suffix(node)
    if isinstance(node, list):
        return [_with_parameters(item, references) for item in node]
    if not isinstance(node, dict):
        return node
    if "Fn::Sub" in node and STAND_IN in json.dumps(node):
        return json.loads(json.dumps(node).replace(STAND_IN, "${EnvironmentSuffix}"))
    return {
        name: _kept(item) if name == "Metadata" else _with_parameters(item, references)
        for name, item in node.items()
        if name != "Metadata" or _kept(item)
    }


def _with_suffix(text: str) -> Node:
    if STAND_IN not in text:
        return text
    if text == STAND_IN:
        return {"Ref": "EnvironmentSuffix"}
    return {"Fn::Sub": text.replace("${", "${!").replace(STAND_IN, "${EnvironmentSuffix}")}


def _kept(metadata: Mapping[str, Node]) -> dict[str, Node]:
    """Return metadata without the CDK's, which names constructs and assets."""
    return {name: item for name, item in metadata.items() if not name.startswith("aws:")}


def _take(resources: Mapping[str, Node], number: Number) -> object:
    """Put the parameter where the number is; return what it was, or None if it is nowhere."""
    default: object = None
    for kind, path in number.places:
        *above, last = path.split(".")
        for key, resource in resources.items():
            if resource["Type"] != kind or not key.startswith(number.of):
                continue
            holder = resource["Properties"]
            for name in above:
                holder = holder[name]
            default = holder[last]
            holder[last] = {"Ref": number.name}
    return default


def _follow_capacity(resources: Mapping[str, Node]) -> None:
    """Let the alarm on connections follow the capacity."""
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if properties.get("MetricName") == "DatabaseConnections":
            reference = {"Ref": "DatabaseMaxCapacity"}
            properties["Threshold"] = {"Fn::FindInMap": [_MAP, reference, "Most"]}


def _place_functions(body: Mapping[str, Node], assembly: Path, target: Path) -> None:
    """Copy the functions beside the template, where ``aws cloudformation package`` finds them."""
    folders = _assets(assembly)
    for name, resource in body["Resources"].items():
        if resource["Type"] != "AWS::Lambda::Function" or "S3Key" not in (
            code := resource["Properties"]["Code"]
        ):
            continue
        key = code["S3Key"]
        written = key if isinstance(key, str) else key["Fn::Sub"]
        place = target / name
        if not place.exists():
            shutil.copytree(folders[written.rpartition("/")[2]], place)
        resource["Properties"]["Code"] = f"functions/{name}"
        metadata = resource.setdefault("Metadata", {})
        metadata["cfn-lint"] = {"config": {"ignore_checks": ["W3002"]}}  # it is to be packaged


def _assets(assembly: Path) -> dict[str, Path]:
    """Return the folder of each asset by the last part of its key."""
    return {
        str(destination["objectKey"]).rpartition("/")[2]: assembly / asset["source"]["path"]
        for manifest in assembly.glob("*.assets.json")
        for asset in json.loads(manifest.read_text(encoding="utf-8"))["files"].values()
        for destination in asset["destinations"].values()
    }
