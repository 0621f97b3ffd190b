"""Road networks made ready for the live matcher, beside the pipeline: positions are stored meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import structlog
from numpy.typing import NDArray

from domain.errors import HouseError, RefusedError
from domain.position import POSITION
from ingest import live_roads_store
from ingest.live_plan import RoadsFor
from storage.pool import connect
from tracking.live_matching import LiveMatcher
from tracking.network import load
from tracking.network.model import RoadNetwork

log = structlog.get_logger()

Array = NDArray[Any]

FAILURES = (HouseError, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError, OSError)
"""What a bad file or a fault of the matcher raises; the database's errors are none of these."""
RETRY_MS = 300_000
"""A network that could not be made ready is tried again after so long."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A matcher and what is told of its edges: edge_key int64, road_id int32 (-1 none), county int32 (0 unknown)."""

    live: LiveMatcher
    edge_key: NDArray[np.int64]
    road_id: NDArray[np.int32]
    county: NDArray[np.int32]
    match_version: str

    @property
    def map_version(self) -> str:
        """Version of the network."""
        return self.live.network.version


class LiveRoads:
    """Loads networks, compiles the matcher and names the roads in a thread of its own, one after another.

    Args:
        dsn: for the names of roads.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._ready: dict[RoadsFor, Ready] = {}
        self._failed: dict[RoadsFor, tuple[str, int]] = {}
        self._loading: dict[RoadsFor, threading.Thread] = {}
        self._networks: dict[str, RoadNetwork] = {}
        self._one = threading.Lock()

    def get(self, roads: RoadsFor, now_ms: int) -> Ready | None:
        """What is ready; None, and in a while it may be, when it is not."""
        found = self._ready.get(roads)
        if found is None and roads not in self._loading and self._failed.get(roads, ("", 0))[1] <= now_ms:
            thread = threading.Thread(target=self._prepare, args=(roads, now_ms), name="live-roads", daemon=True)
            self._loading[roads] = thread
            thread.start()
        return found

    def loading(self, roads: RoadsFor) -> bool:
        """True while it is being made ready."""
        return roads in self._loading

    def keep(self, wanted: set[RoadsFor]) -> None:
        """Let go of all others."""
        for roads in set(self._ready) - wanted:
            del self._ready[roads]
        for roads in set(self._failed) - wanted:
            del self._failed[roads]
        versions = {roads.map_version for roads in wanted}
        for version in set(self._networks) - versions:
            del self._networks[version]

    def wait(self, limit_s: float) -> None:
        """Wait until nothing is being made ready."""
        for thread in list(self._loading.values()):
            thread.join(limit_s)

    @property
    def states(self) -> dict[str, int]:
        """How many are ready, loading, failed."""
        return {"ready": len(self._ready), "loading": len(self._loading), "failed": len(self._failed)}

    @property
    def reasons(self) -> list[str]:
        """Why networks are not ready that will not be by themselves, a line each."""
        return [f"no live matching on network {roads.path}: {reason}" for roads, (reason, _) in list(self._failed.items())]

    def _prepare(self, roads: RoadsFor, now_ms: int) -> None:
        try:
            with self._one:
                made = self._made(roads)
            self._failed.pop(roads, None)
            self._ready[roads] = made
            log.info("network_ready", path=str(roads.path), map_version=roads.map_version[:12], profile=roads.profile)
        except (*FAILURES, psycopg.Error) as error:
            reason = str(error).splitlines()[0] if str(error) else repr(error)
            self._failed[roads] = (reason, now_ms + RETRY_MS)
            log.error("network_unusable", path=str(roads.path), profile=roads.profile, reason=reason)
        finally:
            self._loading.pop(roads, None)

    def _made(self, roads: RoadsFor) -> Ready:
        network = self._networks.get(roads.map_version)
        if network is None:
            network = load(roads.path)
            if network.version != roads.map_version:
                raise RefusedError(
                    f"{roads.path}: network {network.version[:12]} is not the registered {roads.map_version[:12]}; register it again",
                    field="path",
                )
            self._networks[roads.map_version] = network
        live = LiveMatcher(network, profile=roads.profile)
        _compile(live)
        return Ready(
            live, network.edge_key.view(np.int64), self._names(network), _counties(network), f"{live.parameters.version} {roads.profile}"
        )

    def _names(self, network: RoadNetwork) -> NDArray[np.int32]:
        """(E,) number of each edge's road; -1 for one without name and number."""
        pairs, row = np.unique(np.column_stack([network.name, network.ref]), axis=0, return_inverse=True)
        said = [(network.names[name] if name >= 0 else "", network.refs[ref] if ref >= 0 else "") for name, ref in pairs.tolist()]
        with connect(self._dsn, "ingest") as conn:
            known = live_roads_store.road_ids(conn, sorted({pair for pair in said if any(pair)}))
        numbers: NDArray[np.int32] = np.array([known.get(pair, -1) for pair in said], np.int32)[row.reshape(-1)]
        return numbers


def _counties(network: RoadNetwork) -> NDArray[np.int32]:
    """(E,) county of each edge, GB/T 2260; 0 unknown."""
    codes = np.array([int(code) if len(code) == 6 and code.isdigit() else 0 for code in (*network.regions, "")], np.int32)
    counties: NDArray[np.int32] = codes[network.region]
    return counties


def _compile(live: LiveMatcher) -> None:
    """Take one row of nobody, so that the kernels are there when the first real one comes."""
    states = live.blank(1)
    live.advance(states, np.zeros(1, POSITION), np.zeros(1, np.int64))
    live.flush(states, np.zeros(1, np.int64))
