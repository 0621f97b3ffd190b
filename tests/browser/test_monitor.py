"""The supervision map in a real browser."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

from tests.api.server import RunningWeb, put_fix
from tests.browser.conftest import VEHICLES, visiting

pytestmark = pytest.mark.browser

LOOKS = [(language, theme) for language in ("zh-CN", "en") for theme in ("light", "dark")]


def shot(variable: str, name: str) -> str | None:
    """Where a picture goes: the folder that the environment variable names; None when nobody asks for pictures."""
    folder = os.environ.get(variable)
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return str(Path(folder) / name)


def no_serious_issue(page: object) -> None:
    found = Axe().run(page).response["violations"]  # type: ignore[arg-type]
    serious = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("width", [360, 1400])
def test_every_look_is_clean(browser: Browser, web: RunningWeb, width: int) -> None:
    """zh and en, light and dark, phone and desk: no console error, nothing from outside, no serious axe issue."""
    for language, theme in LOOKS:
        with visiting(browser, web.url, width, language, theme) as visit:
            visit.page.goto(f"{web.url}/app/login")
            no_serious_issue(visit.page)
            visit.open_map()
            visit.until("window.__fleetmap.page.list.api?.getDisplayedRowCount() > 0")
            assert visit.count("total") == VEHICLES
            assert visit.page.evaluate("document.documentElement.lang") == language
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            visit.page.evaluate("window.__fleetmap.page.select(7, true)")
            visit.until("!document.getElementById('vehicle-card').hidden")
            visit.until("document.getElementById('card-time').textContent.length > 8")
            no_serious_issue(visit.page)
            path = shot("CUNTONG_SCREENSHOT_LOOKS", f"map-{width}-{language}-{theme}.png")
            if path:
                visit.page.wait_for_timeout(800)
                visit.page.screenshot(path=path)


def test_picture_for_the_readme(browser: Browser, web: RunningWeb) -> None:
    """`CUNTONG_SCREENSHOT=docs/images` writes `map.png` there."""
    with visiting(browser, web.url, 1400, "zh-CN", "light") as visit:
        visit.open_map()
        visit.until("window.__fleetmap.page.frames > 3")
        visit.until("window.__fleetmap.page.list.api?.getDisplayedRowCount() > 0")
        visit.until("window.__fleetmap.map.areTilesLoaded()")
        assert visit.count("moving") > VEHICLES // 2
        visit.page.evaluate("window.__fleetmap.page.select(7)")
        visit.until("document.getElementById('card-time').textContent.length > 8")
        path = shot("CUNTONG_SCREENSHOT", "map.png")
        if path:
            visit.page.wait_for_timeout(1500)
            visit.page.screenshot(path=path)
            assert Path(path).stat().st_size <= 400_000


def test_moving_vehicle_is_drawn_where_it_is(browser: Browser, web: RunningWeb) -> None:
    """A new fix reaches pixels: the arrow's green appears where the vehicle now is and nowhere near before."""
    green = """([lon, lat]) => {
      const { map, store } = window.__fleetmap;
      map.redraw();
      const gl = map.painter.context.gl, ratio = map.getPixelRatio(), at = map.project([lon, lat]);
      const size = 24, pixels = new Uint8Array(size * size * 4);
      gl.readPixels(Math.round(at.x * ratio) - size / 2, gl.drawingBufferHeight - Math.round(at.y * ratio) - size / 2, size, size, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      let found = 0;
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 1] > pixels[i] + 40 && pixels[i + 1] > pixels[i + 2] + 40) found++;
      return found;
    }"""
    with visiting(browser, web.url) as visit:
        visit.open_map()
        lon, lat = visit.page.evaluate("window.__fleetmap.map.unproject([60, 60]).toArray()")
        visit.page.evaluate(
            "window.__fleetmap.map.setPaintProperty('ground', 'background-color', window.__fleetmap.page.layer.colours ? '#f4f6f8' : '')"
        )
        assert visit.page.evaluate(green, [lon, lat]) == 0
        with psycopg.connect(web.dsn) as conn:
            conn.execute("insert into vehicle (vehicle_id, plate, plate_colour, region_code) values (9001, '贵H90010', 2, '529921')")
            put_fix(conn, 9001, lon, lat, speed_kmh10=500, heading_deg=45)
        visit.until("window.__fleetmap.store.rowOf.has(9001)")
        assert visit.page.evaluate(green, [lon, lat]) > 20
        before = visit.page.evaluate("Array.from(window.__fleetmap.store.lon.slice(0, 50))")
        visit.until(f"window.__fleetmap.store.lon.slice(0, 50).join() !== '{','.join(map(str, before))}'")


def test_list_and_map_are_twins(browser: Browser, web: RunningWeb) -> None:
    """Same filter, same selection, both ways."""
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        visit.until(f"window.__fleetmap.page.list.api?.getDisplayedRowCount() === {VEHICLES}")
        page.click('.ct-tile[data-status="alarm"]')
        visit.until("window.__fleetmap.page.list.api.getDisplayedRowCount() === 1")
        assert page.evaluate("window.__fleetmap.store.visible.slice(0, window.__fleetmap.store.size).reduce((a, b) => a + b)") == 1
        page.click(".ag-row")
        visit.until("window.__fleetmap.page.selected === 7")
        assert page.get_attribute("#vehicle-card", "data-status") == "alarm"
        assert page.text_content("#card-alarms") == "Emergency (SOS)"
        page.click('.ct-tile[data-status="total"]')
        visit.until(f"window.__fleetmap.page.list.api.getDisplayedRowCount() === {VEHICLES}")
        page.evaluate("window.__fleetmap.page.select(12)")
        visit.until("window.__fleetmap.page.list.api.getSelectedRows()[0]?.id === 12")
        plate = page.text_content("#card-plate")
        page.fill("#search", str(plate))
        visit.until("window.__fleetmap.page.list.api.getDisplayedRowCount() === 1")
        page.click("#card-close")
        visit.until("window.__fleetmap.page.list.api.getSelectedRows().length === 0")


def test_keyboard_alone_reaches_a_vehicle(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        visit.until("window.__fleetmap.page.list.api?.getDisplayedRowCount() > 0")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "ct-skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "vehicle-list"
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("Boolean(document.activeElement.closest('.ag-header-cell'))"):
                break
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        visit.until("window.__fleetmap.page.selected !== null")
        visit.until("!document.getElementById('vehicle-card').hidden")


def test_several_vehicles_under_one_click_are_listed(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        lon, lat = page.evaluate("window.__fleetmap.map.unproject([300, 300]).toArray()")
        with psycopg.connect(web.dsn) as conn:
            for vehicle_id in (9001, 9002, 9003):
                put_fix(conn, vehicle_id, lon, lat, speed_kmh10=0)
                conn.execute(
                    "insert into vehicle (vehicle_id, plate, plate_colour, region_code) values (%s, %s, 2, '529921')",
                    (vehicle_id, f"贵H{vehicle_id}0"),
                )
        visit.until("window.__fleetmap.store.rowOf.has(9003)")
        page.click("#fleet-map canvas", position={"x": 300, "y": 300})
        visit.until("!document.getElementById('map-chooser').hidden")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        visit.until("window.__fleetmap.page.selected !== null")
        assert page.evaluate("window.__fleetmap.page.selected") in (9001, 9002, 9003)


def test_chosen_classes_filter_both_and_stay_in_their_line(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        visit.until(f"window.__fleetmap.page.list.api?.getDisplayedRowCount() === {VEHICLES}")
        height = page.evaluate("document.querySelector('.ct-filters').offsetHeight")
        page.click("#filter-class")
        for name in ("Freight", "Dangerous goods", "Town bus"):
            page.get_by_role("option", name=name).click()
        visit.until("window.fleetmapFilter.classes.size === 3")
        visit.until(
            f"window.__fleetmap.page.list.api.getDisplayedRowCount() === {sum(one % 6 in (1, 4, 5) for one in range(1, VEHICLES + 1))}"
        )
        assert page.evaluate("document.querySelector('.ct-filters').offsetHeight") == height


def test_theme_language_and_logout(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.click("#theme-switch")
        visit.until("document.documentElement.dataset.theme === 'dark'")
        visit.until("Boolean(window.__fleetmap.map.getLayer('vehicles') && window.__fleetmap.map.getLayer('plates'))")
        page.get_by_text("中文", exact=True).click()
        visit.until("document.documentElement.lang === 'zh-CN'")
        visit.until("Boolean(window.__fleetmap && window.__fleetmap.store.size)")
        assert page.text_content(".ct-brand-name") == "村通"
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.click("#logout")
        page.wait_for_url("**/app/login")


def test_a_logout_answered_late_still_ends_on_the_plain_login_page(browser: Browser, web: RunningWeb) -> None:
    """The live connection hears first that the session is over; it must not send the next account to this one's page."""

    def late(route: Route) -> None:
        answer = route.fetch()
        time.sleep(2.0)
        route.fulfill(response=answer)

    with visiting(browser, web.url) as visit:
        visit.open_map()
        visit.page.route("**/api/v1/session", late)
        visit.page.click("#logout")
        visit.page.wait_for_url("**/app/login*")
        assert visit.page.url.endswith("/app/login")
        visit.errors[:] = [one for one in visit.errors if "401" not in one]  # who asks in between is refused


def test_a_logout_that_fails_says_so_and_can_be_tried_again(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.context.clear_cookies(name="_csrf_token")
        page.click("#logout")
        visit.until("document.getElementById('map-banner').textContent === 'Cannot log out now. Try again in a moment'")
        assert page.is_enabled("#logout")
        assert any("403" in error for error in visit.errors)
        visit.errors.clear()


def test_without_a_choice_the_theme_is_the_one_of_the_system(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url, theme="auto", color_scheme="dark") as visit:
        page = visit.page
        page.goto(f"{web.url}/app/login")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        visit.open_map()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate(ground) == dark
        page.emulate_media(color_scheme="light")
        visit.until("document.documentElement.dataset.theme === 'light'")
        assert page.evaluate(ground) != dark
        visit.until("Boolean(window.__fleetmap.map.getLayer('vehicles') && window.__fleetmap.map.getLayer('plates'))")


def test_card_leaves_its_vehicle_in_sight_and_escape_closes_it(browser: Browser, web: RunningWeb) -> None:
    """On a phone the card lies over half of the map."""
    inside = """() => {
      const { map, store, page } = window.__fleetmap, at = map.project(store.place(store.rowOf.get(page.selected)));
      const room = map.getContainer();
      return !map.isMoving() && !page.card.covers(at) && at.x > 0 && at.y > 0 && at.x < room.clientWidth && at.y < room.clientHeight;
    }"""
    with visiting(browser, web.url, 390) as visit:
        visit.open_map()
        visit.page.evaluate("window.__fleetmap.page.select(12, true); window.__fleetmap.page.centre(0)")
        visit.until(inside)
        visit.page.evaluate(
            "window.__fleetmap.map.jumpTo({ center: window.__fleetmap.store.place(window.__fleetmap.store.rowOf.get(12)) })"
        )
        visit.page.evaluate("window.__fleetmap.page.select(null); window.__fleetmap.page.select(12)")
        visit.until(inside)
        visit.page.keyboard.press("Escape")
        visit.until("document.getElementById('vehicle-card').hidden")


def test_csv_holds_what_the_filter_shows(browser: Browser, web: RunningWeb, tmp_path: Path) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.click('.ct-tile[data-status="offline"]')
        with page.expect_download() as download:
            page.click("#list-export")
        download.value.save_as(tmp_path / "vehicles.csv")
        text = (tmp_path / "vehicles.csv").read_text("utf-8-sig")
        lines = text.splitlines()
        assert lines[0].startswith('"Plate","Status","Speed km/h"')
        assert len(lines) - 1 == visit.count("offline") == VEHICLES // 20


def test_bad_address_parameter_is_told_and_a_good_one_opens_the_card(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        visit.open_map("?vehicle=12")
        visit.until("window.__fleetmap.page.selected === 12")
        visit.open_map("?vehicle=twelve")
        visit.until("!document.getElementById('map-banner').hidden")
        assert "vehicle" in str(visit.page.text_content("#map-banner"))


def test_zoomed_out_the_county_is_one_bubble(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        visit.open_map()
        visit.page.evaluate("window.__fleetmap.map.jumpTo({ zoom: 6 })")
        visit.until("window.__fleetmap.page.bubbling && window.__fleetmap.page.bubbles.features.length === 1")
        bubble = visit.page.evaluate("window.__fleetmap.page.bubbles.features[0].properties")
        assert bubble["total"] == VEHICLES
        visit.page.evaluate("window.__fleetmap.map.jumpTo({ zoom: 7.9 })")
        assert visit.page.evaluate("window.__fleetmap.page.bubbling") is True  # hysteresis
        visit.page.evaluate("window.__fleetmap.map.jumpTo({ zoom: 8.3 })")
        assert visit.page.evaluate("window.__fleetmap.page.bubbling") is False


def test_scripts_of_the_page_stay_small(browser: Browser, web: RunningWeb) -> None:
    """At most 6.5 MB of JavaScript, 1.8 MB on the wire, and the first vehicles soon."""
    with visiting(browser, web.url) as visit:
        loaded: dict[str, int] = {}
        page = visit.page
        page.on("requestfinished", lambda request: loaded.setdefault(request.url, request.sizes()["responseBodySize"]))
        visit.open_map()
        visit.until("window.__fleetmap.page.list.api?.getDisplayedRowCount() > 0")
        scripts = {url: size for url, size in loaded.items() if url.split("?")[0].endswith((".js", ".mjs"))}
    with web.client() as client:
        raw = sum(len(client.get(url).content) for url in scripts)
    assert raw <= 6_500_000
    assert sum(scripts.values()) <= 1_800_000
