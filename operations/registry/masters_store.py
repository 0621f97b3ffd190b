"""SQL of single entities and their lists. Statements are composed by psycopg from the table of kinds: names of columns, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from operations.registry.kinds import Kind

Connection = psycopg.Connection[Any]

LIFE = ("standing", "standing_reason", "standing_at", "edited_by", "submitted_by", "reviewed_by", "approved_by", "approved_at",
        "changed_at")  # fmt: skip
"""Columns that every kind has beside its own."""

_TOLD = {
    "operator": "(select o.name from operator o where o.operator_id = t.operator_id)",
    "vehicles.terminal_id": "(select x.terminal_id from terminal x where x.vehicle_id = t.vehicle_id limit 1)",
    "vehicles.operating_permit": """(select p.number from permit p where p.vehicle_id = t.vehicle_id and p.kind = 'operating_permit'
                                      order by p.valid_to desc nulls first, p.permit_id desc limit 1)""",
    "terminals.vehicle_id": "t.vehicle_id",
    "terminals.plate": "(select v.plate from vehicle v where v.vehicle_id = t.vehicle_id)",
    "lines.first_departure_s": "(select min(p.departs_s) from timetable_trip p where p.line_id = t.line_id and p.valid_to is null)",
    "lines.last_departure_s": "(select max(p.departs_s) from timetable_trip p where p.line_id = t.line_id and p.valid_to is null)",
    "lines.departures": "(select count(*)::int from timetable_trip p where p.line_id = t.line_id and p.valid_to is null)",
}
"""What an entity is told with, by name or by kind and name."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None: not.

    Args:
        prefix: leading digits of the region's code, "" all; exact: of this region alone.
        text: part of one of the kind's texts; indexes: of the same text for personal fields, by field.
        ends_by: a day of `ends` lies before this one.
    """

    prefix: str | None = None
    exact: str | None = None
    operator_id: int | None = None
    standing: str | None = None
    text: str | None = None
    indexes: Mapping[str, bytes] | None = None


def listed(conn: Connection, kind: Kind, wanted: Filter, after: Any, limit: int) -> list[dict[str, Any]]:
    """Rows in order of their keys, after a key (None: from the first)."""
    values: dict[str, Any] = {
        "after": after, "limit": limit, "prefix": wanted.prefix, "exact": wanted.exact, "operator_id": wanted.operator_id,
        "standing": wanted.standing, "text": None if wanted.text is None else f"%{_escaped(wanted.text)}%",
    }  # fmt: skip
    values |= {f"index_{name}": index for name, index in (wanted.indexes or {}).items()}
    statement = sql.SQL("{what} where {where} order by t.{key} limit %(limit)s").format(
        what=_select(kind), where=sql.SQL(" and ").join(_conditions(kind, wanted, after)), key=sql.Identifier(kind.key)
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()


def one(conn: Connection, kind: Kind, key: Any, *, lock: bool = False) -> dict[str, Any] | None:
    """Row by key; None: none that the asker sees. lock: nobody else changes it before the transaction ends."""
    statement = sql.SQL("{what} where t.{key} = %(key)s{fixed} {lock}").format(
        what=_select(kind), key=sql.Identifier(kind.key), fixed=_fixed(kind), lock=sql.SQL("for update of t" if lock else "")
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, {"key": key}).fetchone()


def insert(conn: Connection, kind: Kind, columns: Mapping[str, Any]) -> Any:
    """Store a new entity; its key."""
    names = {**kind.fixed, **columns}
    row = conn.execute(
        sql.SQL("insert into {table} ({names}) values ({values}) returning {key}").format(
            table=sql.Identifier(kind.table),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(map(sql.Placeholder, names)),
            key=sql.Identifier(kind.key),
        ),
        names,
    ).fetchone()
    assert row is not None
    return row[0]


def update(conn: Connection, kind: Kind, key: Any, columns: Mapping[str, Any]) -> None:
    """Change columns of an entity."""
    conn.execute(
        sql.SQL("update {table} set {changes} where {key} = %(the_key)s").format(
            table=sql.Identifier(kind.table),
            changes=sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns),
            key=sql.Identifier(kind.key),
        ),
        {**columns, "the_key": key},
    )


def sealed(conn: Connection, kind: Kind, key: Any) -> dict[str, bytes | None] | None:
    """Sealed bytes of the personal fields by field; None: no such entity for the asker."""
    statement = sql.SQL("select {what} from {table} t where t.{key} = %(key)s{fixed}").format(
        what=sql.SQL(", ").join(
            sql.SQL("t.{} as {}").format(sql.Identifier(f"{field.name}_sealed"), sql.Identifier(field.name)) for field in kind.personal
        ),
        table=sql.Identifier(kind.table),
        key=sql.Identifier(kind.key),
        fixed=_fixed(kind),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, {"key": key}).fetchone()


def as_application(conn: Connection) -> None:
    """The application's role until the transaction ends."""
    conn.execute("set local role cuntong_app")


def bind(conn: Connection, terminal_id: str, vehicle_id: int, at: datetime) -> None:
    """Bind as who asks; psycopg.errors.InsufficientPrivilege, CheckViolation."""
    conn.execute(
        "select registry_bind(%(terminal_id)s, %(vehicle_id)s, %(at)s)", {"terminal_id": terminal_id, "vehicle_id": vehicle_id, "at": at}
    )


def bindings(conn: Connection, key: str, value: Any) -> list[dict[str, Any]]:
    """Bindings by "terminal_id" or "vehicle_id", newest first, at most 1,000."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            sql.SQL(
                """
                select terminal_id, vehicle_id, plate, plate_colour, bound_from, bound_to
                  from terminal_binding
                 where {} = %(value)s
                 order by bound_from desc, terminal_id
                 limit 1000
                """
            ).format(sql.Identifier(key)),
            {"value": value},
        ).fetchall()


def history(conn: Connection, table: str, key: Any, after: int, limit: int) -> list[dict[str, Any]]:
    """Acts on an entity out of the audit log, oldest first, after a number."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select seq, at, actor, role, action, payload
              from audit
             where object = %(object)s
               and stream = 'registry'
               and seq > %(after)s
             order by seq
             limit %(limit)s
            """,
            {"object": f"{table}:{key}", "after": after, "limit": limit},
        ).fetchall()


def _select(kind: Kind) -> sql.Composed:
    """All that is told of an entity."""
    own = [kind.key, *(field.column for field in kind.fields if field.column != kind.key), *LIFE]
    told = [
        sql.SQL("{} as {}").format(sql.SQL(_TOLD.get(f"{kind.word}.{said.name}") or _TOLD[said.name]), sql.Identifier(said.name))
        for said in kind.told
    ]
    columns = sql.SQL(", ").join([*(sql.SQL("t.{}").format(sql.Identifier(name)) for name in own), *told])
    return sql.SQL("select {} from {} t").format(columns, sql.Identifier(kind.table))


def _fixed(kind: Kind) -> sql.Composable:
    return sql.SQL("").join(sql.SQL(" and t.{} = {}").format(sql.Identifier(name), sql.Literal(word)) for name, word in kind.fixed.items())


def _conditions(kind: Kind, wanted: Filter, after: Any) -> list[sql.Composable]:
    found: list[sql.Composable] = [sql.SQL("true{}").format(_fixed(kind))]
    if after is not None:
        found.append(sql.SQL("t.{} > %(after)s").format(sql.Identifier(kind.key)))
    if wanted.prefix and kind.regional:
        found.append(sql.SQL("starts_with(t.region_code, %(prefix)s)"))
    if wanted.exact is not None and kind.regional:
        found.append(sql.SQL("t.region_code = %(exact)s"))
    if wanted.operator_id is not None and kind.operated:
        found.append(sql.SQL("t.operator_id = %(operator_id)s"))
    if wanted.standing is not None:
        found.append(sql.SQL("t.standing = %(standing)s"))
    if wanted.text is not None:
        texts: list[sql.Composable] = [sql.SQL("t.{} ilike %(text)s").format(sql.Identifier(name)) for name in kind.search]
        texts += [
            sql.SQL("t.{} = {}").format(sql.Identifier(f"{name}_index"), sql.Placeholder(f"index_{name}")) for name in wanted.indexes or {}
        ]
        found.append(sql.SQL("({})").format(sql.SQL(" or ").join(texts) if texts else sql.SQL("false")))
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
