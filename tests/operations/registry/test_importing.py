"""Imports of every kind: all rows or none, every fault told, updates by natural key, terminals with history, files made to harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import xlsxwriter

from domain.errors import RefusedError
from operations.registry import sheets, templates
from operations.registry.entities import DRIVERS, KINDS, OPERATORS, PERMITS_KIND, SCHOOLS, STATIONS, STUDENTS, TERMINALS, VEHICLES
from operations.registry.importing import import_file
from operations.registry.kinds import Kind
from operations.registry.reading import BadRow, Report, headings
from operations.registry.watching import ending, expire_due
from storage.pool import connect
from storage.registry import Registration, admit
from storage.scope import Scope, enter
from storage.sealing import Sealer, load_sealer

AT = datetime(2026, 11, 22, tzinfo=UTC)
CARD, CARD_2 = "11010519491231002X", "110101199003072316"


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return load_sealer(tmp_path_factory.mktemp("keys") / "personal.key")


@pytest.fixture
def db(conn: psycopg.Connection[Any], sealer: Sealer) -> Iterator[Any]:
    """Imports text into the test's database as its owner."""
    conn.execute("insert into operator (name, region_code) values ('红星客运', '520102'), ('蓝天客运', '520103')")

    def put(kind: Kind, text: str | bytes, encoding: str = "utf-8") -> Report:
        return import_file(conn, kind, text if isinstance(text, bytes) else text.encode(encoding), "a file", sealer, AT)

    yield put


def rows(conn: psycopg.Connection[Any], statement: str) -> list[Any]:
    return conn.execute(statement.encode()).fetchall()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_vehicles_are_made_then_changed_by_their_plate(conn: psycopg.Connection[Any], db: Any, encoding: str) -> None:
    heading = "车牌号,车牌颜色,营运类别,运输企业,行政区划代码,核定载客,终端号,年检有效期至,危险品\n"
    text = heading + "贵a·12345,黄色,农村客运,红星客运,520102,19,013900000001,2027/1/2,否\n\n贵B1,93,freight,,,,,2027年03月04日,是\n"
    assert db(VEHICLES, text, encoding) == Report("vehicles", 2, 2, 0, 1)
    assert rows(conn, "select plate, plate_colour, vehicle_class, seats, standing, state, inspection_valid_to, dangerous_goods from vehicle order by plate") == [
        ("贵A12345", 2, "rural_bus", 19, "active", "registered", date(2027, 1, 2), False), ("贵B1", 93, "freight", None, "active", "registered", date(2027, 3, 4), True),
    ]  # fmt: skip
    assert db(VEHICLES, text, encoding) == Report("vehicles", 2, 0, 0, 0), "the same file again changes nothing"
    assert db(VEHICLES, "plate,plate_colour,seats,operator\n贵A12345,yellow,,蓝天客运\n贵B1,93,7,\n") == Report("vehicles", 2, 0, 2, 0)
    assert rows(conn, "select v.seats, o.name from vehicle v left join operator o using (operator_id) order by plate") == [
        (19, "蓝天客运"),
        (7, None),
    ]
    assert rows(conn, "select state, standing from terminal") == [("registered", "active")]


def test_every_fault_is_told_and_nothing_is_written(conn: psycopg.Connection[Any], db: Any) -> None:
    conn.execute("insert into region (region_code, level, name) values ('520102', 'county', '南明区')")
    conn.execute("insert into terminal (terminal_id, state) values ('77', 'revoked')")
    text = "plate,plate_colour,operator,region_code,seats,terminal_id\n" + (
        "贵A1,2,红星客运,520102,19,1\n,2,,,,\n贵A3,pink,,,many,3x\n贵A1,2,,,,\n贵A5,2,没有的公司,999999,,01\n贵A6,2,,,,,extra\n"
    )
    done = db(VEHICLES, text)
    assert [(row.line, row.column) for row in done.bad] == [
        (3, "plate"), (4, "plate_colour"), (4, "seats"), (4, "terminal_id"), (5, "plate"), (6, "operator"), (6, "region_code"), (6, "terminal_id"), (7, ""),
    ]  # fmt: skip
    assert BadRow(5, "plate", "the same vehicle is on line 2 already") in done.bad
    assert (done.made, rows(conn, "select count(*) from vehicle")) == (0, [(0,)])
    assert db(VEHICLES, "plate,plate_colour,terminal_id\n贵A1,2,77\n").bad == [
        BadRow(2, "terminal_id", "terminal 77 is revoked: restore it first")
    ]
    assert rows(conn, "select count(*) from vehicle") == [(0,)]
    assert templates.report(done.bad, xlsx=False).decode("utf-8-sig").count("\n") == 1 + len(done.bad)


def test_terminals_move_between_vehicles_with_history(conn: psycopg.Connection[Any], db: Any) -> None:
    db(VEHICLES, "plate,plate_colour,terminal_id\n贵A1,2,1\n贵A2,2,2\n贵A2,1,\n")
    assert db(TERMINALS, "终端号,车辆,制造商\n1,贵A2 黄,甲\n2,贵A1,乙\n3,贵A2/blue,\n") == Report("terminals", 3, 1, 2, 3)
    assert rows(conn, "select t.terminal_id, v.plate, v.plate_colour, t.maker from terminal t join vehicle v using (vehicle_id) order by 1") == [
        ("1", "贵A2", 2, "甲"), ("2", "贵A1", 2, "乙"), ("3", "贵A2", 1, None),
    ]  # fmt: skip
    assert rows(conn, "select terminal_id, count(*), count(*) filter (where bound_to is null) from terminal_binding group by 1 order by 1") == [
        ("1", 2, 1), ("2", 2, 1), ("3", 1, 1),
    ]  # fmt: skip
    assert [row.reason for row in db(TERMINALS, "terminal_id,vehicle\n4,贵A2\n").bad] == ["'贵A2': say its colour too"]


def test_what_came_by_itself_is_registered_by_an_import(conn: psycopg.Connection[Any], db: Any) -> None:
    vehicle = admit(conn, [Registration("13900000001", "贵A12345", 2)])["13900000001"]
    assert db(VEHICLES, "plate,plate_colour,terminal_id\n贵A12345,2,13900000001\n").bad == []
    assert rows(conn, "select v.vehicle_id, v.standing, t.standing from vehicle v join terminal t using (vehicle_id)") == [
        (vehicle, "active", "active")
    ]


def test_people_are_sealed_and_found_again_by_their_card(conn: psycopg.Connection[Any], db: Any, sealer: Sealer) -> None:
    text = f"姓名,身份证号,电话,运输企业,准驾车型,从业资格证有效期至\n张三,{CARD},138 1234 5678,红星客运,A1,2026-12-01\n李四,{CARD_2},,,,\n"
    assert db(DRIVERS, text).made == 2
    assert db(DRIVERS, text).changed == 0
    assert db(DRIVERS, f"姓名,身份证号,电话\n张三,{CARD.lower()},13900000000\n").changed == 1
    sealed, masked, whole = rows(conn, "select phone_sealed, phone_masked, driver::text from driver where name = '张三'")[0]
    assert (sealer.unseal(sealed, "driver.phone"), masked) == ("13900000000", "139****0000") and CARD not in whole
    assert db(PERMITS_KIND, f"证照类型,证号,驾驶员,有效期至\n从业资格证,Q1,{CARD},2026-12-20\n").made == 1
    soon = ending(conn, AT.date(), 30)
    assert [(one.kind, one.name, one.ends_on) for one in soon] == [
        ("drivers", "张三", date(2026, 12, 1)),
        ("permits", "Q1", date(2026, 12, 20)),
    ]
    assert expire_due(conn, date(2026, 12, 1)) == 0 and expire_due(conn, date(2026, 12, 2)) == 1
    assert rows(conn, "select standing, standing_reason from driver order by name") == [
        ("expired", "从业资格证有效期至: 2026-12-01"),
        ("active", None),
    ]


def test_kinds_that_lead_to_others(conn: psycopg.Connection[Any], db: Any) -> None:
    assert db(SCHOOLS, "学校编号,学校名称,经度,纬度,联系电话\nX1,一小,106.7,26.6,0851-1234567\n").made == 1
    assert db(STUDENTS, "学号,学校,姓名,监护人,监护人电话,班级\n1,X1,小明,王芳,13812345678,三年级2班\n2,X2,小红,,,\n").bad == [
        BadRow(3, "school", "no school 'X2' (学校) that you see")
    ]
    assert db(STUDENTS, "学号,学校,姓名\n1,X1,小明\n").made == 1
    assert db(STATIONS, "站点编号,站名,经度,纬度,所在村,站长\nS1,清水站,106.7,26.6,清水村,王五\n").made == 1
    assert rows(conn, "select kind, lon_e6, keeper from station") == [("station", 106_700_000, "王五")]
    assert db(OPERATORS, '企业名称,注册资本(元),币种,成立日期\n甲公司,"1,000,000.50",cny,19991231\n').made == 1
    assert rows(conn, "select capital_fen, currency, founded_on from operator where name = '甲公司'") == [
        (100_000_050, "CNY", date(1999, 12, 31))
    ]


def test_a_person_imports_drafts_within_the_office_alone(conn: psycopg.Connection[Any], db: Any, dsn: str, sealer: Sealer) -> None:
    db(VEHICLES, "plate,plate_colour,operator,region_code\n贵Z1,2,蓝天客运,520103\n")
    conn.commit()
    operator = rows(conn, "select operator_id from operator where name = '红星客运'")[0][0]
    with connect(dsn, "app") as app:
        enter(app, Scope("operator", "520100", user_id=1, operator_id=operator, actor="clerk"))
        put = lambda text: import_file(app, VEHICLES, text.encode(), "f", sealer, AT)  # noqa: E731
        assert put("plate,plate_colour,region_code,terminal_id\n贵A1,2,520102,1\n").made == 1
        assert put("plate,plate_colour,region_code\n贵A1,2,520102\n贵Z1,2,520102\n").bad == [
            BadRow(3, "plate", "the number is taken: another office's, or another entity's")
        ]
        assert [
            (row.line, row.column) for row in put("plate,plate_colour,region_code,operator\n贵A2,2,430102,\n贵A3,2,520102,蓝天客运\n").bad
        ] == [(2, "region_code"), (3, "operator")]
        assert app.execute("select plate, standing, state, operator_id from vehicle").fetchall() == [
            ("贵A1", "draft", "unregistered", operator)
        ]


def test_the_template_of_every_kind_is_taken_back(db: Any) -> None:
    for kind in KINDS.values():
        for xlsx in (True, False):
            assert db(kind, templates.template(kind, xlsx=xlsx)) == Report(kind.word), kind.word
        zh = [one.zh for one in headings(kind)]
        assert len(set(zh)) == len(zh), kind.word


def _xlsx(cell: str, text: bytes = b"x") -> bytes:
    """A workbook whose sheet says that a cell lies there."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet().write_row(0, 0, ["plate", "plate_colour"])
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if "sheet1" in name:
                data = data.replace(b"</sheetData>", b'<row r="2"><c r="%s"><v>1</v></c></row></sheetData>' % cell.encode()) + text
            new.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize("cell", ["XFD1048576", "A999999", "ZZZ1"])
def test_cells_far_apart_do_not_fill_the_memory(db: Any, cell: str) -> None:
    with pytest.raises(RefusedError, match="has a cell at"):
        db(VEHICLES, _xlsx(cell))


def test_limits_of_files(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    with pytest.raises(RefusedError, match="more than 3 rows"):
        db(VEHICLES, "plate,plate_colour\n" + "".join(f"贵A{number},2\n" for number in range(4)))
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 2_000_000)
    with pytest.raises(RefusedError, match="unpacks to more"):
        db(VEHICLES, _xlsx("A2", b" " * 3_000_000))
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    with pytest.raises(RefusedError, match="bigger than"):
        db(VEHICLES, b"plate,plate_colour\n")
