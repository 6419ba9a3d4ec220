"""What resources of the Serverless Application Model become, as far as their own properties say.

Functions, state machines, their roles and addresses, APIs and tables: what the transform does with
the properties that a template writes. Of ``Events`` the API that they imply is known, of connectors
that they add to roles; what else becomes of them, and of other types, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pcistack.template.document import SAM, Json, Template
from pcistack.template.serverless_resources import MAKERS, OPEN_POLICY, Body

WAS: Final = "pcistack:serverless"
"""Key of an expanded resource that holds the type that the template wrote."""
MADE: Final = "pcistack:made-by"
"""Key of a resource that the transform adds; holds the logical id that it comes from."""
_KEPT: Final = (
    "Condition",
    "Connectors",
    "DependsOn",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A template whose serverless resources are what they become.

    Attributes:
        template: The template; the resources that keep their name are written as before.
        origins: For each resource that the transform adds, the one that it comes from and the
            property there.
    """

    template: Template
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def expanded(template: Template) -> Expanded:
    """Return a template with its serverless resources expanded; itself if it has none."""
    if SAM not in template.transforms:
        return Expanded(template)
    resources: dict[str, Json] = {}
    origins: dict[str, tuple[str, str]] = {}
    written = template.section("Resources")
    for name, raw in written.items():
        make = MAKERS.get(raw.get("Type")) if isinstance(raw, dict) else None  # type: ignore[arg-type]
        if make is None or not isinstance(raw, dict):
            resources[name] = raw
            continue
        kept = {key: value for key, value in raw.items() if key in _KEPT}
        properties = _with_globals(template, str(raw["Type"]), raw.get("Properties"))
        for made in make(name, properties):
            of: Body = {WAS: raw["Type"]} if made.name == name else {MADE: name}
            resources[made.name] = {
                **kept,
                **of,
                "Type": made.type,
                "Properties": made.properties,
            }
            if made.name != name:
                origins[made.name] = (name, made.of)
    for name, kind, origin in _implied(template):
        if name not in written and name not in origins:
            for made in MAKERS[kind](name, _with_globals(template, kind, {"StageName": "Prod"})):
                resources[made.name] = {
                    MADE: origin[0],
                    "Type": made.type,
                    "Properties": made.properties,
                }
                origins[made.name] = origin
    _open_roles(resources, _connected(written))
    body = {**template.body, "Resources": resources}
    return Expanded(Template(body, template.path), origins)


_IMPLIED: Final = {
    "Api": ("ServerlessRestApi", "AWS::Serverless::Api", "RestApiId"),
    "HttpApi": ("ServerlessHttpApi", "AWS::Serverless::HttpApi", "ApiId"),
}


def _implied(template: Template) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Yield the APIs that events ask for without naming one: name, type, and where they do."""
    for function, raw in template.section("Resources").items():
        if not isinstance(raw, dict) or raw.get("Type") != "AWS::Serverless::Function":
            continue
        properties = _with_globals(template, "AWS::Serverless::Function", raw.get("Properties"))
        events = properties.get("Events")
        for event, asked in events.items() if isinstance(events, dict) else ():
            kind = asked.get("Type") if isinstance(asked, dict) else None
            if not isinstance(asked, dict) or kind not in _IMPLIED:
                continue
            name, api, key = _IMPLIED[str(kind)]
            own = asked.get("Properties")
            if not isinstance(own, dict) or key not in own:
                yield name, api, (function, f"Events.{event}")


def _connected(resources: Mapping[str, Json]) -> frozenset[str]:
    """Return the logical ids at the ends of connectors, which give roles further permissions."""
    found: set[str] = set()
    for name, raw in resources.items():
        if not isinstance(raw, dict):
            continue
        ends = [raw.get("Properties")] if raw.get("Type") == "AWS::Serverless::Connector" else []
        inside = raw.get("Connectors")
        for connector in inside.values() if isinstance(inside, dict) else ():
            found.add(name)
            ends.append(connector.get("Properties") if isinstance(connector, dict) else None)
        for end in ends:
            for side in (
                (end.get("Source"), end.get("Destination")) if isinstance(end, dict) else ()
            ):
                for one in side if isinstance(side, list) else [side]:
                    if isinstance(one, dict) and isinstance(one.get("Id"), str):
                        found.add(str(one["Id"]))
    return frozenset(found)


def _open_roles(resources: dict[str, Json], connected: frozenset[str]) -> None:
    """Let the roles of what connectors connect have a policy that is not known."""
    for name in connected:
        role = _role_of(resources.get(name))
        body = resources.get(role or "")
        if role is None or not isinstance(body, dict):
            continue
        properties = body.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        given = properties.get("Policies") or []
        if isinstance(given, list) and OPEN_POLICY not in given:
            open_role: Body = {**properties, "Policies": [*given, OPEN_POLICY]}
            resources[role] = {**body, "Properties": open_role}


def _role_of(resource: Json) -> str | None:
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict):
        return None
    role = properties.get("Role") or properties.get("RoleArn")
    named = role.get("Fn::GetAtt") if isinstance(role, dict) else None
    first = named[0] if isinstance(named, list) and named else named
    return first.partition(".")[0] if isinstance(first, str) else None


def _with_globals(template: Template, kind: str, own: Json) -> Body:
    shared = template.section("Globals").get(kind.rpartition("::")[2])
    merged = _merged(shared, own) if isinstance(shared, dict) else own
    return merged if isinstance(merged, dict) else {}


def _merged(shared: Json, own: Json) -> Json:
    """Return what a resource and the globals say together: lists follow, the resource wins."""
    if isinstance(shared, dict) and isinstance(own, dict):
        if any(key == "Ref" or key.startswith("Fn::") for key in (*shared, *own)):
            return own
        return {
            **shared,
            **{k: _merged(shared[k], v) if k in shared else v for k, v in own.items()},
        }
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return shared if own is None else own
