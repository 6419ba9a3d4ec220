"""The place for resources of your own; nothing of the shipped stack depends on it.

``docs/own-resources.md`` shows a bucket and a queue that a worker uses. All that is made here goes
through the same checks and the same rehearsal as the stack.
"""

from __future__ import annotations

from stacks.at_hand import AtHand


def own_resources(at_hand: AtHand) -> None:
    """Make what your application needs and no setting makes.

    Args:
        at_hand: What stands already. Workloads take ``give(variables)`` and
            ``permit(actions, on=...)`` of what you make; their ways out are opened afterwards.
    """
