"""Requirements 7.3.3 and 6.2.4: whom an API asks who they are, and whose pages may call it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import refuse, types_of, wrong
from pcistack.template.view import Partial, Resource

_KEY: Final = "every client has the API key, so nobody is asked who they are"
_MODES: Final = ("ConnectionAuthModes", "DefaultPublishAuthModes", "DefaultSubscribeAuthModes")
_WARN: Final = Severity.WARNING
ASKED: Final = (
    refuse("AWS::AppSync::GraphQLApi", "AuthenticationType", _KEY, "api_key"),
    refuse(
        "AWS::AppSync::GraphQLApi",
        "AdditionalAuthenticationProviders.*.AuthenticationType",
        _KEY,
        "api_key",
    ),
    refuse("AWS::AppSync::Api", "EventConfig.AuthProviders.*.AuthType", _KEY, "api_key"),
    *(
        refuse("AWS::AppSync::Api", f"EventConfig.{mode}.*.AuthType", _KEY, "api_key")
        for mode in _MODES
    ),
    *(
        refuse("AWS::AppSync::ChannelNamespace", f"{mode}.*.AuthType", _KEY, "api_key")
        for mode in ("PublishAuthModes", "SubscribeAuthModes")
    ),
    *(
        refuse(kind, f"{where}.*.{how}.OnUnauthenticatedRequest", why, "allow", severity=_WARN)
        for kind, where in (
            ("AWS::ElasticLoadBalancingV2::Listener", "DefaultActions"),
            ("AWS::ElasticLoadBalancingV2::ListenerRule", "Actions"),
        )
        for how in ("AuthenticateOidcConfig", "AuthenticateCognitoConfig")
        for why in ("who does not log in passes all the same",)
    ),
    refuse(
        "AWS::ElasticLoadBalancingV2::Listener",
        "MutualAuthentication.IgnoreClientCertificateExpiry",
        "certificates of clients are taken after their end",
        "true",
        severity=_WARN,
    ),
    refuse(
        "AWS::Cognito::UserPoolClient",
        "AllowedOAuthFlows.*",
        "tokens stand in the address of a page",
        "implicit",
        severity=_WARN,
    ),
)
_METHOD: Final = "AWS::ApiGateway::Method"
_VERIFIED: Final = ("AWS::EC2::VerifiedAccessGroup", "AWS::EC2::VerifiedAccessEndpoint")


@rule(
    "PCI-7.3.3-API-ANYBODY",
    "APIs ask who calls them",
    asks="Access is denied unless it is needed and allowed, and whoever gets in is known.",
    requirements=("7.3.3", "8.2.2"),
    types=(*types_of(ASKED), "AWS::AppSync::ApiKey", _METHOD, *_VERIFIED),
    fix="AWS_IAM, a user pool, OIDC or an authorizer of your own; OnUnauthenticatedRequest "
    "authenticate or deny; a policy with a condition.",
)
def api_anybody(context: Context) -> Iterator[Hit]:
    yield from wrong(context, ASKED)
    for key in context.of_type("AWS::AppSync::ApiKey"):
        yield hit(key, "ApiId", _KEY)
    for method in context.of_type(_METHOD):
        value = method.get("AuthorizationType")
        if (
            value == "NONE"
            and method.get("HttpMethod") != "OPTIONS"
            and not _private(context, method)
        ):
            key_only = method.flag("ApiKeyRequired") is True
            yield hit(
                method,
                "AuthorizationType",
                f"everybody may call {show(method.get('HttpMethod'))} here"
                + (" with a key that every client has" if key_only else ""),
                severity=_WARN,
            )
    for resource in context.of_type(*_VERIFIED):
        text = resource.text("PolicyDocument") or ""
        if "permit" in text and "when" not in text and "unless" not in text:
            yield hit(resource, "PolicyDocument", "everybody who is known to it is let in")


def _private(context: Context, method: Resource) -> bool:
    api = context.target(method.get("RestApiId"))
    return api is not None and "PRIVATE" in [
        str(item) for item in api.items("EndpointConfiguration.Types")
    ]


_ORIGINS: Final = {
    "AWS::ApiGatewayV2::Api": "CorsConfiguration.AllowOrigins",
    "AWS::Lambda::Url": "Cors.AllowOrigins",
    "AWS::CloudFront::ResponseHeadersPolicy": (
        "ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowOrigins.Items"
    ),
    "AWS::Serverless::HttpApi": "CorsConfiguration.AllowOrigins",
}
_ALL: Final = ("*", "http://*", "https://*")
_RESPONSE: Final = "AWS::ApiGateway::GatewayResponse"
_HEADER: Final = "gatewayresponse.header.access-control-allow-origin"


@rule(
    "PCI-6.2.4-CROSS-ORIGIN",
    "APIs answer to pages of named origins",
    asks="Common attacks on applications are prevented or mitigated: a page of an attacker does "
    "not call an API in the name of who looks at it.",
    requirements=("6.2.4",),
    severity=_WARN,
    types=(*_ORIGINS, _RESPONSE),
    fix="Name the origins of your own pages in place of *.",
)
def cross_origin(context: Context) -> Iterator[Hit]:
    for kind, path in _ORIGINS.items():
        for resource in context.of_type(kind):
            named = resource.items(path)
            if any(str(one) in _ALL for one in named if not isinstance(one, Partial)):
                yield hit(resource, path, "pages of every origin may read what it answers")
    for response in context.of_type(_RESPONSE):
        parameters = response.get("ResponseParameters")
        for name, value in parameters.items() if isinstance(parameters, dict) else ():
            if name.lower() == _HEADER and str(value).strip("'\"") in _ALL:
                yield hit(
                    response, "ResponseParameters", "pages of every origin may read what it answers"
                )
