"""What ``-c key=value`` may say: the environment, and the images of a build pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from stacks.mistakes import ConfigurationError, shown
from stacks.without_value import lacks_value

SUFFIX: Final = "environmentSuffix"
TAG: Final = "imageTag"
IMAGES: Final = "images."
_MISSPELT: Final = {
    **dict.fromkeys(("environmentsuffix", "environment", "env", "suffix", "envsuffix"), SUFFIX),
    **dict.fromkeys(("imagetag", "tag", "imageversion"), TAG),
    **dict.fromkeys(("image", "images", "serviceimage", "imageservice"), f"{IMAGES}service"),
}
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the command line chose.

    Attributes:
        suffix: The environment.
        tag: Tag or digest of the service's image, and of every other that has none of its own.
        images: Image by the name of a workload.
    """

    suffix: str = "dev"
    tag: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def chosen(context: Mapping[str, object]) -> Chosen:
    """Return what the context chose; a misspelt key must not deploy something else instead.

    Raises:
        ConfigurationError: The context has another key that looks like one, or a value that cannot
            be a tag.
    """
    for key in context:
        meant = None if key in (SUFFIX, TAG) or key.startswith(IMAGES) else _meant(key)
        if meant is not None:
            raise ConfigurationError(f"-c {key}: no such key; is -c {meant}=... meant?")
    if SUFFIX not in context and lacks_value(SUFFIX):
        raise ConfigurationError(
            f"-c {SUFFIX}: has no value; write -c {SUFFIX}=<suffix>, such as -c {SUFFIX}=dev"
        )
    tag = context.get(TAG)
    if tag is not None and not _TAG.fullmatch(str(tag)):
        raise ConfigurationError(
            f"-c {TAG}: cannot be used; allowed: a tag such as 1.4.2, or a digest, sha256:<64 "
            f"hexadecimal digits> (it is {shown(str(tag))})"
        )
    images = {
        key.removeprefix(IMAGES): str(value)
        for key, value in context.items()
        if key.startswith(IMAGES)
    }
    return Chosen(
        suffix=str(context.get(SUFFIX, "dev")),
        tag=None if tag is None else str(tag),
        images=images,
    )


def _meant(key: str) -> str | None:
    plain = re.sub(r"[-_.]", "", key.lower())
    close = get_close_matches(plain, _MISSPELT, n=1, cutoff=0.85) if ":" not in key else []
    return _MISSPELT[close[0]] if close else None
