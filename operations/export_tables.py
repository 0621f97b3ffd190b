"""What can be exported: columns and rights of each table. Its statements stand in `export_store.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.errors import RefusedError

FORMATS = ("csv", "xlsx", "geojson", "gpx", "parquet")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpx": "application/gpx+xml",
    "parquet": "application/vnd.apache.parquet",
}
MOST_DAYS = 31
"""Days of positions in one export; a day more, because a span need not begin at midnight."""
MOST_VEHICLES = 500


@dataclass(frozen=True, slots=True)
class Column:
    """One column: kind "int", "real", "text", "time", "day", "bool" or "json"."""

    name: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """One thing that can be exported.

    Args:
        right: of `operations.rights`, beside exports:make.
        places: pairs of longitude and latitude columns, degrees: one draws a point, two a line. Empty: it cannot be drawn.
        spans: "none": it knows no time; "day" or "time": first and until bound it; "must": they have to be given.
    """

    name: str
    right: str
    columns: tuple[Column, ...]
    places: tuple[tuple[str, str], ...] = ()
    spans: str = "none"

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats that it can be written in."""
        fitting = ("csv", "xlsx", "parquet") + (("geojson",) if self.places else ())
        return (*fitting, "gpx") if self.name == "positions" else fitting


@dataclass(frozen=True, slots=True)
class Order:
    """What to export.

    Args:
        of: key of `TABLES`; format: of `FORMATS`.
        vehicle_ids, operator_id, region_code: filters; empty and None: no filter.
        first, until: [first, until) of tables that know a time.
        stream: of the audit log. crs: "wgs84", or "gcj02" for maps that show the shifted datum.
    """

    of: str
    format: str
    vehicle_ids: Sequence[int] = ()
    operator_id: int | None = None
    region_code: str | None = None
    first: datetime | None = None
    until: datetime | None = None
    stream: str | None = None
    crs: str = "wgs84"
    more: Mapping[str, Any] = field(default_factory=dict)

    def table(self) -> Table:
        """The table; RefusedError when the order does not fit it."""
        table = TABLES.get(self.of)
        if table is None:
            raise RefusedError(f"no export of {self.of[:40]!r}; there are {', '.join(TABLES)}", field="of")
        if self.format not in table.formats:
            raise RefusedError(f"{self.of} are written as {', '.join(table.formats)}", field="format")
        if self.first is not None and self.until is not None and self.first >= self.until:
            raise RefusedError("from must lie before to", field="from")
        if table.spans == "must":
            self._bounded()
        return table

    def _bounded(self) -> None:
        if self.first is None or self.until is None or self.until - self.first > timedelta(days=MOST_DAYS + 1):
            raise RefusedError(f"{self.of} need from and to, at most {MOST_DAYS} days apart", field="from")
        if not self.vehicle_ids or len(self.vehicle_ids) > MOST_VEHICLES:
            raise RefusedError(f"{self.of} need vehicle_id, 1 to {MOST_VEHICLES} of them", field="vehicle_id")

    def said(self) -> dict[str, Any]:
        """The order as JSON: for the job and the audit log."""
        return {
            "of": self.of, "format": self.format, "vehicle_ids": list(self.vehicle_ids), "operator_id": self.operator_id,
            "region_code": self.region_code, "first": self.first.isoformat() if self.first else None,
            "until": self.until.isoformat() if self.until else None, "stream": self.stream, "crs": self.crs,
        }  # fmt: skip

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Order:
        """The order that `said` gave."""
        times = {name: datetime.fromisoformat(said[name]) if said.get(name) else None for name in ("first", "until")}
        return cls(
            said["of"], said["format"], tuple(said["vehicle_ids"]), said["operator_id"], said["region_code"], times["first"],
            times["until"], said["stream"], said["crs"],
        )  # fmt: skip


def _columns(words: str) -> tuple[Column, ...]:
    return tuple(Column(*word.split(":")) for word in words.split())


_VEHICLE = "vehicle_id:int plate plate_colour:int "

TABLES = {
    table.name: table
    for table in (
        Table(
            "vehicles", "vehicles:read",
            _columns(_VEHICLE + "vehicle_class state operator_id:int operator region_code line_id:int dangerous_goods:bool terminal_id "
                     "time:time lon:real lat:real speed_kmh:real"),
            (("lon", "lat"),),
        ),
        Table(
            "positions", "positions:read",
            _columns(_VEHICLE + "time:time received:time lon:real lat:real speed_kmh:real heading_deg:int altitude_m:int odometer_m:int "
                     "located:bool status_bits:int alarm_bits:int source:int"),
            (("lon", "lat"),), "must",
        ),
        Table(
            "days", "days:read",
            _columns(_VEHICLE + "day:day matched_m:int on_road_m:int off_road_m:int inferred_m:int ferry_m:int low_m:int high_m:int "
                     "gps_raw_m:int complete_m:int total_track_m:int records:int qualified_records:int drift_points:int planned_trips:int "
                     "run_trips:int n_minor:int n_general:int n_severe:int final:bool revision:int evidence_hash"),
            (), "day",
        ),
        Table(
            "trips", "days:read",
            _columns(_VEHICLE + "day:day seq:int from_time:time to_time:time length_m:real from_lon:real from_lat:real to_lon:real to_lat:real"),
            (("from_lon", "from_lat"), ("to_lon", "to_lat")), "day",
        ),
        Table(
            "alerts", "alerts:read",
            _columns("alert_id:int rule_id severity condition state subject_kind subject vehicle_id:int plate plate_colour:int "
                     "operator_id:int region_code opened:time closed:time lon:real lat:real peak:real amount:real result found_by quality "
                     "acknowledged_at:time resolved_at:time confirmed_at:time supervised:bool"),
            (("lon", "lat"),), "time",
        ),
        Table("audit", "audit:read", _columns("stream seq:int at actor role address trace_id action object payload hash"), (), "time"),
        Table("operators", "registry:read", _columns("operator_id:int name name_en region_code operator_licence")),
        Table("terminals", "registry:read", _columns("terminal_id vehicle_id:int plate plate_colour:int state profile region_code maker model")),
        Table("lines", "registry:read", _columns("line_id:int code name name_en kind operator_id:int region_code")),
        Table("stations", "registry:read", _columns("station_id:int name name_en kind region_code lon:real lat:real"), (("lon", "lat"),)),
    )
}  # fmt: skip
"""Everything that can be exported, by name."""
