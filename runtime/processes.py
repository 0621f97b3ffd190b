"""The parts of one machine as child processes: started in order, started again when they die, ended in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

import structlog

from domain.errors import StoreError
from runtime.settings import Settings
from storage.database import FOLDER
from storage.embedded import Server

log = structlog.get_logger()

_WATCH_S = 0.5
_STOP_S = 30.0
_LONGEST_WAIT_S = 10.0
_CALM_S = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """One child process: `cuntong <words>`; ready_url tells whether it has started, "" when nobody waits for it."""

    name: str
    words: tuple[str, ...]
    ready_url: str = ""


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    started_s: float
    wait_s: float = 0.5
    again_s: float = 0.0
    deaths: int = field(default=0)


class Supervisor:
    """Keeps the database and the parts of one installation running.

    Args:
        settings: data folder and database.
        parts: in the order of starting; they are ended in the same order, so that who takes stops first.
        environment: variables for the parts, beside this process's own.
    """

    def __init__(self, settings: Settings, parts: Sequence[Part], environment: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._environment = dict(environment or {})
        self._parts = parts
        self._server = Server(settings.data / FOLDER) if not settings.database.url else None
        self._running: dict[str, _Running] = {}
        self._logs = settings.data / "logs"
        self.dsn = settings.database.url or ""

    def open_database(self) -> str:
        """DSN of the database, the embedded one started if it is ours."""
        if self._server is not None:
            self.dsn = self._server.start()
        return self.dsn

    def start(self) -> None:
        """Start every part."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for part in self._parts:
            self._spawn(part)

    def _spawn(self, part: Part) -> None:
        environment = {**os.environ, **self._environment, "CUNTONG_DATABASE_URL": self.dsn, "CUNTONG_DATA": str(self._settings.data)}
        output = (self._logs / f"{part.name}.log").open("ab")
        command = [sys.executable, "-m", "runtime.cli", *part.words]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
        before = self._running.get(part.name)
        running = _Running(part, process, output, time.monotonic())
        if before is not None:
            before.output.close()
            running.deaths = before.deaths + 1
            running.wait_s = before.wait_s
        self._running[part.name] = running

    def pid(self, name: str) -> int:
        """Process id of a part."""
        return self._running[name].process.pid

    def wait_ready(self, limit_s: float, progress: Callable[[str], None], stop: threading.Event | None = None) -> None:
        """Wait until every part with a ready_url serves, or until asked to stop.

        Raises:
            StoreError: one does not within limit_s; names its log file.
        """
        deadline = time.monotonic() + limit_s
        for part in self._parts:
            if not part.ready_url:
                continue
            progress(part.name)
            while not (stop is not None and stop.is_set()) and not started(part.ready_url):
                if time.monotonic() > deadline:
                    raise StoreError(f"{part.name} does not serve after {limit_s:.0f} s; read {self._logs / part.name}.log")
                self.watch()
                time.sleep(0.1)

    def watch(self) -> None:
        """One round: what died is started again, with growing waits."""
        if self._server is not None and not self._server.alive():
            log.error("database_died", next="starting it again")
            self.dsn = self._server.start()
        now = time.monotonic()
        for running in list(self._running.values()):
            code = running.process.poll()
            if code is None:
                if now - running.started_s > _CALM_S:
                    running.wait_s = 0.5
                continue
            if not running.again_s:
                log.error("part_died", part=running.part.name, code=code, log=str(self._logs / f"{running.part.name}.log"))
                running.again_s = now + running.wait_s
                running.wait_s = min(2 * running.wait_s, _LONGEST_WAIT_S)
            elif now >= running.again_s:
                self._spawn(running.part)

    def run(self, stop: threading.Event) -> None:
        """Watch until asked to stop."""
        while not stop.is_set():
            self.watch()
            stop.wait(_WATCH_S)

    def add(self, part: Part) -> None:
        """Start one more part."""
        self._spawn(part)

    def end(self, name: str) -> None:
        """End one part with time to finish; nothing when it does not run."""
        running = self._running.pop(name, None)
        if running is None:
            return
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            try:
                running.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                log.error("part_killed", part=name)
                running.process.kill()
                running.process.wait()
        running.output.close()

    def stop(self) -> None:
        """End the parts in order, each with time to finish its batch, then the database."""
        for name in list(self._running):
            self.end(name)
        if self._server is not None:
            self._server.stop()


def started(url: str) -> bool:
    """True when /readyz says within a second that the process has started, be it that something keeps it from serving.

    A gateway whose disk is full must not keep the parts from running that make room.
    """
    try:
        with urllib.request.urlopen(url, timeout=1.0) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        return error.read().startswith(b"not ready")
    except (urllib.error.URLError, OSError):
        return False


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def standard_parts(settings: Settings) -> list[Part]:
    """Gateway, pipeline, worker and web of one machine; attachments, MQTT and links to other platforms where they are configured."""
    attachments = Part("attachments", ("attachments",), f"http://{settings.attachments.metrics_listen}/readyz")
    return [
        *([attachments] if settings.attachments.listen else []),
        Part("gateway", ("gateway",), f"http://{settings.gateway.metrics_listen}/readyz"),
        *mqtt_parts(settings),
        *platform_parts(settings),
        Part("pipeline", ("pipeline",), f"http://{settings.pipeline.metrics_listen}/readyz"),
        Part("worker", ("worker",)),
        Part("web", ("web",), f"http://{settings.web.listen.replace('0.0.0.0', '127.0.0.1')}/readyz"),
    ]


def mqtt_parts(settings: Settings) -> list[Part]:
    """The MQTT door and the fan-out, those of them that are switched on."""
    mqtt = settings.mqtt
    door = Part("mqtt-door", ("mqtt", "door"), f"http://{mqtt.door_listen}/readyz")
    fanout = Part("mqtt-fanout", ("mqtt", "fanout"), f"http://{mqtt.fanout_listen}/readyz")
    return ([door] if mqtt.door else []) + ([fanout] if mqtt.fanout else [])


def platform_parts(settings: Settings) -> list[Part]:
    """The links to other platforms, where they are configured."""
    listen = settings.platforms.metrics_listen
    return [Part("platforms", ("platforms",), f"http://{listen}/readyz")] if settings.platforms.used else []


def attachment_server(settings: Settings) -> str:
    """One line that says whether files of alarms are taken, and ordered."""
    chosen = settings.attachments
    if not chosen.listen:
        return "alarm files: not taken; cuntong.toml, section attachments, keys listen and server"
    told = f"ordered to {chosen.server}" if chosen.server else "not ordered: set attachments.server"
    return f"alarm files: {chosen.listen}, {told}"
