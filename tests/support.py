"""Synthesized templates shared between tests, and short ways to look into them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from fcntl import LOCK_EX, flock
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from stacks.consistency import mistakes
from stacks.environment import Environment, load_environment

if TYPE_CHECKING:
    from aws_cdk import App

SHIPPED = ("dev", "prod", "first-correction", "pr42")
"""Every shipped configuration: three files, and a suffix that uses the ephemeral one."""

PRIVATE_IMAGE = "111111111111.dkr.ecr.eu-central-2.amazonaws.com/team/app:1.2"
ENDPOINTS: dict[str, dict[str, object]] = {
    "network": {"egress": "endpoints", "nat_gateways": 0},
    "service": {"image": PRIVATE_IMAGE},
}
CERTIFICATE = "arn:aws:acm:eu-central-2:111111111111:certificate/x"
ZONE: dict[str, dict[str, object]] = {
    "ingress": {
        "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
        "hosted_zone_name": "example.com",
        "domain_name": "pay.example.com",
    }
}
APART: dict[str, dict[str, object]] = {
    "network": {"cidr": "10.9.0.0/20"},
    "service": {
        "container_port": 9000,
        "image": f"111111111111.dkr.ecr.eu-central-2.amazonaws.com/app@sha256:{'0' * 64}",
    },
    "database": {"readers": 1},
    "monitoring": {"emails": ["security@example.com"]},
    "protection": {"permissions_boundary": "pcistack-pull-requests"},
}
"""Ways to configure the stack that no shipped file shows; the last has nothing but settings that
do not act on each other, for tests that look at one of them."""

Body: TypeAlias = "Mapping[str, object]"


class Synthesized:
    """A template, which may be made when it is first looked into."""

    def __init__(self, body: Body | Callable[[], Body]) -> None:
        self._body = body

    @cached_property
    def body(self) -> Body:
        """The template."""
        return self._body() if callable(self._body) else self._body

    @cached_property
    def resources(self) -> dict[str, dict[str, object]]:
        """Its resources by logical id."""
        return cast("dict[str, dict[str, object]]", self.body["Resources"])

    def ids(self, kind: str) -> list[str]:
        return [key for key, value in self.resources.items() if value["Type"] == kind]

    def all(self, kind: str) -> list[dict[str, object]]:
        """Properties of every resource of a type."""
        return [self.properties(key) for key in self.ids(kind)]

    def one(self, kind: str) -> dict[str, object]:
        """Properties of the only resource of a type."""
        (only,) = self.all(kind)
        return only

    def properties(self, logical_id: str) -> dict[str, object]:
        return cast("dict[str, object]", self.resources[logical_id].get("Properties", {}))

    def named(self, part: str, kind: str) -> dict[str, object]:
        """Properties of the only resource of a type whose construct path contains a text."""
        (only,) = [key for key in self.ids(kind) if part in self.path(key)]
        return self.properties(only)

    def path(self, logical_id: str) -> str:
        metadata = cast("dict[str, str]", self.resources[logical_id].get("Metadata", {}))
        return metadata.get("aws:cdk:path", "")


def environment(**changes: Mapping[str, object]) -> Environment:
    """The ``dev`` environment with some tables changed."""
    values = load_environment("dev").model_dump()
    for table, settings in changes.items():
        values[table] = {**(values[table] or {}), **settings}
    changed = Environment.model_validate(values)
    assert not [str(mistake) for mistake in mistakes(changed)]
    return changed


SYNTHESIZED = "PCISTACK_TESTS_SYNTHESIZED"
"""Environment variable: the folder that all workers of one run keep their cloud assemblies in."""


def assembly(chosen: Environment) -> Path:
    """Folder of the cloud assembly of an environment, for reading only.

    Whichever worker asks first synthesizes it; nobody does so again in the same run.
    """
    values = chosen.model_dump_json().encode()
    folder = Path(os.environ[SYNTHESIZED]) / hashlib.sha256(values).hexdigest()[:16]
    with folder.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not (folder / "manifest.json").is_file():  # written last
            from stacks.app import build_app  # starts Node

            _lend_assets(folder)
            _apps[folder] = build_app([chosen], outdir=str(folder))
            _apps[folder].synth()
    return folder


_apps: dict[Path, App] = {}
"""The apps that this worker has synthesized, for what looks at constructs."""


def app(chosen: Environment) -> App:
    """The app of an environment, for looking at only."""
    folder = assembly(chosen)
    if folder not in _apps:  # another worker synthesized it
        from stacks.app import build_app

        _apps[folder] = build_app([chosen])
    return _apps[folder]


def _lend_assets(folder: Path) -> None:
    """Link what an assembly has already; the CDK copies no asset that is there.

    Copying costs a fifth of a synthesis. Each assembly has the assets of the one before it.
    """
    finished = folder.parent.glob("*/manifest.json")
    latest = max(finished, key=lambda path: path.stat().st_mtime_ns, default=None)
    folder.mkdir(exist_ok=True)
    if latest:
        for asset in latest.parent.glob("asset.*"):
            if not (folder / asset.name).exists():  # of an attempt that failed
                (folder / asset.name).symlink_to(asset.resolve())


def synthesize(chosen: Environment) -> Synthesized:
    """The template of an environment."""
    path = assembly(chosen) / f"{chosen.names.stack}.template.json"
    return Synthesized(cast("Body", json.loads(path.read_text())))


@cache
def template(suffix: str) -> Synthesized:
    """The template of a shipped environment, synthesized once, when a test looks into it."""
    return Synthesized(lambda: synthesize(load_environment(suffix)).body)


@cache
def _variant(changes: str) -> Synthesized:
    values: dict[str, Mapping[str, object]] = json.loads(changes)
    return Synthesized(lambda: synthesize(environment(**values)).body)


def variant(**changes: Mapping[str, object]) -> Synthesized:
    """The template of ``dev`` with some settings changed, synthesized when a test looks into it."""
    return _variant(json.dumps(changes, sort_keys=True))


def copied(body: Body) -> dict[str, Any]:
    """A copy of a template to change, which costs a tenth of ``copy.deepcopy``."""
    copy: dict[str, Any] = json.loads(json.dumps(body))
    return copy


def target(value: object) -> str:
    """Logical id that a ``Ref`` or ``Fn::GetAtt`` points to."""
    assert isinstance(value, dict), value
    if "Ref" in value:
        return str(value["Ref"])
    return str(value["Fn::GetAtt"][0])


def waits_for(synthesized: Synthesized, logical_id: str) -> set[str]:
    """Everything that CloudFormation makes before a resource: by DependsOn or by reference."""
    found: set[str] = set()
    waiting = [logical_id]
    while waiting:
        for other in _neighbours(synthesized, waiting.pop()) - found:
            found.add(other)
            waiting.append(other)
    return found


def _neighbours(synthesized: Synthesized, logical_id: str) -> set[str]:
    resource = synthesized.resources[logical_id]
    named = {str(key) for key in listed(resource.get("DependsOn", []))}
    return (named | set(references(resource))) & set(synthesized.resources)


def references(node: object) -> Iterator[str]:
    """Logical id of every ``Ref`` and ``Fn::GetAtt`` inside a value."""
    if isinstance(node, dict):
        if "Ref" in node:
            yield str(node["Ref"])
        if "Fn::GetAtt" in node:
            yield str(listed(node["Fn::GetAtt"])[0]).partition(".")[0]
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def statements(policy: object) -> list[dict[str, object]]:
    assert isinstance(policy, dict)
    return cast("list[dict[str, object]]", policy["Statement"])


def listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def leaves(value: object) -> Iterator[object]:
    """Every leaf of a document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def text(value: object) -> str:
    """A string or ``Fn::Join`` as one text; references stand as ``${LogicalId}``."""
    if isinstance(value, dict) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text(part) for part in parts)
    return f"${{{target(value)}}}" if isinstance(value, dict) else str(value)
