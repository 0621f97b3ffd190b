"""Who computes vehicle-days: this process, local processes, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

from domain.errors import RefusedError, StoreError


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
            with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _ignore_interrupts) as executor:
                yield executor
        except BrokenExecutor as error:
            raise StoreError(f"a process that computes days ended early ({error}); what is left stays due", retriable=True) from error


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal: the one that gives the work out decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
