"""What travels into the function of the database users: its folder, its driver, certificates."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import pymysql

_FOLDER: Final = Path(__file__).parent / "database_users"
_DRIVER: Final = Path(pymysql.__file__).parent

HANDLER: Final = f"{_FOLDER.name}.index.handler"
"""Where Lambda begins."""


@cache
def packed() -> str:
    """Lay the function's folder and its driver side by side, as Lambda wants them.

    Returns:
        The folder, which is there until the process ends: every stack takes the same.
    """
    folder = Path(tempfile.mkdtemp(prefix="database-users-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__", "README.md")
    shutil.copytree(_FOLDER, folder / _FOLDER.name, ignore=without)
    shutil.copytree(_DRIVER, folder / _DRIVER.name, ignore=without)
    return str(folder)


@cache
def digest() -> str:
    """Return a text that changes with what the function does."""
    sha = hashlib.sha256()
    for path in sorted(_FOLDER.glob("*.py")):
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]
