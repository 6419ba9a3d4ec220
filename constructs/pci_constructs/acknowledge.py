"""The one way to accept a finding: beside its resource, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, cast

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import IConstruct

METADATA_KEY: Final = "pcistack:acknowledged"
"""Where the acknowledgement travels in the template, so that a check of the template sees it."""


def acknowledge(
    construct: IConstruct, findings: Mapping[str, str], *, until: date | None = None
) -> None:
    """Accept findings on one construct and what is below it.

    Args:
        construct: The narrowest construct that has the finding; never a stack.
        findings: Reason by rule id. A reason must convince an assessor.
        until: Last day the acceptance holds; None means that it does not end.
    """
    entries = [
        {"rule": rule, "reason": reason} | ({"until": until.isoformat()} if until else {})
        for rule, reason in findings.items()
    ]
    for rule, reason in findings.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
    for child in construct.node.find_all():
        if CfnResource.is_cfn_resource(child):
            resource = cast("CfnResource", child)
            earlier = cast("list[dict[str, str]] | None", resource.get_metadata(METADATA_KEY))
            resource.add_metadata(METADATA_KEY, [*(earlier or []), *entries])
