"""Binary frames: vectors that the browser reads too, round trips, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from api.live.frames import BYTES_PER_VEHICLE, HEADER, Counts, Kind, Vehicles, pack, unpack
from domain.errors import WireError

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "frames").glob("*.json"))
DTYPES = {"vehicle_id": "<u4", "lon_e7": "<i4", "lat_e7": "<i4", "heading": "u1", "status": "u1", "speed": "u1"}


def columns(rows: list[list[int]]) -> Vehicles:
    table = np.array(rows, np.int64).reshape(-1, 6).T
    return Vehicles(*(table[i].astype(dtype) for i, dtype in enumerate(DTYPES.values())))


@pytest.mark.parametrize("path", VECTORS, ids=lambda p: p.stem)
def test_vector_is_read_and_written_the_same(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    data = bytes.fromhex(vector["hex"])
    if "refused" in vector:
        with pytest.raises(WireError) as caught:
            unpack(data)
        assert caught.value.code == vector["refused"]
        return
    frame = unpack(data)
    assert (frame.seq, frame.t_ms, frame.kind) == (vector["seq"], vector["t_ms"], vector["kind"])
    if frame.kind == Kind.COUNTS:
        assert isinstance(frame.body, Counts)
        assert frame.body.region_code.tolist() == vector["region_code"]
        assert frame.body.by_status.tolist() == vector["by_status"]
    else:
        assert isinstance(frame.body, Vehicles)
        for name in DTYPES:
            assert getattr(frame.body, name).tolist() == vector[name], name
    assert pack(frame.body, frame.kind, frame.seq, frame.t_ms) == data


def test_there_are_vectors_of_every_kind() -> None:
    kinds = {json.loads(path.read_text("utf-8")).get("kind") for path in VECTORS}
    assert {1, 2, 3} <= kinds
    assert len(VECTORS) >= 8


@given(st.integers(0, 60).flatmap(lambda n: st.tuples(*(hnp.arrays(dtype, n) for dtype in DTYPES.values()))), st.integers(0, 2**32 - 1))
def test_unpack_undoes_pack(arrays: tuple[np.ndarray, ...], seq: int) -> None:
    data = pack(Vehicles(*arrays), Kind.DELTA, seq, 1_700_000_000_000.0)
    frame = unpack(data)
    assert frame.seq == seq
    assert len(data) == HEADER.size + BYTES_PER_VEHICLE * len(arrays[0])
    for name, sent in zip(DTYPES, arrays, strict=True):
        assert np.array_equal(getattr(frame.body, name), sent)


@given(st.binary(max_size=200))
def test_garbage_is_a_wire_error_and_nothing_else(data: bytes) -> None:
    try:
        unpack(data)
    except WireError as error:
        assert error.code


def test_a_vehicle_costs_fifteen_bytes() -> None:
    body = columns([[i, i, i, 0, 0, 0] for i in range(1000)])
    assert len(pack(body, Kind.KEYFRAME, 1, 0.0)) == 24 + 15 * 1000
