"""The one way to accept a finding: beside its resource, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, cast

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from constructs import IConstruct

from pcistack.packs import bare, qualified

METADATA_KEY: Final = "pcistack:acknowledged"
"""Where the acknowledgement travels in the template, so that a check of the template sees it."""


def acknowledge(
    construct: IConstruct, findings: Mapping[str, str], *, until: date | None = None
) -> None:
    """Accept findings on one resource, beside those that are accepted on it already.

    Args:
        construct: The resource that has the finding, or the construct whose main resource it is.
        findings: Reason by rule id, also as reports print it (``Pack::ID``). A reason must
            convince an assessor. Each covers the first place that the rule finds on the resource;
            ``<rule> at <property>``, such as ``... at SecurityGroupEgress.1``, names another one.
        until: Last day the acceptance holds; None means that it does not end.

    Raises:
        TypeError: The construct has no main resource; name the resource itself.
    """
    resource = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError(f"{construct.node.path} is no resource; acknowledge on the resource itself")
    Validations.of(resource).acknowledge(
        *(
            Acknowledgment(id=_qualified(_split(named)[0]), reason=reason)
            for named, reason in findings.items()
        )
    )
    present = cast("list[dict[str, str]] | None", resource.get_metadata(METADATA_KEY)) or []
    entries = {(entry["rule"], entry.get("property", "")): entry for entry in present}
    for named, reason in findings.items():
        rule, path = _split(named)
        entries.pop((rule, path), None)
        entries[rule, path] = (
            {"rule": rule, "reason": reason}
            | ({"property": path} if path else {})
            | ({"until": until.isoformat()} if until else {})
        )
    resource.add_metadata(METADATA_KEY, list(entries.values()))


def in_finding(construct: IConstruct, value: str) -> str:
    """Return a text that may hold tokens as the ids of cdk-nag's findings write it."""
    return _written(Stack.of(construct).resolve(value))


def _written(value: object) -> str:
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(_written, parts))
        case _:
            return str(value)


def _split(named: str) -> tuple[str, str]:
    """Return the bare id of a rule and the property; empty for the first place."""
    rule, _, path = named.partition(" at ")
    return bare(rule.strip()), path.strip()


def _qualified(rule: str) -> str:
    """Return the id under which the rule's plugin asks for the acknowledgement."""
    if rule.startswith(("AwsSolutions-", "PCI.DSS.321-")):
        return rule  # cdk-nag takes the bare id only
    return qualified(rule)
