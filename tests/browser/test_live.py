"""What the page does when the connection, the login or the frames fail; and the frame reader against the vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.api.server import RunningWeb, running
from tests.browser.conftest import Traffic, Visit, driving, visiting

pytestmark = pytest.mark.browser

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "frames").glob("*.json"))

READ = """async (hex) => {
  const { decode } = await import('/static/map/frames.mjs');
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  try {
    const frame = decode(bytes.buffer);
    const list = (column) => Array.from(column);
    const same = { kind: frame.kind, seq: frame.seq, t_ms: frame.time };
    if (frame.kind === 3) return { ...same, region_code: list(frame.regions), by_status: frame.byStatus.map(list) };
    const names = { vehicle_id: 'ids', lon_e7: 'lon', lat_e7: 'lat', heading: 'heading', status: 'status', speed: 'speed' };
    return { ...same, ...Object.fromEntries(Object.entries(names).map(([key, name]) => [key, list(frame[name])])) };
  } catch (error) {
    return { refused: error.code };
  }
}"""


def test_browser_reads_the_same_vectors(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        visit.page.goto(f"{web.url}/app/login")
        for path in VECTORS:
            vector = json.loads(path.read_text("utf-8"))
            seen = visit.page.evaluate(READ, vector.pop("hex"))
            vector.pop("note")
            assert seen == vector, path.stem


def test_page_outlives_bad_frames_and_asks_again_after_a_gap(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.evaluate(
            """() => {
              const socket = window.__fleetmap.page.socket.socket;
              window.sent = [];
              const send = socket.send.bind(socket);
              socket.send = (text) => { window.sent.push(text); send(text); };
              socket.onmessage({ data: new Uint8Array([1, 2, 3]).buffer });
            }"""
        )
        assert "short_frame" in str(page.text_content("#map-banner"))
        page.evaluate("window.__fleetmap.page.socket.expected += 5")
        visit.until("window.sent.some((text) => text.includes('keyframe'))")
        frames = page.evaluate("window.__fleetmap.page.frames")
        visit.until(f"window.__fleetmap.page.frames > {frames} + 2")
        assert page.get_attribute("#live-badge", "data-state") == "live"


def test_silence_greys_the_vehicles_and_says_since_when(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.evaluate("window.__fleetmap.page.socket.socket.onmessage = () => {}")
        visit.until("window.__fleetmap.layer.stale === 1", 25)
        assert page.get_attribute("#live-badge", "data-state") == "lost"
        assert "Lost since" in str(page.text_content("#live-badge"))
        page.evaluate("window.__fleetmap.page.select(12)")
        visit.until("document.getElementById('card-age').textContent.length > 2")
        age = page.text_content("#card-age")
        visit.until(f"document.getElementById('card-age').textContent !== '{age}'")


def test_lost_connection_comes_back_by_itself(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        page = visit.page
        visit.open_map()
        page.evaluate("window.__fleetmap.page.socket.socket.close()")
        visit.until("document.getElementById('live-badge').dataset.state === 'lost'")
        visit.until("document.getElementById('live-badge').dataset.state === 'live'", 20)


def test_server_goes_away_and_comes_back(browser: Browser, dsn: str, tmp_path: Path, traffic: Traffic) -> None:
    """Never old dots that look live: the page says so at once, greys them, and takes up again without a hand."""
    with visiting_restarts(browser, dsn, tmp_path, traffic) as (visit, listen):
        page = visit.page
        visit.until("document.getElementById('live-badge').dataset.state === 'lost'")
        assert page.is_visible("#lost-banner")
        seen = page.text_content("#strip-time")
        assert str(seen).split()[-1] in str(page.text_content("#lost-banner"))
        since = page.text_content("#live-badge")
        visit.until("window.__fleetmap.layer.stale === 1", 20)
        assert page.text_content("#live-badge") == since
        with running(dsn, tmp_path, listen=listen, tick_s=0.5), driving(dsn, traffic):
            visit.until("document.getElementById('live-badge').dataset.state === 'live'", 40)
            visit.until("window.__fleetmap.layer.stale === 0")
            assert not page.is_visible("#lost-banner")
            visit.until(f"document.getElementById('strip-time').textContent !== '{seen}'")
            page.goto("about:blank")
        visit.errors[:] = [one for one in visit.errors if "ERR_CONNECTION_REFUSED" not in one]  # the attempts in between


@contextmanager
def visiting_restarts(browser: Browser, dsn: str, folder: Path, traffic: Traffic) -> Iterator[tuple[Visit, str]]:
    """A page on the live map whose server has just ended, and the address where it was."""
    with ExitStack() as stack:
        with running(dsn, folder, tick_s=0.5) as web, driving(dsn, traffic):
            visit = stack.enter_context(visiting(browser, web.url))
            visit.open_map()
        yield visit, web.settings.web.listen


def test_ended_login_leads_to_the_login_page(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        visit.open_map()
        with psycopg.connect(web.dsn) as conn:
            conn.execute("update login_session set revoked_at = now()")
        visit.page.wait_for_url("**/app/login?next=*", timeout=20_000)
        visit.errors[:] = [one for one in visit.errors if "401" not in one]  # the refused refresh is how the page learns it


def test_without_webgl_the_list_alone_works(browser: Browser, web: RunningWeb) -> None:
    with visiting(browser, web.url) as visit:
        visit.page.add_init_script(
            "const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
        )
        visit.open_map()
        visit.until("window.__fleetmap.page.list.api?.getDisplayedRowCount() > 0")
        assert "WebGL" in str(visit.page.text_content("#map-banner"))
        visit.page.click(".ag-row")
        visit.until("!document.getElementById('vehicle-card').hidden")


def test_without_a_base_map_the_page_names_the_command(browser: Browser, web: RunningWeb) -> None:
    (web.settings.web.tiles_path / "basemap.json").unlink()
    with visiting(browser, web.url) as visit:
        visit.open_map()
        assert "cuntong basemap build" in str(visit.page.text_content("#map-banner"))
        visit.until("window.__fleetmap.map.getZoom() > 8")  # framed by the vehicles themselves
