"""Rows of what other platforms say beside positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest import platform_answer_store, platform_store
from ingest.platform_answer_store import Answer
from ingest.platform_store import Described, Place, Question
from ingest.steps.batch import Batch, Context, PeerSeen
from ingest.steps.terminals import UNKNOWN
from protocols.jt809.orders import Answered, Asked


def put_peers(batch: Batch, context: Context) -> None:
    """Store the questions, alarms, answers and registrations of a batch."""
    if not batch.peers:
        return
    questions, answers, described = list[Question](), list[Answer](), list[Described]()
    for seen in batch.peers:
        place, vehicle, said = _place(batch, seen), _vehicle(context, seen), seen.said
        if isinstance(said, Asked):
            fields = {name: _plain(value) for name, value in said.fields.items()}
            plate, colour = _plain(said.plate), said.plate_colour
            questions.append(Question(place, seen.peer_id, seen.serial, said.kind, said.number, fields, plate, colour, vehicle))
        elif isinstance(said, Answered):
            answers.append(
                Answer(place, seen.peer_id, said.kind, said.number, said.source_serial, said.result, _plain(said.content),
                       _plain(said.responder), _plain(said.telephone))
            )  # fmt: skip
        elif vehicle is not None:
            words = [_plain(word) for word in (said.platform, said.producer, said.model, said.imei or "", said.terminal_code, said.sim)]
            described.append(Described(seen.peer_id, vehicle, *words))
    platform_store.put_questions(context.conn, questions)
    platform_answer_store.put_answers(context.conn, answers)
    platform_store.put_described(context.conn, described)


def _plain(value: Any) -> Any:
    """Text that PostgreSQL takes: NUL, with which fields are padded, it refuses."""
    return value.replace("\x00", "") if isinstance(value, str) else value


def _place(batch: Batch, seen: PeerSeen) -> Place:
    records = batch.log
    return Place(
        records.logs[int(records.log[seen.record])], int(records.position[seen.record]), int(records.received_us[seen.record]) // 1000
    )


def _vehicle(context: Context, seen: PeerSeen) -> int | None:
    """Vehicle that is named; None when it names none, or one that nobody knows."""
    if seen.vehicle is None:
        return None
    hi, lo = np.array([seen.vehicle[0]], np.uint16), np.array([seen.vehicle[1]], np.uint64)
    found = int(context.terminals.vehicles(hi, lo, np.zeros(1, np.int64))[0])
    return None if found == UNKNOWN else found
