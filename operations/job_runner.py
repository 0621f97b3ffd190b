"""Doing jobs: one at a time, as the person who asked, with a sign of life while it lasts."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.errors import HouseError, RefusedError
from operations.settings import JobSettings
from operations.standing_store import require_standing
from storage import jobs
from storage.jobs import End, Job, LostError
from storage.scope import Scope, scoped, service

log = structlog.get_logger()

Pool = ConnectionPool[psycopg.Connection[Any]]

WORKER = service("worker")
"""As whom the worker takes jobs and writes how they end; what a job reads, it reads as who asked."""

_FAULTS = (HouseError, psycopg.Error, OSError, ArithmeticError, LookupError, TypeError, ValueError)
"""What ends a job and not the worker."""


class StoppedError(HouseError):
    """The worker is asked to stop: the job goes back and is done anew by the next one."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a handler gets.

    Args:
        pool: of role "app".
        job: the job; scope: as whom to read and write.
        alive: say how much is done, 0 to 1; raises LostError or StoppedError when there is no point in going on. Cheap: call it often.
    """

    pool: Pool
    job: Job
    scope: Scope
    alive: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job gives: result, shown to the asker; keep_days: of the file that it names, None: there is none."""

    result: Mapping[str, Any]
    keep_days: int | None = None


Handler = Callable[[Work], Outcome]
"""Does a job; what it leaves behind must not hurt when the job is done again."""


class Runner:
    """Does jobs of the kinds it knows.

    Args:
        pool: of role "app", with at least three connections.
        kinds: handler by kind of job.
        settings: of jobs.
        stop: asked to stop.
    """

    def __init__(self, pool: Pool, kinds: Mapping[str, Handler], settings: JobSettings, stop: threading.Event) -> None:
        self._pool, self._kinds, self._settings, self._stop = pool, kinds, settings, stop

    def once(self) -> bool:
        """Do the next job; False when there is none.

        Raises:
            psycopg.OperationalError, PoolTimeout: the database does not answer; the job is taken again later.
        """
        token = uuid.uuid4()
        with scoped(self._pool, WORKER) as conn:
            job = jobs.claim(conn, list(self._kinds), token, self._settings.stale_s, self._settings.most_attempts)
        if job is None:
            return False
        with structlog.contextvars.bound_contextvars(trace_id=job.trace_id):
            how = self._end_of(job, token)
            if how is not None:
                with scoped(self._pool, WORKER) as conn:
                    written = jobs.end(conn, job.job_id, token, how)
                log.info("job_ended", job=job.job_id, kind=job.kind, state=how.state if written else "lost", error=how.error)
        return True

    def _end_of(self, job: Job, token: uuid.UUID) -> End | None:
        """Do it; how it ended, None: it is another worker's."""
        try:
            with Pulse(self._pool, job.job_id, token, self._settings.stale_s / 4, self._stop) as pulse:
                scope = job.scope()
                if scope is not None:
                    with scoped(self._pool, WORKER) as conn:
                        require_standing(conn, scope)
                done = self._kinds[job.kind](Work(self._pool, job, scope or WORKER, pulse.alive))
        except StoppedError:
            return End("queued")
        except LostError:
            return End("cancelled") if pulse.cancelled else None
        except RefusedError as error:
            return End("failed", error=str(error))
        except _FAULTS as error:
            if isinstance(error, psycopg.OperationalError | PoolTimeout):
                raise
            log.error("job_failed", job=job.job_id, kind=job.kind, error=type(error).__name__, exc_info=error)
            return End("failed", error="it failed inside; the administrator finds the reason in the log of the worker")
        return End("done", done.result, keep_days=done.keep_days)


class Pulse:
    """Says every now and then, from a thread of its own, that a job's worker lives."""

    def __init__(self, pool: Pool, job_id: int, token: uuid.UUID, every_s: float, stop: threading.Event) -> None:
        self._pool, self._job_id, self._token, self._every_s, self._stop = pool, job_id, token, every_s, stop
        self._progress, self._lost, self.cancelled = 0.0, "", False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def alive(self, progress: float) -> None:
        """Note how far the job is.

        Raises:
            LostError, StoppedError: stop it.
        """
        self._progress = progress
        if self._lost:
            raise LostError(self._lost)
        if self._stop.is_set():
            raise StoppedError("the worker stops")

    def _beat(self) -> None:
        while not self._over.wait(min(self._every_s, 1.0)):
            try:
                with scoped(self._pool, WORKER) as conn:
                    jobs.alive(conn, self._job_id, self._token, self._progress)
            except LostError as error:
                self._lost, self.cancelled = str(error), "cancelled" in str(error)
                return
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("pulse_missed", job=self._job_id, reason=str(error).splitlines()[0])
