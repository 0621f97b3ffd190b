"""SQL of an import: rows staged by COPY, compared and written as sets. Statements are composed by psycopg from the table of kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from operations.registry.kinds import Field, Kind

Connection = psycopg.Connection[Any]

_STAGED = sql.Identifier("registry_staged")


@dataclass(frozen=True, slots=True)
class Asker:
    """What an import may write. area: prefix of region codes, None: none; operator: of one operator alone; service: a command of the product."""

    area: str | None
    operator: int | None
    service: bool


def asker(conn: Connection) -> Asker:
    """Who imports, as the database knows it."""
    row = conn.execute("select scope_area(), scope_operator(), coalesce(scope_role() = 'service', false)").fetchone()
    assert row is not None
    return Asker(row[0], row[1], row[2])


def regions(conn: Connection) -> set[str]:
    """Codes of the regions of today; empty before any import of regions."""
    return {code for (code,) in conn.execute("select distinct region_code from region where valid_to is null or valid_to > current_date")}


def linked(conn: Connection, kind: Kind, texts: Sequence[Any]) -> list[tuple[Any, ...]]:
    """(first column of the natural key, its second or None, key) of entities whose first one is among the texts."""
    columns = kind.natural_columns
    statement = sql.SQL("select {first}, {second}, {key} from {table} where {first} = any(%(texts)s)").format(
        first=sql.Identifier(columns[0]),
        second=sql.Identifier(columns[1]) if len(columns) > 1 else sql.SQL("null"),
        key=sql.Identifier(kind.key),
        table=sql.Identifier(kind.table),
    )
    return conn.execute(statement, {"texts": list(texts)}).fetchall()


def stage(conn: Connection, kind: Kind, fields: Sequence[Field], lines: Iterable[tuple[Any, ...]]) -> None:
    """Copy rows into a table of this transaction: line, then the columns of the fields, then what is bound (kinds that bind)."""
    conn.execute("set local enable_seqscan = off")  # nobody gathers statistics meanwhile: what was empty is not scanned for each row
    columns = _columns(fields)
    bound = [] if kind.bound is None else ["bound"]
    own = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in columns]
    conn.execute(sql.SQL("drop table if exists {}").format(_STAGED))
    conn.execute(
        sql.SQL("create temporary table {staged} on commit drop as select 0 as line, {own}, {bound} as bound, t.{key} as known, t.standing as stood from {table} t with no data").format(
            staged=_STAGED, own=sql.SQL(", ").join(own), bound=sql.SQL("''::text"), key=sql.Identifier(kind.key), table=sql.Identifier(kind.table),
        )
    )  # fmt: skip
    names = sql.SQL(", ").join(map(sql.Identifier, ["line", *columns, *bound]))
    with conn.cursor() as cursor:
        with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(_STAGED, names)) as copy:
            for line in lines:
                copy.write_row(line)
        cursor.execute(sql.SQL("create index on {} ({})").format(_STAGED, _names(kind.natural_columns)))
        cursor.execute(sql.SQL("analyze {}").format(_STAGED))


def find(conn: Connection, kind: Kind) -> None:
    """Note which staged rows are there already, and how they stand."""
    conn.execute(
        sql.SQL("update {staged} s set known = t.{key}, stood = t.standing from {table} t where s.known is null and {same}").format(
            staged=_STAGED, key=sql.Identifier(kind.key), table=sql.Identifier(kind.table), same=_same(kind)
        )
    )


def standing(conn: Connection, among: Sequence[str]) -> list[tuple[int, str]]:
    """(line, standing) of staged rows that stand so."""
    statement = sql.SQL("select line, stood from {} where stood = any(%(among)s) order by line").format(_STAGED)
    return conn.execute(statement, {"among": list(among)}).fetchall()


def unknown(conn: Connection) -> list[int]:
    """Lines of staged rows that are nowhere."""
    return [line for (line,) in conn.execute(sql.SQL("select line from {} where known is null order by line").format(_STAGED)).fetchall()]


def change(conn: Connection, kind: Kind, fields: Sequence[Field], service: bool) -> int:
    """Write what is told and differs into the rows that are there; an empty cell leaves what is there. How many changed."""
    columns = [name for name in _columns(fields) if name not in kind.natural_columns and name not in _sealed_key(kind)]
    told = [name for name in columns if not name.endswith(("_sealed", "_masked"))]
    differs: list[sql.Composable] = [
        sql.SQL("(s.{0} is not null and s.{0} is distinct from t.{0})").format(sql.Identifier(name)) for name in told
    ]
    sets: list[sql.Composable] = [sql.SQL("{0} = coalesce(s.{0}, t.{0})").format(sql.Identifier(name)) for name in columns]
    if service:
        waiting = sql.SQL("t.standing in ('unregistered', 'draft', 'returned', 'expired')")
        sets.append(sql.SQL("standing = case when {} then 'active' else t.standing end").format(waiting))
        differs.append(waiting)
    if not sets:
        return 0
    return conn.execute(
        sql.SQL("update {table} t set {sets} from {staged} s where s.known = t.{key} and ({differs})").format(
            table=sql.Identifier(kind.table), sets=sql.SQL(", ").join(sets), staged=_STAGED, key=sql.Identifier(kind.key),
            differs=sql.SQL(" or ").join(differs or [sql.SQL("false")]),
        )
    ).rowcount  # fmt: skip


def make(conn: Connection, kind: Kind, fields: Sequence[Field], service: bool) -> int:
    """Make the rows that are not there; what another office's row stands in the way of is left out. How many."""
    columns = _columns(fields)
    fixed = {**kind.fixed, **({"standing": "active"} if service else {})}
    left = {field.column: field.default for field in kind.fields if field.default is not None and field.column not in columns}
    constants = {**fixed, **left}
    return conn.execute(
        sql.SQL("insert into {table} ({names}) select {values} from {staged} where known is null order by line on conflict do nothing").format(
            table=sql.Identifier(kind.table), names=_names([*columns, *constants]), staged=_STAGED,
            values=sql.SQL(", ").join([*map(sql.Identifier, columns), *map(sql.Literal, constants.values())]),
        )
    ).rowcount  # fmt: skip


def bind_vehicles(conn: Connection, at: datetime) -> int:
    """Let the staged terminals ride in the staged vehicles; how many moved. What is new to both sides is written as a set."""
    new = conn.execute(
        """
        with fresh as (
            insert into terminal (terminal_id, vehicle_id, region_code)
            select s.bound, v.vehicle_id, v.region_code
              from registry_staged s
              join vehicle v on v.vehicle_id = s.known
             where s.bound is not null
               and not exists (select from terminal t where t.vehicle_id = v.vehicle_id)
                on conflict do nothing
            returning terminal_id, vehicle_id
        )
        insert into terminal_binding (terminal_id, vehicle_id, plate, plate_colour, bound_from)
        select f.terminal_id, v.vehicle_id, v.plate, v.plate_colour, %(at)s
          from fresh f
          join vehicle v on v.vehicle_id = f.vehicle_id
            on conflict do nothing
        """,
        {"at": at},
    ).rowcount
    return new + len(
        conn.execute(
            """
            select registry_bind(s.bound, s.known::int, %(at)s)
              from registry_staged s
              left join terminal t on t.terminal_id = s.bound
             where s.bound is not null
               and t.vehicle_id is distinct from s.known
             order by s.line
            """,
            {"at": at},
        ).fetchall()
    )


def bind_terminals(conn: Connection, at: datetime) -> int:
    """Let the staged terminals ride in the vehicles named; how many moved."""
    return len(
        conn.execute(
            """
            select registry_bind(s.known::text, s.bound::int, %(at)s)
              from registry_staged s
              join terminal t on t.terminal_id = s.known::text
             where s.bound is not null
               and t.vehicle_id is distinct from s.bound::int
             order by s.line
            """,
            {"at": at},
        ).fetchall()
    )


def admit_bound(conn: Connection) -> None:
    """Terminals that came with their vehicles from a command of the product are registered with them."""
    conn.execute(
        """
        update terminal t
           set standing = 'active'
          from registry_staged s
         where s.bound = t.terminal_id
           and t.standing in ('unregistered', 'draft')
        """
    )


def revoked(conn: Connection) -> list[tuple[int, str]]:
    """(line, number) of staged terminals, bound ones, that are revoked."""
    return conn.execute(
        """
        select s.line, s.bound
          from registry_staged s
          join terminal t on t.terminal_id = s.bound
         where t.state = 'revoked'
         order by s.line
        """
    ).fetchall()


def _columns(fields: Sequence[Field]) -> list[str]:
    return [name for field in fields for name in field.columns]


def _sealed_key(kind: Kind) -> set[str]:
    return {name for key in kind.natural if kind.field(key).personal for name in kind.field(key).columns}


def _same(kind: Kind) -> sql.Composed:
    return sql.SQL(" and ").join(
        [sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in kind.natural_columns]
        + [sql.SQL("t.{} = {}").format(sql.Identifier(name), sql.Literal(word)) for name, word in kind.fixed.items()]
    )


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
