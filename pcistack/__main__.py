"""The entry: what a check needs longest for begins before anything else is imported."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

_NO_ENGINE: Final = frozenset({"--help", "-h", "--list-rules", "--only"})


def main() -> NoReturn:
    """Run the command line; see :func:`pcistack.cli.main`."""
    words = sys.argv[1:]
    options = {word.partition("=")[0] for word in words}
    if words[:1] == ["check"] and len(words) > 1 and not _NO_ENGINE & options:
        from pcistack.checks.native import is_installed, native, take_memory_in_large_pieces

        if is_installed():
            take_memory_in_large_pieces()
            native()
    from pcistack import cli

    cli.main()


if __name__ == "__main__":
    main()
