"""Calls of the embedded AWS to its own APIs, through the real SDK and its parameter checks."""

import os
from functools import cache
from typing import Any

from ._engine import Untyped, account_id, region

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

    client = _client(service, account_id(), region())
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


def require(items: list[Any], what: str, identifier: str) -> Untyped:
    """Return the one item that describes ``identifier``.

    Raises:
        NotFoundError: There is none.
    """
    if not items:
        raise NotFoundError(f"The {what} '{identifier}' does not exist")
    return items[0]


@cache
def _client(service: str, account: str, in_region: str) -> Untyped:
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=account, aws_secret_access_key="rehearsal", region_name=in_region
    )
    return session.client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://localhost:{os.environ['GATEWAY_PORT']}",
        config=Config(
            retries={"total_max_attempts": 1}, read_timeout=60, s3={"addressing_style": "path"}
        ),
    )
