"""Entities of the registry one by one: drafts, four eyes, what a person may see and write; on a real database as the application's role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from operations.registry import drivers, masters
from operations.registry.entities import DRIVERS, KINDS, LINES, OPERATORS, PERMITS_KIND, STOPS, STUDENTS, TERMINALS, VEHICLES
from operations.registry.standing import ACTS, STANDINGS
from storage.pool import connect
from storage.registry import Registration, admit
from storage.scope import Scope, enter
from storage.sealing import Sealer, load_sealer

CARD, PHONE = "11010519491231002X", "13812345678"
CLERK = Scope("operator", "520000", user_id=1, operator_id=1, actor="clerk")
COUNTY = Scope("regulator", "520102", user_id=2, actor="county")
CITY = Scope("regulator", "520100", user_id=3, actor="city")
PROVINCE = Scope("regulator", "520000", user_id=4, actor="province")
PLATFORM = Scope("admin", "100000", user_id=5, actor="platform")


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return load_sealer(tmp_path_factory.mktemp("keys") / "personal.key")


@pytest.fixture
def app(dsn: str, conn: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """The application's connection; two operators in two counties."""
    conn.execute("insert into operator (operator_id, name, region_code) values (1, '红星客运', '520102'), (2, '蓝天客运', '520103')")
    conn.execute("select setval(pg_get_serial_sequence('operator', 'operator_id'), 10)")
    conn.commit()
    with connect(dsn, "app") as asked:
        yield asked
        asked.rollback()


def as_(app: psycopg.Connection[Any], who: Scope) -> psycopg.Connection[Any]:
    app.commit()
    enter(app, who)
    return app


def bus(app: psycopg.Connection[Any], sealer: Sealer, plate: str = "贵A12345", **said: Any) -> int:
    row = masters.make(
        as_(app, CLERK), VEHICLES, {"plate": plate, "plate_colour": 2, "operator_id": 1, "region_code": "520102"} | said, sealer
    )
    return int(row["vehicle_id"])


def test_the_database_keeps_the_same_life_cycle(conn: psycopg.Connection[Any]) -> None:
    in_python = {(act, before, step.after) for act, step in ACTS.items() for before in step.before}
    for before in STANDINGS:
        for after in STANDINGS:
            row = conn.execute("select registry_act(%(a)s, %(b)s)", {"a": before, "b": after}).fetchone()
            assert row is not None
            expired = {"expire"} if after == "expired" and before in ("active", "suspended") else set()
            assert ({row[0]} - {None}) == {act for act, a, b in in_python if (a, b) == (before, after)} | expired


def test_a_vehicle_goes_the_way_from_draft_to_active_and_its_state_follows(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    key = bus(app, sealer)
    assert masters.one(app, VEHICLES, key)["standing"] == "draft"
    masters.act(app, VEHICLES, key, "submit")
    masters.act(as_(app, COUNTY), VEHICLES, key, "review")
    done = masters.act(as_(app, CITY), VEHICLES, key, "approve")
    assert (done["standing"], done["submitted_by"], done["reviewed_by"], done["approved_by"]) == ("active", 1, 2, 3)
    assert app.execute("select state from vehicle").fetchone() == ("registered",)
    suspended = masters.act(app, VEHICLES, key, "suspend", "年检过期")
    assert (suspended["standing"], suspended["standing_reason"]) == ("suspended", "年检过期")
    assert app.execute("select state from vehicle").fetchone() == ("registered",), "its positions are still taken"
    masters.act(app, VEHICLES, key, "resume")
    changed = masters.change(as_(app, CLERK), VEHICLES, key, {"seats": 19}, sealer)
    assert (changed["standing"], changed["approved_by"], changed["seats"]) == ("draft", None, 19)
    assert app.execute("select state from vehicle").fetchone() == ("registered",), (
        "a change waits for approval, the vehicle stays in service"
    )
    masters.act(as_(app, PROVINCE), VEHICLES, key, "revoke", "报废")
    assert app.execute("select state from vehicle").fetchone() == ("revoked",)


def test_four_eyes_are_the_databases_matter(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    key = int(masters.make(as_(app, COUNTY), VEHICLES, {"plate": "贵A1", "plate_colour": 2, "region_code": "520102"}, sealer)["vehicle_id"])
    masters.act(app, VEHICLES, key, "submit")
    app.commit()
    for statement in (
        "update vehicle set standing = 'reviewed'",
        "update vehicle set standing = 'active'",
        "update vehicle set standing = 'reviewed', seats = 9",
        "update vehicle set seats = 9",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            as_(app, COUNTY).execute(statement.encode())
        app.rollback()
    as_(app, COUNTY).execute("update vehicle set reviewed_by = 77, approved_by = 78, submitted_by = 79, approved_at = now()")
    assert app.execute("select reviewed_by, approved_by, submitted_by, approved_at from vehicle").fetchone() == (None, None, 2, None)
    masters.act(as_(app, CITY), VEHICLES, key, "review")
    app.commit()
    for who in (COUNTY, CITY):
        with pytest.raises(RefusedError, match="another person") as caught:
            masters.act(as_(app, who), VEHICLES, key, "approve")
        assert caught.value.kind == "conflict"
        app.rollback()
    assert masters.act(as_(app, PROVINCE), VEHICLES, key, "approve")["standing"] == "active"


def test_what_is_sent_back_tells_why_and_steps_that_do_not_lead_are_refused(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    key = bus(app, sealer)
    for name in ("approve", "suspend", "withdraw"):
        with pytest.raises(RefusedError, match="this one is draft"):
            masters.act(app, VEHICLES, key, name, "x")
    masters.act(app, VEHICLES, key, "submit")
    with pytest.raises(RefusedError, match="withdraw or return it first"):
        masters.change(app, VEHICLES, key, {"seats": 1}, sealer)
    with pytest.raises(RefusedError, match="say the reason"):
        masters.act(as_(app, COUNTY), VEHICLES, key, "return")
    back = masters.act(app, VEHICLES, key, "return", "缺行驶证")
    assert (back["standing"], back["standing_reason"]) == ("returned", "缺行驶证")
    masters.change(as_(app, CLERK), VEHICLES, key, {"vin": "LZYTBTD67F1012345"}, sealer)
    assert masters.act(app, VEHICLES, key, "submit")["standing"] == "submitted"


def test_personal_data_are_sealed_masked_found_and_their_reading_is_told(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    said = {
        "name": "张三",
        "operator_id": 1,
        "region_code": "520102",
        "identity_card": CARD,
        "phone": "138 1234 5678",
        "address": "贵州省贵阳市云岩区中华路1号",
    }
    made = masters.make(as_(app, CLERK), DRIVERS, said, sealer)
    assert (made["identity_card"], made["phone"], made["name"]) == ("110***********002X", "138****5678", "张三")
    stored = app.execute("select driver::text from driver").fetchone()
    assert stored is not None and CARD not in stored[0] and PHONE not in stored[0] and PHONE.encode().hex() not in stored[0]
    for text in ("张", PHONE, CARD.lower()):
        found = masters.listed(app, DRIVERS, masters.wanted(DRIVERS, sealer, text=text), None, 10)
        assert [row["driver_id"] for row in found] == [made["driver_id"]], text
    clear = masters.personal(app, DRIVERS, made["driver_id"], sealer)
    assert clear == {"identity_card": CARD, "licence_number": None, "phone": PHONE, "address": "贵州省贵阳市云岩区中华路1号"}
    assert app.execute("select action, object from audit where stream = 'personal'").fetchall() == [
        ("driver.read", f"driver:{made['driver_id']}")
    ]
    told = app.execute("select payload from audit where stream = 'registry'").fetchall()
    assert told and not any(CARD in text or PHONE in text or "sealed" in text or "index" in text for (text,) in told)
    with pytest.raises(RefusedError, match="same identity_card") as caught:
        masters.make(app, DRIVERS, said, sealer)
    assert caught.value.kind == "conflict"


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (DRIVERS, {"name": "李四", "identity_card": "110105194912310022"}, "identity_card"),
        (DRIVERS, {"name": "李四", "identity_card": "110105194913310020"}, "identity_card"),
        (OPERATORS, {"name": "甲", "organisation_code": "91350100M000100Y42"}, "organisation_code"),
        (OPERATORS, {"name": "甲\x00乙"}, "name"),
        (VEHICLES, {"plate_colour": 2}, "plate"),
        (VEHICLES, {"plate": "贵A1", "plate_colour": 44}, "plate_colour"),
        (VEHICLES, {"plate": "贵A1", "plate_colour": 2, "seats": 10**9}, "seats"),
        (VEHICLES, {"plate": "贵A1", "plate_colour": 2, "operator_id": 4711}, "operator_id"),
        (STOPS, {"code": "1", "name": "x", "lon": float("nan"), "lat": 1.0}, "lon"),
        (TERMINALS, {"terminal_id": "13a"}, "terminal_id"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(app: psycopg.Connection[Any], sealer: Sealer, kind: Any, said: Any, field: str) -> None:
    with pytest.raises(RefusedError) as caught:
        masters.make(as_(app, PLATFORM), kind, said, sealer)
    assert caught.value.field == field


def test_valid_codes_are_taken(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    row = masters.make(
        as_(app, PLATFORM), OPERATORS, {"name": "甲", "organisation_code": "91350100m000100y43", "capital_fen": 10**12}, sealer
    )
    assert (row["organisation_code"], row["standing"], row["capital_fen"]) == ("91350100M000100Y43", "draft", 10**12)


def test_nobody_sees_or_writes_beyond_the_office(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    key = bus(app, sealer)
    other = Scope("operator", "520000", user_id=9, operator_id=2, actor="other")
    with pytest.raises(RefusedError) as missing:
        masters.one(as_(app, other), VEHICLES, key)
    assert missing.value.kind == "missing"
    with pytest.raises(RefusedError) as outside:
        masters.make(as_(app, other), VEHICLES, {"plate": "贵B1", "plate_colour": 2, "operator_id": 1, "region_code": "520103"}, sealer)
    assert outside.value.kind == "forbidden"
    app.rollback()
    with pytest.raises(RefusedError) as region:
        masters.make(as_(app, COUNTY), VEHICLES, {"plate": "贵B1", "plate_colour": 2, "region_code": "520103"}, sealer)
    assert region.value.kind == "forbidden"
    app.rollback()
    student = masters.make(
        as_(app, PLATFORM),
        STUDENTS,
        {
            "number": "S1", "name": "小明", "region_code": "520102",
            "school_id": masters.make(app, KINDS["schools"], {"code": "X1", "name": "一小", "region_code": "520102"}, sealer)["school_id"],
        },
        sealer,
    )  # fmt: skip
    assert student["name"] == "小*"
    for who, seen in ((COUNTY, 1), (CLERK, 0), (Scope("driver", "520102", person_id=1), 0), (Scope("guardian", "100000", person_id=1), 0)):
        assert as_(app, who).execute("select count(*) from student").fetchone() == (seen,), who.role


def test_a_driver_sees_the_vehicles_that_it_drives(app: psycopg.Connection[Any], conn: psycopg.Connection[Any], sealer: Sealer) -> None:
    own, foreign = bus(app, sealer), bus(app, sealer, "贵A9")
    driver = masters.make(app, DRIVERS, {"name": "张三", "operator_id": 1, "region_code": "520102", "identity_card": CARD}, sealer)[
        "driver_id"
    ]
    app.execute(
        "insert into vehicle_driver (vehicle_id, driver_id, valid_from) values (%(v)s, %(d)s, now() - interval '1 day')",
        {"v": own, "d": driver},
    )
    app.execute(
        "insert into vehicle_driver values (%(v)s, %(d)s, now() - interval '2 days', now() - interval '1 day')", {"v": foreign, "d": driver}
    )
    me = Scope("driver", "520102", user_id=8, person_id=driver)
    assert as_(app, me).execute("select vehicle_id from vehicle").fetchall() == [(own,)]
    assert app.execute("select vehicle_id from vehicle_driver").fetchall() == [(own,)]
    assert app.execute("select driver_id from driver").fetchall() == [(driver,)]
    drivers.assign(as_(app, PLATFORM), foreign, driver)
    drivers.assign(app, foreign, driver)
    assert [(row["driver_id"], row["name"], row["valid_to"] is None) for row in drivers.assigned(app, foreign)] == [
        (driver, "张三", True), (driver, "张三", False),
    ]  # fmt: skip
    assert {number for (number,) in as_(app, me).execute("select vehicle_id from vehicle").fetchall()} == {own, foreign}
    with pytest.raises(RefusedError, match="assigns no drivers"):
        drivers.release(app, foreign, driver)
    app.rollback()
    drivers.release(as_(app, PLATFORM), foreign, driver)
    assert as_(app, me).execute("select vehicle_id from vehicle").fetchall() == [(own,)]
    stranger = Scope("driver", "520102", user_id=8, person_id=driver + 1)
    assert as_(app, stranger).execute("select (select count(*) from vehicle) + (select count(*) from driver)").fetchone() == (0,)
    assert app.execute("select scope_vehicles()").fetchone() == ([],)


def test_a_terminal_moves_with_history_and_never_out_of_anothers_vehicle(
    app: psycopg.Connection[Any], conn: psycopg.Connection[Any], sealer: Sealer
) -> None:
    first, second = bus(app, sealer), bus(app, sealer, "贵A2")
    made = masters.make(app, TERMINALS, {"terminal_id": "0139", "vehicle_id": first, "profile": "standard"}, sealer)
    assert (made["terminal_id"], made["vehicle_id"], made["plate"], made["standing"]) == ("139", first, "贵A12345", "draft")
    masters.bind(as_(app, CLERK), "139", second)
    assert [(row["vehicle_id"], row["bound_to"] is None) for row in masters.bindings(app, TERMINALS, "139")] == [
        (second, True),
        (first, False),
    ]
    foreign = masters.make(
        as_(app, PLATFORM), VEHICLES, {"plate": "贵Z1", "plate_colour": 2, "operator_id": 2, "region_code": "520103"}, sealer
    )
    masters.bind(app, "140", foreign["vehicle_id"])
    for terminal, vehicle in (("140", first), ("139", foreign["vehicle_id"])):
        with pytest.raises(RefusedError) as caught:
            masters.bind(as_(app, CLERK), terminal, vehicle)
        assert caught.value.kind == "missing"
        app.rollback()


def test_what_comes_by_itself_is_unregistered_until_a_person_submits_it(
    app: psycopg.Connection[Any], conn: psycopg.Connection[Any], sealer: Sealer
) -> None:
    key = admit(conn, [Registration("13900000001", "贵A12345", 2, province=52, city=102)])["13900000001"]
    conn.commit()
    assert masters.one(as_(app, COUNTY), VEHICLES, key)["standing"] == "unregistered"
    masters.act(app, VEHICLES, key, "submit")
    assert app.execute("select state from vehicle").fetchone() == ("unregistered",)
    masters.act(as_(app, CITY), VEHICLES, key, "review")
    masters.act(as_(app, PROVINCE), VEHICLES, key, "approve")
    assert app.execute("select state from vehicle").fetchone() == ("registered",)
    acts = [(row["actor"], row["changes"].get("standing")) for row in masters.history(as_(app, PROVINCE), VEHICLES, key, 0, 50)]
    assert [act for act in acts if act[1] and act[0] != "database:postgres"][-3:] == [
        ("county", ["unregistered", "submitted"]), ("city", ["submitted", "reviewed"]), ("province", ["reviewed", "active"]),
    ]  # fmt: skip


def test_lists_are_narrowed_by_region_with_and_without_what_lies_below(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    for number, region in enumerate(("520000", "520100", "520102", "520103", "520102001")):
        masters.make(as_(app, PLATFORM), LINES, {"code": f"L{number}", "name": f"{number}路", "region_code": region}, sealer)

    def codes(**what: Any) -> list[str]:
        return [row["code"] for row in masters.listed(app, LINES, masters.wanted(LINES, sealer, **what), None, 10)]

    assert codes(region="520100") == ["L1", "L2", "L3", "L4"]
    assert codes(region="520100", subordinates=False) == ["L1"]
    assert codes(region="520102") == ["L2", "L4"]
    assert codes(region="100000", text="3路") == ["L3"]
    assert codes(text="%") == [] and codes(standing="active") == []
    page = masters.listed(app, LINES, masters.wanted(LINES, sealer), None, 2)
    assert [row["code"] for row in masters.listed(app, LINES, masters.wanted(LINES, sealer), page[-1]["line_id"], 2)] == ["L2", "L3"]


def test_a_permit_belongs_to_one_holder(app: psycopg.Connection[Any], sealer: Sealer) -> None:
    key = bus(app, sealer)
    said = {"kind": "operating_permit", "number": "520102001", "vehicle_id": key, "valid_to": "2027-01-01"}
    made = masters.make(app, PERMITS_KIND, said | {"valid_to": None}, sealer)
    assert masters.one(app, VEHICLES, key)["operating_permit"] == "520102001"
    with pytest.raises(RefusedError, match="do not fit together"):
        masters.change(app, PERMITS_KIND, made["permit_id"], {"operator_id": 1}, sealer)


def test_keys_of_all_kinds(tmp_path: Path) -> None:
    assert list(KINDS) == [
        "operators", "vehicles", "drivers", "terminals", "lines", "stations", "stops", "permits", "schools", "authorities", "companies",
        "staff", "persons", "students",
    ]  # fmt: skip
    assert all(kind.field(name).required for kind in KINDS.values() for name in kind.natural)
