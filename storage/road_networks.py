"""Read side of registered road networks: which file serves a region, which regions have none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class RegisteredNetwork:
    """A road network: region codes that begin with region_code ("" all), version, file, directed edges, first day that it serves."""

    region_code: str
    map_version: str
    path: str
    edges: int
    from_day: date
    registered_at: datetime

    @property
    def file(self) -> Path:
        return Path(self.path)


def registered_networks(conn: Connection) -> list[RegisteredNetwork]:
    """All of them, by region and day, the newest last."""
    with conn.cursor(row_factory=class_row(RegisteredNetwork)) as cursor:
        return cursor.execute(
            """
            select region_code, map_version, path, edges, from_day, registered_at
              from network_version
             order by region_code, from_day, registered_at
            """
        ).fetchall()


def serving_networks(conn: Connection) -> list[RegisteredNetwork]:
    """Today's network of each region code, the longest code first: what serves vehicles now."""
    with conn.cursor(row_factory=class_row(RegisteredNetwork)) as cursor:
        return cursor.execute(
            """
            select distinct on (length(region_code), region_code) region_code, map_version, path, edges, from_day, registered_at
              from network_version
             where from_day <= (now() at time zone 'Asia/Shanghai')::date
             order by length(region_code) desc, region_code, from_day desc, registered_at desc
            """
        ).fetchall()


def regions_without_network(conn: Connection) -> list[str]:
    """Regions of vehicles that no network serves, in order; "" stands for vehicles without a region. Their days know no roads."""
    rows = conn.execute(
        """
        select distinct coalesce(v.region_code, '')
          from vehicle v
         where v.state <> 'revoked'
           and not exists (select
                             from network_version n
                            where starts_with(coalesce(v.region_code, ''), n.region_code))
         order by 1
        """
    ).fetchall()
    return [row[0] for row in rows]
