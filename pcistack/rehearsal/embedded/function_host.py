"""What is there before a function starts; the process that functions are copies of imports this.

Importing it is its work: nothing else can be asked of that process. A function makes its own
session and clients; the modules and models that they need are read already.
"""

from __future__ import annotations

import gc
from typing import Final

import boto3

from pcistack.rehearsal.sdk import share_models

_ASKED: Final = ("ecs", "secretsmanager")
"""Services that the functions of this application ask mostly; it knows any other as well."""

share_models()
for _service in _ASKED:
    boto3.session.Session("none", "none", region_name="none").client(_service)
gc.freeze()
