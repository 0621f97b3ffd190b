"""OGC API - Features as a desktop client asks: in QGIS's order, to the standard's schemas, 400 for what the standard calls wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema_rs
import pytest

from tests.fixtures.world import World

SCHEMAS = Path(__file__).parents[1] / "vectors" / "ogc"


def fits(document: Any, name: str) -> Any:
    jsonschema_rs.validator_for(json.loads((SCHEMAS / f"{name}.json").read_text()), validate_formats=True).validate(document)
    return document


def link(document: Any, rel: str) -> str:
    return next(one["href"] for one in document["links"] if one["rel"] == rel)


@pytest.fixture(scope="module")
def mapped(world: World) -> World:
    """Two lines and four stations."""
    world.sql(
        "insert into station (station_id, name, lon_e6, lat_e6, region_code) values (1, '甲', 106600000, 26600000, '520102'), "
        "(2, '乙', 106700000, 26700000, '520102'), (3, '丙', 107000000, 27000000, '520102'), (4, '丁', -170000000, 10000000, '520102')"
    )
    world.sql(
        "insert into line (line_id, code, name, kind, operator_id, region_code) values (1, 'L1', '一路', 'rural_bus', 1, '520102'), (2, 'L2', '二路', 'rural_bus', 1, '520102')"
    )
    world.sql("insert into line_variant (line_id, variant, drawing) values (1, 'up', null), (2, 'up', '[[107,27],[108,28]]')")
    world.sql("insert into line_stop (line_id, variant, stop_seq, station_id) values (1, 'up', 1, 1), (1, 'up', 2, 2)")
    return world


def test_a_client_finds_its_way(mapped: World) -> None:
    alert_id = mapped.alert()
    with mapped.web.client("li") as li:
        landing = fits(li.get("/ogc").json(), "landing")
        assert li.get(link(landing, "service-desc")).status_code == 200
        classes = fits(li.get(link(landing, "conformance")).json(), "conformance")["conformsTo"]
        assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
        collections = fits(li.get(link(landing, "data")).json(), "collections")["collections"]
        assert [one["id"] for one in collections] == ["vehicles", "alerts", "stations", "lines"]
        for one in collections:
            fits(li.get(link(one, "self")).json(), "collection")
            answer = li.get(link(one, "items"))
            assert answer.headers["content-type"] == "application/geo+json"
            page = fits(answer.json(), "items")
            assert page["numberReturned"] == len(page["features"]) > 0
            single = li.get(f"/ogc/collections/{one['id']}/items/{page['features'][0]['id']}")
            assert single.headers["content-type"] == "application/geo+json"
            assert fits(single.json(), "item")["properties"] == page["features"][0]["properties"]
            assert li.get(link(single.json(), "collection")).json()["id"] == one["id"]
        assert fits(li.get(f"/ogc/collections/alerts/items/{alert_id}").json(), "item")["geometry"]["coordinates"] == [106.63, 26.65]


def ids(client: httpx.Client, name: str, query: str) -> list[int]:
    answer = client.get(f"/ogc/collections/{name}/items?{query}")
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in fits(answer.json(), "items")["features"]]


def test_boxes_cut_by_place(mapped: World) -> None:
    with mapped.web.client("chief") as chief:
        assert ids(chief, "vehicles", "bbox=106,26,107,27") == [1, 2, 3]
        assert ids(chief, "vehicles", "bbox=102,24,0,103,26,9000&bbox-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84") == [4]
        assert ids(chief, "stations", "bbox=106.6,26.6,106.7,26.7") == [1, 2]
        assert ids(chief, "stations", "bbox=170,-10,-160,20") == [4]
        assert ids(chief, "lines", "bbox=106.64,26.64,106.66,26.66") == [1]  # no stop lies in it: the way does
        assert ids(chief, "lines", "bbox=107.4,27.4,107.6,27.6") == [2]


def test_datetime_cuts_by_time(mapped: World) -> None:
    alert_id = mapped.alert(rule_id="OGC-1")
    mapped.sql(
        "update violation set opened = '2026-09-10T08:00:00Z', last = '2026-09-10T08:00:00Z', closed = '2026-09-10T09:00:00Z', condition = 'cleared' where violation_id = %s",
        alert_id,
    )
    with mapped.web.client("li") as li:
        for span, there in (
            ("2026-09-10T08:30:00Z", True), ("2026-09-10T09:00:00Z/..", True), ("2026-09-10T09:00:01Z/2026-09-11T00:00:00Z", False),
            ("../2026-09-10T08:00:00Z", True), ("/2026-09-10T07:59:59Z", False), ("2026-09-10T16:30:00%2B08:00/2026-09-10T17:00:00%2B08:00", True),
        ):  # fmt: skip
            assert (alert_id in ids(li, "alerts", f"limit=1000&datetime={span}")) is there, span
        assert ids(li, "vehicles", "datetime=2026-01-01T00:00:00Z") == []
        assert len(ids(li, "stations", "datetime=2026-01-01T00:00:00Z")) == 4  # without a time of their own: never cut


def test_pages_are_linked_to_the_end(mapped: World) -> None:
    with mapped.web.client("chief") as chief:
        got, url = [], "/ogc/collections/vehicles/items?limit=1&bbox=100,20,110,30"
        while url:
            page = fits(chief.get(url).json(), "items")
            got += [feature["id"] for feature in page["features"]]
            url = next((one["href"] for one in page["links"] if one["rel"] == "next"), "")
        assert got == [1, 2, 3, 4]
        many = chief.get("/ogc/collections/vehicles/items?limit=100000")
        assert many.status_code == 200  # above the maximum is the maximum


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,5,3,2", "bbox=1,2,3,nan", "bbox=-200,0,0,1", "limit=0", "limit=-1", "limit=x", "limit=1.5",
     "datetime=yesterday", "datetime=../..", "datetime=2026-01-01", "datetime=2026-01-01T00:00:00", "datetime=2026-02-01T00:00:00Z/2026-01-01T00:00:00Z",
     "datetime=2026-01-01T00:00:00Z/2026-01-02T00:00:00Z/..", "bbox-crs=EPSG:4326", "colour=red", "cursor=nope", "limit=1&limit=2"],
)  # fmt: skip
def test_what_is_wrong_is_a_400(world: World, query: str) -> None:
    with world.web.client("li") as li:
        answer = li.get(f"/ogc/collections/vehicles/items?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), query


def test_scope_and_rights_hold(mapped: World) -> None:
    with mapped.web.client("li") as li, mapped.web.client("yunnan") as yunnan, mapped.web.client("passer") as passer:
        assert ids(li, "vehicles", "limit=10") == [1, 2, 3] and ids(yunnan, "vehicles", "limit=10") == [4]
        for path in (
            "vehicles/items/4",
            "vehicles/items/0",
            "vehicles/items/99999999999999999999",
            "vehicles/items/x",
            "alerts/items/999999",
            "nope",
        ):
            assert li.get(f"/ogc/collections/{path}").status_code == 404, path
        assert passer.get("/ogc/collections").json()["collections"] == []
        assert passer.get("/ogc/collections/vehicles/items").status_code == 403
        assert li.get("/ogc/conformance?x=1").status_code == 400
    with mapped.web.client(None) as nobody:
        assert urlsplit(str(nobody.base_url)).port and nobody.get("/ogc").status_code == 401
