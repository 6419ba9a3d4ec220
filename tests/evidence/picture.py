"""Take the picture of the evidence page that README and docs show: ``make evidence-picture``."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.evidence.browser import launch_options


def take(index: Path, picture: Path) -> None:
    """Photograph the top of a page after a search, with the requirement it finds unfolded."""
    executable, flags, environment = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=flags, env=environment or None
        )
        page = browser.new_page(viewport={"width": 1240, "height": 1040})
        page.goto(index.resolve().as_uri())
        page.fill("#search", "PubliclyAccessible")
        page.click("#req-1\\.4\\.4 summary")
        page.mouse.move(0, 0)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
