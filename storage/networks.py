"""Read side of the register of road networks: which serve which region, and which regions have none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class NetworkVersion:
    """A registered network; region_code: what the codes of the regions it serves begin with, "" all; from_day: first day it serves."""

    region_code: str
    map_version: str
    path: str
    edges: int
    from_day: date
    registered_at: datetime


def networks(conn: Connection) -> list[NetworkVersion]:
    """All registered networks, by region and day, the newest last."""
    with conn.cursor(row_factory=class_row(NetworkVersion)) as cursor:
        return cursor.execute(
            """
            select region_code, map_version, path, edges, from_day, registered_at
              from network_version
             order by region_code, from_day, registered_at
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
