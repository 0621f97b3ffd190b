"""Exports at once: what is in the files, in every format, and what is kept out of them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from domain.datum import wgs84_to_gcj02
from domain.position import LOCATED, POSITION
from operations.export_formats import defused
from operations.export_tables import TABLES
from tests.fixtures.world import World
from tests.ingest.day_fleet import put

T0 = datetime(2026, 9, 10, 1, 0, tzinfo=UTC)
SPAN = "from=2026-09-10T00:00:00%2B08:00&to=2026-09-11T00:00:00%2B08:00"
GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture(scope="module")
def driven(world: World) -> World:
    """Vehicle 1 and vehicle 4 have driven 300 fixes."""
    rows = np.zeros(600, POSITION)
    rows["vehicle_id"] = np.repeat([1, 4], 300)
    rows["t_ms"] = round(T0.timestamp() * 1000) + np.tile(np.arange(300) * 10_000, 2)
    rows["received_ms"] = rows["t_ms"] + 400
    rows["lon_e6"], rows["lat_e6"] = 106_630_000 + np.tile(np.arange(300), 2), 26_650_000
    rows["status_bits"], rows["odometer_m"], rows["altitude_m"], rows["source"] = LOCATED, -1, 1_100, 1
    rows["recorder_kmh10"] = rows["fuel_l10"] = rows["satellites"] = -1
    with psycopg.connect(world.dsn) as conn:
        put(conn, rows)
    return world


def test_csv_has_a_mark_its_columns_and_no_formula(world: World) -> None:
    with world.web.client("li") as li:
        answer = li.get("/api/v1/exports?of=vehicles&format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0]) == [column.name for column in TABLES["vehicles"].columns]
    assert [row["plate"] for row in rows] == ["贵A00001", "'=贵A00002", "贵A00003"]
    assert rows[0]["operator"] == "Red Buses" and float(rows[0]["lon"]) == 106.63
    said = world.sql(
        "select payload::json ->> 'rows', payload::json ->> 'sha256' from audit where stream = 'export' and actor = 'li' order by seq desc limit 1"
    )
    assert said == [("3", hashlib.sha256(answer.content).hexdigest())]
    assert answer.headers["export-rows"] == "3"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_formula_is_defused(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert defused("a" + text) == "a" + text


def test_xlsx_keeps_text_as_text(world: World) -> None:
    with world.web.client("li") as li:
        answer = li.get("/api/v1/exports?of=vehicles&format=xlsx")
    (head, *rows) = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[head.index("plate")] for row in rows] == ["贵A00001", "=贵A00002", "贵A00003"]
    sheet = zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


def test_positions_in_every_format_are_the_same_fixes(driven: World) -> None:
    with driven.web.client("li") as li:
        got = {one: li.get(f"/api/v1/exports?of=positions&vehicle_id=1&{SPAN}&format={one}") for one in TABLES["positions"].formats}
        shifted = li.get(f"/api/v1/exports?of=positions&vehicle_id=1&{SPAN}&format=geojson&crs=gcj02").json()
    assert {one: answer.status_code for one, answer in got.items()} == dict.fromkeys(got, 200)
    features = json.loads(got["geojson"].content)["features"]
    places = [tuple(feature["geometry"]["coordinates"]) for feature in features]
    assert len(places) == 300 and places[7] == (106.630007, 26.65)
    table = pq.read_table(io.BytesIO(got["parquet"].content)).to_pydict()
    assert list(zip(table["lon"], table["lat"], strict=True)) == places
    assert table["time"][1] == T0 + timedelta(seconds=10) and table["odometer_m"][0] is None
    points = ET.fromstring(got["gpx"].content).findall(f"{GPX}trk/{GPX}trkseg/{GPX}trkpt")
    assert [(float(p.attrib["lon"]), float(p.attrib["lat"])) for p in points] == places
    assert points[0].findtext(f"{GPX}time") == "2026-09-10T01:00:00.000Z"
    lon, lat = wgs84_to_gcj02(*zip(*places, strict=True))
    east, north = zip(*(feature["geometry"]["coordinates"] for feature in shifted["features"]), strict=True)
    assert np.allclose(east, lon, atol=2e-6) and np.allclose(north, lat, atol=2e-6)


def test_what_lies_outside_the_scope_is_not_exported(driven: World) -> None:
    with driven.web.client("li") as li, driven.web.client("yunnan") as yunnan:
        assert li.get(f"/api/v1/exports?of=positions&vehicle_id=4&{SPAN}").status_code == 404
        assert yunnan.get(f"/api/v1/exports?of=positions&vehicle_id=4&{SPAN}").headers["export-rows"] == "300"
        assert yunnan.get("/api/v1/exports?of=vehicles").headers["export-rows"] == "1"
    with driven.web.client("passer") as passer:
        assert passer.get("/api/v1/exports?of=lines").status_code == 403


@pytest.mark.parametrize("of", sorted(set(TABLES) - {"positions"}))
def test_every_table_can_be_taken_away(world: World, of: str) -> None:
    world.alert()
    with world.web.client("chief") as chief:
        for form in TABLES[of].formats:
            answer = chief.get(f"/api/v1/exports?of={of}&format={form}&{SPAN}")
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("of=positions&vehicle_id=1", "from"), (f"of=positions&{SPAN}", "vehicle_id"), ("of=lines&format=gpx", "format"),
        ("of=days&format=geojson", "format"), (f"of=positions&vehicle_id=0&{SPAN}", "vehicle_id"),
        ("of=positions&vehicle_id=1&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "from"),
        ("of=alerts&from=2026-03-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
    ],
)  # fmt: skip
def test_an_order_that_does_not_fit_is_refused(world: World, query: str, field: str) -> None:
    with world.web.client("li") as li:
        answer = li.get(f"/api/v1/exports?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert list((world.folder / "exports").glob("direct-*")) == []
