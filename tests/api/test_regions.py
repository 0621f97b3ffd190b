"""Regions over HTTP: list, detail, import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from psycopg import sql
from psycopg.conninfo import make_conninfo
from shapely.geometry import box
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from operations.region_outlines import in_gcj02
from tests.api.server import RunningWeb, running

AREA = box(106.0, 26.0, 106.5, 27.0)


@pytest.fixture(scope="module")
def web(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    """A web door of the module's own."""
    name = "cuntong_regions_web"
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        with running(make_conninfo(server_dsn, dbname=name), tmp_path_factory.mktemp("regions")) as served:
            yield served
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _collection(*features: tuple[dict[str, Any], Any]) -> bytes:
    told = [
        {"type": "Feature", "properties": said, "geometry": json.loads(shapely.to_geojson(area)) if area else None}
        for said, area in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": told}).encode()


COUNTY = {"region_code": "520102", "level": "county", "name": "南明区", "parent_code": "520000"}
GEO = {"Content-Type": "application/geo+json"}


def test_a_file_is_imported_whole_audited_and_seen(web: RunningWeb) -> None:
    body = _collection(({"region_code": "520000", "level": "province", "name": "贵州省"}, None), (COUNTY, in_gcj02(AREA)))
    with web.client() as admin, capture_logs([merge_contextvars]) as lines:
        done = admin.post("/api/v1/regions/imports?datum=gcj02", content=body, headers=GEO)
        assert (done.status_code, done.json()["new"], done.json()["datum"]) == (200, 2, "gcj02"), done.text
        again = admin.post("/api/v1/regions/imports?datum=gcj02", content=body, headers=GEO)
        assert again.json()["same"] == 2
        outline = shapely.from_geojson(json.dumps(admin.get("/api/v1/regions/520102").json()["geometry"]))
        seen = admin.get("/api/v1/regions/520102/history").json()
    assert outline.hausdorff_distance(AREA) < 1e-8
    assert [(row["name"], row["valid_from"], row["datum"]) for row in seen["rows"]] == [("南明区", "1949-10-01", "gcj02")]
    with psycopg.connect(web.dsn) as conn:
        rows = conn.execute("select actor, action, object, payload, trace_id from audit where stream = 'region' order by seq").fetchall()
    assert [row[:3] for row in rows] == [("admin", "region.insert", "region:520000"), ("admin", "region.insert", "region:520102")]
    (line,) = (line for line in lines if line["event"] == "request" and line["trace_id"] == done.headers["X-Request-ID"])
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/v1/regions/imports", 200)
    assert all("coordinates" not in row[3] and row[4] == done.headers["X-Request-ID"] for row in rows)


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (_collection(({"region_code": "52", "level": "county", "name": "x"}, None), ({}, None)), GEO, 422, "row 2"),
        (b"region_code,level,name\n520103,county,a\x00b\n", {"Content-Type": "text/csv"}, 422, "refused"),
        (_collection((COUNTY | {"name_en": "a\x00b"}, None)), GEO, 422, "refused"),
        (b"\xff\xfe", {"Content-Type": "text/csv"}, 422, "UTF-8"),
        (b"[" * 100_000, GEO, 422, "not a GeoJSON"),
        (b"<xml/>", {"Content-Type": "application/xml"}, 415, "Unsupported"),
    ],
)
def test_bad_files_are_refused_and_nothing_is_written(web: RunningWeb, body: bytes, kind: dict[str, str], status: int, said: str) -> None:
    with psycopg.connect(web.dsn) as conn:
        before = conn.execute("select count(*) from region").fetchone()
        with web.client() as admin:
            done = admin.post("/api/v1/regions/imports", content=body, headers=kind)
        assert (done.status_code, said in done.text) == (status, True), done.text
        assert conn.execute("select count(*) from region").fetchone() == before


def test_who_may_not_manage_regions_may_not_import_and_sees_its_own(web: RunningWeb) -> None:
    from operations.accounts import add_user
    from operations.accounts_store import Grant
    from tests.api.server import PASSWORD

    with psycopg.connect(web.dsn) as conn:
        add_user(conn, "looker", PASSWORD, Grant("regulator", "520102"))
    with web.client("looker") as looker:
        assert looker.post("/api/v1/regions/imports", content=_collection((COUNTY, None)), headers=GEO).status_code == 403
        assert looker.get("/api/v1/regions/520000/history").status_code == 404
    other = _collection(({"region_code": "430000", "level": "province", "name": "湖南省"}, None))
    with web.client("county") as county:
        refused = county.post("/api/v1/regions/imports", content=other, headers=GEO)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), refused.text
        assert county.get("/api/v1/regions/999999/history").status_code == 404
        assert county.get("/api/v1/regions/0/history").status_code == 422


def test_a_file_above_the_limit_is_refused(web: RunningWeb, tmp_path: Path) -> None:
    with web.client() as admin:
        big = admin.post("/api/v1/regions/imports", content=b" " * ((64 << 20) + 1), headers=GEO)
    assert big.status_code == 413
