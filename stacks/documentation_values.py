"""Values that stand in the shipped files for those of the user, and that no deployment may have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stacks.environment import ENVIRONMENTS, Environment, environment_file
from stacks.mistakes import ConfigurationError, Mistake
from stacks.workloads import workloads

ACCOUNTS: Final = ("111111111111", "123456789012", "000000000000")
"""Accounts of documentation and rehearsals."""

CERTIFICATE: Final = "00000000-0000-4000-8000-000000000000"
"""Id of the certificate that ``prod.toml`` ships with."""
_DOMAINS: Final = ("example.com", "example.org", "example.net")
_DIGEST: Final = "sha256:" + "0" * 64


def refuse_documentation(
    environment: Environment, account: str | None, directory: Path = ENVIRONMENTS
) -> None:
    """Refuse to deploy what stands in the shipped files to be replaced.

    Args:
        environment: The environment.
        account: The account whose credentials the CDK CLI found, which it will deploy to; None if
            it found none, as in a build without credentials.
        directory: Folder of the configuration files.

    Raises:
        ConfigurationError: There is such a value; each has a line, with its place in the file.
    """
    account = environment.account or account
    if account is None or account in ACCOUNTS:
        return
    path = environment_file(environment.suffix, directory)
    text = path.read_text(encoding="utf-8-sig")
    lines = [
        f"{path}:{_line(text, str(mistake.value))}: {mistake}"
        for mistake in _placeholders(environment, account)
    ]
    if lines:
        raise ConfigurationError("\n".join(lines))


def is_documentation(image: str) -> bool:
    """Whether an image is the documentation's, which nobody can pull."""
    return image.endswith(_DIGEST)


def _placeholders(environment: Environment, account: str) -> Iterator[Mistake]:
    ingress = environment.ingress
    if ingress is not None and (ingress.certificate_arn or "").endswith(CERTIFICATE):
        yield Mistake(
            field="ingress.certificate_arn",
            wrong="is the documentation's certificate",
            allowed=f"one of account {account} in {environment.region}",
            value=ingress.certificate_arn,
        )
    for address in environment.monitoring.emails:
        if address.endswith(_DOMAINS):
            yield Mistake(
                field="monitoring.emails",
                wrong="is the documentation's address",
                allowed="those who are on call",
                value=address,
            )
    session = environment.operations.session_image
    if session is not None and session.endswith(_DIGEST):
        yield Mistake(
            field="operations.session_image",
            wrong="has the documentation's digest",
            allowed="the image that you scanned, with its digest",
            value=session,
        )
    for workload in workloads(environment):
        image = workload.settings.image
        if image is not None and is_documentation(image):
            yield workload.mistake(
                "image",
                wrong="has the documentation's digest",
                allowed="the image that you tested, with its digest",
                value=image,
            )


def _line(text: str, value: str) -> int:
    """Return the line at which a value stands; the first where it cannot be told."""
    numbered = enumerate(text.splitlines(), start=1)
    return next((number for number, line in numbered if value in line), 1)
