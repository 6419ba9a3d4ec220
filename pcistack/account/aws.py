"""Ask AWS, reading only: every call that this project makes to a real account.

A refusal is an error that names the call and the IAM permission it needs. Responses are read
through small typed helpers, because a region may leave any field out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

from pcistack.account.calls import Call as Call
from pcistack.regions import partition_of

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import BotoCoreError

Item: TypeAlias = Mapping[str, object]

_HOME: Final = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
}
_REFUSALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "UnauthorizedException",
    }
)
_BAD_CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class AwsError(Exception):
    """AWS could not be asked; the message says why and what to do."""


class CredentialsError(AwsError):
    """There are no credentials, or AWS does not accept them."""


class CallRefusedError(AwsError):
    """The credentials may not make a call.

    Attributes:
        call: The call.
    """

    def __init__(self, call: Call) -> None:
        super().__init__(
            f"AWS refused {call.service}:{call.operation}; the credentials need the IAM permission "
            f"{call.permission}"
        )
        self.call = call


class _Paginator(Protocol):
    def paginate(self, **parameters: object) -> Iterable[Item]: ...


class _Client(Protocol):
    """The part of a boto3 client that is used."""

    def can_paginate(self, operation_name: str) -> bool: ...

    def get_paginator(self, operation_name: str) -> _Paginator: ...


class Aws:
    """Asks AWS in one region.

    Attributes:
        region: The region.
        home: The region of the same partition that is always enabled.
        asked: The calls made so far, in order, each once.
    """

    def __init__(
        self,
        region: str,
        client: Callable[[str, str], object],
        *,
        progress: Callable[[Call], None] = lambda call: None,
    ) -> None:
        """Prepare to ask; nothing is asked yet.

        Args:
            region: Region to ask in.
            client: Makes a boto3 client from a service and a region.
            progress: Told of every call before it is made.
        """
        self.region = region
        self.home = _HOME[partition_of(region)[0]]
        self.asked: list[Call] = []
        self._make_client = client
        self._clients: dict[tuple[str, str], _Client] = {}
        self._progress = progress
        self._answers: dict[str, list[Item]] = {}

    @classmethod
    def of_session(
        cls, session: boto3.Session, region: str, *, progress: Callable[[Call], None]
    ) -> Aws:
        """Ask with the credentials of a boto3 session."""
        from botocore.config import Config

        config = Config(
            connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4}
        )
        make = cast("Callable[..., object]", session.client)

        def client(service: str, where: str) -> object:
            return make(service, region_name=where, config=config)

        return cls(region, client, progress=progress)

    def items(
        self,
        call: Call,
        key: str,
        parameters: Mapping[str, object] | None = None,
        *,
        at_home: bool = False,
        absent: Sequence[str] = (),
    ) -> list[Item]:
        """Return the objects under a key of a call's answer, over all pages; ask only once.

        Args:
            call: What to ask.
            key: Key of the answer; an object counts as a list of one, a text as ``{"": text}``.
            parameters: Parameters of the call.
            at_home: Ask the partition's home region, which is always enabled.
            absent: Error codes that mean "there is none" and give the empty list.

        Raises:
            CredentialsError: No credentials, or not accepted.
            RefusedError: The call is not permitted.
            AwsError: Anything else that keeps AWS from answering.
        """
        question = f"{call.permission} {at_home} {sorted((parameters or {}).items())}"
        if question not in self._answers:
            self._answers[question] = self._pages(call, at_home, absent, parameters or {})
        found: list[Item] = []
        for page in self._answers[question]:
            value = page.get(key)
            values = value if isinstance(value, list) else [] if value is None else [value]
            found += [cast("Item", v) if isinstance(v, dict) else {"": v} for v in values]
        return found

    def whole(self, call: Call, parameters: Mapping[str, object]) -> Item:
        """Return the whole answer of a call, asked anew each time: for what changes meanwhile.

        Raises:
            AwsError: As :meth:`items`.
        """
        return self._pages(call, False, (), parameters)[0]

    def _client(self, service: str, region: str) -> _Client:
        if (service, region) not in self._clients:
            made = self._make_client(service, region)
            self._clients[service, region] = cast("_Client", made)
        return self._clients[service, region]

    def _pages(
        self, call: Call, at_home: bool, absent: Sequence[str], parameters: Mapping[str, object]
    ) -> list[Item]:
        from botocore import exceptions, xform_name

        if call not in self.asked:
            self.asked.append(call)
        self._progress(call)
        method = xform_name(call.operation)
        try:
            client = self._client(call.service, self.home if at_home else self.region)
            if client.can_paginate(method):
                return list(client.get_paginator(method).paginate(**parameters))
            return [cast("Callable[..., Item]", getattr(client, method))(**parameters)]
        except exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in absent:
                return []
            raise _translated(call, code, str(error)) from None
        except exceptions.BotoCoreError as error:
            raise unasked(call.permission, error) from None


def unasked(what: str, error: BotoCoreError) -> AwsError:
    """Return why AWS could not be asked: no credentials, or no answer."""
    from botocore import exceptions

    if isinstance(
        error,
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
            exceptions.TokenRetrievalError,
            exceptions.SSOTokenLoadError,
            exceptions.UnauthorizedSSOTokenError,
            exceptions.ProfileNotFound,
        ),
    ):
        return CredentialsError(
            f"no usable AWS credentials ({_first_line(error)}); set AWS_PROFILE or --profile, or "
            "sign in with aws sso login"
        )
    return AwsError(f"{what} got no answer: {_first_line(error)}")


def _translated(call: Call, code: str, message: str) -> AwsError:
    if code in _REFUSALS or code.endswith("AccessDenied"):
        return CallRefusedError(call)
    if code in _BAD_CREDENTIALS:
        return CredentialsError(
            f"AWS does not accept the credentials ({code} from {call.permission}); sign in again"
        )
    return AwsError(f"{call.permission} failed: {message.splitlines()[0]}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# Reading answers


def text(item: Item, key: str) -> str:
    """Return a text; empty if it is missing."""
    value = item.get(key)
    return str(value) if isinstance(value, str) else ""


def texts(item: Item, key: str) -> list[str]:
    """Return a list of texts; a list of objects gives their ``Name``."""
    value = item.get(key)
    if not isinstance(value, list):
        return []
    return [str(v.get("Name", "")) if isinstance(v, dict) else str(v) for v in value]


def objects(item: Item, key: str) -> list[Item]:
    """Return a list of objects; empty if it is missing."""
    value = item.get(key)
    values = value if isinstance(value, list) else []
    return [cast("Item", v) for v in values if isinstance(v, dict)]


def number(item: Item, key: str) -> float | None:
    """Return a number; None if it is missing."""
    value = item.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(item: Item, key: str) -> bool | None:
    """Return a boolean; None if it is missing."""
    value = item.get(key)
    return value if isinstance(value, bool) else None


def part(item: Item, key: str) -> Item:
    """Return an object inside an answer; empty if it is missing."""
    value = item.get(key)
    return cast("Item", value) if isinstance(value, dict) else {}
