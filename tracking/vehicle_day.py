"""The vehicle-day: what one vehicle did on one day, as money and statistics read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from numpy.typing import NDArray

from tracking.excursions import ExcursionParameters
from tracking.indicators import QualityParameters
from tracking.matched import Match
from tracking.mileage import MeasureContext
from tracking.odometer import Ratio
from tracking.parameters import MatchParameters
from tracking.passages import LineRun, PassageParameters
from tracking.segments import MileageParameters, Segments
from tracking.trips import Stations, TripParameters


@dataclass(frozen=True, slots=True)
class DayParameters:
    """Everything that a day's figures depend on besides fixes, roads, lines and context.

    margin_s: fixes so long before and after the day are matched with it; online_gap_s: stored fixes so far apart are still
    online; moving_kmh: not still and at least so fast is moving; datum_share: so much off the road asks for the datum, over
    datum_m (shares and online_gap_s ours).
    """

    margin_s: float = 900.0
    online_gap_s: float = 300.0
    moving_kmh: float = 5.0
    datum_share: float = 0.3
    datum_m: float = 5_000.0
    outside_m: float = 500.0
    match: MatchParameters = field(default_factory=MatchParameters)
    excursions: ExcursionParameters = field(default_factory=ExcursionParameters)
    mileage: MileageParameters = field(default_factory=MileageParameters)
    trips: TripParameters = field(default_factory=TripParameters)
    passages: PassageParameters = field(default_factory=PassageParameters)
    quality: QualityParameters = field(default_factory=QualityParameters)


@dataclass(frozen=True, slots=True)
class DayContext:
    """What is known of the vehicle on the day besides its fixes; stored with the result.

    ratio: of the odometer over final days, None when unknown; usual_interval_s: its reporting interval, None when unknown;
    odometer_before_m: reading at the last fix before the day, None when unknown; duties: planned (from, to) epoch ms, empty
    when none are planned; planned_trips: from the timetable, None when there is none.
    """

    vehicle_id: int = 0
    plate: str = ""
    vehicle_class: str = "unknown"
    profile: str = "bus"
    line_id: str | None = None
    ratio: Ratio | None = None
    usual_interval_s: float | None = None
    odometer_before_m: int | None = None
    duties: tuple[tuple[int, int], ...] = ()
    planned_trips: int | None = None

    def measuring(self, window_ms: tuple[int, int]) -> MeasureContext:
        """The part that mileage reads."""
        return MeasureContext(self.ratio, self.usual_interval_s, window_ms)


@dataclass(frozen=True, slots=True)
class VehicleDay:
    """The golden columns, integers: metres, milliseconds, counts.

    matched_m is the mileage: all driven segments, with its parts and 95 per cent interval; odo_* None without readings.
    """

    matched_m: int = 0
    on_road_m: int = 0
    off_road_m: int = 0
    inferred_m: int = 0
    ferry_m: int = 0
    low_m: int = 0
    high_m: int = 0
    gps_raw_m: int = 0
    off_route_m: int = 0
    odo_start_m: int | None = None
    odo_end_m: int | None = None
    complete_m: int = 0
    total_track_m: int = 0
    records: int = 0
    qualified_records: int = 0
    drift_points: int = 0
    duty_ms: int = 0
    online_ms: int = 0
    planned_trips: int = 0
    run_trips: int = 0
    n_minor: int = 0
    n_general: int = 0
    n_severe: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DayResult:
    """All that was found on one day of one vehicle.

    trips, stays: rows of `TRIP` and `STAY`; their fixes are rows of `fixes`, the `POSITION` rows used, in time order, margin
    included; match None without a network; runs of lines; edge_speeds: rows of `EDGE_SPEED`; input_hash over everything the
    result depends on, evidence_hash over fixes, path and segments: hexadecimal sha256.
    """

    day: date
    context: DayContext
    figures: VehicleDay
    fixes: NDArray[Any]
    match: Match | None
    segments: Segments
    trips: NDArray[Any]
    stays: NDArray[Any]
    runs: tuple[LineRun, ...]
    edge_speeds: NDArray[Any]
    map_version: str
    match_version: str
    input_hash: str
    evidence_hash: str


@dataclass(frozen=True, slots=True)
class DayLines:
    """Lines and stations a day is judged by: lines as `LinePath`s, every direction and variant; stations, None for none."""

    lines: tuple[Any, ...] = ()
    stations: Stations | None = None
