"""In which county a vehicle is where no road tells it: outlines of the region table, read beside the pipeline."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
import structlog
from numpy.typing import NDArray

from domain.errors import HouseError
from domain.units import day_of
from ingest import counties_store
from storage.pool import connect
from tracking.places import Areas

log = structlog.get_logger()

NO_PLACE = -(2**31)
"""lon_e6 of a row without a place."""


class Counties:
    """The counties in memory. Until they are read, and where none is drawn, a place has no county.

    Args:
        dsn: read in a thread of its own by a connection of its own.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._areas: Areas | None = None
        self._seen: tuple[int, datetime | None, date] | None = None
        self._thread: threading.Thread | None = None
        self._again = False

    def refresh(self) -> None:
        """Read them, unless they are as they were; returns at once."""
        self._again = True
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="counties", daemon=True)
            self._thread.start()

    def wait(self, limit_s: float) -> None:
        """Wait until the last `refresh` is done."""
        if self._thread is not None:
            self._thread.join(limit_s)

    def tell(self, rows: NDArray[Any]) -> None:
        """Write the county of each placed row that has none: fields lon_e6, lat_e6 (`NO_PLACE` none), county."""
        if self._seen is not None and self._seen[2] != day_of(time.time_ns() // 1_000_000):
            self.refresh()
        areas = self._areas
        if areas is None:
            return
        open_ = np.flatnonzero((rows["county"] == 0) & (rows["lon_e6"] != NO_PLACE))
        if len(open_):
            rows["county"][open_] = areas.at(rows["lon_e6"][open_] / 1e6, rows["lat_e6"][open_] / 1e6)

    def _work(self) -> None:
        while self._again:
            self._again = False
            try:
                self._read()
            except (HouseError, psycopg.Error, ValueError, MemoryError) as error:
                log.error(
                    "counties_unusable", reason=str(error).splitlines()[0] if str(error) else repr(error), next="cuntong regions check"
                )

    def _read(self) -> None:
        day = day_of(time.time_ns() // 1_000_000)
        with connect(self._dsn, "ingest") as conn:
            now = (*counties_store.newest(conn), day)
            if now == self._seen:
                return
            codes, outlines = counties_store.outlines(conn, day)
        areas = Areas(codes, outlines) if codes else None
        if areas is not None:
            areas.at(np.zeros(1), np.zeros(1))  # compiles
        self._areas, self._seen = areas, now
        log.info("counties_ready", counties=len(codes))
