"""Lengths of time, of which an app makes each once: they are values, and Node makes them."""

from __future__ import annotations

from functools import cache

from aws_cdk import Duration


@cache
def days(number: float) -> Duration:
    """Return some days."""
    return Duration.days(number)


@cache
def minutes(number: float) -> Duration:
    """Return some minutes."""
    return Duration.minutes(number)


@cache
def seconds(number: float) -> Duration:
    """Return some seconds."""
    return Duration.seconds(number)
