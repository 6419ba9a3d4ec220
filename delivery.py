"""Entry point of the pipeline's roles: ``cdk deploy --app "python3 delivery.py"``."""

from __future__ import annotations

import sys
from datetime import date

from app import attach, load_checks, start


def main(*, on: date) -> int:
    """Synthesize and check the stack ``PciDssDelivery``.

    Args:
        on: The day for which acknowledgements are judged.

    Returns:
        0 if it may be deployed, 1 if a check found something, 2 for bad input.
    """
    from stacks.delivery.settings import load_delivery
    from stacks.mistakes import ConfigurationError

    try:
        settings = load_delivery()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    from stacks.delivery.stack import NAME, DeliveryStack

    app, nag = start()
    DeliveryStack(app, NAME, settings=settings)
    attach(app, load_checks(on=on), nag)
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        print(error, file=sys.stderr)
        return 1
    print(f"{NAME}: every check passed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(on=date.today()))
