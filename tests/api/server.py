"""The whole web door on a real port over a real database, and a fleet to show."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.settings import WebSettings
from ingest.attachment_settings import AttachmentSettings
from ingest.settings import PipelineSettings
from operations.accounts import complete, hashed, list_users
from operations.accounts_store import Grant, add_account
from operations.settings import ExportSettings
from runtime.settings import Settings
from runtime.web import serve
from storage.pool import open_pool

NAME, PASSWORD = "admin", "correct horse 808"


@dataclass(slots=True)
class RunningWeb:
    """A web door that serves."""

    url: str
    dsn: str
    settings: Settings
    _logins: dict[str, dict[str, str]] = field(default_factory=dict)

    def account(self, role: str, region: str = "100000", operator: int | None = None, **grant: Any) -> str:
        """Login name of an account with this role and scope, made on first use; `person_id=` and `unmask=` go on."""
        name = "-".join(str(part) for part in (role, region, operator, *grant.values()) if part is not None)
        with psycopg.connect(self.dsn) as conn:
            if name not in {one.name for one in list_users(conn)}:
                add_account(conn, name, _hash(), complete(Grant(role, region, operator, **grant)))
        return name

    def client(self, name: str | None = NAME) -> httpx.Client:
        """An HTTP client, logged in as `name` (None: as nobody), that proves its changing requests and names each of them anew."""
        if name is None:
            return httpx.Client(base_url=self.url, timeout=20, event_hooks={"request": [_named]})
        if name not in self._logins:
            answer = httpx.post(f"{self.url}/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=20)
            assert answer.status_code == 200, answer.text
            self._logins[name] = dict(answer.cookies)
        cookies = self._logins[name]
        proof = {"X-CSRFToken": cookies["_csrf_token"]}
        return httpx.Client(base_url=self.url, timeout=20, cookies=cookies, headers=proof, event_hooks={"request": [_named]})

    def cookie_header(self, name: str = NAME) -> str:
        """Cookie header of a login, for sockets."""
        self.client(name).close()
        return "; ".join(f"{key}={value}" for key, value in self._logins[name].items())


def _named(request: httpx.Request) -> None:
    if request.method == "POST" and "idempotency-key" not in request.headers:
        request.headers["Idempotency-Key"] = uuid.uuid4().hex


@cache
def _hash() -> str:
    """Hash of PASSWORD, made once: it is slow on purpose."""
    return hashed(PASSWORD)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(dsn: str, folder: Path, sections: dict[str, Any] | None = None, **web: Any) -> Iterator[RunningWeb]:
    """Serve in a thread for as long as the block runs; an account for the whole country and one for 520102 exist."""
    with psycopg.connect(dsn) as conn:
        if not list_users(conn):
            add_account(conn, NAME, _hash(), Grant())
            add_account(conn, "county", _hash(), Grant(region_code="520102"))
    chosen: dict[str, Any] = {"listen": f"127.0.0.1:{free_port()}", "tick_s": 0.2, "registry_s": 0.2, "recheck_s": 0.5} | web
    settings = Settings(
        folder,
        pipeline=PipelineSettings(media_path=folder / "media"),
        attachments=AttachmentSettings(folder=folder / "attachments"),
        web=WebSettings(
            metrics_listen="",
            tiles_path=folder / "tiles",
            secret_file=folder / "secrets" / "login.key",
            personal_key_file=folder / "secrets" / "personal.key",
            **chosen,
        ),
        **({"exports": ExportSettings(folder=folder / "exports")} | (sections or {})),
    )
    loop, stop, errors = asyncio.new_event_loop(), asyncio.Event(), []

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            with open_pool(dsn, "app", 4) as pool:
                loop.run_until_complete(serve(settings, pool, stop))
        except BaseException as error:
            errors.append(error)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="web"
    )  # Dash keeps its registry in the importer's context
    thread.start()
    web_door = RunningWeb(f"http://{settings.web.listen}", dsn, settings)
    try:
        _wait_ready(web_door.url, errors)
        yield web_door
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive(), "the web door did not stop"
    assert not errors, errors


def _wait_ready(url: str, errors: list[BaseException]) -> None:
    deadline = time.monotonic() + 30
    while True:
        if errors:
            raise errors[0]
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline
        assert time.monotonic() < deadline, "not ready"
        time.sleep(0.05)


def put_vehicle(
    conn: psycopg.Connection[Any], vehicle_id: int, plate: str | None, *, region: str | None = "520102", **columns: Any
) -> None:
    """A vehicle of the registry."""
    values = {
        "plate_colour": None if plate is None else 2,
        "vehicle_class": "rural_bus",
        "state": "registered",
        "operator_id": None,
    } | columns
    conn.execute(
        """
        insert into vehicle (vehicle_id, plate, plate_colour, vehicle_class, state, operator_id, region_code)
        values (%(vehicle_id)s, %(plate)s, %(plate_colour)s, %(vehicle_class)s, %(state)s, %(operator_id)s, %(region)s)
        """,
        {"vehicle_id": vehicle_id, "plate": plate, "region": region} | values,
    )


def put_fix(conn: psycopg.Connection[Any], vehicle_id: int, lon: float, lat: float, **columns: Any) -> None:
    """The newest fix of a vehicle, now unless `age_s` says otherwise."""
    values = {"speed_kmh10": 300, "heading_deg": 90, "status_bits": 3, "alarm_bits": 0, "odometer_m": 1_234_567, "age_s": 0} | columns
    conn.execute(
        """
        insert into vehicle_last (vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits,
                                  alarm_bits, odometer_m, changed_at)
        values (%(vehicle_id)s, now() - make_interval(secs => %(age_s)s), now() - make_interval(secs => %(age_s)s),
                now() - make_interval(secs => %(age_s)s), %(lon)s, %(lat)s, %(speed_kmh10)s, %(heading_deg)s, %(status_bits)s,
                %(alarm_bits)s, %(odometer_m)s, clock_timestamp())
        on conflict (vehicle_id) do update
           set time = excluded.time, received = excluded.received, located_at = excluded.located_at, lon_e6 = excluded.lon_e6,
               lat_e6 = excluded.lat_e6, speed_kmh10 = excluded.speed_kmh10, heading_deg = excluded.heading_deg,
               status_bits = excluded.status_bits, alarm_bits = excluded.alarm_bits, odometer_m = excluded.odometer_m,
               changed_at = excluded.changed_at
        """,
        {"vehicle_id": vehicle_id, "lon": round(lon * 1e6), "lat": round(lat * 1e6)} | values,
    )
