"""What the pipeline stores of other platforms, and what it leaves for them: in the transaction of each batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from domain.units import instant

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]
Key = tuple[int, int]

ALARM = "alarm"
OPEN = ("order", "roll_call")


class Plated(Protocol):
    """A plate and who reports it."""

    @property
    def plate(self) -> str:
        """Number of the plate."""

    @property
    def colour(self) -> int:
        """Colour by JT/T 697.7."""

    @property
    def peer_id(self) -> int:
        """Platform that reports it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a frame stands in the log."""

    log_id: str
    position: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question or alarm of another platform; fields as JSON values."""

    place: Place
    peer_id: int
    serial: int
    kind: str
    number: int
    fields: dict[str, Any]
    plate: str | None
    plate_colour: int | None
    vehicle_id: int | None


@dataclass(frozen=True, slots=True)
class Described:
    """What a platform says of a vehicle (0x1201)."""

    peer_id: int
    vehicle_id: int
    platform: str
    producer: str
    model: str
    imei: str
    terminal_code: str
    sim: str


def vehicles_of(conn: Connection, plates: Mapping[Key, Plated], admits: bool) -> dict[Key, int]:
    """Vehicle of each plate that has one; with `admits` of every plate, in the region of the platform that reports it."""
    keys = list(plates)
    found = conn.execute(
        """
        select said.row, case when %(admits)s then admit_plate(said.plate, said.colour, p.region_code) else v.vehicle_id end
          from unnest(%(plates)s::text[], %(colours)s::smallint[], %(peers)s::int[]) with ordinality as said (plate, colour, peer_id, row)
          left join vehicle v on v.plate = said.plate and v.plate_colour = said.colour
          left join platform_peer p on p.peer_id = said.peer_id
        """,
        {
            "admits": admits,
            "plates": [plates[key].plate for key in keys],
            "colours": [plates[key].colour for key in keys],
            "peers": [plates[key].peer_id for key in keys],
        },
    ).fetchall()
    return {keys[row - 1]: vehicle_id for row, vehicle_id in found if vehicle_id is not None}


def put_questions(conn: Connection, rows: Sequence[Question]) -> None:
    """Store questions and alarms. One that came before within a day is not stored again: its newest serial is what an answer names."""
    for row in rows:
        said = {
            "peer": row.peer_id,
            "kind": row.kind,
            "state": "open" if row.kind in OPEN else "received",
            "number": row.number,
            "serial": row.serial,
            "plate": row.plate,
            "colour": row.plate_colour,
            "vehicle": row.vehicle_id,
            "fields": Jsonb(row.fields),
            **placed(row.place),
        }
        again = conn.execute(
            """
            update platform_message
               set serial = %(serial)s
             where peer_id = %(peer)s and direction = 'in'
               and kind = %(kind)s and number = %(number)s
               and fields = %(fields)s
               and plate is not distinct from %(plate)s
               and created_at > %(at)s - interval '1 day'
            """,
            said,
        ).rowcount
        if again:
            continue
        conn.execute(
            """
            insert into platform_message (peer_id, direction, kind, state, number, serial, plate, plate_colour, vehicle_id, fields,
                                          created_at, log_id, position)
            select p.peer_id, 'in', %(kind)s, %(state)s, %(number)s, %(serial)s, %(plate)s, %(colour)s, %(vehicle)s, %(fields)s, %(at)s,
                   %(log_id)s, %(position)s
              from platform_peer p
             where p.peer_id = %(peer)s
                on conflict (log_id, position) do nothing
            """,
            said,
        )


def put_described(conn: Connection, rows: Sequence[Described]) -> None:
    """Store what platforms say of vehicles; the newest counts."""
    for row in rows:
        conn.execute(
            """
            insert into platform_vehicle (peer_id, vehicle_id, platform, producer, model, imei, terminal_code, sim)
            select p.peer_id, %(vehicle)s, %(platform)s, %(producer)s, %(model)s, %(imei)s, %(terminal_code)s, %(sim)s
              from platform_peer p
             where p.peer_id = %(peer)s
                on conflict (peer_id, vehicle_id) do update
               set platform = excluded.platform, producer = excluded.producer, model = excluded.model, imei = excluded.imei,
                   terminal_code = excluded.terminal_code, sim = excluded.sim, changed_at = now()
            """,
            {
                "peer": row.peer_id,
                "vehicle": row.vehicle_id,
                "platform": row.platform,
                "producer": row.producer,
                "model": row.model,
                "imei": row.imei,
                "terminal_code": row.terminal_code,
                "sim": row.sim,
            },
        )


def leave_for_superiors(conn: Connection, partition: int, positions: Array, all_new: bool) -> None:
    """Note what this transaction stores, where a superior platform is to have it.

    Args:
        positions: the batch's `POSITION` rows, staged; all_new: all of them are stored by it.
    """
    wanted = conn.execute("select exists (select from platform_peer where role = 'superior' and enabled)").fetchone()
    if wanted is None or not wanted[0] or not len(positions):
        return
    if not all_new:
        conn.execute(
            """
            insert into position_batch (partition, vehicle_id, time)
            select %(partition)s, array_agg(s.vehicle_id order by s.time), array_agg(s.time order by s.time)
              from staging_position s
              join positions p on p.vehicle_id = s.vehicle_id and p.time = s.time and p.received = s.received
             where p.time >= %(first)s
               and p.time <= %(last)s
            having count(*) > 0
            """,
            {"partition": partition, "first": instant(int(positions["t_ms"].min())), "last": instant(int(positions["t_ms"].max()))},
        )
        return
    conn.execute(
        """
        insert into position_batch (partition, vehicle_id, time)
        select %(partition)s, %(vehicle_id)s::int[], array_agg('epoch'::timestamptz + t * interval '1 millisecond' order by row)
          from unnest(%(t_ms)s::bigint[]) with ordinality as said (t, row)
        """,
        {"partition": partition, "vehicle_id": positions["vehicle_id"].tolist(), "t_ms": positions["t_ms"].tolist()},
    )


def placed(place: Place) -> dict[str, Any]:
    """Parameters at, log_id, position."""
    return {"at": instant(place.received_ms), "log_id": place.log_id, "position": place.position}
