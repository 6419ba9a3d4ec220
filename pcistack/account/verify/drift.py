"""Which settings that support a requirement are no longer as the template has them.

CloudFormation's own drift detection compares, so that every type is compared as its service does;
what no requirement speaks of is left out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from pcistack.account.aws import AwsError, Call, Item, objects, text
from pcistack.account.verify.deployed import Deployed
from pcistack.pci_dss.settings_table import TABLE
from pcistack.verified import Drift

_MOST_RESOURCES: Final = 200
"""CloudFormation's limit for the resources named in one detection."""
_PAGE: Final = 100
_EVERY_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 900.0
_NOT_COMPARED: Final = frozenset(
    {
        "AWS::IAM::Policy",  # CloudFormation cannot read it
        "AWS::SecretsManager::Secret",  # to compare one CloudFormation reads its value
    }
)
_GONE: Final = "DELETED"
_STEP: Final = re.compile(r"\[[^\]]*\]|(?:^|\.)(?:\*|\d+)(?=\.|$)")


def drift(stack: Deployed, *, pause: Callable[[float], None] = time.sleep) -> list[Drift]:
    """Let CloudFormation compare, and return what differs.

    Args:
        stack: The stack.
        pause: Waits some seconds between two questions whether the detection is done.

    Raises:
        AwsError: AWS did not answer, or could not compare everything.
    """
    names = watched(stack)
    if not names:
        return []
    asked: dict[str, object] = {"StackName": stack.stack}
    if len(names) <= _MOST_RESOURCES:
        asked["LogicalResourceIds"] = names
    started = stack.aws.items(Call.DETECT_DRIFT, "StackDriftDetectionId", asked)
    _wait(stack, text(started[0], "") if started else "", pause)
    return [item for resource in _differing(stack) for item in _of(stack, resource)]


def watched(stack: Deployed) -> list[str]:
    """Return the logical ids of the resources whose settings support a requirement."""
    return list(stack.of_type(*detectable_types()))


@cache
def detectable_types() -> frozenset[str]:
    """Return the types with a setting that supports a requirement, if they can be compared."""
    kinds = frozenset(kind for kinds in TABLE for kind in kinds if kind.startswith("AWS::"))
    return kinds - _NOT_COMPARED


def _differing(stack: Deployed) -> Iterator[Item]:
    """Yield the resources that differ, over all pages, for which botocore has no paginator."""
    asked: dict[str, object] = {
        "StackName": stack.stack,
        "StackResourceDriftStatusFilters": ["MODIFIED", _GONE],
        "MaxResults": _PAGE,
    }
    while True:
        page = stack.aws.whole(Call.RESOURCE_DRIFTS, asked)
        yield from objects(page, "StackResourceDrifts")
        following = text(page, "NextToken")
        if not following:
            return
        asked["NextToken"] = following


def _wait(stack: Deployed, detection: str, pause: Callable[[float], None]) -> None:
    waited = 0.0
    while True:
        asked = {"StackDriftDetectionId": detection}
        state = stack.aws.whole(Call.DRIFT_STATUS, asked)
        status = text(state, "DetectionStatus")
        if status == "DETECTION_COMPLETE":
            return
        if status != "DETECTION_IN_PROGRESS":
            reason = text(state, "DetectionStatusReason") or "no reason given"
            raise AwsError(f"CloudFormation could not compare everything: {reason}")
        if waited >= _LONGEST_SECONDS:
            raise AwsError(f"CloudFormation still compares after {waited:g} s; verify again later")
        pause(_EVERY_SECONDS)
        waited += _EVERY_SECONDS


def _of(stack: Deployed, resource: Item) -> Iterator[Drift]:
    name, kind = text(resource, "LogicalResourceId"), text(resource, "ResourceType")
    if name not in stack.resources or kind not in detectable_types():
        return
    if text(resource, "StackResourceDriftStatus") == _GONE:
        yield Drift(resource=name, property="", expected="there", found="deleted")
        return
    for difference in objects(resource, "PropertyDifferences"):
        path = text(difference, "PropertyPath").strip("/").replace("/", ".")
        if supports(kind, path):
            yield Drift(
                resource=name,
                property=path,
                expected=text(difference, "ExpectedValue"),
                found=text(difference, "ActualValue"),
            )


def supports(kind: str, path: str) -> bool:
    """Whether a property of a type is, holds or is part of a setting that supports a requirement.

    Args:
        kind: Resource type.
        path: Path of the property, with numbers for list items, such as ``Tags.0.Value``.
    """
    wanted = _steps(path)
    return any(
        _one_line(wanted, _steps(setting))
        for kinds, settings in TABLE.items()
        if kind in kinds
        for setting, _, _ in settings
    )


def _steps(path: str) -> list[str]:
    """Return the names on a path, without what picks an item of a list."""
    return [step for step in _STEP.sub("", path).split(".") if step]


def _one_line(one: list[str], other: list[str]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))
