"""Settings of the web door: frozen, read once in `runtime`, passed as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The live map: how often it moves, and when a vehicle counts as moving or offline.

    tick_s seconds between frames, 1 to 3; keyframe_s seconds between unasked keyframes; offline_s seconds without a fix;
    moving_kmh lowest speed of a moving vehicle, km/h; points_limit vehicles above which the map asks for counts when zoomed out.
    """

    tick_s: float = 2.0
    keyframe_s: float = 60.0
    offline_s: int = 300
    moving_kmh: float = 5.0
    registry_s: float = 10.0
    points_limit: int = 20_000


@dataclass(frozen=True, slots=True)
class WebSettings(LiveSettings):
    """One web process, with the live map that it serves.

    tiles_path is the folder of PMTiles files; secret_file holds the key that signs logins (made on first start, mode 0600);
    personal_key_file the keys that personal data are sealed with (`storage/sealing.py`), which worker and commands use too;
    metrics_listen "" serves `/metrics` nowhere; origins are further allowed origins of the socket and of changing requests;
    secure_cookies True behind TLS. Requests a minute, 0 for no limit: of a person, of an address (an office behind one is many people),
    and logins of an address; body_most and import_most are bytes of a request's body and of an imported file.
    """

    listen: str = "127.0.0.1:8050"
    metrics_listen: str = "127.0.0.1:8051"
    tiles_path: Path = Path("data/tiles")
    secret_file: Path = Path("data/secrets/login.key")
    personal_key_file: Path = Path("data/secrets/personal.key")
    secure_cookies: bool = False
    origins: tuple[str, ...] = ()
    sockets_per_user: int = 8
    subscribe_timeout_s: float = 10.0
    recheck_s: float = 60.0
    pool_size: int = 8
    stop_s: float = 5.0
    requests_per_minute: int = 1_200
    address_requests_per_minute: int = 6_000
    logins_per_minute: int = 60
    body_most: int = 1 << 20
    import_most: int = 64 << 20

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of `listen`."""
        return _address(self.listen)

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """(host, port) of `metrics_listen`; None when it is off."""
        return _address(self.metrics_listen) if self.metrics_listen else None


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host or "127.0.0.1", int(port)
