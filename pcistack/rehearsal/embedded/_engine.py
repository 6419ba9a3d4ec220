"""The one door to MiniStack's own modules, which carry no types."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, MutableMapping
from types import ModuleType
from typing import Any

# A module, function or record of the engine.
Untyped = Any

# A service answers with a status, headers and a body.
Response = tuple[int, dict[str, str], bytes]
Handlers = MutableMapping[str, dict[str, Any]]


def module(name: str) -> Untyped:
    """Return a module of the engine, for example ``services.rds``."""
    return importlib.import_module(f"ministack.{name}")


def account_id() -> str:
    """Return the account of the request that is being served."""
    return str(module("core.responses").get_account_id())


def region() -> str:
    """Return the region of the request that is being served."""
    return str(module("core.responses").get_region())


def store() -> MutableMapping[str, Any]:
    """Return an empty store that keeps accounts and regions apart, as the services use it."""
    new_store: MutableMapping[str, Any] = module("core.responses").AccountRegionScopedDict()
    return new_store


def resource_handlers() -> Handlers:
    """Return CloudFormation's table of resource types."""
    handlers: Handlers = module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    return handlers


def physical_name(stack: str, logical_id: str, *, lowercase: bool, longest: int) -> str:
    """Return the name that CloudFormation generates for a resource without one."""
    name: Callable[..., str] = module("services.cloudformation.provisioners")._physical_name
    return name(stack, logical_id, lowercase=lowercase, max_len=longest)


def add_service(name: str, backing: ModuleType, handler: Callable[..., Any], target: str) -> None:
    """Route a JSON service to ``handler``.

    Args:
        name: The service's name in a signed request.
        backing: A module that holds its stores, so that the inventory finds them.
        handler: Answers a request.
        target: How the ``X-Amz-Target`` header of its calls begins.
    """
    sys.modules[backing.__name__] = backing
    module("app").SERVICE_HANDLERS[name] = handler
    module("core.router").SERVICE_PATTERNS[name] = {"target_prefixes": [target]}
