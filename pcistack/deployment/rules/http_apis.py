"""APIs of API Gateway: routes, integrations and deployments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Reference, Resource

_API: Final = "AWS::ApiGatewayV2::Api"
_ROUTE: Final = "AWS::ApiGatewayV2::Route"
_INTEGRATION: Final = "AWS::ApiGatewayV2::Integration"
_AUTHORIZER: Final = "AWS::ApiGatewayV2::Authorizer"
_METHOD: Final = "AWS::ApiGateway::Method"
_DEPLOYMENT: Final = "AWS::ApiGateway::Deployment"
_KEY: Final = re.compile(r"\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*")


@rule(
    "DEPLOY-HTTP-API",
    "A route or an integration that an HTTP API does not have",
    types=(_ROUTE, _INTEGRATION, _AUTHORIZER),
    severity=Severity.FATAL,
    source="API Gateway V2 API reference: CreateRoute, CreateIntegration, CreateAuthorizer",
)
def http_api_rule(context: Context) -> Iterator[Hit]:
    for route in context.of_type(_ROUTE):
        goal = route.get("Target")
        if isinstance(goal, Reference) and context.target(goal, _INTEGRATION):
            yield hit(
                route,
                "Target",
                f"{goal} is the bare id of an integration",
                f"write !Sub integrations/${{{goal.logical_id}}}",
            )
        key = route.text("RouteKey")
        if _is_http(context, route) and key is not None and not _KEY.fullmatch(key):
            yield hit(
                route,
                "RouteKey",
                f"{key!r} is no method and path",
                "write $default, or a method and a path, such as POST /pay",
            )
    for integration in context.of_type(_INTEGRATION):
        if _is_http(context, integration):
            yield from _integration(integration)
    for authorizer in context.of_type(_AUTHORIZER):
        asks = authorizer.text("AuthorizerType") == "REQUEST"
        if (
            asks
            and _is_http(context, authorizer)
            and authorizer.get("AuthorizerPayloadFormatVersion") is None
        ):
            yield hit(
                authorizer,
                "AuthorizerPayloadFormatVersion",
                "an authorizer of an HTTP API has a format of its payload",
                "set AuthorizerPayloadFormatVersion: '2.0'",
            )


def _is_http(context: Context, resource: Resource) -> bool:
    api = context.target(resource.get("ApiId"), _API)
    return api is not None and api.text("ProtocolType") == "HTTP"


def _integration(integration: Resource) -> Iterator[Hit]:
    kind = integration.text("IntegrationType")
    if kind in ("AWS", "HTTP", "MOCK"):
        yield hit(
            integration,
            "IntegrationType",
            f"an HTTP API has no integration of the type {kind}",
            "write AWS_PROXY or HTTP_PROXY",
        )
    plain = kind == "AWS_PROXY" and integration.get("IntegrationSubtype") is None
    if plain and integration.get("PayloadFormatVersion") is None:
        yield hit(
            integration,
            "PayloadFormatVersion",
            "an integration of an HTTP API with a function has a format of its payload",
            "set PayloadFormatVersion: '2.0'",
        )


@rule(
    "DEPLOY-REST-API",
    "An integration or a deployment of a REST API that API Gateway refuses",
    types=(_METHOD, _DEPLOYMENT),
    severity=Severity.FATAL,
    source="API Gateway API reference: PutIntegration (uri); developer guide: private REST APIs "
    "(a deployment needs a resource policy)",
)
def rest_api_rule(context: Context) -> Iterator[Hit]:
    for method in context.of_type(_METHOD):
        uri = method.get("Integration.Uri")
        function = context.target(uri, "AWS::Lambda::Function")
        if function is not None and isinstance(uri, Reference):
            yield hit(
                method,
                "Integration.Uri",
                f"{uri} is a function, and the property takes an ARN of API Gateway",
                "write !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31"
                f"/functions/${{{function.logical_id}.Arn}}/invocations",
            )
    for deployment in () if context.has_macro else context.of_type(_DEPLOYMENT):
        api = context.target(deployment.get("RestApiId"), "AWS::ApiGateway::RestApi")
        kinds = api.items("EndpointConfiguration.Types") if api else []
        bare = api is not None and not {"Policy", "Body", "BodyS3Location"} & set(
            api.raw.properties
        )
        if api is not None and bare and kinds == ["PRIVATE"]:
            yield hit(
                deployment,
                "RestApiId",
                f"{api.logical_id} is private and has no resource policy, without which nothing "
                "is deployed",
                f"set Policy of {api.logical_id}",
            )
