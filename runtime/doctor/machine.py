"""Checks of the machine: disk, files, keys, ports, backups."""

from __future__ import annotations

import ipaddress
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from runtime.backups import FOLDER
from runtime.doctor.finding import Finding, judged, ok
from runtime.settings import Settings
from storage.backup_files import PARTIAL, listed

_GIB = 1 << 30
OLD_H = 26.0
"""A nightly backup is not older."""
_PORT_S = 0.5


def disk(settings: Settings) -> Iterator[Finding]:
    """Free space where data are written."""
    for name, folder in {"disk": settings.data, "disk of log": settings.log.path}.items():
        place = next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))
        usage = shutil.disk_usage(place)
        free, share = usage.free / _GIB, usage.free / usage.total
        yield judged(
            name, f"{free:.1f} GiB free of {usage.total / _GIB:.0f} at {place}",
            f"free the disk or name another: below {settings.log.min_free_gib} GiB the gateway takes nothing in",
            warn=share < 0.1 and free < 50, fail=free < settings.log.min_free_gib,
        )  # fmt: skip


def secrets(settings: Settings) -> Iterator[Finding]:
    """Key files: nobody else may read them."""
    files = [settings.web.secret_file, settings.web.personal_key_file, settings.gateway.secret_file, settings.gateway.rsa_key_file]
    there = sorted({path for path in files if path.is_file()} | {p for p in (settings.data / "secrets").glob("*") if p.is_file()})
    open_ = [path for path in there if path.stat().st_mode & 0o077]
    for path in open_:
        yield Finding("secrets", "fail", f"{path} may be read by others (mode {path.stat().st_mode & 0o777:03o})", f"chmod 600 {path}")
    if not open_:
        yield ok("secrets", f"{len(there)} key files, mode 0600" if there else "no key files yet: made at the first start")


def doors(settings: Settings) -> Iterator[Finding]:
    """Ports: what should listen does, and what is for this machine alone is not told to the world."""
    web, gateway = settings.web.address, settings.gateway.address
    for name, (host, port), start in (("web", web, "cuntong web"), ("gateway", gateway, "cuntong gateway")):
        answers = _answers(host, port)
        yield judged(
            name, f"{'listens' if answers else 'nothing listens'} on {host}:{port}", f"start it: {start}, or cuntong up", warn=not answers
        )
    yield judged(
        "tls", f"web on {web[0]}, secure_cookies {'on' if settings.web.secure_cookies else 'off'}",
        "put a TLS proxy in front, listen on 127.0.0.1 and set [web] secure_cookies = true",
        fail=not _loopback(web[0]) and not settings.web.secure_cookies,
    )  # fmt: skip
    told = {"web": settings.web.metrics_listen, "gateway": settings.gateway.metrics_listen,
            "platforms": settings.platforms.metrics_listen}  # fmt: skip
    world = [f"[{section}] {listen}" for section, listen in told.items() if listen and not _loopback(listen.rpartition(":")[0])]
    yield judged(
        "metrics", f"internal listeners beyond this machine: {', '.join(world) or 'none'}",
        "set metrics_listen to 127.0.0.1, or keep the port behind a firewall", warn=bool(world),
    )  # fmt: skip


def backups(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """Age of the newest backup in the data folder's own folder of backups."""
    now = now or datetime.now(UTC)
    folder = settings.data / FOLDER
    found = listed(folder)
    left = list(folder.glob(f"*{PARTIAL}")) if folder.is_dir() else []
    if not found:
        yield Finding("backups", "warn", f"none in {folder}", "cuntong backup make, every night (and copy it to another machine)")
    else:
        age_h = (now - found[-1].made_at).total_seconds() / 3600
        yield judged("backups", f"{len(found)}, the newest {age_h:.0f} h old", "cuntong backup make, every night", warn=age_h > OLD_H)
    if left:
        yield Finding(
            "backups", "warn", f"{left[0]} was not finished", "look into the disk, then cuntong backup make: it clears the rest away"
        )


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1" if host in ("0.0.0.0", "") else host, port), _PORT_S):
            return True
    except OSError:
        return False


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
