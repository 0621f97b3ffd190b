"""Read side of registered road networks: which file serves a region."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class RegisteredNetwork:
    """A road network: region codes that begin with region_code ("" all), version, file, directed edges."""

    region_code: str
    map_version: str
    path: str
    edges: int

    @property
    def file(self) -> Path:
        return Path(self.path)


def serving_networks(conn: Connection) -> list[RegisteredNetwork]:
    """The newest network of each region code, the longest code first: what serves vehicles now."""
    with conn.cursor(row_factory=class_row(RegisteredNetwork)) as cursor:
        return cursor.execute(
            """
            select distinct on (length(region_code), region_code) region_code, map_version, path, edges
              from network_version
             order by length(region_code) desc, region_code, registered_at desc
            """
        ).fetchall()
