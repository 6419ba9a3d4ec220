"""What a service refuses: properties that it returns."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.read_only import read_only
from pcistack.template.serverless import MADE


@rule(
    "DEPLOY-READ-ONLY-PROPERTY",
    "A property that the service returns and no template sets",
    types=(ANY,),
    source="CloudFormation resource schemas: readOnlyProperties; CloudFormation: Encountered "
    "unsupported property",
)
def read_only_rule(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        if MADE in resource.raw.body:
            continue
        for path in read_only(resource.type):
            if resource.get(path) is not None:
                yield hit(
                    resource,
                    path,
                    f"{path} is what the service returns: CloudFormation refuses a template that "
                    "sets it",
                    f"remove it; Fn::GetAtt reads it ({resource.logical_id}.{path})",
                )
