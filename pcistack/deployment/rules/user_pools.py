"""User pools: what their clients may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open, text
from pcistack.template.view import Resource

_CLIENT: Final = "AWS::Cognito::UserPoolClient"
_PROVIDER: Final = "AWS::Cognito::UserPoolIdentityProvider"
_MACHINE: Final = "client_credentials"
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_UNITS: Final[Mapping[str, int]] = {"seconds": 1, "minutes": 60, "hours": _HOUR, "days": _DAY}
# Token -> its unit if none is named, the shortest and the longest time in seconds.
_TOKENS: Final[Mapping[str, tuple[str, int, int]]] = {
    "AccessToken": ("hours", 300, _DAY),
    "IdToken": ("hours", 300, _DAY),
    "RefreshToken": ("days", _HOUR, 3650 * _DAY),
}


@rule(
    "DEPLOY-USER-POOL-CLIENT",
    "A client of a user pool that Cognito refuses",
    types=(_CLIENT,),
    severity=Severity.FATAL,
    source="Cognito user pools API reference: CreateUserPoolClient",
)
def client_rule(context: Context) -> Iterator[Hit]:
    for client in context.of_type(_CLIENT):
        yield from _flows(client)
        yield from _redirect(client)
        yield from _lifetimes(client)
        yield from _signing_in(client)
        yield from _providers(context, client)


def _known(client: Resource, path: str) -> set[str] | None:
    """Return the texts of a list; None if not all of them are known."""
    if is_open(client.get(path)):
        return None
    found = {text(item) for item in client.items(path)}
    return None if None in found else {one for one in found if one is not None}


def _flows(client: Resource) -> Iterator[Hit]:
    flows = _known(client, "AllowedOAuthFlows") or set()
    if _MACHINE in flows and len(flows) > 1:
        yield hit(
            client,
            "AllowedOAuthFlows",
            f"{_MACHINE} goes with no other flow",
            f"make a client of its own for {_MACHINE}",
        )
    if _MACHINE in flows and client.flag("GenerateSecret") is False:
        yield hit(
            client,
            "GenerateSecret",
            f"a client with {_MACHINE} has a secret",
            "set GenerateSecret: true",
        )


def _redirect(client: Resource) -> Iterator[Hit]:
    default, urls = client.text("DefaultRedirectURI"), _known(client, "CallbackURLs")
    if default is not None and urls is not None and default not in urls:
        yield hit(
            client, "DefaultRedirectURI", f"{default} is none of CallbackURLs", "add it to them"
        )


def _lifetimes(client: Resource) -> Iterator[Hit]:
    for token, (usual, low, high) in _TOKENS.items():
        path = f"{token}Validity"
        amount, given = client.number(path), client.get(f"TokenValidityUnits.{token}")
        unit = _UNITS.get((text(given) if given is not None else usual) or "")
        if amount is None or unit is None or (amount == 0 and low == _HOUR):
            continue  # 0 days stand for the usual time of a refresh token
        if not low <= amount * unit <= high:
            yield hit(
                client,
                path,
                f"{amount * unit / 60:g} minutes; Cognito takes {low // 60} to {high // 60}",
                f"choose a time between, and its unit in TokenValidityUnits.{token}",
            )


def _signing_in(client: Resource) -> Iterator[Hit]:
    flows = _known(client, "ExplicitAuthFlows") or set()
    younger = {flow for flow in flows if flow.startswith("ALLOW_")}
    if younger and flows - younger:
        yield hit(
            client,
            "ExplicitAuthFlows",
            f"{', '.join(sorted(flows - younger))} goes with no flow that begins with ALLOW_",
            "write only flows that begin with ALLOW_",
        )


def _providers(context: Context, client: Resource) -> Iterator[Hit]:
    pool = context.target(client.get("UserPoolId"), "AWS::Cognito::UserPool")
    providers = _known(client, "SupportedIdentityProviders")
    if pool is None or providers is None:
        return
    made = context.view.referring(_PROVIDER, "UserPoolId").get(pool.logical_id, [])
    names = {one.text("ProviderName") for one in made}
    missing = sorted(providers - {"COGNITO", *map(str, names)})
    if missing and None not in names:
        yield hit(
            client,
            "SupportedIdentityProviders",
            f"{pool.logical_id} has no provider {missing[0]}",
            f"add an {_PROVIDER}",
        )
