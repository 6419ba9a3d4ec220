"""Calls of the embedded AWS to its own APIs, through the real SDK and its parameter checks."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from pcistack.rehearsal import sdk
from pcistack.rehearsal.embedded import loopback
from pcistack.rehearsal.embedded._engine import Untyped, account_id, region

# The shape of an answer is AWS's own, as botocore's service models describe it.
Answer = dict[str, Any]


class NotFoundError(ValueError):
    """A reference to something that does not exist."""


def call(service: str, operation: str, /, **parameters: object) -> Answer:
    """Call an operation in the account and region of the stack that is being deployed.

    Members that are None are left out. The SDK refuses unknown and missing parameters and values
    of the wrong type before anything is sent.

    Raises:
        ValueError: The SDK or the service refused the call; the message is its own.
    """
    from botocore.exceptions import ClientError, ParamValidationError

    client = _client(service, region(), account_id())
    given = {name: value for name, value in parameters.items() if value is not None}
    try:
        answer: Answer = getattr(client, operation)(**given)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        message = error.response.get("Error", {}).get("Message", "")
        kind = NotFoundError if "NotFound" in code or "nonexistent" in code.lower() else ValueError
        raise kind(f"{message} (Service: {service}, Error code: {code})") from error
    except ParamValidationError as error:
        raise ValueError(f"{error} (Service: {service}, Error code: InvalidParameter)") from error
    return answer


@cache
def _client(service: str, region: str, account: str) -> sdk.Client:
    client = sdk.client(f"http://localhost:{os.environ['GATEWAY_PORT']}", service, region, account)
    client.meta.events.register("before-send", loopback.deliver)
    return client


def require(items: list[Any], what: str, identifier: str) -> Untyped:
    """Return the one item that describes ``identifier``.

    Raises:
        NotFoundError: There is none.
    """
    if not items:
        raise NotFoundError(f"The {what} '{identifier}' does not exist")
    return items[0]
