"""The way from the embedded AWS to itself: to the engine's door, without a socket in between.

A deployment makes hundreds of such calls; over HTTP most of its time would go by with them.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

# Loops that nobody runs at the moment.
_idle: list[asyncio.AbstractEventLoop] = []


# Threads without a bound, since what runs on one may wait for what needs another.
_threads = ThreadPoolExecutor(max_workers=10_000)


def install() -> None:
    """Let what CloudFormation does to resources, and so their requests, run on other threads.

    Nobody resets the engine, so that no request need wait until that is over.
    """
    stacks = _engine.module("services.cloudformation.stacks")
    stacks._runs_on_worker_thread = lambda _resource_type: True
    stacks.run_reentrant = _on_a_thread
    _engine.module("app")._get_reset_lock = nullcontext


async def _on_a_thread(function: Callable[..., Untyped], *arguments: Untyped) -> Untyped:
    run = partial(copy_context().run, function, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_threads, run)


def deliver(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """Answer a request that the SDK is about to send, on the thread that asks."""
    from botocore.awsrequest import AWSResponse

    loop = _idle.pop() if _idle else asyncio.new_event_loop()
    try:
        # A context of its own, as a request from outside has: the engine keeps the caller in it.
        status, headers, body = Context().run(loop.run_until_complete, _answer(request))
    finally:
        _idle.append(loop)
    return AWSResponse(request.url, status, headers, _Body(body))


class _Body(io.BytesIO):
    """A body as the SDK reads it."""

    def stream(self, amount: int | None = None, **_: object) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk


async def _answer(request: AWSPreparedRequest) -> tuple[int, Untyped, bytes]:
    address = urlsplit(request.url)
    headers = {"host": address.netloc, **request.headers}
    scope = {
        "type": "http",
        "method": request.method,
        "scheme": address.scheme,
        "path": unquote(address.path) or "/",
        "raw_path": address.path.encode() or b"/",
        "query_string": address.query.encode(),
        "headers": [(_bytes(name).lower(), _bytes(value)) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
    }
    given = [{"type": "http.request", "body": _body(request.body), "more_body": False}]
    sent: list[Untyped] = []

    async def receive() -> Untyped:
        if given:
            return given.pop()
        return await asyncio.get_running_loop().create_future()  # nobody hangs up

    async def send(message: Untyped) -> None:
        sent.append(message)

    await _engine.module("app").app(scope, receive, send)
    start = sent[0]
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return int(start["status"]), told, b"".join(message.get("body", b"") for message in sent)


def _body(body: Untyped) -> bytes:
    """Return a body, which may be text, or a file that the SDK has made of bytes."""
    return _bytes(body.read() if hasattr(body, "read") else body or b"")


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
