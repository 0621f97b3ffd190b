"""Days of a vehicle and measured speeds of roads on the map, driven by simulated buses and computed as the worker does it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from domain.units import day_of
from simulators.county import County
from tests.api.driven import compute, store_days
from tests.api.server import RunningWeb
from tests.browser.conftest import Traffic, Visit, visiting
from tests.browser.test_monitor import LOOKS, no_serious_issue, shot

pytestmark = pytest.mark.browser

BUS = 12


@pytest.fixture
def last() -> date:
    """The day before today."""
    return day_of(time.time_ns() // 1_000_000) - timedelta(1)


@pytest.fixture
def driven(dsn: str, tmp_path: Path, county: County, traffic: Traffic, last: date) -> Iterator[None]:
    """Three computed days of the bus, one of some others, one day that waits."""
    with psycopg.connect(dsn) as conn:
        store_days(conn, county, [BUS], last, 3)
        store_days(conn, county, [13, 14, 15], last, 1)
    compute(dsn, tmp_path, last - timedelta(2), last, county)
    with psycopg.connect(dsn) as conn:
        conn.execute("insert into due_day (vehicle_id, day, reason) values (%s, %s, 'late')", (BUS, last - timedelta(5)))
        conn.execute("update vehicle_day set final_revision = 1 where day < %s", (last,))
    yield


def opened(visit: Visit, vehicle_id: int = BUS) -> None:
    """The panel with the list of days, reached as a person does."""
    visit.open_map()
    visit.page.evaluate(f"window.__fleetmap.page.select({vehicle_id}, true)")
    visit.page.click("#card-tracks")
    visit.until("document.getElementById('tracks-panel').ariaBusy === 'false'")


def chosen(visit: Visit, day: date) -> None:
    """A day of the list, shown on a map at rest."""
    visit.page.click(f"[data-day='{day}']")
    visit.until("!document.getElementById('tracks-computed').hidden")
    settled(visit)


def settled(visit: Visit) -> None:
    visit.until("!window.__fleetmap.map.isMoving() && window.__fleetmap.map.areTilesLoaded()")


def text(visit: Visit, selector: str) -> str:
    return str(visit.page.text_content(selector))


def test_days_of_a_vehicle_from_list_to_segment(browser: Browser, driven: None, web: RunningWeb, last: date) -> None:
    """Figures are those of the tables, the way is on the map, the gap says why."""
    with psycopg.connect(web.dsn) as conn:
        matched, low, high = conn.execute(
            "select matched_m, low_m, high_m from vehicle_day where vehicle_id = %s and day = %s", (BUS, last)
        ).fetchall()[0]
        gap_mm = conn.execute(
            "select length_mm from mileage_segment where vehicle_id = %s and day = %s and kind = 2", (BUS, last)
        ).fetchall()[0][0]
    with visiting(browser, web.url) as visit:
        opened(visit)
        assert visit.page.evaluate("document.querySelectorAll('.ct-day').length") == 4
        newest = text(visit, f"[data-day='{last}']")
        assert f"{matched / 1000:.1f} km" in newest
        assert f"{low / 1000:.1f}–{high / 1000:.1f} km" in newest
        assert "Provisional" in newest
        assert "Final" in text(visit, f"[data-day='{last - timedelta(1)}']")
        assert "Waiting to be computed" in text(visit, ".ct-day-waiting")
        chosen(visit, last)
        assert f"{matched / 1000:.1f} km" in text(visit, "#tracks-km")
        assert "No timetable" in text(visit, "#tracks-flags")
        assert visit.page.evaluate("window.__fleetmap.layer.hidden")  # the past and the present are not mixed
        kinds = "new Set(window.__fleetmap.map.queryRenderedFeatures({ layers: ['track-on_road', 'track-off_road', 'track-gap'] }).map((one) => one.properties.kind)).size"
        visit.until(f"{kinds} === 3")
        _gap_on_the_map(visit, gap_mm)
        _layers_switch(visit)
        _playback(visit)
        _keys_lead_back(visit)


def _gap_on_the_map(visit: Visit, gap_mm: int) -> None:
    at = """() => {
      const { map, page } = window.__fleetmap, way = page.past.layers.data.way.features.find((one) => one.properties.kind === 'gap');
      const line = way.geometry.coordinates, middle = map.project(line[Math.floor(line.length / 2)]), box = map.getCanvas().getBoundingClientRect();
      return [box.x + middle.x, box.y + middle.y];
    }"""
    visit.page.mouse.click(*visit.page.evaluate(at))
    visit.until("document.querySelectorAll('.ct-row[aria-expanded=true]').length === 1")
    assert "Gap, inferred" in text(visit, ".ct-row[aria-expanded=true]")
    detail = text(visit, ".ct-detail")
    assert f"{gap_mm / 1e6:.3f} km" in detail
    assert "odometer" in detail
    assert "the terminal sent nothing" in detail


def _layers_switch(visit: Visit) -> None:
    visible = "window.__fleetmap.map.getLayoutProperty('{}', 'visibility') !== 'none'"
    visit.page.uncheck("#tracks-show-matched")
    assert not visit.page.evaluate(visible.format("track-on_road"))
    assert visit.page.evaluate(visible.format("track-fixes"))
    visit.page.click("#theme-switch")  # a new style keeps the day and what is switched off
    visit.until("document.documentElement.dataset.theme === 'dark'")
    visit.until("Boolean(window.__fleetmap.map.getLayer('track-mark'))")
    assert not visit.page.evaluate(visible.format("track-on_road"))
    visit.page.check("#tracks-show-matched")
    assert visit.page.evaluate(visible.format("track-on_road"))
    visit.until("window.__fleetmap.map.queryRenderedFeatures({ layers: ['track-on_road'] }).length > 0")


def _playback(visit: Visit) -> None:
    page = visit.page
    fixes = "window.__fleetmap.page.past.tracks.day.playback.fixes"
    page.focus("#playback-slider")
    page.keyboard.press("End")
    end = page.evaluate(f"{fixes}.at(-1)")
    assert page.evaluate("window.__fleetmap.page.past.layers.data.mark.features[0].geometry.coordinates") == [end["lon"], end["lat"]]
    assert "km/h" in text(visit, "#playback-told")
    page.keyboard.press("Home")
    begin = int(page.input_value("#playback-slider"))
    page.select_option("#playback-pace", "300")
    page.click("#playback-play")
    visit.until(f"Number(document.getElementById('playback-slider').value) > {begin + 60}")
    page.click("#playback-play")
    assert page.get_attribute("#playback-play", "aria-label") == "Play"
    silent = page.evaluate(f"{fixes}.find((one, i, all) => i && one.ms - all[i - 1].ms > 600000).ms / 1000 - 60")
    page.evaluate(
        f"(() => {{ const s = document.getElementById('playback-slider'); s.value = {silent}; s.dispatchEvent(new Event('input')); }})()"
    )
    assert "no fix from 08:35 to 08:51" in text(visit, "#playback-told")


def _keys_lead_back(visit: Visit) -> None:
    page = visit.page
    page.click("#tracks-before")
    visit.until("document.querySelector('.ct-tracks-body').scrollTop === 0 && document.getElementById('tracks-panel').ariaBusy === 'false'")
    page.focus("#tracks-tab-segments")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tracks-tab-trips", "aria-selected") == "true"
    assert "Trip 1" in text(visit, "#tracks-rows")
    page.keyboard.press("Escape")
    visit.until("!document.getElementById('tracks-list-view').hidden && !window.__fleetmap.layer.hidden")
    page.keyboard.press("Escape")
    visit.until("document.getElementById('tracks-panel').hidden && !document.getElementById('vehicle-card').hidden")


def test_nothing_driven_and_nothing_answered_are_said_in_words(browser: Browser, driven: None, web: RunningWeb, last: date) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        opened(visit, 40)
        assert "No computed days" in text(visit, "#tracks-note")
        page.route("**/days?*", lambda route: route.abort())
        page.click("#tracks-earlier")
        visit.until("!document.getElementById('tracks-again').hidden")
        assert text(visit, "#tracks-note") == "The server cannot be reached."
        page.unroute("**/days?*")
        page.click("#tracks-again")
        visit.until("document.getElementById('tracks-note').textContent.startsWith('No computed days')")
        visit.errors.clear()
        visit.open_map(f"?vehicle=40&day={last}")
        visit.until("document.getElementById('tracks-note').textContent === 'Nothing was received on this day.'")
        visit.open_map(f"?vehicle={BUS}&day=2026-02-30")
        visit.until("!document.getElementById('map-banner').hidden")
        assert "day" in text(visit, "#map-banner")
    with visiting(browser, web.url) as visit:
        _roads(visit, web, last)


def _roads(visit: Visit, web: RunningWeb, last: date) -> None:
    """Measured speeds: what is drawn is what the API tells; the day before has fewer vehicles, the one before all none."""
    page = visit.page
    drawn = "window.__fleetmap.page.roads.data.features.length"
    visit.open_map()
    page.click("#roads-switch")
    visit.until(f"{drawn} > 0 && document.getElementById('roads-panel').ariaBusy === 'false'")
    hour = page.input_value("#roads-hour")
    with web.client() as client:
        told = client.get(f"/api/v1/roads/speeds?bbox=100,20,112,32&day={last}&hour={hour}").json()["features"]
    assert page.evaluate(drawn) == len(told)
    visit.until("window.__fleetmap.map.queryRenderedFeatures({ layers: ['roads-speed'] }).length > 0")
    assert f"{len(told)} road segments measured" in text(visit, "#roads-note")
    assert "km/h" in text(visit, "#roads-unit")
    page.select_option("#roads-hour", "")
    visit.until(f"{drawn} > {len(told)}")
    visit.until("document.getElementById('roads-note').textContent.includes('00:00–24:00')")
    page.check("#roads-by-share")
    assert "free speed" in text(visit, "#roads-unit")
    page.fill("#roads-day", str(last - timedelta(9)))
    page.keyboard.press("Enter")
    visit.until("document.getElementById('roads-note').textContent.startsWith('Nothing measured')")
    assert page.evaluate(drawn) == 0
    page.click("#roads-close")
    assert page.get_attribute("#roads-switch", "aria-pressed") == "false"


@pytest.mark.parametrize("width", [1400, 390])
def test_looks_of_tracks_and_roads_are_clean(browser: Browser, driven: None, web: RunningWeb, last: date, width: int) -> None:
    """No console error, nothing wider than the screen, no serious axe issue. `CUNTONG_SCREENSHOT_TRACKS=folder` takes pictures of all looks."""
    some = [("zh-CN", "dark")] if width > 700 else [("en", "light")]
    for language, theme in LOOKS if shot("CUNTONG_SCREENSHOT_TRACKS", "") else some:
        with visiting(browser, web.url, width, language, theme) as visit:
            name = f"{width}-{language}-{theme}.png"
            opened(visit)
            _picture(visit, f"list-{name}", width)
            chosen(visit, last)
            _picture(visit, f"day-{name}", width)
            visit.page.click(".ct-row:has(.ct-swatch-gap)")
            settled(visit)
            _picture(visit, f"segment-{name}", width)
            no_serious_issue(visit.page)
            visit.page.click("#tracks-close")
            visit.page.evaluate("window.__fleetmap.page.select(null)")
            visit.page.click("#roads-switch")
            visit.page.evaluate("window.__fleetmap.map.jumpTo({ zoom: 10 })")
            visit.until("window.__fleetmap.page.roads.data.features.length > 4")
            settled(visit)
            _picture(visit, f"roads-{name}", width)
            no_serious_issue(visit.page)


def _picture(visit: Visit, name: str, width: int) -> None:
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    path = shot("CUNTONG_SCREENSHOT_TRACKS", name)
    if path:
        visit.page.screenshot(path=path)
