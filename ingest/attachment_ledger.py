"""What the attachment server asks of the database, off its loop: one connection in one thread, made again when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg

from domain.errors import StoreError
from storage.pool import connect

T = TypeVar("T")


class Ledger:
    """Runs functions of a connection, each in a transaction of its own.

    Args:
        dsn: the database.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._conn: psycopg.Connection[Any] | None = None

    async def ask(self, question: Callable[[psycopg.Connection[Any]], T]) -> T:
        """The function's answer, once it is committed; StoreError when the database does not answer."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, question)

    def _asked(self, question: Callable[[psycopg.Connection[Any]], T]) -> T:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect(self._dsn, "ingest")
            with self._conn.transaction():
                return question(self._conn)
        except psycopg.Error as error:
            self._drop()
            raise StoreError(f"the database does not answer: {error}", retriable=True) from error

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def close(self) -> None:
        """Give the connection back."""
        self._thread.submit(self._drop).result()
        self._thread.shutdown()
