"""How environments and their stacks are named, for the app, the commands and the evidence."""

from __future__ import annotations

import re
from typing import Final

SUFFIX: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""The suffix of an environment; its longest length is the app's to judge."""

STACK_PREFIX: Final = "PciDss-"
"""What the name of an environment's stack begins with."""
