"""Settings of the ingest doors: frozen, read once in `runtime`, passed as arguments."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import RefusedError

DOORS = ("auto", "drain", "protocol")
REGISTRATIONS = ("open", "registry")
_LISTENER = re.compile(r"\S*:\d+ +\S+")
RSA = ("off", "answer", "offer")
_MQTT_SCHEMES = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One gateway on one machine; times in the unit of the name.

    listeners: extra ports, "HOST:PORT PROFILE" each: whoever dials in there speaks the profile, unless the registry or its maker say otherwise;
    profiles_path: folder with profiles of the installation's own (`*.toml`, docs/profiles.md); rsa: off; answer exchanges keys with terminals that send theirs; offer sends the platform's key to every terminal.

    Raises:
        RefusedError: an unknown door, registration policy or way of RSA, a door that this system does not have, or a listener that is none.
    """

    listen: str = "0.0.0.0:7611"
    listeners: tuple[str, ...] = ()
    profiles_path: Path = Path("data/profiles")
    metrics_listen: str = "127.0.0.1:7612"
    workers: int = 1
    door: str = "auto"
    loop: str = "auto"
    registration: str = "open"
    secret_file: Path = Path("data/secrets/auth_code.key")
    roster_file: Path = Path("data/roster.json")
    auth_timeout_s: int = 30
    idle_timeout_s: int = 300
    roster_refresh_s: int = 30
    stale_roster_s: int = 3600
    forwarders: tuple[str, ...] = ()
    max_links: int = 20_000
    max_unauthenticated: int = 2_000
    accepts_per_s: int = 2_000
    max_frame: int = 2_304
    junk_before_auth: int = 8_192
    junk_per_minute: int = 65_536
    reply_pause: int = 16_384
    reply_limit: int = 65_536
    reply_stall_s: int = 30
    wrong_codes: int = 5
    dropped_per_minute: int = 60
    turn_gap_ms: float = 0.0
    gateway_id: int = 1
    rsa: str = "off"
    rsa_key_file: Path = Path("data/secrets/rsa.pem")

    def __post_init__(self) -> None:
        if self.door not in DOORS:
            raise RefusedError(f"gateway.door: {self.door!r} is none of {', '.join(DOORS)}", field="gateway.door")
        if self.door == "drain" and sys.platform != "linux":
            raise RefusedError(f"gateway.door: drain needs Linux, this is {sys.platform}; leave it at auto", field="gateway.door")
        if self.rsa not in RSA:
            raise RefusedError(f"gateway.rsa: {self.rsa!r} is none of {', '.join(RSA)}", field="gateway.rsa")
        if self.registration not in REGISTRATIONS:
            wanted = ", ".join(REGISTRATIONS)
            raise RefusedError(f"gateway.registration: {self.registration!r} is none of {wanted}", field="gateway.registration")
        for said in self.listeners:
            if not _LISTENER.fullmatch(said):
                raise RefusedError(
                    f'gateway.listeners: {said!r} is no "HOST:PORT PROFILE", such as "0.0.0.0:7621 jimi"', field="gateway.listeners"
                )

    @property
    def drains(self) -> bool:
        """True when the door is `drain`: on Linux, unless told otherwise."""
        return self.door == "drain" or (self.door == "auto" and sys.platform == "linux")

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of `listen`."""
        return _address(self.listen)

    @property
    def extra_addresses(self) -> tuple[tuple[str, int, str], ...]:
        """(host, port, name of a profile) of `listeners`."""
        return tuple((*_address(place), profile) for place, profile in (said.split() for said in self.listeners))


def _address(place: str) -> tuple[str, int]:
    host, _, port = place.rpartition(":")
    return host or "0.0.0.0", int(port)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The durable log."""

    kind: str = "spool"
    path: Path = Path("data/spool")
    commit_interval_ms: float = 5.0
    segment_mib: int = 64
    quota_gib: float = 20.0
    min_free_gib: float = 2.0
    keep_h: float = 24.0
    high_water_mib: float = 8.0
    low_water_mib: float = 2.0
    hold_warn_s: float = 2.0


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """Links to other platforms by JT/T 809; who they are stands in the table `platform_peer` (`cuntong platform add`).

    listen: where subordinate platforms dial in, "" for nowhere; sub_listen: where superior platforms dial back. confirm_s: a link test at the
    latest so long after positions left, whose answer moves the cursor; window: positions under way without one; live_s: older positions
    go as backfill (0x1203); keep_days: how long positions wait for a superior platform that is away.
    """

    listen: str = ""
    sub_listen: str = ""
    metrics_listen: str = "127.0.0.1:7614"
    confirm_s: float = 5.0
    window: int = 5_000
    live_s: float = 60.0
    poll_s: float = 0.5
    refresh_s: float = 5.0
    keep_alive_s: float = 60.0
    dead_s: float = 180.0
    login_s: float = 30.0
    first_wait_s: float = 5.0
    most_wait_s: float = 300.0
    count_every: int = 10_000
    max_knocking: int = 200
    dropped_per_minute: int = 60
    keep_days: int = 30
    gateway_id: int = 1

    @property
    def used(self) -> bool:
        """Whether any of it is configured."""
        return bool(self.listen or self.sub_listen)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Log to database. match: onto the registered road networks, live; match_vehicles: records in memory at most; checkpoint_s: how often
    the record of a vehicle that reports is saved; media_path: folder of pictures, sounds and films; attachments_at: HOST:PORT that terminals are
    told to send the attachments of alarms to, [attachments] server where that is set; "": none are ordered."""

    partitions: int = 1
    batch_rows: int = 5_000
    batch_ms: int = 200
    accept_days: int = 180
    clock_ahead_s: int = 600
    settle_min: int = 10
    quarantine_per_day: int = 100
    keep_extras: bool = True
    registration: str = "open"
    metrics_listen: str = "127.0.0.1:7613"
    match: bool = True
    match_vehicles: int = 100_000
    checkpoint_s: int = 60
    media_path: Path = Path("data/media")
    attachments_at: str = ""
    readers: tuple[str, ...] = field(default=("pipeline",))


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The MQTT door and the fan-out. Nothing of it runs without a broker: url "mqtt://host[:1883]" or "mqtts://host[:8883]", "" for none.

    door, fanout: which of the two run; fanout_interval_s: between two readings of what has changed; fanout_queue: messages that wait for the
    broker at most; retain_last: keep the newest fix of each vehicle at the broker; tls_ca, tls_cert, tls_key: PEM files, the first alone
    checks the broker, the others prove who we are; user, password_file: login, the file of mode 0600; client_id: beginning of the names
    under which both are known to the broker; door_listen, fanout_listen: internal listeners.

    Raises:
        RefusedError: a url that is none, or one of the two without a broker.
    """

    url: str = ""
    door: bool = False
    fanout: bool = False
    fanout_interval_s: float = 1.0
    fanout_queue: int = 1_000
    retain_last: bool = False
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_id: str = "cuntong"
    user: str = ""
    password_file: Path | None = None
    door_listen: str = "127.0.0.1:7616"
    fanout_listen: str = "127.0.0.1:7617"

    def __post_init__(self) -> None:
        if (self.door or self.fanout) and not self.url:
            part = "door" if self.door else "fanout"
            raise RefusedError(f"mqtt.{part} is on without a broker: set mqtt.url, such as mqtt://127.0.0.1:1883", field="mqtt.url")
        if self.url:
            self._check_url()
        if self.fanout_interval_s <= 0 or self.fanout_queue < 1:
            raise RefusedError("mqtt.fanout_interval_s must be above 0 and mqtt.fanout_queue at least 1", field="mqtt.fanout_interval_s")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise RefusedError("mqtt.tls_cert and mqtt.tls_key go together: set both or none", field="mqtt.tls_cert")
        if self.tls_ca is not None and not self.tls:
            raise RefusedError(f"mqtt.tls_ca is set, but {self.url!r} is not encrypted: write mqtts://", field="mqtt.url")

    def _check_url(self) -> None:
        try:
            _ = self.address
        except ValueError as error:
            raise RefusedError(
                f"mqtt.url: {self.url!r} is no mqtt://HOST:PORT or mqtts://HOST:PORT; user and password are settings of their own",
                field="mqtt.url",
            ) from error

    @property
    def tls(self) -> bool:
        """True for an encrypted connection."""
        return self.url.startswith("mqtts:")

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of the broker; ValueError when the url names none."""
        parts = urlsplit(self.url)
        if parts.scheme not in _MQTT_SCHEMES or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
            raise ValueError(self.url)
        return parts.hostname, parts.port or _MQTT_SCHEMES[parts.scheme]
