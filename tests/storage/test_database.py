"""The database that the settings name, and the capabilities of the server behind it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import StoreError
from storage import embedded
from storage.database import FOLDER, archive_folder, serving
from storage.pool import connect, open_pool
from storage.probe import extension_offered, probe
from storage.settings import DatabaseSettings


@pytest.fixture
def data() -> Iterator[Path]:
    """Data folder that the server's user can reach."""
    home = Path(tempfile.mkdtemp(prefix="cuntong-data-"))
    home.chmod(0o755)
    yield home
    embedded.stop(home / FOLDER)
    shutil.rmtree(home)


def test_a_server_by_url_is_left_alone(data: Path) -> None:
    with serving(DatabaseSettings(url="postgresql://somewhere/else"), data) as dsn:
        assert dsn == "postgresql://somewhere/else"
    assert not (data / FOLDER).exists()


def test_an_embedded_server_is_stopped_by_who_started_it(data: Path) -> None:
    with serving(DatabaseSettings(), data) as outer:
        with serving(DatabaseSettings(), data) as inner:
            assert inner == outer
        with psycopg.connect(outer) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    assert embedded.postmaster(data / FOLDER) is None


def test_the_archive_lies_in_the_data_folder_unless_named(tmp_path: Path) -> None:
    assert archive_folder(DatabaseSettings(), tmp_path) == tmp_path / "archive"
    assert archive_folder(DatabaseSettings(archive_path=Path("/far")), tmp_path) == Path("/far")


def test_the_probe_tells_what_the_server_is(conn: psycopg.Connection[Any]) -> None:
    found = probe(conn)
    assert found.server >= 160_000
    assert (found.timescaledb is not None) == extension_offered(conn)
    assert found.licence in (None, "apache", "timescale")
    assert found.compression == (found.licence == "timescale")


def test_a_pool_gives_connections_of_its_role(dsn: str) -> None:
    with open_pool(dsn, "app", 2) as pool:
        with pool.connection() as first, pool.connection() as second:
            for conn in (first, second):
                assert conn.execute("select current_user, current_setting('TimeZone')").fetchone() == ("cuntong_app", "UTC")
        with pool.connection() as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select count(*) from positions")
        with pool.connection() as conn:
            assert conn.execute("select current_user").fetchone() == ("cuntong_app",)


def test_a_pool_replaces_connections_that_the_server_closed(dsn: str, conn: psycopg.Connection[Any]) -> None:
    with open_pool(dsn, "ingest", 1) as pool:
        with pool.connection() as one:
            pid = one.info.backend_pid
        conn.execute("select pg_terminate_backend(%(pid)s, 5000)", {"pid": pid})
        with pool.connection() as other:
            assert other.execute("select current_user").fetchone() == ("cuntong_ingest",)
            assert other.info.backend_pid != pid


def test_a_server_that_does_not_answer_is_a_retriable_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        connect(f"postgresql://postgres@/postgres?host={tmp_path}")
    assert caught.value.retriable
