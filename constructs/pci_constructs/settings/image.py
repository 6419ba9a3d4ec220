"""What the name of a container image says; configuration reads it, so there is no CDK here."""

from __future__ import annotations

import re
from typing import Final

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY: Final = rf"(?:localhost|{_LABEL}(?:\.{_LABEL})+|{_LABEL}(?=:))(?::[0-9]+)?"
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = rf"{_PART}(?:/{_PART})*"
_VERSION: Final = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"

IMAGE: Final = re.compile(rf"(?:{_REGISTRY}/)?{_NAME}{_VERSION}")
"""``[registry/]name[:tag][@digest]``, the grammar of github.com/distribution/reference."""

_LAYERS: Final = {
    "public.ecr.aws": ("d5l0dvt14r5h8.cloudfront.net",),
    "docker.io": (
        "registry-1.docker.io",
        "auth.docker.io",
        "production.cloudflare.docker.com",
    ),
    "ghcr.io": ("pkg-containers.githubusercontent.com",),
    "quay.io": ("*.quay.io",),
}
"""Where registries keep layers and tokens, as their guides on firewalls list it."""

_PORT: Final = re.compile(r":[0-9]+$")


def registry_hosts(image: str) -> tuple[str, ...]:
    """Return the names that must be resolved to pull a public image."""
    match = re.match(rf"(?P<registry>{_REGISTRY})/", image)
    host = _PORT.sub("", match["registry"]) if match else "docker.io"
    return (host, *_LAYERS.get(host, ()))


PRIVATE_IMAGE: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.[a-z.]+)/"
    rf"(?P<name>{_NAME})(?P<tag>{_VERSION})"
)
"""An image in a private ECR repository; what pulls it needs permission for that repository."""
