"""How long the browser takes to show new positions: decode, apply and draw a 10 % delta, the clock stopped after `readPixels`.

Example:
    python -m benchmarks.map
    python -m benchmarks.map --vehicles 100000 --runs 9

Prints JSON; wall milliseconds in headless Chromium with software GL, medians (the load average beside them: wall time on a busy
machine is also the waiting). `gl.finish()` does not wait for pixels, so every run ends
with `readPixels` after a synchronous redraw. The floor is the same redraw without any change. Needs Chromium, no database: the page's own
modules are served with a style that has one ground layer, and frames packed by `api.live.frames` are handed to them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from api.live.frames import Kind, Vehicles, pack
from supervision_ui.app import STATIC, VENDOR
from supervision_ui.theme import css

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
]  # fmt: skip
BARS_MS = {10_000: 250.0, 100_000: 700.0}
DECODE_BAR_MS = 100.0

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>{css} html, body, #map {{ margin: 0; height: 100% }}</style>
<link rel="stylesheet" href="/vendor/maplibre-gl.css"><div id="map"></div><script type="module" src="/bench.mjs"></script>"""

SCRIPT = """
import { Map } from '/vendor/maplibre-gl.mjs';
import { decode } from '/static/map/frames.mjs';
import { Store } from '/static/map/store.mjs';
import { PointsLayer } from '/static/map/points_layer.mjs';
import { layerColours } from '/static/map/look.mjs';

const ground = { id: 'ground', type: 'background', paint: { 'background-color': '#f4f6f8' } };
const map = new Map({ container: 'map', style: { version: 8, sources: {}, layers: [ground] }, center: [106.6, 26.8], zoom: 8.2 });
const store = new Store();
const layer = new PointsLayer(store);
const pixel = new Uint8Array(4);
function drawn() {
  map.redraw();
  const gl = map.painter.context.gl;
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
}
window.bench = {
  async take(url) {
    const buffer = await (await fetch(url)).arrayBuffer();
    drawn();
    const t0 = performance.now();
    const frame = decode(buffer);
    const t1 = performance.now();
    store.apply(frame);
    const t2 = performance.now();
    layer.update();
    drawn();
    const t3 = performance.now();
    drawn();
    return { decode: t1 - t0, apply: t2 - t1, draw: t3 - t2, total: t3 - t0, floor: performance.now() - t3, vehicles: store.size };
  },
};
map.once('load', () => {
  layer.update({ colours: layerColours() });
  map.addLayer(layer);
  window.benchReady = true;
});
"""


def frames(vehicles: int, runs: int, folder: Path) -> None:
    """Write a keyframe and `runs` deltas of a tenth of the vehicles, spread over a province."""
    random = np.random.default_rng(808)

    def body(rows: np.ndarray) -> Vehicles:
        count = len(rows)
        status = random.choice(np.array([0, 1, 2, 3, 4], np.uint8), count, p=[0.55, 0.3, 0.13, 0.015, 0.005])
        lon, lat = random.integers(1_045_000_000, 1_087_000_000, count), random.integers(256_000_000, 280_000_000, count)
        heading, speed = random.integers(0, 180, count), random.integers(0, 100, count)
        return Vehicles(rows.astype("<u4"), lon.astype("<i4"), lat.astype("<i4"), heading.astype("u1"), status, speed.astype("u1"))

    ids = np.arange(1, vehicles + 1)
    (folder / "keyframe").write_bytes(pack(body(ids), Kind.KEYFRAME, 0, 0.0))
    for run in range(runs):
        moved = random.choice(ids, vehicles // 10, replace=False)
        (folder / f"delta{run}").write_bytes(pack(body(moved), Kind.DELTA, run + 1, 2000.0 * (run + 1)))


class Quiet(SimpleHTTPRequestHandler):
    """Files with the media type of modules; no line a request."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def lay_out(folder: Path) -> None:
    """The page's own modules and the vendored library, beside a bench page."""
    (folder / "static").symlink_to(STATIC)
    (folder / "vendor").symlink_to(next((VENDOR / "maplibre-gl").iterdir()))
    (folder / "index.html").write_text(PAGE.format(css=css()), "utf-8")
    (folder / "bench.mjs").write_text(SCRIPT, "utf-8")


def measure(page: Page, url: str, folder: Path, vehicles: int, runs: int) -> dict[str, Any]:
    """Medians of the runs; the first delta warms up and does not count."""
    frames(vehicles, runs + 1, folder)
    page.goto(f"{url}/index.html")
    while not page.evaluate("window.benchReady === true"):
        page.wait_for_timeout(50)
    whole = page.evaluate("window.bench.take('/keyframe')")
    assert whole["vehicles"] == vehicles
    seen = [page.evaluate(f"window.bench.take('/delta{run}')") for run in range(runs + 1)][1:]
    medians = {
        f"delta_{name}_ms": round(statistics.median(one[name] for one in seen), 1) for name in ("decode", "apply", "draw", "total", "floor")
    }
    spread = [round(min(one["total"] for one in seen), 1), round(max(one["total"] for one in seen), 1)]
    return {
        "vehicles": vehicles,
        **medians,
        "delta_total_range_ms": spread,
        "keyframe_decode_ms": round(whole["decode"], 1),
        "keyframe_apply_ms": round(whole["apply"], 1),
        "bar_ms": BARS_MS.get(vehicles),
        "passed": medians["delta_total_ms"] <= BARS_MS.get(vehicles, float("inf")) and whole["decode"] <= DECODE_BAR_MS,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, nargs="+", default=list(BARS_MS))
    parser.add_argument("--runs", type=int, default=11)
    chosen = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print(f"no Chromium at {CHROMIUM}: apt-get install chromium", file=sys.stderr)
        return 2
    with TemporaryDirectory() as name, serving(Path(name)) as url, sync_playwright() as playwright:
        folder = Path(name)
        lay_out(folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        version = browser.version
        results = []
        for vehicles in chosen.vehicles:
            page = browser.new_page(viewport={"width": 1400, "height": 860})
            results.append(measure(page, url, folder, vehicles, chosen.runs))
            page.close()
        browser.close()
    print(json.dumps({"chromium": version, "runs": chosen.runs, "load_1min": round(os.getloadavg()[0], 1), "results": results}, indent=2))
    return 0 if all(one["passed"] for one in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
