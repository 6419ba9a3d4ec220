"""How environments and their stacks are named, for the app, the commands and the evidence."""

from __future__ import annotations

import re
from typing import Final

from pcistack.template.document import Template

SUFFIX: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""The suffix of an environment; its longest length is the app's to judge."""

STACK_PREFIX: Final = "PciDss-"
"""What the name of an environment's stack begins with, where no project is named."""

TAGS: Final = ("EnvironmentSuffix", "Project")
"""Tags that every resource of an environment carries, and no other environment's does."""


def environment_tags(template: Template) -> dict[str, str]:
    """Return the :data:`TAGS` of a template's resources; they are the same on all."""
    found: dict[str, str] = {}
    for resource in template.resources.values():
        tags = resource.properties.get("Tags")
        for tag in tags if isinstance(tags, list) else ():
            if isinstance(tag, dict) and tag.get("Key") in TAGS:
                found.setdefault(str(tag["Key"]), str(tag.get("Value")))
    return found
