"""Entry point of ``cdk synth`` and ``cdk deploy``: environment, stack, checks, synth."""

from __future__ import annotations

import sys

from aws_cdk import App

from stacks.assembly import build_app
from stacks.environment import ConfigurationError, load_environment


def main() -> int:
    """Synthesize the environment that the context names; ``dev`` if it names none."""
    suffix = App(builtin_cloud_formation_validation=False).node.try_get_context("environmentSuffix")
    try:
        environment = load_environment("dev" if suffix is None else str(suffix))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    build_app([environment]).synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
