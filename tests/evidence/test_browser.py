"""The page works in a real browser: it filters, unfolds, prints, and complains of nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.files import write
from pcistack.evidence.gather import gather
from pcistack.pci_dss.pack import PACK
from tests import support
from tests.evidence import sample
from tests.evidence.browser import launch_options
from tests.evidence.conftest import Chosen, Gather
from tests.evidence.test_page import poison

DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable, flags, environment = launch_options()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=executable, args=flags, env=environment or None
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Page:
    """One for all tests, since a page is a process of its own."""
    return browser.new_page()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of the sample's page."""
    folder = tmp_path_factory.mktemp("page")
    directory = sample.write(folder / "assembly")
    evidence = gather(AssessedStack.read(directory), Chosen(()), on=sample.DAY)
    return write(evidence, folder / "out")[0].as_uri()


@pytest.fixture
def page(opened: Page, index: str) -> Iterator[Page]:
    """The sample's page as it opens; the test fails on any console message, error or request."""
    opened.set_viewport_size(DESK)
    opened.emulate_media(media="null", color_scheme="null")
    said: list[str] = []
    heard = {
        "console": lambda message: said.append(message.text),
        "pageerror": lambda error: said.append(str(error)),
        "request": lambda request: said.append(request.url),
    }
    for event, hear in heard.items():
        opened.on(event, hear)  # type: ignore[call-overload]
    opened.goto(index)
    yield opened
    for event, hear in heard.items():
        opened.remove_listener(event, hear)
    assert said == [index]


def _shown(page: Page) -> list[str]:
    numbers = page.locator(".requirement:not([hidden]) .number").all_inner_texts()
    return [number.strip() for number in numbers]


def test_a_search_narrows_requirements_and_registers(page: Page) -> None:
    everything = _shown(page)
    page.fill("#search", "rotates")
    assert 0 < len(_shown(page)) < len(everything)
    page.fill("#search", "FlowLog 400")
    assert page.locator("#logs tbody tr:not([hidden])").count() == 1
    assert not page.locator("#ports").is_visible()
    page.click("#clear")
    assert _shown(page) == everything
    assert page.locator("#ports").is_visible()


def test_a_state_narrows_the_requirements_and_back(page: Page) -> None:
    everything = _shown(page)
    tile = page.locator(".tile[data-state='needs you']")
    tile.click()
    count = int(tile.locator("b").inner_text())
    assert len(_shown(page)) == count < len(everything)
    assert "3.5.1.2" in _shown(page)
    assert page.inner_text("#found").startswith(f"{count} of {len(everything)} requirements")
    tile.click()
    assert _shown(page) == everything


def test_a_requirement_unfolds_to_its_settings(page: Page) -> None:
    requirement = page.locator("#req-1\\.4\\.4")
    assert not requirement.get_by_text("PubliclyAccessible").is_visible()
    requirement.locator("summary").click()
    assert requirement.get_by_text("PubliclyAccessible").is_visible()


def test_the_slash_key_goes_to_the_search(page: Page) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_link_unfolds_and_unfilters_what_it_leads_to(page: Page) -> None:
    page.click("#responsibilities a[href='#req-1.4.4']")
    requirement = page.locator("#req-1\\.4\\.4")
    requirement.get_by_text("PubliclyAccessible").wait_for(state="visible")
    page.fill("#search", "PubliclyAccessible")
    assert not page.locator("#r-Writer").is_visible()
    requirement.locator("a[href='#r-Writer']").first.click()
    page.locator("#r-Writer").wait_for(state="visible")
    assert page.input_value("#search") == ""


def test_it_prints_with_every_requirement_unfolded(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#req-1\\.4\\.4").get_by_text("PubliclyAccessible").is_visible()
    assert not page.locator(".tools").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("details[open]").count()


def test_a_phone_shows_it_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.click("#expand")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    wider_than_their_frame = page.evaluate(
        """() => [...document.querySelectorAll(".card:not(.diagram), .inner, td")]
          .filter((node) => node.scrollWidth > node.clientWidth + 1)
          .map((node) => node.className + " " + node.textContent.trim().slice(0, 40))"""
    )
    assert wider_than_their_frame == []


def test_markup_in_a_template_stays_text_in_a_browser(
    browser: Browser, gathered: Gather, tmp_path: Path
) -> None:
    index = write(gathered(poison), tmp_path / "out")[0]
    opened = browser.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.goto(index.as_uri())
    opened.click("#expand")
    assert said == []
    assert opened.locator("img, script:not(:last-of-type)").count() == 0
    assert "alert(1)" in opened.inner_text("#keys")
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Page, scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, against the nearest background."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.click("#expand")
    poor = page.evaluate(
        """() => {
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const light = (rgb) => rgb.slice(0, 3).map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          }).reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
          const behind = (node) => {
            for (let at = node; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length < 4 || colour[3] === 1) return colour;
            }
            return [255, 255, 255];
          };
          const found = new Set();
          for (const node of document.querySelectorAll("main *, nav *")) {
            if (node.closest("svg") || ![...node.childNodes].some(
              (child) => child.nodeType === 3 && child.textContent.trim())) continue;
            const [front, back] = [parse(getComputedStyle(node).color), behind(node)].map(light);
            const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
            if (ratio < 4.5) found.add(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
          }
          return [...found];
        }"""
    )
    assert poor == []


@pytest.mark.parametrize("suffix", ["prod", "payments"])
def test_an_environment_prints_on_fewer_than_25_pages_of_a4(
    suffix: str, opened: Page, tmp_path: Path
) -> None:
    directory = sample.write(tmp_path / "assembly", body=dict(support.template(suffix).body))
    evidence = gather(AssessedStack.read(directory), PACK, on=sample.DAY)
    opened.set_viewport_size(DESK)
    opened.emulate_media(media="null", color_scheme="null")
    opened.goto(write(evidence, tmp_path / "out")[0].as_uri())
    printed = opened.pdf(prefer_css_page_size=True)
    sizes = set(re.findall(rb"/MediaBox \[([^\]]+)\]", printed))
    assert len(sizes) == 1
    width, height = (float(side) for side in sizes.pop().split()[2:])
    assert (round(width), round(height)) == (595, 842)  # A4 in points
    assert 10 < len(re.findall(rb"/Type\s*/Page[^s]", printed)) < 25
    # a picture stays on one page with its heading: 190 by 274 millimetres are left of A4
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 718, "height": 1035})
    for name in ("network", "data-flow"):
        section = opened.locator(f"#{name}")
        assert section.evaluate("(node) => getComputedStyle(node).breakInside") == "avoid"
        box = section.bounding_box()
        assert box is not None
        assert box["height"] < 1035
    # the first page is full: the requirements begin on it
    first = opened.locator(".requirement").first.bounding_box()
    assert first is not None
    assert first["y"] < 500
