"""Tags: keys and values that AWS takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, text
from pcistack.template.view import Resource, Value

_MOST: Final = 50


@rule(
    "DEPLOY-TAG",
    "A tag that AWS refuses",
    types=(ANY,),
    severity=Severity.FATAL,
    source="AWS Resource Groups Tagging user guide: Tag naming limits and requirements",
)
def tag_rule(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        if not resource.type.startswith("AWS::"):
            continue
        seen: set[str] = set()
        count = 0
        for path, key, value in _tags(resource):
            count += 1
            if key is not None and key in seen:
                yield hit(resource, path, f"a second tag has the key {key}", "give each key once")
            seen.add(key or "")
            yield from _tag(resource, path, key, value)
        if count > _MOST:
            yield hit(resource, "Tags", f"{count} tags; a resource takes {_MOST}", f"keep {_MOST}")


def _tag(resource: Resource, path: str, key: str | None, value: Value) -> Iterator[Hit]:
    if key is not None and (key.lower().startswith("aws:") or not 1 <= len(key) <= 128):
        yield hit(
            resource,
            path,
            f"{key!r} begins with aws:, which is AWS's own"
            if key.lower().startswith("aws:")
            else f"the key of a tag has 1 to 128 characters, this one {len(key)}",
            "choose another key",
        )
    known = text(value)
    if known is not None and len(known) > 256:
        yield hit(
            resource,
            path,
            f"the value of the tag {key} has {len(known)} characters; AWS takes 256",
            "shorten it",
        )


def _tags(resource: Resource) -> Iterator[tuple[str, str | None, Value]]:
    """Yield each tag as (path, key, value), from a list of pairs or from an object."""
    tags = resource.get("Tags")
    if isinstance(tags, dict):
        for key, value in tags.items():
            yield f"Tags.{key}", key, value
    elif isinstance(tags, list):
        for index, item in enumerate(tags):
            pair = fields(item)
            if "Key" in pair:
                yield f"Tags.{index}.Key", text(pair.get("Key")), pair.get("Value")
