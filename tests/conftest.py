"""Hypothesis draws the same examples every time, and a slow machine fails nothing."""

from hypothesis import settings

settings.register_profile("pcistack", deadline=None, derandomize=True)
settings.load_profile("pcistack")
