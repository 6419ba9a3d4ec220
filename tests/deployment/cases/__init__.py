"""One bad and one good template per rule, as small as the rule allows; a file per family."""

from __future__ import annotations

import importlib
import pkgutil

from tests.deployment.case import Case


def discovered() -> tuple[Case, ...]:
    """Return the ``CASES`` of every module beside this one."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(case for module in modules for case in module.CASES)
