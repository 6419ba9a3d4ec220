"""A headless Chromium from the locked packages, so that a machine needs no browser of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_PACKAGE: Final = _ROOT / "node_modules" / "@sparticuz" / "chromium" / "bin"
_UNPACKED: Final = _ROOT / "node_modules" / ".cache" / "chromium"
_INSTALLED: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--font-render-hinting=none",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_UNPACK: Final = """
const {brotliDecompressSync} = require("zlib"), fs = require("fs");
const [, source, target] = process.argv;
for (const name of ["chromium", "al2023.tar", "fonts.tar"]) {
  const packed = fs.readFileSync(`${source}/${name}.br`);
  fs.writeFileSync(`${target}/${name}`, brotliDecompressSync(packed));
}
"""
_FONTS: Final = """<?xml version="1.0"?>
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""


class NoBrowserError(RuntimeError):
    """No browser is at hand; the message tells how to get one."""


def launch_options() -> tuple[str, list[str], dict[str, str | float | bool]]:
    """Return executable, flags and environment of a browser.

    The packaged browser is built for Linux on x86-64; elsewhere an installed one is taken.

    Raises:
        NoBrowserError: There is none.
    """
    if sys.platform == "linux" and os.uname().machine == "x86_64" and _PACKAGE.is_dir():
        folder = _unpacked()
        environment: dict[str, str | float | bool] = {
            "HOME": str(folder),
            "LD_LIBRARY_PATH": str(folder / "lib"),
            "FONTCONFIG_PATH": str(folder),
        }
        return str(folder / "chromium"), list(_FLAGS), environment
    for name in _INSTALLED:
        found = shutil.which(name)
        if found is not None:
            return found, list(_FLAGS), {}
    raise NoBrowserError(
        "No Chromium for the browser test. On Linux x86-64 `make install` brings one; "
        "elsewhere install Chromium or Chrome so that it is on the PATH."
    )


def _as_it_is(member: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    return member


def _unpacked() -> Path:
    """Unpack the browser, its libraries and its fonts once, also when two tests ask at a time."""
    if _UNPACKED.is_dir():
        return _UNPACKED
    _UNPACKED.parent.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=_UNPACKED.parent))
    node = Path(sys.executable).parent / "node"
    subprocess.run([str(node), "-e", _UNPACK, str(_PACKAGE), str(scratch)], check=True)
    (scratch / "chromium").chmod(0o755)
    for archive in ("al2023.tar", "fonts.tar"):
        with tarfile.open(scratch / archive) as packed:
            # Python before 3.11.4 has no filter, and the archive is a locked package's own.
            packed.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
            packed.extractall(scratch)
        (scratch / archive).unlink()
    (scratch / "fonts.conf").write_text(_FONTS.format(folder=_UNPACKED), encoding="utf-8")
    try:
        scratch.rename(_UNPACKED)
    except OSError:  # another process was faster
        shutil.rmtree(scratch)
    return _UNPACKED
