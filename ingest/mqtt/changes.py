"""What has changed since the last look: the newest fix of each vehicle, once, by regions, and alerts. Blocking calls, one thread."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.units import instant
from ingest.mqtt import topics
from storage import live, outbox, registry
from storage.locks import try_lock
from storage.outbox import MQTT_ALERT, Told
from storage.pool import connect

Array = NDArray[Any]

MOST_VEHICLES = 500
"""Vehicles of one message."""
_SLOW_COMMIT_MS = 8_000
"""So long after its mark a row may become visible, beyond what `live.changed_since` allows for."""
_REGISTRY_S = 30.0
_LOCK = 0x6D717474
_NEVER = -(2**62)


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the broker. kind: `positions` or `last`."""

    kind: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Named:
    """What the registry says of a vehicle; None: unknown."""

    plate: str | None
    plate_colour: int | None
    region_code: str | None


class Changes:
    """Follows the database for one fan-out.

    The first look only notes what is there. A vehicle's fix comes once, also where it is read again; of several since the last look the
    newest comes.

    Args:
        dsn: the database; retain_last: say the newest fix of each vehicle one by one too, at the first look of all of them.
    """

    def __init__(self, dsn: str, retain_last: bool) -> None:
        self._dsn = dsn
        self._retain_last = retain_last
        self._conn: psycopg.Connection[Any] | None = None
        self._cursor: int | None = None
        self._told_ms = np.full(1024, _NEVER, np.int64)
        self._named: dict[int, Named] = {}
        self._named_s = float("-inf")

    def look(self) -> list[Message]:
        """Messages of what is new; none while another fan-out of this database runs.

        Raises:
            psycopg.Error, StoreError: the database does not answer; the next look goes on where the last one ended.
        """
        conn = self._connected()
        if conn is None:
            return []
        found = live.changed_since(conn, None if self._cursor is None else self._cursor - _SLOW_COMMIT_MS)
        first, self._cursor = self._cursor is None, found.cursor
        fresh = self._fresh(found.rows)
        self._names(conn, fresh)
        conn.commit()
        messages = [] if first else list(self._batches(fresh))
        if self._retain_last:
            messages += [self._last(row) for row in fresh]
        return messages

    def alerts(self, most: int) -> list[Told]:
        """Alerts that the broker has not confirmed, the oldest first."""
        conn = self._connected()
        if conn is None:
            return []
        found = outbox.waiting(conn, MQTT_ALERT, most)
        conn.commit()
        return found

    def confirmed(self, ids: list[int]) -> None:
        """The broker has these alerts."""
        conn = self._connected()
        if conn is not None:
            outbox.done(conn, ids)
            conn.commit()

    @property
    def standing_by(self) -> bool:
        """Another fan-out publishes."""
        return self._conn is None

    def _connected(self) -> psycopg.Connection[Any] | None:
        """A connection that holds the lock of fan-outs; None when another one holds it."""
        if self._conn is not None and self._conn.closed:
            self._conn = None
        if self._conn is None:
            conn = connect(self._dsn, "ingest")
            if not try_lock(conn, _LOCK):
                conn.close()
                return None
            self._conn = conn
        return self._conn

    def close(self) -> None:
        """Give the connection back."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _fresh(self, rows: Array) -> Array:
        """Rows whose fix has not been said yet, noted as said."""
        top = int(rows["vehicle_id"].max(initial=0))
        if top >= len(self._told_ms):
            grown = np.full(max(top + 1, 2 * len(self._told_ms)), _NEVER, np.int64)
            grown[: len(self._told_ms)] = self._told_ms
            self._told_ms = grown
        fresh: Array = rows[rows["t_ms"] > self._told_ms[rows["vehicle_id"]]]
        self._told_ms[fresh["vehicle_id"]] = fresh["t_ms"]
        return fresh

    def _names(self, conn: psycopg.Connection[Any], rows: Array) -> None:
        """Read the registry now and then, and when a vehicle is new."""
        now_s = time.monotonic()
        if now_s - self._named_s < _REGISTRY_S and all(vehicle in self._named for vehicle in rows["vehicle_id"].tolist()):
            return
        self._named_s = now_s
        self._named = {row.vehicle_id: Named(row.plate, row.plate_colour, row.region_code) for row in registry.vehicles(conn)}

    def _name(self, vehicle_id: int) -> Named:
        return self._named.get(vehicle_id, Named(None, None, None))

    def _batches(self, rows: Array) -> Iterator[Message]:
        by_topic: dict[str, list[int]] = {}
        for place, vehicle_id in enumerate(rows["vehicle_id"].tolist()):
            by_topic.setdefault(topics.positions(self._name(vehicle_id).region_code), []).append(place)
        for topic, places in by_topic.items():
            for start in range(0, len(places), MOST_VEHICLES):
                chunk = rows[places[start : start + MOST_VEHICLES]]
                yield Message("positions", topic, _dump(columns(chunk, [self._name(v) for v in chunk["vehicle_id"].tolist()])))

    def _last(self, row: np.void) -> Message:
        vehicle_id = int(row["vehicle_id"])
        said = columns(np.array([row], live.LAST), [self._name(vehicle_id)])
        return Message("last", topics.last(vehicle_id), _dump({name: values[0] for name, values in said.items()}))


def columns(rows: Array, named: list[Named]) -> dict[str, list[Any]]:
    """Columns of a message, each with one value a vehicle; null where the terminal or the registry does not say."""
    placed = rows["located_ms"] >= 0
    status = rows["status_bits"].astype(np.int64) & 0xFFFFFFFF
    return {
        "vehicle_id": rows["vehicle_id"].tolist(),
        "plate": [one.plate for one in named],
        "plate_colour": [one.plate_colour for one in named],
        "t_ms": rows["t_ms"].tolist(),
        "received_ms": rows["received_ms"].tolist(),
        "located_ms": _said(rows["located_ms"], placed),
        "lon": _said(rows["lon_e6"] / 1e6, placed),
        "lat": _said(rows["lat_e6"] / 1e6, placed),
        "speed_kmh": _said(rows["speed_kmh10"] / 10, rows["speed_kmh10"] >= 0),
        "heading_deg": _said(rows["heading_deg"], rows["heading_deg"] >= 0),
        "status_bits": status.tolist(),
        "alarm_bits": (rows["alarm_bits"].astype(np.int64) & 0xFFFFFFFF).tolist(),
        "odometer_m": _said(rows["odometer_m"], rows["odometer_m"] >= 0),
        "county_code": [f"{code:06d}" if code else None for code in rows["county_code"].tolist()],
    }


def _said(values: Array, there: Array) -> list[Any]:
    return [value if known else None for value, known in zip(values.tolist(), there.tolist(), strict=True)]


def _dump(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def alert_message(told: Told) -> tuple[str, bytes]:
    """Topic and payload of an alert."""
    region, rule = told.payload.get("region_code"), told.payload.get("rule")
    topic = topics.alert(region if isinstance(region, str) else None, str(rule or ""))
    return topic, _dump({**told.payload, "published_at": instant(time.time_ns() // 1_000_000).isoformat()})
