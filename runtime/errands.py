"""What the worker does beside its rounds, each in a thread of its own: jobs that people asked for, and webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.errors import HouseError, StoreError
from operations.export_job import KIND, ExportJobs, remove_expired
from operations.job_runner import Handler, Pool, Runner
from operations.webhook_events import SENDER, hand_out
from operations.webhook_events_store import forget, tell_online
from operations.webhook_sender import Sender
from runtime.settings import Settings
from storage.database import archive_folder
from storage.locks import try_lock
from storage.pool import connect, open_pool
from storage.scope import scoped
from storage.sealing import load_sealer

log = structlog.get_logger()

POOL = 10
TIDY_S = 600.0
ONLINE_S = 10.0
_SENDER_LOCK = 0x776562686F6F6B73


def kinds(settings: Settings) -> Mapping[str, Handler]:
    """Handler by kind of job: the literal list of what the worker can be asked for."""
    return {KIND: ExportJobs(settings.exports, archive_folder(settings.database, settings.data))}


@dataclass(slots=True)
class Errands:
    """The jobs and webhooks of one worker."""

    settings: Settings
    dsn: str
    pool: Pool
    stop: threading.Event

    def jobs(self) -> None:
        """Do jobs as they come; remove files whose days are over."""
        runner = Runner(self.pool, kinds(self.settings), self.settings.jobs, self.stop)
        tidied_s = float("-inf")

        def turn() -> bool:
            nonlocal tidied_s
            if time.monotonic() - tidied_s > TIDY_S:
                tidied_s = time.monotonic()
                remove_expired(self.pool, self.settings.exports.folder)
                with scoped(self.pool, SENDER) as conn:
                    forget(conn, self.settings.webhooks.keep_days)
            return runner.once()

        self._turns("jobs", turn, self.settings.jobs.poll_s)

    def webhooks(self) -> None:
        """Hand out events and send them, while no other worker of this database does."""
        try:
            sender = Sender(self.pool, load_sealer(self.settings.web.personal_key_file), self.settings.webhooks)
        except HouseError as error:
            log.error("webhooks_off", reason=str(error), next="mend it and start the worker again")
            return
        lock: psycopg.Connection[object] | None = None
        looked_s = float("-inf")

        def turn() -> bool:
            nonlocal lock, looked_s
            if lock is None or lock.closed:
                lock = self._lock()
            if lock is None:
                return False
            ConnectionPool.check_connection(lock)
            if time.monotonic() - looked_s > ONLINE_S:
                looked_s = time.monotonic()
                with scoped(self.pool, SENDER) as conn:
                    tell_online(conn, self.settings.web.offline_s)
            return bool(hand_out(self.pool, self.settings.webhooks.retry_h)) | bool(sender.once())

        try:
            self._turns("webhooks", turn, self.settings.webhooks.poll_s)
        finally:
            sender.close()
            if lock is not None:
                lock.close()

    def _lock(self) -> psycopg.Connection[object] | None:
        conn = connect(self.dsn, "app")
        if try_lock(conn, _SENDER_LOCK):
            return conn
        conn.close()
        return None

    def _turns(self, name: str, turn: Callable[[], bool], poll_s: float) -> None:
        while not self.stop.is_set():
            try:
                busy = turn()
            except (psycopg.OperationalError, PoolTimeout, StoreError, OSError) as error:
                log.warning("errands_wait", of=name, reason=(str(error) or type(error).__name__).splitlines()[0])
                busy = False
            if not busy:
                self.stop.wait(poll_s)


@contextmanager
def running(settings: Settings, dsn: str) -> Iterator[None]:
    """Do errands for as long as the block runs; ends them with it."""
    ending = threading.Event()
    with open_pool(dsn, "app", POOL) as pool:
        errands = Errands(settings, dsn, pool, ending)
        threads = [threading.Thread(target=work, name=work.__name__, daemon=True) for work in (errands.jobs, errands.webhooks)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for thread in threads:
                thread.join()
