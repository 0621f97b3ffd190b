"""Chromium with software GL, and a county with moving vehicles to look at."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from simulators.county import County, build_county, places_geojson, regions_geojson
from supervision_ui.basemap import Sources, build
from tests.api.server import NAME, PASSWORD, RunningWeb, put_fix, put_vehicle, running

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
VEHICLES = 200
CLASSES = ("rural_bus", "town_bus", "line_coach", "charter_coach", "freight", "dangerous_goods")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of this folder (and ended with them: it holds an event loop of this thread)."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def county() -> County:
    return build_county()


@dataclass(slots=True)
class Traffic:
    """Vehicles on the county's roads: `step` moves those that move and writes their newest fix."""

    county: County
    random: random.Random = field(default_factory=lambda: random.Random(808))
    cars: dict[int, tuple[int, float, int]] = field(default_factory=dict)

    def register(self, conn: psycopg.Connection[Any]) -> None:
        """Fill the registry."""
        conn.execute("insert into operator (operator_id, name, name_en) values (1, '云岭县农村客运公司', 'Yunling Rural Transport')")
        for region in self.county.regions:
            conn.execute(
                "insert into region (region_code, level, name, name_en, parent_code, centre_lon, centre_lat) values (%s, %s, %s, %s, %s, %s, %s)",
                (
                    region.region_code,
                    region.level,
                    region.name,
                    region.name_en,
                    region.parent_code or None,
                    region.centre_lon,
                    region.centre_lat,
                ),
            )
        region_code = str(self.county.settings.county_code)
        weights = (self.county.network.length_m**0.7).tolist()
        for one in range(1, VEHICLES + 1):
            plate = f"贵H{self.random.randrange(10_000, 99_999)}"
            put_vehicle(
                conn, one, plate, region=region_code, vehicle_class=CLASSES[one % 6], operator_id=1, plate_colour=5 if one % 4 == 0 else 2
            )
            (edge,) = self.random.choices(range(len(weights)), weights)  # by length, so that country roads are not empty
            self.cars[one] = (edge, self.random.random(), 0 if one % 3 == 0 else self.random.choice((300, 420, 550)))

    def step(self, conn: psycopg.Connection[Any], seconds: float) -> None:
        """Drive on; number 7 calls for help, number 62 speeds, every 20th has been silent for an hour."""
        network = self.county.network
        for one, (edge, along, speed) in self.cars.items():
            along += speed / 36 * seconds / max(float(network.length_m[edge]), 1.0)
            while along >= 1:
                along -= 1
                edge = int(self.random.choice([int(e) for e in network.out_edges(int(network.head[edge]))]))
            self.cars[one] = (edge, along, speed)
            lon, lat, heading = self._place(edge, along)
            alarm = {7: 1, 62: 2}.get(one, 0)
            put_fix(conn, one, lon, lat, speed_kmh10=speed, heading_deg=heading, alarm_bits=alarm, age_s=3600 if one % 20 == 1 else 0)
        conn.commit()

    def _place(self, edge: int, along: float) -> tuple[float, float, int]:
        lon, lat = self.county.network.shape(edge)
        at = along * (len(lon) - 1)
        i = min(int(at), len(lon) - 2)
        part = at - i
        east, north = (lon[i + 1] - lon[i]) * math.cos(math.radians(lat[i])), lat[i + 1] - lat[i]
        heading = round(math.degrees(math.atan2(east, north))) % 360
        return float(lon[i] + (lon[i + 1] - lon[i]) * part), float(lat[i] + (lat[i + 1] - lat[i]) * part), heading


@contextmanager
def driving(dsn: str, traffic: Traffic, every_s: float = 1.0) -> Iterator[threading.Event]:
    """Traffic moves for as long as the block runs, or until the event is set."""
    stop = threading.Event()

    def drive() -> None:
        with psycopg.connect(dsn) as conn:
            while not stop.wait(every_s):
                traffic.step(conn, every_s)

    thread = threading.Thread(target=drive, name="traffic")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def traffic(dsn: str, county: County) -> Traffic:
    """Registered vehicles, each with a first fix."""
    one = Traffic(county)
    with psycopg.connect(dsn) as conn:
        one.register(conn)
        one.step(conn, 0)
    return one


@pytest.fixture
def web(dsn: str, tmp_path: Path, county: County, traffic: Traffic) -> Iterator[RunningWeb]:
    """The web door with base map and moving vehicles."""
    build(Sources(county.network, places_geojson(county), regions_geojson(county), "2026-11-01"), tmp_path / "tiles")
    with running(dsn, tmp_path, tick_s=0.5) as one, driving(dsn, traffic):
        yield one


@dataclass(slots=True)
class Visit:
    """One page and everything that went wrong on it."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def until(self, what: str, limit_s: float = 30) -> Any:
        """Wait until the expression is true (asked from outside: the page's policy forbids evaluation inside)."""
        return wait(lambda: self.page.evaluate(what), what, limit_s)

    def open_map(self, query: str = "") -> None:
        """Go to the map, logging in on the way, and wait for the first vehicles."""
        self.page.goto(f"{self.url}/app/monitor{query}")
        if "/app/login" in self.page.url:
            self.page.fill("#name", NAME)
            self.page.fill("#password", PASSWORD)
            self.page.click("form button")
            self.page.wait_for_url(lambda url: "/app/monitor" in url.split("?")[0])
        self.until("Boolean(window.__fleetmap && window.__fleetmap.store.size)")

    def count(self, name: str) -> int:
        """A figure of the status strip."""
        text = self.page.text_content(f'.ct-tile[data-status="{name}"] .ct-tile-count') or "0"
        return int(text.replace(",", ""))


def wait(ask: Callable[[], Any], what: str, limit_s: float = 30) -> Any:
    """Ask until the answer is true; the answer."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.05)


@contextmanager
def visiting(browser: Browser, url: str, width: int = 1400, language: str = "en", theme: str = "light", **options: Any) -> Iterator[Visit]:
    """A fresh browser profile on the site; at the end: no console error, no failed request, nothing from outside."""
    height = 740 if width < 700 else 860
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, locale=language, **options)
    cookies = {"cuntong_language": language, "cuntong_theme": theme}
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    visit = Visit(context.new_page(), url)
    page = visit.page
    page.on("console", lambda message: visit.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    context.on("request", lambda request: None if request.url.startswith((url, "data:", "blob:")) else visit.outside.append(request.url))
    page.on("websocket", lambda socket: None if socket.url.startswith(url.replace("http", "ws")) else visit.outside.append(socket.url))
    try:
        yield visit
    finally:
        context.close()
    assert visit.outside == []
    assert visit.errors == []
