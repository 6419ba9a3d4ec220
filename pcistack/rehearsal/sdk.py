"""The AWS SDK, pointed at the embedded AWS."""

from __future__ import annotations

import datetime
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

# A boto3 client. Its stubs type a few services only, and its answers by their names.
Client = Any

# Where an environment names no account; AWS documents this one for examples.
ACCOUNT = "111111111111"

_making = threading.Lock()


@cache
def client(url: str, service: str, region: str, account: str) -> Client:
    """Return a client that asks once; its answers have the shape of botocore's service models.

    Args:
        url: Endpoint of the embedded AWS.
        service: Name of the service in the SDK.
        region: Region it asks in.
        account: Account it acts in; the access key chooses it in the embedded AWS.
    """
    from botocore.config import Config

    with _making:  # a session makes one client at a time
        return _session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="rehearsal",
            endpoint_url=url,
            # No proxy: the embedded AWS is on this machine.
            config=Config(
                s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}
            ),
        )


def share_models() -> None:
    """Let all sessions of this process read the SDK's models once; each would for itself."""
    from botocore import loaders, session

    session.create_loader = cache(loaders.create_loader)


@cache
def _session() -> boto3.Session:
    """Return the one session: each reads the SDK's models again, which takes a second."""
    import boto3
    from botocore import session

    core = session.get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return boto3.session.Session(botocore_session=core)


def _moment(value: str) -> datetime.datetime:
    """Read a time; the SDK's own way, for every form of one, takes twenty times as long."""
    from botocore.utils import parse_timestamp

    try:
        return datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):  # a number, or a text of another form
        return parse_timestamp(value)
