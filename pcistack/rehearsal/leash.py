"""Run a command that ends, with all its children, when the process that started it is gone.

``python -m pcistack.rehearsal.leash COMMAND...``: its standard input is a pipe that the starter
holds open. However the starter ends, the pipe closes, and the whole process group is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path


def end_with_parent(scratch: Path | None = None) -> None:
    """Watch the pipe at standard input, and end the process group once nobody holds it.

    Args:
        scratch: A folder that the starter would have removed, removed then.
    """
    threading.Thread(target=_watch, args=(scratch,), daemon=True).start()


def _watch(scratch: Path | None) -> None:
    while os.read(0, 4096):
        pass
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, check=False).returncode)
