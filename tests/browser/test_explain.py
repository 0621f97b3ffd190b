"""The explaining page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from supervision_ui.feeds import EXAMPLE_FRAME
from tests.api.server import NAME, PASSWORD, RunningWeb, running
from tests.browser.conftest import Visit, visiting
from tests.browser.test_monitor import LOOKS, no_serious_issue, shot

pytestmark = pytest.mark.browser

POSITION, HEARTBEAT = EXAMPLE_FRAME.split("\n")


@pytest.fixture
def door(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    """The web door without vehicles."""
    with running(dsn, tmp_path) as one:
        yield one


def open_page(visit: Visit, query: str = "") -> None:
    """Go to the page, logging in on the way, and wait for its script."""
    visit.page.goto(f"{visit.url}/app/explain{query}")
    if "/app/login" in visit.page.url:
        visit.page.fill("#name", NAME)
        visit.page.fill("#password", PASSWORD)
        visit.page.click("form button")
        visit.page.wait_for_url(lambda url: "/app/explain" in url.split("?")[0])
    visit.until("Boolean(window.__explain)")


def frames(visit: Visit, count: int) -> None:
    """Wait for so many explained frames."""
    visit.until(f"window.__explain.views.length === {count} && document.querySelectorAll('.ct-frame').length === {count}")


@pytest.mark.parametrize("width", [390, 1400])
def test_every_look_is_clean(browser: Browser, door: RunningWeb, width: int) -> None:
    """zh and en, light and dark, phone and desk: own title, no console error, nothing from outside, no serious axe issue."""
    for language, theme in LOOKS:
        with visiting(browser, door.url, width, language, theme) as visit:
            open_page(visit)
            no_serious_issue(visit.page)
            visit.page.click("#explain-example")
            frames(visit, 2)
            assert visit.page.evaluate("document.documentElement.lang") == language
            visit.until(f"document.title === {('报文解析 · 村通' if language == 'zh-CN' else 'Explain a frame · Cuntong')!r}")
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            assert (
                visit.page.evaluate("document.getElementById('explain').scrollWidth - document.getElementById('explain').clientWidth") == 0
            )
            assert visit.page.locator('.ct-rail-link[aria-current="page"]').get_attribute("href") == "/app/explain"
            visit.page.locator(".ct-byte-map tbody tr").nth(8).focus()
            no_serious_issue(visit.page)
            path = shot("CUNTONG_SCREENSHOT_LOOKS", f"explain-{width}-{language}-{theme}.png")
            if path:
                visit.page.screenshot(path=path)
                visit.page.evaluate("document.getElementById('explain').scrollTop = 1e6")
                visit.page.screenshot(path=path.replace(".png", "-end.png"))


def test_the_address_explains_at_once_and_keeps_what_is_asked(browser: Browser, door: RunningWeb) -> None:
    with visiting(browser, door.url) as visit:
        page = visit.page
        open_page(visit, f"?hex={quote(POSITION)}&profile=su_biao")
        frames(visit, 1)
        assert page.text_content(".ct-frame h2") == "Frame 10x0200 position report"
        assert page.locator(".ct-verdict").get_attribute("data-state") == "kept"
        assert page.input_value("#explain-profile") == "su_biao"
        cells = page.locator(".ct-byte-map tr", has_text="speed_kmh10").locator("td").all_text_contents()
        assert cells == ["35", "02 5d", "speed_kmh10", "speed", "60.5 km/h", ""]
        assert "".join(page.locator(".ct-run").all_text_contents()).upper() == POSITION.replace(" ", "")
        page.select_option("#explain-profile", "standard")
        visit.until("location.search.endsWith('profile=standard')")
        page.get_by_text("中文", exact=True).click()
        visit.until("document.documentElement.lang === 'zh-CN' && Boolean(window.__explain)")
        frames(visit, 1)
        assert "位置信息汇报" in str(page.text_content(".ct-frame h2"))
        open_page(visit, f"?hex={quote(HEARTBEAT)}&profile=nobody")
        frames(visit, 1)
        assert page.locator(".ct-verdict").get_attribute("data-state") == "dropped"
        assert "nobody" in str(page.text_content("#explain-problem"))


def test_rows_and_bytes_mark_each_other(browser: Browser, door: RunningWeb) -> None:
    marked = "[...document.querySelectorAll('.ct-run.ct-marked')].map((run) => run.textContent).join(' ')"
    with visiting(browser, door.url) as visit:
        page = visit.page
        open_page(visit, f"?hex={quote(POSITION)}")
        frames(visit, 1)
        page.locator(".ct-byte-map tr", has_text="latitude_e6").hover()
        visit.until(f"{marked} === '01aed347'")
        page.locator(".ct-run", has_text="025d").hover()
        visit.until("document.querySelector('tr.ct-marked').textContent.includes('60.5 km/h')")
        page.mouse.move(5, 5)
        visit.until("document.querySelectorAll('.ct-marked').length === 0")
        page.locator(".ct-byte-map tbody tr").first.focus()
        page.keyboard.press("ArrowDown")
        assert page.evaluate(marked) == "0200"
        page.keyboard.press("End")
        assert page.evaluate(marked) == "7e"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "ct-bytes"


def test_bad_input_says_what_to_do(browser: Browser, door: RunningWeb) -> None:
    with visiting(browser, door.url) as visit:
        page = visit.page
        open_page(visit)
        for text, said in (("", "paste at least one frame"), ("7E 7E", "paste at least one frame"), ("7E 0", "one is missing")):
            page.fill("#explain-hex", text)
            page.click("#explain-submit")
            assert said in str(page.text_content("#explain-problem")), text
            assert page.get_attribute("#explain-hex", "aria-invalid") == "true"
        page.fill("#explain-hex", "0x7E 00 ZZ")
        page.keyboard.press("Control+Enter")
        assert "Character 9" in str(page.text_content("#explain-problem"))
        assert page.evaluate("getSelection().toString()") == "Z"
        page.fill("#explain-hex", HEARTBEAT)
        page.keyboard.press("Control+Enter")
        frames(visit, 1)
        assert page.get_attribute("#explain-hex", "aria-invalid") is None
        assert not page.is_visible("#explain-problem")
        assert page.text_content(".ct-byte-map tr.ct-odd .ct-col-odd") == "wrong checksum"
        page.click("#explain-clear")
        frames(visit, 0)


def test_what_the_server_refuses_is_told(browser: Browser, door: RunningWeb) -> None:
    with visiting(browser, door.url) as visit:
        open_page(visit)
        for text, said in (("00" * 40_000, "at most 65,536"), ("7E01" * 101, "101 frames; at most 100")):
            visit.page.fill("#explain-hex", text)
            visit.page.click("#explain-submit")
            visit.until(f"document.getElementById('explain-problem').textContent.includes('{said}')")
        assert len(visit.errors) == 2 and all("422" in error for error in visit.errors)
        visit.errors.clear()


def test_keyboard_alone_explains(browser: Browser, door: RunningWeb) -> None:
    with visiting(browser, door.url) as visit:
        page = visit.page
        open_page(visit, f"?hex={quote(EXAMPLE_FRAME)}")
        frames(visit, 2)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "ct-skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "explain-result"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.row") == "0"
