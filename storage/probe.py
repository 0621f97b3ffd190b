"""What the server at the other end can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server offers.

    Args:
        server: version number as PostgreSQL counts it, 180004 for 18.4.
        timescaledb: version of the extension in this database; None on plain PostgreSQL (the shim serves).
        licence: "apache" or "timescale"; None without the extension.
    """

    server: int
    timescaledb: str | None
    licence: str | None

    @property
    def compression(self) -> bool:
        """Compression of chunks: only under the Timescale licence; it excludes row security on the same table."""
        return self.licence == "timescale"


def probe(conn: psycopg.Connection[Any]) -> Capabilities:
    """Capabilities of the database behind the connection."""
    row = conn.execute(
        """
        select current_setting('server_version_num')::int,
               (select extversion from pg_extension where extname = 'timescaledb'),
               current_setting('timescaledb.license', true)
        """
    ).fetchone()
    assert row is not None
    server, extension, licence = row
    return Capabilities(server, extension, licence if extension else None)


def extension_offered(conn: psycopg.Connection[Any]) -> bool:
    """TimescaleDB can be created here: its files are on the server."""
    row = conn.execute("select count(*) from pg_available_extensions where name = 'timescaledb'").fetchone()
    return row is not None and row[0] > 0
