"""Prometheus counters of the web door. Labels are small closed sets, never plates or ids."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

TICK_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """All counters of one web process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge("web_sockets", "Open live sockets", registry=self.registry)
        self.sent_frames = Counter("web_frames_sent", "Live frames sent", registry=self.registry)
        self.sent_bytes = Counter("web_frame_bytes_sent", "Bytes of live frames sent", registry=self.registry)
        self.lagging = Counter("web_lagging", "Times a slow client lost its deltas", registry=self.registry)
        self.packs = Counter("web_frame_packs", "Frames packed", ["detail"], registry=self.registry)
        self.pack_seconds = Histogram("web_pack_seconds", "CPU seconds of packing a tick", buckets=TICK_BUCKETS, registry=self.registry)
        self.failed_ticks = Counter("web_failed_ticks", "Ticks for which storage did not answer", registry=self.registry)
        self.tick_age = Gauge("web_tick_age_seconds", "Age of the newest live tick", registry=self.registry)
        self.vehicles = Gauge("web_live_vehicles", "Vehicles with a place", registry=self.registry)
        self.streams = Gauge("web_alert_streams", "Open alert streams", registry=self.registry)
        self.dropped_streams = Counter("web_alert_streams_dropped", "Alert streams whose reader was too slow", registry=self.registry)
        self.logins = Counter("web_logins", "Logins", ["result"], registry=self.registry)
        self.requests = Histogram("web_request_seconds", "Request durations", ["route", "status"], registry=self.registry)
