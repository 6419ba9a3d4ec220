"""What travels into the function of the database users: its folder, its driver, certificates."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

import pymysql

_FOLDER: Final = Path(__file__).parent / "database_users"
_DRIVER: Final = Path(pymysql.__file__).parent

HANDLER: Final = f"{_FOLDER.name}.index.handler"
"""Where Lambda begins."""


def packed(folder: Path) -> str:
    """Lay the function's folder and its driver side by side, as Lambda wants them."""
    without = shutil.ignore_patterns("__pycache__", "README.md")
    shutil.copytree(_FOLDER, folder / _FOLDER.name, ignore=without)
    shutil.copytree(_DRIVER, folder / _DRIVER.name, ignore=without)
    return str(folder)


def digest() -> str:
    """Return a text that changes with what the function does."""
    sha = hashlib.sha256()
    for path in sorted(_FOLDER.glob("*.py")):
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]
