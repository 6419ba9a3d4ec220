"""Integrations of an API that its OpenAPI document has, instead of resources of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.pci_dss.settings import document
from pcistack.template.view import Resource, Value

_INTEGRATION: Final = "x-amazon-apigateway-integration"
BODIES: Final = {
    "AWS::ApiGateway::RestApi": "Body",
    "AWS::ApiGatewayV2::Api": "Body",
    "AWS::Serverless::Api": "DefinitionBody",
    "AWS::Serverless::HttpApi": "DefinitionBody",
}
"""Where a type holds its OpenAPI document."""


def integrations(api: Resource) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield the integrations of an API's document, each with the path of its operation."""
    at = BODIES[api.type]
    body = document(api.get(at))
    paths = body.get("paths") if isinstance(body, dict) else None
    for name, operations in paths.items() if isinstance(paths, dict) else ():
        for method, operation in operations.items() if isinstance(operations, dict) else ():
            found = operation.get(_INTEGRATION) if isinstance(operation, dict) else None
            if isinstance(found, dict):
                yield f"{at}.paths.{name}.{method}.{_INTEGRATION}", found
