"""Everything the evidence says of one environment, before it is written in any format."""

from __future__ import annotations
