"""Whether what is deployed is the template that was checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.account.deployed_stack import deployed_template
from pcistack.account.verify.deployed import Deployed
from pcistack.account.verify.promise import Promise
from pcistack.verified import content_digest


def deployed_digest(stack: Deployed) -> str:
    """Return the digest of what the deployed template says.

    Raises:
        AwsError: AWS did not return a template.
    """
    return content_digest(deployed_template(stack.aws, stack.stack).body)


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
