"""The hub: one pack a topic and tick, gaps, slow clients, topics and ages."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from api.live.frames import STATUS_MASK, Counts, Frame, Kind, Status, Vehicles, unpack
from api.live.hub import Hub
from api.live.outbox import Outbox
from api.live.state import LiveState
from api.live.topics import Topic, granted, parse_topic
from api.metrics import Metrics
from api.settings import LiveSettings
from domain.errors import RefusedError, StoreError
from operations.identity import Principal
from storage.live import LAST

COUNTY = Topic("region", 520102)
PROVINCE = Topic("region", 520000)
T0 = 1_700_000_000_000


def fixes(ids: list[int], t_ms: int = T0, **columns: int) -> np.ndarray:
    rows = np.zeros(len(ids), LAST)
    rows["vehicle_id"] = ids
    rows["t_ms"] = rows["received_ms"] = rows["located_ms"] = t_ms
    rows["lon_e6"], rows["lat_e6"] = 106_630_000, 26_650_000
    for name, value in columns.items():
        rows[name] = value
    return rows


class Road:
    """Feeds a hub with batches of reports, one a tick."""

    def __init__(self, keyframe_s: float = 60.0) -> None:
        self.batches: list[np.ndarray] = []
        self.now_ms = T0
        self.broken = False
        self.metrics = Metrics()
        self.hub = Hub(self._refresh, LiveSettings(keyframe_s=keyframe_s), self.metrics)

    async def _refresh(self, state: LiveState) -> float:
        if self.broken:
            raise StoreError("database does not answer", retriable=True)
        batch = self.batches.pop(0) if self.batches else np.zeros(0, LAST)
        state.advance(batch, self.now_ms)
        self.now_ms += 2000
        return state.t_ms

    def enrol(self, ids: list[int], region: int = 520102, operator: int = 1) -> None:
        chosen = np.array(ids, np.int32)
        self.hub.state.enrol(chosen, np.full(len(ids), region, np.int32), np.full(len(ids), operator, np.int32))

    def subscriber(self, topic: Topic = COUNTY, detail: str = "points") -> Outbox:
        outbox = Outbox(self.metrics)
        self.hub.join(outbox, topic, detail)
        return outbox

    async def tick_for(self, *outboxes: Outbox) -> list[Frame]:
        """Tick while these wait for their next frame, as a quick client does; what each gets."""
        pending = [asyncio.create_task(outbox.take()) for outbox in outboxes]
        await asyncio.sleep(0)
        await self.hub.tick()
        items = [item for item in await asyncio.gather(*pending) if isinstance(item, bytes)]
        return [unpack(item) for item in items]

    @property
    def packs(self) -> float:
        return self.metrics.registry.get_sample_value("web_frame_packs_total", {"detail": "points"}) or 0.0


async def frame(outbox: Outbox) -> Frame:
    item = await asyncio.wait_for(outbox.take(), 1)
    assert isinstance(item, bytes)
    return unpack(item)


def ids(one: Frame) -> list[int]:
    assert isinstance(one.body, Vehicles)
    return one.body.vehicle_id.tolist()


def statuses(one: Frame) -> list[int]:
    assert isinstance(one.body, Vehicles)
    return (one.body.status & STATUS_MASK).tolist()


async def test_keyframe_then_deltas_of_what_changed() -> None:
    road = Road()
    road.enrol([1, 2])
    road.batches = [fixes([1, 2]), fixes([2], T0 + 1, lon_e6=106_640_000)]
    await road.hub.tick()
    outbox = road.subscriber()
    first = await frame(outbox)
    (second,) = await road.tick_for(outbox)
    assert (first.kind, ids(first)) == (Kind.KEYFRAME, [1, 2])
    assert (second.kind, second.seq, ids(second)) == (Kind.DELTA, first.seq + 1, [2])


async def test_two_hundred_subscribers_cost_one_pack_a_tick() -> None:
    road = Road()
    road.enrol([1])
    await road.hub.tick()
    crowd = [road.subscriber() for _ in range(200)]
    seen = [await outbox.take() for outbox in crowd]
    assert road.packs == 1
    assert all(one is seen[0] for one in seen)
    waiting = [asyncio.create_task(outbox.take()) for outbox in crowd]
    await asyncio.sleep(0)
    road.batches = [fixes([1])]
    await road.hub.tick()
    seen = await asyncio.gather(*waiting)
    assert road.packs == 2
    assert all(one is seen[0] for one in seen)


async def test_slow_client_loses_deltas_and_starts_again_from_a_keyframe() -> None:
    road = Road()
    road.enrol([1, 2])
    road.batches = [fixes([1, 2]), fixes([1], T0 + 1, speed_kmh10=300), fixes([2], T0 + 2, speed_kmh10=400), fixes([1], T0 + 3)]
    await road.hub.tick()
    slow, quick = road.subscriber(), road.subscriber()
    await frame(slow)
    assert (await frame(quick)).kind == Kind.KEYFRAME
    (delta,) = await road.tick_for(quick)  # slow has not asked again: its first frame is still in flight
    assert delta.kind == Kind.DELTA
    await road.hub.tick()
    fresh = await frame(slow)
    assert (fresh.kind, ids(fresh), fresh.seq) == (Kind.KEYFRAME, [1, 2], 2)
    (following,) = await road.tick_for(slow)
    assert (following.kind, following.seq) == (Kind.DELTA, 3)


async def test_no_frame_goes_out_while_storage_is_silent() -> None:
    road = Road()
    road.enrol([1])
    await road.hub.tick()
    outbox = road.subscriber()
    await frame(outbox)
    road.broken = True
    await road.hub.tick()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.take(), 0.05)


async def test_keyframe_comes_unasked_after_its_interval() -> None:
    road = Road(keyframe_s=4)
    road.enrol([1])
    await road.hub.tick()
    outbox = road.subscriber()
    kinds = [(await frame(outbox)).kind]
    for _ in range(4):
        (one,) = await road.tick_for(outbox)
        kinds.append(one.kind)
    assert kinds == [Kind.KEYFRAME, Kind.DELTA, Kind.KEYFRAME, Kind.DELTA, Kind.KEYFRAME]


async def test_vehicle_goes_offline_without_a_new_fix() -> None:
    road = Road()
    road.enrol([1])
    road.batches = [fixes([1], speed_kmh10=300)]
    await road.hub.tick()
    outbox = road.subscriber()
    assert statuses(await frame(outbox)) == [Status.MOVING]
    road.now_ms = T0 + 301_000
    (one,) = await road.tick_for(outbox)
    assert statuses(one) == [Status.OFFLINE]


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"speed_kmh10": 49}, Status.STOPPED),
        ({"speed_kmh10": 50}, Status.MOVING),
        ({"speed_kmh10": 300, "alarm_bits": 2}, Status.WARNING),
        ({"speed_kmh10": 300, "alarm_bits": 3}, Status.ALARM),
    ],
)
async def test_status_of_a_report(columns: dict[str, int], status: Status) -> None:
    road = Road()
    road.enrol([1])
    road.batches = [fixes([1], **columns)]
    await road.hub.tick()
    assert statuses(await frame(road.subscriber())) == [status]


async def test_vehicle_moved_by_the_registry_leaves_one_topic_and_enters_the_other() -> None:
    road = Road()
    road.enrol([1, 2])
    road.batches = [fixes([1, 2])]
    await road.hub.tick()
    here, there = road.subscriber(), road.subscriber(Topic("region", 520103))
    await frame(here)
    assert ids(await frame(there)) == []
    road.enrol([2], region=520103)
    left, entered = await road.tick_for(here, there)
    assert (ids(left), statuses(left)) == ([2], [Status.LEFT])
    assert (ids(entered), statuses(entered)) == ([2], [Status.STOPPED])


async def test_counts_agree_with_points() -> None:
    road = Road()
    road.enrol([1, 2, 3])
    road.enrol([4], region=520103)
    road.batches = [np.concatenate((fixes([1, 4], speed_kmh10=300), fixes([2]), fixes([3], county_code=520103)))]
    await road.hub.tick()
    body = (await frame(road.subscriber(PROVINCE, "counts"))).body
    assert isinstance(body, Counts)
    assert body.region_code.tolist() == [520102, 520103]
    assert body.by_status[:2].tolist() == [[1, 1], [1, 1]]
    assert int(body.by_status.sum()) == 4


async def test_vehicle_never_located_is_not_drawn() -> None:
    road = Road()
    road.enrol([1])
    road.batches = [fixes([1], located_ms=-1)]
    await road.hub.tick()
    assert ids(await frame(road.subscriber())) == []


@pytest.mark.parametrize("text", ["", "region:", "region:12", "fleet", "region:520000;drop", "zone:520000", "region:5200000000"])
def test_bad_topic_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_topic(text)


def seen(topic: str, role: str = "regulator", region: int = 520100, operator: int | None = None) -> Topic | None:
    return granted(parse_topic(topic), Principal(7, "wang", role, region, "s", 0, operator))


def test_topics_are_granted_by_region_operator_and_role() -> None:
    assert seen("region:520102") == Topic("region", 520102)
    assert seen("region:520102", region=100000) == Topic("region", 520102)
    assert seen("operator:3", region=100000) == Topic("operator", 3)
    assert seen("operator:3", "operator", 520100, 3) == Topic("operator", 3, 520100)
    refused = [
        seen("region:520000"), seen("region:100000", region=520000), seen("operator:3", region=520000),
        seen("region:520102", "operator", 520100, 3), seen("operator:4", "operator", 520100, 3), seen("operator:4", "operator", 100000, 3),
        seen("region:520102", "driver", 520100, 3), seen("operator:3", "driver", 520100, 3), seen("region:520102", "passenger"),
    ]  # fmt: skip
    assert refused == [None] * len(refused)


def test_an_operator_is_seen_within_the_region_of_who_asks() -> None:
    state = LiveState(LiveSettings())
    state.enrol(np.arange(1, 5, dtype=np.int32), np.array([520102, 520103, 520102, 0], np.int32), np.array([3, 3, 4, 3], np.int32))
    state.advance(fixes([1, 2, 3, 4]), T0)
    assert state.vehicles(Topic("operator", 3)).vehicle_id.tolist() == [1, 2, 4]
    assert state.vehicles(Topic("operator", 3, 520102)).vehicle_id.tolist() == [1]
    state.enrol(np.array([1], np.int32), np.array([520103], np.int32), np.array([3], np.int32))
    state.advance(fixes([]), T0)
    left = state.vehicles(Topic("operator", 3, 520102), state.tick)
    assert (left.vehicle_id.tolist(), left.status.tolist()) == ([1], [Status.LEFT])
    assert Status.LEFT not in state.vehicles(Topic("operator", 3), state.tick).status.tolist()
