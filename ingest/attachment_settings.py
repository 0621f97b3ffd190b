"""Settings of the attachment server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class AttachmentSettings:
    """The attachment server of active safety; listen "": it does not run.

    server: HOST:PORT that terminals are told, as seen from them; "": the files are taken, but none is ordered. folder: where they lie;
    files of an alarm, file_mib of a file, links at a time; under min_free_gib nothing is taken; idle_s of silence close a link.
    again_after_s: an order whose files have not all come is repeated after so long, `orders` times in all; expires_h: a terminal that is
    off line hears it until then.
    """

    listen: str = ""
    server: str = ""
    metrics_listen: str = "127.0.0.1:7615"
    folder: Path = Path("data/attachments")
    files: int = 32
    file_mib: int = 64
    links: int = 500
    idle_s: int = 300
    min_free_gib: float = 1.0
    again_after_s: int = 60
    orders: int = 4
    expires_h: int = 24

    def __post_init__(self) -> None:
        for name in ("listen", "server"):
            value = getattr(self, name)
            host, _, port = value.rpartition(":")
            if value and (not host or not port.isdigit() or int(port) > 65_535):
                raise RefusedError(f"attachments.{name}: {value!r} is not HOST:PORT", field=f"attachments.{name}")
