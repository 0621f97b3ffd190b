"""What leaves the house beside positions: alerts, jobs, exports, webhooks, streams and feeds in the standards' forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter

from api.live.source import Pool
from api.routes import alerts, exports, feeds, jobs, ogc, webhooks
from operations.settings import ExportSettings, FeedSettings, WebhookSettings
from operations.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Outward:
    """Settings of these routes. archive: folder of the archived days; None: hot days only; key_file: of sealed secrets."""

    exports: ExportSettings = field(default_factory=ExportSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    archive: Path | None = None
    key_file: Path = Path("data/secrets/personal.key")


def routers(pool: Pool, outward: Outward) -> list[APIRouter]:
    """Routes of what leaves the house."""
    return [
        alerts.router(pool),
        jobs.router(pool, outward.exports.folder),
        ogc.router(pool),
        feeds.router(pool, outward.feeds),
        exports.router(pool, outward.exports, outward.archive),
        webhooks.router(pool, Webhooks(outward.webhooks, outward.key_file)),
    ]
