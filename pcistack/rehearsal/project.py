"""The project that is rehearsed, and a copy of it with other environment files."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pcistack.regions import zones_of
from pcistack.rehearsal.emulator import RehearsalError
from pcistack.rehearsal.sdk import ACCOUNT

_COPIED = ("app.py", "cdk.json", "environments", "stacks")  # what finds the environment files
_LINKED = ("pcistack", "constructs")

# The certificate does not exist; the rehearsal imports one in its place before it deploys.
_INGRESS = """
[ingress]
certificate_arn = "arn:aws:acm:{region}:{account}:certificate/{unknown}"
"""
_UNKNOWN = "44444444-4444-4444-8444-444444444444"  # not the documentation's, which is refused


def require(project: Path) -> None:
    """Refuse a folder that is not the project's.

    Raises:
        RehearsalError: A part is missing.
    """
    missing = [part for part in (*_COPIED, *_LINKED) if not (project / part).exists()]
    if missing:
        raise RehearsalError(
            f"{project} has no {', '.join(missing)}. Run the rehearsal in the project's folder."
        )


def copied(project: Path, into: Path, environments: Mapping[str, str]) -> Path:
    """Copy what finds the environment files, link to the rest, and write these files over them.

    Python's compiled files come along, else every process that synthesizes compiles it all again.

    Args:
        project: The project.
        into: A folder that does not exist yet.
        environments: File contents by environment suffix.
    """
    into.mkdir(parents=True)
    for part in _COPIED:
        if (project / part).is_dir():
            shutil.copytree(project / part, into / part)
        else:
            shutil.copy2(project / part, into / part)
    for part in _LINKED:
        (into / part).symlink_to((project / part).absolute(), target_is_directory=True)
    for suffix, text in environments.items():
        (into / "environments" / f"{suffix}.toml").write_text(text, encoding="utf-8")
    return into


def environment_file(project: Path, suffix: str) -> Path:
    """Return the environment file of a suffix: its own if there is one, else the ephemeral one."""
    own = project / "environments" / f"{suffix}.toml"
    return own if own.exists() else own.with_name("ephemeral.toml")


def named(text: str, setting: str) -> str | None:
    """Return what an environment file's text has for ``region`` or ``account``.

    None where it cannot be found: what else is wrong with the file is the app's to say.
    """
    try:
        value = tomllib.loads(text).get(setting)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def moved(text: str, region: str) -> str:
    """Return an environment file's text for another region: its name and its zones.

    Raises:
        RehearsalError: The text names no region to put this one in the place of.
    """
    old = named(text, "region")
    if old is None:
        raise RehearsalError("the environment file names no region, so it cannot be moved to one")
    if old == region:
        return text
    zones = zones_of(region) or ()
    text = text.replace(old, region)

    def others(found: re.Match[str]) -> str:
        count = len(re.findall(r'"[^"]*"', found[2]))
        return f"{found[1]}[{', '.join(f'{chr(34)}{zone}{chr(34)}' for zone in zones[:count])}]"

    return re.sub(r"^(\s*zones\s*=\s*)\[([^\]]*)\]", others, text, flags=re.MULTILINE)


def read_environment(file: Path) -> str:
    """Return the contents of an environment file.

    Raises:
        RehearsalError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RehearsalError(f"{file}: no such file") from None
    except UnicodeDecodeError:
        raise RehearsalError(f"{file}: cannot be read: it is not UTF-8 text") from None
    except OSError as error:
        raise RehearsalError(f"{file}: cannot be read ({error.strerror})") from None


def with_ingress(text: str) -> str:
    """Return an environment's text with a load balancer in front of the service."""
    if re.search(r"^\[ingress", text, re.MULTILINE):
        return text
    region, account = named(text, "region"), named(text, "account") or ACCOUNT
    return text + _INGRESS.format(region=region, account=account, unknown=_UNKNOWN)
