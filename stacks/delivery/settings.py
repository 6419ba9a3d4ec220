"""The settings of the pipeline's roles, read from ``delivery.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationError

from pci_constructs.names import DEFAULT_PROJECT, Names
from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form
from stacks.environment import read_toml
from stacks.errors import explain
from stacks.mistakes import ConfigurationError

FILE: Final = Path(__file__).resolve().parents[2] / "delivery.toml"

NUMBERED: Final = tuple(f"pr{digit}*" for digit in range(1, 10))
"""Suffixes of pull requests. Never ``pr*``, which is ``prod`` too."""

_Subject: TypeAlias = Annotated[str, form(r"[A-Za-z0-9_./@:-]+")]
_Ends: TypeAlias = Annotated[
    tuple[_Subject, ...],
    Field(strict=False, min_length=1),
    Allowed('a list of exact ends of subjects, such as ["environment:production"]'),
]


class Subjects(Settings):
    """Which runs may take each role: the end of the token's subject, exact, without a wildcard."""

    check: _Ends = (
        "pull_request",
        "ref:refs/heads/main",
    )
    """Runs that may read."""

    ephemeral: _Ends = ("environment:ephemeral",)
    """Runs that may deploy and destroy the environments of pull requests."""

    production: _Ends = ("environment:production",)
    """Runs that may deploy production; the branches and the approval are GitHub's to ask."""


class Delivery(Settings):
    """Everything that the pipeline's roles are made from."""

    repository: Annotated[
        Annotated[
            str,
            form(r"[A-Za-z0-9_.-]+(@[0-9]+)?(/[A-Za-z0-9_.-]+)*/[A-Za-z0-9_.-]+(@[0-9]+)?"),
        ],
        Allowed('"OWNER/REPOSITORY", or "OWNER@ID/REPOSITORY@ID" as GitHub names those since 2026'),
    ]
    """The repository whose runs are trusted, as its tokens name it."""

    provider: Literal["github", "gitlab"] = "github"
    """Who runs the pipeline: GitHub Actions or GitLab CI."""

    provider_arn: Annotated[
        Annotated[str, form(r"arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/[a-z0-9.-]+")] | None,
        Allowed("the ARN of the account's OIDC provider"),
    ] = None
    """The account's OIDC provider, if it has one; left out, the stack makes it."""

    region: Annotated[
        str,
        AfterValidator(values.region),
        Allowed('the name of an AWS region, such as "eu-central-2"'),
    ] = "eu-central-2"
    """Region of the environments that are deployed."""

    project: Annotated[
        Annotated[str, form(r"[a-z][a-z0-9]*")],
        Allowed("the project of the environments"),
    ] = DEFAULT_PROJECT
    """Project of the environments, as their files have it."""

    services: Annotated[
        tuple[Annotated[str, form(r"[a-z0-9-]+")], ...],
        Field(strict=False),
        Allowed('a list of IAM prefixes such as ["sqs", "dynamodb"]'),
    ] = ()
    """Further services that the tasks of pull-request environments may call, or that what you have
    added to the stack is made of."""

    subjects: Subjects = Subjects()

    @property
    def issuer(self) -> str:
        """Host of who signs the tokens."""
        return {"github": "token.actions.githubusercontent.com", "gitlab": "gitlab.com"}[
            self.provider
        ]

    @property
    def audience(self) -> str:
        """Whom the tokens are for."""
        return {"github": "sts.amazonaws.com", "gitlab": "https://gitlab.com"}[self.provider]

    def trusted(self, ends: tuple[str, ...]) -> list[str]:
        """Return whole subjects."""
        kind = {"github": "repo", "gitlab": "project_path"}[self.provider]
        return [f"{kind}:{self.repository}:{end}" for end in ends]

    @property
    def pull_requests(self) -> tuple[Names, ...]:
        """Names of the environments of pull requests, each a pattern."""
        return tuple(Names(project=self.project, suffix=suffix) for suffix in NUMBERED)


def load_delivery(path: Path = FILE) -> Delivery:
    """Read the settings.

    Args:
        path: The file.

    Raises:
        ConfigurationError: It cannot be used; each mistake has a line.
    """
    try:
        return Delivery.model_validate(read_toml(path))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file") from None
    except ValidationError as error:
        details = error.errors(include_url=False)
        mistakes = [mistake for detail in details for mistake in explain(detail, Delivery)]
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in mistakes)) from None
