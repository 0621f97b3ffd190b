"""Who computes vehicle-days: this process, local processes, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from domain.errors import RefusedError, StoreError

_NICE = 10
"""Priority of background work: it yields to whoever takes positions."""


@contextmanager
def day_workers(dask: str | None, workers: int) -> Iterator[Executor]:
    """Executor of units.

    Args:
        dask: address of a scheduler whose workers have this program, the database and the network's file within reach; None: local.
        workers: local processes; 1: a thread of this one.
    Raises:
        RefusedError: no scheduler answers at the address.
        StoreError: a process died.
    """
    if dask is not None:
        with _cluster(dask) as executor:
            yield executor
    elif workers == 1:
        with ThreadPoolExecutor(1, "days") as executor:
            yield executor
    else:
        try:
            with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin) as executor:
                yield executor
        except BrokenExecutor as error:
            raise StoreError(f"a process that computes days ended early ({error}); what is left stays due", retriable=True) from error


class BackgroundProcess:
    """One process of low priority for units that nobody waits for: begun with the first, begun again when it has died, ended at once."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def executor(self) -> Executor:
        """The process, as an executor."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (_NICE,))
        return self._pool

    def end(self) -> None:
        """End it, also in the middle of a unit: that one's transaction is rolled back."""
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        self._pool = None


def _begin(nice: int = 0) -> None:
    """What a process does first. Ctrl-C reaches every process of the terminal: the one that gives the work out decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    threading.Thread(target=_follow, name="follow", daemon=True).start()


def _follow() -> None:
    """End with the process that gives the work out, be it killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    from distributed import Client

    try:
        client = Client(address, timeout="5s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise RefusedError(f"no Dask scheduler answers at {address}: {error}", field="dask") from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise RefusedError(f"the Dask scheduler at {address} has no workers: start some with `dask worker {address}`", field="dask")
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
