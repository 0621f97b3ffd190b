"""The internal listener of a process: /metrics, /healthz, /readyz."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

STARTING = "starting"
"""What /readyz says before a process has come to the point where it can tell more."""


def serve(
    listen: str, registry: CollectorRegistry, ready: Callable[[], bool], reason: Callable[[], str] = lambda: STARTING
) -> ThreadingHTTPServer:
    """Start the listener in a thread of its own; `shutdown` ends it.

    Args:
        listen: "host:port"; port 0 takes a free one.
        registry: what /metrics shows.
        ready: whether the process serves; /readyz answers 503 while it does not.
        reason: why it does not serve, and what a person has to see to though it does; a line each, "" when there is nothing.
    """

    class Internal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._say(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                self._say(200, b"ok\n")
            elif self.path == "/readyz":
                self._say_ready(ready(), reason())
            else:
                self._say(404, b"there is /metrics, /healthz and /readyz\n")

        def _say_ready(self, serves: bool, why: str) -> None:
            lines = [] if why == STARTING else why.splitlines()
            word = "ready" if serves else "not ready" if lines else STARTING
            self._say(200 if serves else 503, "".join(f"{line}\n" for line in (word, *lines)).encode())

        def _say(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are not logged."""

    host, _, port = listen.rpartition(":")
    server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), Internal)
    threading.Thread(target=server.serve_forever, name="internal-http", daemon=True).start()
    return server
