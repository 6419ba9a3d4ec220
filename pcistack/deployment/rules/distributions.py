"""Distributions of CloudFront: origins, behaviors and their methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, repeated, text, texts
from pcistack.template.view import Resource, Value

_DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
_ALL: Final = "DistributionConfig"
_METHODS: Final = (
    frozenset({"GET", "HEAD"}),
    frozenset({"GET", "HEAD", "OPTIONS"}),
    frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}),
)


@rule(
    "DEPLOY-DISTRIBUTION",
    "An origin or a behavior that CloudFront refuses",
    types=(_DISTRIBUTION,),
    severity=Severity.FATAL,
    source="CloudFront API reference: CreateDistribution (NoSuchOrigin, InvalidArgument), "
    "AllowedMethods",
)
def distribution_rule(context: Context) -> Iterator[Hit]:
    for one in () if context.has_macro else context.of_type(_DISTRIBUTION):
        origins = list(objects(one, f"{_ALL}.Origins"))
        ids = [text(origin.get("Id")) for _, origin in origins]
        yield from _twice(one, f"{_ALL}.Origins", "Id")
        groups = [
            text(fields(group).get("Id")) for group in one.items(f"{_ALL}.OriginGroups.Items")
        ]
        whole = (
            bool(origins)
            and None not in (*ids, *groups)
            and len(origins) == len(one.items(f"{_ALL}.Origins"))
            and not one.is_unknown(f"{_ALL}.OriginGroups")
        )
        behaviors = list(objects(one, f"{_ALL}.CacheBehaviors"))
        yield from _twice(one, f"{_ALL}.CacheBehaviors", "PathPattern")
        default = one.get(f"{_ALL}.DefaultCacheBehavior")
        for path, behavior in (
            (f"{_ALL}.DefaultCacheBehavior", fields(default)),
            *behaviors,
        ):
            goal = text(behavior.get("TargetOriginId"))
            if whole and goal is not None and goal not in (*ids, *groups):
                yield hit(
                    one,
                    f"{path}.TargetOriginId",
                    f"there is no origin {goal}; there are {', '.join(map(str, ids + groups))}",
                    "name the Id of an origin",
                )
            yield from _methods(one, f"{path}.AllowedMethods", behavior.get("AllowedMethods"))


def _twice(one: Resource, place: str, key: str) -> Iterator[Hit]:
    for path, name in repeated(texts(one, place, key)):
        yield hit(one, path, f"two have the {key} {name}", f"give each a {key} of its own")


def _methods(one: Resource, path: str, value: Value) -> Iterator[Hit]:
    given = {text(item) for item in listed(value)}
    if not given or None in given or is_open(value) or given in _METHODS:
        return
    yield hit(
        one,
        path,
        f"{', '.join(sorted(map(str, given)))}: CloudFront takes GET and HEAD, these with "
        "OPTIONS, or all seven methods",
        "write [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]",
    )
