"""The registry over HTTP: masters with ETags, four eyes by three accounts, imports with reports, personal data, what each role may."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import xlsxwriter
from psycopg.conninfo import make_conninfo
from python_calamine import CalamineWorkbook

from storage.migrate import migrate
from storage.settings import DatabaseSettings
from tests.api.server import RunningWeb, running

CARD = "11010519491231002X"


@pytest.fixture(scope="module")
def web(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    name = f"cuntong_test_registry_{id(server_dsn)}"
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(f"create database {name} template {template}".encode())
    dsn = make_conninfo(server_dsn, dbname=name)
    migrate(dsn, DatabaseSettings())
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "insert into operator (operator_id, name, region_code) values (101, '红星客运', '520102'), (102, '蓝天客运', '520103')"
        )
    with running(dsn, tmp_path_factory.mktemp("registry")) as door:
        yield door
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def clerk(web: RunningWeb) -> Iterator[httpx.Client]:
    with web.client(web.account("operator", "520000", 101)) as client:
        yield client


def regulator(web: RunningWeb, region: str, **grant: Any) -> httpx.Client:
    return web.client(web.account("regulator", region, **grant))


def make(client: httpx.Client, kind: str, **said: Any) -> tuple[dict[str, Any], str]:
    answer = client.post(f"/api/v1/{kind}", json=said)
    assert answer.status_code == 201, answer.text
    return answer.json(), answer.headers["ETag"]


def bus(client: httpx.Client, plate: str, **said: Any) -> tuple[dict[str, Any], str]:
    return make(client, "vehicles", plate=plate, plate_colour=2, operator_id=101, region_code="520102", **said)


def test_three_people_bring_a_vehicle_into_force(web: RunningWeb, clerk: httpx.Client) -> None:
    row, etag = bus(clerk, "贵A10001", seats=19)
    at = f"/api/v1/vehicles/{row['vehicle_id']}"
    assert (row["standing"], row["operator"], row["seats"]) == ("draft", "红星客运", 19)
    assert clerk.get(at, headers={"If-None-Match": etag}).status_code == 304
    assert clerk.patch(at, json={"seats": 20}).status_code == 428
    changed = clerk.patch(at, json={"seats": 20}, headers={"If-Match": etag})
    assert changed.status_code == 200 and changed.json()["seats"] == 20
    assert clerk.patch(at, json={"seats": 21}, headers={"If-Match": etag}).status_code == 412
    assert clerk.post(f"{at}/submit", json={}).json()["standing"] == "submitted"
    assert clerk.post(f"{at}/review", json={}).status_code == 403
    with regulator(web, "520102") as county, regulator(web, "520100") as city, regulator(web, "520103") as other:
        assert other.get(at).status_code == other.post(f"{at}/review", json={}).status_code == 404
        assert county.post(f"{at}/return", json={}).status_code == 422
        assert county.post(f"{at}/review", json={}).status_code == 200
        refused = county.post(f"{at}/approve", json={})
        assert refused.status_code == 409 and "another person" in refused.json()["detail"]
        assert city.post(f"{at}/approve", json={}).json()["standing"] == "active"
        assert city.post(f"{at}/suspend", json={"reason": "年检过期"}).json()["standing_reason"] == "年检过期"
        acts = county.get(f"{at}/history", params={"limit": 2})
        assert [act["action"] for act in acts.json()["acts"]] == ["vehicle.insert", "vehicle.update"]
        following = county.get(acts.links["next"]["url"]).json()["acts"]
        assert following[-1]["changes"]["standing"] in (["submitted", "reviewed"], ["reviewed", "active"])


def test_lists_page_by_cursor_and_are_narrowed(web: RunningWeb, clerk: httpx.Client) -> None:
    for number in range(5):
        bus(clerk, f"贵B2000{number}")
    seen: list[str] = []
    url = "/api/v1/vehicles?text=贵B2&limit=2&standing=draft"
    while url:
        answer = clerk.get(url)
        assert answer.status_code == 200, answer.text
        seen += [row["plate"] for row in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [f"贵B2000{number}" for number in range(5)]
    with regulator(web, "520000") as province:
        for region, below, count in (("520102", True, 5), ("520100", True, 5), ("520100", False, 0), ("520103", True, 0)):
            what = {"text": "贵B2", "region": region, "subordinates": str(below).lower()}
            assert len(province.get("/api/v1/vehicles", params=what).json()["items"]) == count, region
        assert province.get("/api/v1/vehicles", params={"text": "贵B2", "operator_id": 102}).json()["items"] == []


def test_personal_data_are_masked_and_read_in_clear_by_right_alone(web: RunningWeb, clerk: httpx.Client) -> None:
    row, _ = make(clerk, "drivers", name="张三", identity_card=CARD, phone="13812345678", operator_id=101, region_code="520102")
    at = f"/api/v1/drivers/{row['driver_id']}"
    assert (row["identity_card"], row["phone"]) == ("110***********002X", "138****5678")
    assert clerk.post(f"{at}/personal").status_code == 403
    with regulator(web, "520102", unmask=True) as county:
        assert county.post(f"{at}/personal").json()["personal"]["phone"] == "13812345678"
    with psycopg.connect(web.dsn) as conn:
        told = conn.execute("select actor, action, object from audit where stream = 'personal'").fetchall()
    assert told == [("regulator-520102-True", "driver.read", f"driver:{row['driver_id']}")]
    assert (
        clerk.post("/api/v1/drivers", json={"name": "李四", "identity_card": CARD, "operator_id": 101, "region_code": "520102"}).status_code
        == 409
    )


def test_a_terminal_rides_where_it_is_bound(clerk: httpx.Client) -> None:
    first, second = bus(clerk, "贵C30001")[0]["vehicle_id"], bus(clerk, "贵C30002")[0]["vehicle_id"]
    make(clerk, "terminals", terminal_id="013900000077", vehicle_id=first)
    assert clerk.get(f"/api/v1/vehicles/{first}").json()["terminal_id"] == "13900000077"
    moved = clerk.post(f"/api/v1/vehicles/{second}/bindings", json={"terminal_id": "13900000077"})
    assert moved.status_code == 200, moved.text
    history = clerk.get("/api/v1/terminals/13900000077/bindings").json()["bindings"]
    assert [(one["vehicle_id"], one["bound_to"] is None) for one in history] == [(second, True), (first, False)]


def test_an_import_writes_all_or_tells_every_fault(web: RunningWeb, clerk: httpx.Client) -> None:
    empty = clerk.get("/api/v1/vehicles/imports/template", params={"form": "xlsx"})
    heading = CalamineWorkbook.from_filelike(io.BytesIO(empty.content)).get_sheet_by_index(0).to_python()[0]
    assert heading[:2] == ["车牌号*", "车牌颜色*"] and "终端号" in heading
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(
            [
                ["车牌号*", "车牌颜色*", "核定载客", "终端号", "行政区划代码"],
                ["贵D40001", "黄色", 19, 13900000081, "520102"],
                ["贵D40002", "蓝", 7, "", 520103],
            ]
        ):
            sheet.write_row(row, 0, line)
    done = clerk.post("/api/v1/vehicles/imports", content=file.getvalue())
    assert done.status_code == 200, done.text
    assert {key: done.json()[key] for key in ("written", "rows", "made", "bound", "faults")} == {
        "written": True,
        "rows": 2,
        "made": 2,
        "bound": 1,
        "faults": 0,
    }
    again = clerk.post(
        "/api/v1/vehicles/imports", content="plate,plate_colour,seats,operator\n贵D40001,2,29,\n贵D40009,9x,x,蓝天客运\n".encode()
    ).json()
    assert not again["written"] and {(one["line"], one["column"]) for one in again["bad"]} == {(3, "plate_colour"), (3, "seats")}
    told = clerk.post("/api/v1/vehicles/imports?report=csv", content=b"plate,plate_colour\n,2\n")
    assert told.headers["content-type"].startswith("text/csv") and "no plate" in told.content.decode("utf-8-sig")
    rows = clerk.get("/api/v1/vehicles", params={"text": "贵D4"}).json()["items"]
    assert [(row["plate"], row["seats"], row["operator"], row["standing"]) for row in rows] == [
        ("贵D40001", 19, "红星客运", "draft"), ("贵D40002", 7, "红星客运", "draft"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"\xff\xfe\x00", "neither xlsx nor text"), (b"PK\x03\x04 nothing", "no xlsx"), (b"wheels\n4\n", "unknown column"), (b"", "lacks the column")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(clerk: httpx.Client, content: bytes, says: str) -> None:
    answer = clerk.post("/api/v1/vehicles/imports", content=content)
    assert answer.status_code == 422 and says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("role", "sees", "makes"),
    [("driver", 200, 403), ("passenger", 403, 403), ("finance", 200, 403), ("tester", 200, 403), ("guardian", 403, 403)],
)
def test_what_roles_may(web: RunningWeb, role: str, sees: int, makes: int) -> None:
    grant = {"person_id": 1} if role == "driver" else {}
    with web.client(web.account(role, "520102", 101 if role == "driver" else None, **grant)) as client:
        listed = client.get("/api/v1/vehicles")
        assert listed.status_code == sees
        if role == "driver":
            assert listed.json()["items"] == []
        assert client.post("/api/v1/vehicles", json={"plate": "贵E1", "plate_colour": 2}).status_code == makes
        assert client.get("/api/v1/students").status_code == 403
        assert client.get("/api/v1/registry/expiring").status_code == sees


def test_what_ends_soon_is_listed(clerk: httpx.Client) -> None:
    made, _ = bus(clerk, "贵F60001", inspection_valid_to="2020-01-01")
    answer = clerk.get("/api/v1/registry/expiring", params={"days": 3})
    assert answer.status_code == 200 and made["plate"] not in {one["name"] for one in answer.json()["ending"]}, "a draft is not in force"


def test_every_operation_is_documented(web: RunningWeb) -> None:
    with web.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    for kind in ("operators", "vehicles", "drivers", "terminals", "lines", "stations", "stops", "permits", "schools"):
        assert {"get", "post"} <= paths[f"/api/v1/{kind}"].keys() and {"get", "patch"} <= paths[f"/api/v1/{kind}/{{key}}"].keys()
        assert f"/api/v1/{kind}/{{key}}/approve" in paths and f"/api/v1/{kind}/imports" in paths


def test_a_driver_sees_the_vehicle_from_the_assignment_to_its_end(web: RunningWeb, clerk: httpx.Client) -> None:
    vehicle = bus(clerk, "贵A70707")[0]["vehicle_id"]
    driver = make(
        clerk, "drivers", name="罗大勇", operator_id=101, region_code="520102", identity_card="440524188001010014", phone="13800001111"
    )[0]["driver_id"]
    path = f"/api/v1/vehicles/{vehicle}"
    with web.client(web.account("driver", "520000", person_id=driver)) as me:
        assert me.get(path).status_code == 404
        answer = clerk.post(f"{path}/drivers", json={"driver_id": driver})
        assert answer.status_code == 200, answer.text
        assert [(row["driver_id"], row["name"], row["valid_to"]) for row in answer.json()["drivers"]] == [(driver, "罗大勇", None)]
        assert me.get(path).status_code == 200
        assert [row["vehicle_id"] for row in me.get("/api/v1/vehicles").json()["items"]] == [vehicle]
        assert me.post(f"{path}/drivers", json={"driver_id": driver}).status_code == 403
        assert clerk.delete(f"{path}/drivers/{driver}").status_code == 204
        assert clerk.delete(f"{path}/drivers/{driver}").status_code == 404
        assert me.get(path).status_code == 404
    with regulator(web, "520103") as other:
        assert other.get(f"{path}/drivers").status_code == 404
        assert other.post(f"{path}/drivers", json={"driver_id": driver}).status_code in (403, 404)
