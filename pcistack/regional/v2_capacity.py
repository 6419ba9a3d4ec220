"""Convert a Serverless v1 scaling configuration to Aurora serverless v2 limits.

Both count in Aurora capacity units (ACU, about 2 GiB of memory each), so a number keeps its
meaning; v2 moves in half steps and has one range per engine version.
Source: Aurora User Guide, "Using Aurora serverless v2".
"""

from __future__ import annotations

import math
from typing import Final

from pcistack.regional.facts import Capacity

SHORTEST_PAUSE: Final = 300
"""Shortest SecondsUntilAutoPause, in seconds."""
LONGEST_PAUSE: Final = 86_400
"""Longest SecondsUntilAutoPause, in seconds."""
V1_DEFAULT_MAXIMUM: Final = 16
"""What v1 used when MaxCapacity was not given."""


def half_step(acu: float, within: Capacity) -> float:
    """Return the nearest capacity that v2 accepts and that is not smaller, at least 0.5."""
    return max(math.ceil(min(acu, within.maximum) * 2) / 2, 0.5)


def minimum_capacity(acu: float, *, pause: bool, within: Capacity) -> float:
    """Convert v1's MinCapacity. A cluster that paused gets 0, or 0.5 where v2 cannot pause."""
    if pause:
        return within.minimum
    return half_step(acu, within)


def maximum_capacity(acu: float, within: Capacity) -> float:
    """Convert v1's MaxCapacity; v2's smallest is 1."""
    return max(half_step(acu, within), 1.0)


def pause_seconds(seconds: float) -> int:
    """Return a SecondsUntilAutoPause within v2's limits."""
    return int(min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE))


def written(acu: float) -> float | int:
    """Return a capacity as people write it: 4, not 4.0."""
    return int(acu) if acu == int(acu) else acu
