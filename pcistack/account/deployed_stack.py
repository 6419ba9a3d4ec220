"""A stack as CloudFormation has it, to be compared with what was or shall be deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from pcistack.account.aws import Aws, AwsError, Call, text
from pcistack.template.document import Json, Template, TemplateError

_ABSENT: Final = ("ValidationError",)
_EMPTY: Final = frozenset({"DELETE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})
"""States in which nothing of a stack is there to be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStack:
    """What is deployed under a stack's name.

    Attributes:
        template: Its template.
        protected: Whether its termination protection is on.
    """

    template: Template
    protected: bool


def deployed_stack(aws: Aws, name: str) -> DeployedStack | None:
    """Return what is deployed under a stack's name; None if nothing is.

    Raises:
        AwsError: AWS did not answer.
    """
    found = aws.items(Call.STACKS, "Stacks", {"StackName": name}, absent=_ABSENT)
    there = [item for item in found if text(item, "StackStatus") not in _EMPTY]
    if not there:
        return None
    protected = there[0].get("EnableTerminationProtection") is True
    return DeployedStack(template=deployed_template(aws, name), protected=protected)


def deployed_template(aws: Aws, stack: str) -> Template:
    """Return the template that a stack was deployed with.

    Raises:
        AwsError: AWS did not return one.
    """
    asked = {"StackName": stack, "TemplateStage": "Original"}
    found = aws.items(Call.TEMPLATE, "TemplateBody", asked)
    if not found:
        raise AwsError(f"{Call.TEMPLATE.permission} returned no template")
    if set(found[0]) != {""}:  # YAML comes as text, JSON parsed
        return Template(cast("dict[str, Json]", found[0]))
    try:
        return Template.parse(text(found[0], ""))
    except TemplateError as error:
        raise AwsError(f"{Call.TEMPLATE.permission} returned no template: {error}") from None
