"""Whether what is deployed is the template that was checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.account.aws import AwsError, Call, text
from pcistack.account.verify.deployed import Deployed
from pcistack.account.verify.promise import Promise
from pcistack.template.document import Template, TemplateError
from pcistack.verified import content_digest


def deployed_digest(stack: Deployed) -> str:
    """Return the digest of what the deployed template says.

    Raises:
        AwsError: AWS did not return a template.
    """
    asked = {"StackName": stack.stack, "TemplateStage": "Original"}
    found = stack.aws.items(Call.TEMPLATE, "TemplateBody", asked)
    if found and set(found[0]) == {""}:  # YAML comes as text, JSON parsed
        try:
            return content_digest(Template.parse(text(found[0], "")).body)
        except TemplateError as error:
            raise AwsError(f"{Call.TEMPLATE.permission} returned no template: {error}") from None
    if not found:
        raise AwsError(f"{Call.TEMPLATE.permission} returned no template")
    return content_digest(found[0])


def _same(stack: Deployed) -> Iterator[str]:
    here, there = content_digest(stack.template.body), deployed_digest(stack)
    if here != there:
        yield f"{stack.stack}: {there[:12]}... is deployed, {here[:12]}... was checked"


PROMISES: Final = (
    Promise(
        id="template",
        says="What is deployed is the template that was checked",
        requirement="6.5.1",
        problems=_same,
    ),
)
