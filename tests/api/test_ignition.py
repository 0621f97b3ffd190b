"""The vehicle card's ignition: on, off, or not known."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from api.asking import asking
from api.routes.vehicles import _ignition
from domain.position import Flag
from domain.units import instant
from operations.identity import Principal
from storage.live import LAST
from storage.pool import open_pool

T_MS = 1_772_337_600_000


@pytest.mark.parametrize(
    ("status_bits", "flags", "known"),
    [(3, 0, True), (2, 0, False), (2, int(Flag.NO_STATUS), None), (0, int(Flag.NO_STATUS | Flag.TRAILING_BYTES), None)],
)
def test_a_device_that_tells_no_status_has_no_ignition(dsn: str, status_bits: int, flags: int, known: bool | None) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("insert into vehicle (vehicle_id) values (7)")
        for t_ms, flag in ((T_MS - 1_000, int(Flag.NO_STATUS) - flags), (T_MS, flags)):
            conn.execute(
                """
                insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg,
                                       altitude_m, source, flags)
                values (%s, %s, 7, 106700000, 26500000, 0, %s, 0, 0, 0, 3, %s)
                """,
                (instant(t_ms), instant(t_ms), status_bits, max(flag, 0)),
            )
    row = np.zeros(1, LAST)[0]
    row["vehicle_id"], row["t_ms"], row["status_bits"] = 7, T_MS, status_bits
    pool = open_pool(dsn, "app", 1)
    try:
        with asking(pool, Principal(1, "wang.fang", "regulator", 100_000, "", 0)) as conn:
            assert _ignition(conn, row) is known
    finally:
        pool.close()
