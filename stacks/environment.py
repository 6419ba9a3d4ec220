"""The typed configuration of one environment, read from ``environments/<suffix>.toml``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from pci_constructs.names import longest_suffix
from pci_constructs.settings.words import listed
from pcistack.naming import SUFFIX
from stacks.command_line import Chosen
from stacks.consistency import mistakes
from stacks.errors import explain, place_of
from stacks.images import replaced
from stacks.mistakes import ConfigurationError, Mistake, cut, shown
from stacks.settings import Environment, is_served

__all__ = [
    "ENVIRONMENTS",
    "EPHEMERAL",
    "ConfigurationError",
    "Environment",
    "check_suffix",
    "environment_file",
    "load_environment",
    "read_toml",
]

ENVIRONMENTS: Final = Path(__file__).resolve().parent.parent / "environments"
EPHEMERAL: Final = "ephemeral"
"""Name of the file for every suffix that has none of its own."""

_STAND_INS: Final[Mapping[tuple[str, ...], object]] = {
    ("region",): "eu-central-2",
    ("network",): {"zones": ["eu-central-2a", "eu-central-2b"]},
    ("network", "zones"): ["eu-central-2a", "eu-central-2b"],
    ("ingress", "certificate_arn"): "arn:aws:acm:eu-central-2:111111111111:certificate/x",
    ("ingress", "hosted_zone_id"): "Z1",
    ("ingress", "hosted_zone_name"): "example.com",
    ("ingress", "domain_name"): "example.com",
}
"""What stands for an unusable setting that has no default, while the others are judged."""

_Names: TypeAlias = tuple[str, ...]


def check_suffix(suffix: str) -> str:
    """Return the suffix if it can be part of every name.

    Raises:
        ConfigurationError: It cannot; the message says what is allowed.
    """
    longest = longest_suffix()
    if not SUFFIX.fullmatch(suffix) or len(suffix) > longest:
        raise ConfigurationError(
            f"environmentSuffix {shown(suffix)} cannot be used: it must begin with a lower-case "
            "letter, hold lower-case letters, digits and single hyphens between them, and have at "
            f"most {longest} characters, for example dev or pr42"
        )
    return suffix


def environment_file(suffix: str, directory: Path = ENVIRONMENTS) -> Path:
    """Return the file of a suffix: its own if there is one, else the ephemeral one.

    A directory or a broken link of that name is its own too: it will be refused, where the
    ephemeral file would leave a production environment unprotected.
    """
    own = directory / f"{suffix}.toml"
    return own if os.path.lexists(own) else directory / f"{EPHEMERAL}.toml"


def load_environment(
    suffix: str, directory: Path = ENVIRONMENTS, *, chosen: Chosen | None = None
) -> Environment:
    """Read the configuration of an environment.

    Args:
        suffix: The environment's suffix.
        directory: Folder of the configuration files.
        chosen: Images that the command line puts in the place of the file's.

    Raises:
        ConfigurationError: The suffix or the file cannot be used. All mistakes of the file are
            told at once, each on a line.
    """
    check_suffix(suffix)
    path = environment_file(suffix, directory)
    try:
        values = read_toml(path)
    except FileNotFoundError:
        raise ConfigurationError(_no_file(path, suffix)) from None
    environment, found = _judge(suffix, replaced(values, chosen or Chosen()))
    served = environment.serves
    if path.stem == EPHEMERAL != suffix and not is_served(suffix, served):
        known = f"it serves {listed(map(shown, served), 'and')}" if served else "it serves none"
        raise ConfigurationError(
            f"{path}: does not serve the suffix {shown(suffix)}; allowed: a file of its own, "
            f"environments/{suffix}.toml, or a pattern of this one's serves that matches ({known})"
        )
    if found:
        lines = dict.fromkeys(f"{path}: {mistake}" for mistake in found)
        raise ConfigurationError("\n".join(lines))
    return environment


def read_toml(path: Path) -> dict[str, object]:
    """Return what a configuration file holds.

    Raises:
        FileNotFoundError: There is none.
        ConfigurationError: It is no TOML, or cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path}: is not a regular file")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows write a BOM
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text (at byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        problem, _, place = str(error).rpartition(" (")
        raise ConfigurationError(f"{path}: is not valid TOML: {cut(problem)} ({place}") from None
    except ValueError:  # of Python's int
        raise ConfigurationError(f"{path}: is not valid TOML: a number is too long") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is not valid TOML: it is nested too deeply") from None


def _no_file(path: Path, suffix: str) -> str:
    if path.is_symlink():
        return f"{path}: is a link that leads nowhere"
    own = "" if suffix == EPHEMERAL else f"environments/{suffix}.toml, or "
    return (
        f"{path}: no such file; an environment needs {own}environments/{EPHEMERAL}.toml, which "
        "serves suffixes without a file of their own"
    )


def _judge(suffix: str, values: dict[str, object]) -> tuple[Environment, list[Mistake]]:
    """Return the environment and what is wrong with it.

    Where a setting cannot be used, the others are still held against each other: its default or a
    stand-in takes its place, and what depends on it is left out.
    """
    found = []
    if "suffix" in values:
        found.append(
            Mistake(
                field="suffix",
                wrong="is no setting",
                allowed="-c environmentSuffix=<suffix> on the command line",
                value=values["suffix"],
            )
        )
    values = {"network": {}, **values, "suffix": suffix}
    unusable: set[_Names] = set()
    while True:
        try:
            environment = Environment.model_validate(values)
        except ValidationError as error:
            details = error.errors(include_url=False)
            if not unusable:
                found += [mistake for detail in details for mistake in explain(detail)]
            # What stays wrong without a setting is without its table from now on.
            more = {place_of(detail).unusable for detail in details}
            more = {names[:-1] if names in unusable and names[1:] else names for names in more}
            unusable |= more
            values = _without(values, unusable)
        else:
            return environment, [*found, *mistakes(environment, unusable)]


def _without(
    values: Mapping[str, Any], unusable: Collection[_Names], above: _Names = ()
) -> dict[str, Any]:
    """Return the values without those that cannot be used."""
    usable: dict[str, Any] = {}
    for name, value in values.items():
        here = (*above, name)
        if here not in unusable:
            usable[name] = _without(value, unusable, here) if isinstance(value, dict) else value
    for names, value in _STAND_INS.items():
        if names[:-1] == above and names in unusable:
            usable[names[-1]] = value
    return usable
