"""The demo: a simulated county and its fleet against the whole product, and the account of what became of every position."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from operations.accounts import add_user, list_users, new_password, set_password
from operations.regions_store import Region, put_regions
from runtime.settings import Settings
from simulators.county import CountySettings, build_county, places_geojson, regions_geojson
from simulators.county import Region as SimulatedRegion
from simulators.truth import load
from storage.folders import closed_parents
from storage.pool import connect
from storage.stored_keys import stored_keys
from tracking.network import save

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Balance:
    """What was acknowledged and what is stored: counts of fixes; missing and doubles must be 0."""

    driven: int
    acknowledged: int
    stored: int
    missing: int
    doubles: int


def default_folder() -> Path:
    """`data/demo` here; as root in a folder that others may not enter, one under /var/lib."""
    here = Path("data/demo").absolute()
    if os.geteuid() == 0 and closed_parents(here):
        return Path("/var/lib/cuntong") / f"demo-{zlib.crc32(str(here).encode()):08x}"
    return here


def on_free_ports(settings: Settings) -> Settings:
    """Settings whose loopback ports are free: the usual ones, or others where somebody listens already."""
    gateway = replace(settings.gateway, listen=_free(settings.gateway.listen), metrics_listen=_free(settings.gateway.metrics_listen))
    pipeline = replace(settings.pipeline, metrics_listen=_free(settings.pipeline.metrics_listen))
    web = replace(settings.web, listen=_free(settings.web.listen), metrics_listen=_free(settings.web.metrics_listen))
    return replace(settings, gateway=gateway, pipeline=pipeline, web=web)


def _free(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            with socket.socket() as other:
                other.bind((host, 0))
                return f"{host}:{other.getsockname()[1]}"
    return listen


def environment(settings: Settings) -> dict[str, str]:
    """What child processes must know of these settings."""
    return {
        "CUNTONG_GATEWAY_LISTEN": settings.gateway.listen,
        "CUNTONG_GATEWAY_METRICS_LISTEN": settings.gateway.metrics_listen,
        "CUNTONG_PIPELINE_METRICS_LISTEN": settings.pipeline.metrics_listen,
        "CUNTONG_WEB_LISTEN": settings.web.listen,
        "CUNTONG_WEB_METRICS_LISTEN": settings.web.metrics_listen,
    }


def prepare(dsn: str, settings: Settings, seed: int) -> str:
    """County, regions, base map and an administrator with a fresh password, which is returned."""
    # from supervision_ui.basemap import Sources, build

    county = build_county(CountySettings(seed=seed))
    save(county.network, settings.data / "network.npz")
    places, regions = places_geojson(county), regions_geojson(county)
    (settings.data / "places.geojson").write_text(json.dumps(places, ensure_ascii=False), encoding="utf-8")
    (settings.data / "regions.geojson").write_text(json.dumps(regions, ensure_ascii=False), encoding="utf-8")
    with connect(dsn) as conn:
        put_regions(conn, [_region(row) for row in county.regions])
        conn.commit()
    # build(Sources(county.network, places, regions), settings.web.tiles_path)
    password = new_password()
    with connect(dsn, "app") as conn:
        if ADMIN in {user.name for user in list_users(conn)}:
            set_password(conn, ADMIN, password, 0)
        else:
            add_user(conn, ADMIN, password)
        conn.commit()
    return password


def _region(row: SimulatedRegion) -> Region:
    centre = (row.centre_lon, row.centre_lat)
    outline = row.geometry()
    return Region(row.region_code, row.level, row.name, row.name_en, row.parent_code or None, outline, centre, "simulated county")


def figures(metrics_listen: str) -> dict[str, float]:
    """The gateway's counters by their sample names; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{metrics_listen}/metrics", timeout=1.0) as response:
            lines = response.read().decode("utf-8").splitlines()
    except OSError:
        return {}
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def balance(dsn: str, truth: Path) -> Balance:
    """Compare what terminals saw acknowledged with what the database holds."""
    told = load(truth)
    if not len(told.fixes):
        return Balance(0, 0, 0, 0, 0)
    acknowledged = told.keys()
    with connect(dsn) as conn:
        stored, doubles = stored_keys(conn, int(told.fixes["t_ms"].min()), int(told.fixes["t_ms"].max()) + 1)
    return Balance(len(told.fixes), len(acknowledged), len(stored), len(acknowledged - stored), doubles)
