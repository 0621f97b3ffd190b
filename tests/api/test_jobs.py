"""Jobs over HTTP: asked, followed, fetched, cancelled; seen by who asked and by administrators."""

from __future__ import annotations

import base64
import hashlib

from tests.fixtures.world import World


def test_an_export_job_from_asking_to_its_file(world: World) -> None:
    with world.web.client("li") as li:
        asked = li.post("/api/v1/exports", json={"of": "vehicles", "format": "csv"})
        assert (asked.status_code, asked.json()["state"]) == (202, "queued")
        path = asked.headers["location"]
        waiting = li.get(path)
        assert waiting.headers["retry-after"] == "2"
        assert li.get(path, headers={"If-None-Match": waiting.headers["etag"]}).status_code == 304
        assert li.get(f"{path}/file").status_code == 404
        world.work()
        done = li.get(path, headers={"If-None-Match": waiting.headers["etag"]})
        assert (done.status_code, done.json()["state"], done.json()["progress"]) == (200, "done", 1.0)
        assert "retry-after" not in done.headers
        file = li.get(done.json()["file"])
        assert (file.status_code, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        sha = hashlib.sha256(file.content)
        assert done.json()["result"]["sha256"] == sha.hexdigest()
        assert file.headers["repr-digest"] == f"sha-256=:{base64.b64encode(sha.digest()).decode()}:"
        text = file.content.decode("utf-8-sig")
        assert "贵A00001" in text and "云A00004" not in text
        late = li.post(f"{path}/cancel")
        assert (late.status_code, late.json()["code"]) == (409, "conflict")
    for name, status in (("zhao", 404), ("yunnan", 404), ("chief", 200)):
        with world.web.client(name) as other:
            assert other.get(path).status_code == status
            assert other.get(f"{path}/file").status_code == status
            listed = {one["job_id"] for one in other.get("/api/v1/jobs").json()["jobs"]}
            assert (done.json()["job_id"] in listed) is (status == 200)
    with world.web.client("passer") as passer:
        assert passer.get("/api/v1/jobs").status_code == 403
    fetched = world.sql("select actor from audit where stream = 'export' and action = 'export.fetch' order by seq")
    assert [row[0] for row in fetched] == ["li", "chief"]


def test_a_waiting_job_is_cancelled(world: World) -> None:
    with world.web.client("li") as li:
        path = li.post("/api/v1/exports", json={"of": "lines"}).headers["location"]
        assert li.post(f"{path}/cancel").json()["state"] == "cancelled"
        assert li.get("/api/v1/jobs?state=cancelled&kind=export&mine=true").json()["jobs"][0]["state"] == "cancelled"
        assert li.get("/api/v1/jobs/99999999999999999999").status_code == 422
        assert li.get("/api/v1/jobs/123456").status_code == 404
