"""Frames explained over HTTP: the same rows as the command prints, refusals that name their field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.routes.explain import MOST_FRAMES
from api.schemas.explain import MOST_CHARACTERS
from protocols.explain import explain
from protocols.jt808.profile import PROFILES
from tests.api.server import RunningWeb, running

FOLDER = Path(__file__).parents[1] / "vectors" / "jt808"
POSITION = (FOLDER / "0200-2019.hex").read_text("ascii").strip()
ODD = "7E0002000001391234432900007A7E"
"""A heartbeat with a wrong checksum."""


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with running(dsn, tmp_path) as one:
        yield one


def test_frames_are_explained_over_http(web: RunningWeb) -> None:
    """One server for all: start-up is most of the cost."""
    _rows_are_those_of_the_command(web)
    _every_vector_passes_the_schema(web)
    _bad_input_is_refused_with_its_field(web)
    _garbage_is_explained(web)
    _profiles_are_listed(web)
    _nobody_explains_without_login(web)


def _rows_are_those_of_the_command(web: RunningWeb) -> None:
    with web.client("county") as client:
        for language, profile in (("en", "standard"), ("zh", "su_biao")):
            answer = client.post("/api/v1/explain", json={"hex": f"{POSITION} {ODD}", "profile": profile, "language": language})
            assert answer.status_code == 200, answer.text
            assert answer.json() == explain(f"{POSITION} {ODD}", PROFILES[profile], language).as_json(language)
        told = answer.json()
        assert told["dropped"] and [frame["dropped"] for frame in told["frames"]] == [False, True]
        assert "".join(row["raw"] for frame in told["frames"] for row in frame["rows"]).upper() == POSITION + ODD


def _every_vector_passes_the_schema(web: RunningWeb) -> None:
    with web.client() as client:
        for path in sorted(FOLDER.glob("*.hex")):
            answer = client.post("/api/v1/explain", json={"hex": path.read_text("ascii")})
            assert answer.status_code == 200, (path.name, answer.text)
            assert answer.json()["frames"][0]["header"] is not None, path.name


def _bad_input_is_refused_with_its_field(web: RunningWeb) -> None:
    with web.client() as client:
        for body, field in (
            ({"hex": "7E 00 0G"}, "hex"),
            ({"hex": "7E0"}, "hex"),
            ({"hex": ""}, "hex"),
            ({"hex": "7E 7E"}, "hex"),
            ({"hex": "7E01" * (MOST_FRAMES + 1)}, "hex"),
            ({"hex": "00" * MOST_CHARACTERS}, "body.hex"),
            ({"hex": ODD, "profile": "nobody"}, "profile"),
            ({"hex": ODD, "language": "fr"}, "language"),
            ({"hex": ODD, "colour": 1}, "body.colour"),
            ({}, "body.hex"),
        ):
            refused = client.post("/api/v1/explain", json=body)
            assert refused.status_code == 422, refused.text
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["errors"][0]["field"] == field, refused.text


def _garbage_is_explained(web: RunningWeb) -> None:
    with web.client() as client:
        for text in ("00", "7D", "7E" + "FF" * 40 + "7E", "7E0200", POSITION[:-30], "0x7e, 0x7d:02_00-00", "7E01" * MOST_FRAMES):
            answer = client.post("/api/v1/explain", json={"hex": text})
            assert answer.status_code == 200, (text[:40], answer.text)
            assert answer.json()["dropped"], text[:40]


def _profiles_are_listed(web: RunningWeb) -> None:
    with web.client() as client:
        listed = client.get("/api/v1/explain/profiles").json()["profiles"]
    assert listed[0] == {"name": "standard", "parents": [], "version": "auto", "charset": "gbk"}
    assert {one["name"] for one in listed} == set(PROFILES)


def _nobody_explains_without_login(web: RunningWeb) -> None:
    with web.client(None) as client:
        assert client.post("/api/v1/explain", json={"hex": ODD}).status_code == 401
        assert client.get("/api/v1/explain/profiles").status_code == 401
        assert client.get(f"/app/explain?hex={ODD}").headers["location"] == f"/app/login?next=/app/explain%3Fhex%3D{ODD}"
