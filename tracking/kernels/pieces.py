"""Pieces of driving, by vehicle, spell and driver. Twins: `tests/tracking/naive_driving.py`."""

from __future__ import annotations

from numba import njit

from tracking.kernels.driving import DRIVEN, STOOD, leg, place_fix


@njit(cache=True, nogil=True)
def _write(pieces, count, slot, begin_ms, end_ms, state):  # type: ignore[no-untyped-def]
    row = pieces[count]
    row.begin_ms, row.end_ms, row.slot, row.driver, row.spell_ms = begin_ms, end_ms, slot, state.driver, state.spell_ms
    return count + 1


@njit(cache=True, nogil=True)
def _driven(state, pieces, count, slot, t_ms):  # type: ignore[no-untyped-def]
    """The vehicle was driven since its last fix; how many rows there are now."""
    if state.spell_ms == 0:
        state.spell_ms = state.last_ms
    if count > 0:
        row = pieces[count - 1]
        if row.slot == slot and row.end_ms == state.last_ms and row.driver == state.driver and row.spell_ms == state.spell_ms:
            row.end_ms = t_ms
            return count
    return _write(pieces, count, slot, state.last_ms, t_ms, state)


@njit(cache=True, nogil=True)
def wheel_pieces(start, t_ms, place, speed_kmh, acc, driver, limits, states, pieces):  # type: ignore[no-untyped-def]
    """How many rows were filled: begin_ms, end_ms, slot, driver, spell_ms. A row without length says that a spell's first card came in then.

    Args: as of `wheel_time`; limits: (1,), for all vehicles; pieces: room for two rows a fix.
    """
    rules, count = limits[0], 0
    for v in range(start.size - 1):
        state = states[v]
        for i in range(start[v], start[v + 1]):
            silent = state.seen and t_ms[i] - state.last_ms > rules.silence_ms
            rests = silent
            if state.seen and not silent:
                did = leg(state, rules, t_ms[i], place[i, 0], place[i, 1], acc[i])
                if did == STOOD:
                    state.stood_ms = state.last_ms if state.stood_ms == 0 else state.stood_ms
                    rests = t_ms[i] - state.stood_ms >= rules.rest_ms
                else:
                    state.stood_ms = 0
                if did == DRIVEN:
                    count = _driven(state, pieces, count, v, t_ms[i])
            if rests:
                state.driver, state.spell_ms = 0, 0
            if silent:
                state.seen, state.moving, state.stood_ms = 0, 0, 0
            place_fix(state, rules, t_ms[i], place[i, 0], place[i, 1], speed_kmh[i], acc[i])
            if driver[i] != 0 and driver[i] != state.driver:
                first = state.driver == 0
                state.driver = driver[i]
                if first and state.spell_ms:
                    count = _write(pieces, count, v, t_ms[i], t_ms[i], state)
    return count
