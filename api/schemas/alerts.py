"""Alerts and the steps that people take on them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.plain import Instant, Note, Word

State = Literal["new", "acknowledged", "handling", "resolved", "returned", "appealed", "confirmed", "false_alarm", "waived", "auto_closed"]
Condition = Literal["active", "cleared", "withdrawn"]
Severity = Literal["notice", "minor", "general", "severe", "firm"]
Step = Literal[
    "acknowledge", "handle", "resolve", "confirm", "return", "appeal", "uphold", "dismiss", "supervise", "assign", "note", "attach",
    "auto_close",
]  # fmt: skip
Attachment = Word
"""SHA-256 of a stored file, or another reference to the proof."""


class AlertQuery(BaseModel):
    """Which alerts."""

    model_config = ConfigDict(populate_by_name=True)

    state: list[State] = Field(default=[], max_length=10, description="any of these")
    severity: list[Severity] = Field(default=[], max_length=5, description="any of these")
    rule: str | None = Field(default=None, pattern=r"^[A-Z0-9-]{1,32}\*?$", description="rule id; with * at its end its beginning")
    condition: Condition | None = None
    open: bool = Field(default=False, description="those alone that still need somebody")
    vehicle_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    operator_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    region_code: str | None = Field(default=None, pattern="^[1-9][0-9]{5}$", description="GB/T 2260 code: of its subtree alone")
    first: Instant | None = Field(default=None, alias="from", description="opened at or after")
    until: Instant | None = Field(default=None, alias="to", description="opened before")


class AlertSeen(BaseModel):
    """A violation and where its handling stands; times RFC 3339, places WGS-84 degrees, null where there is none."""

    alert_id: int
    rule_id: str = Field(description="rule of the catalogue, such as SPD-LIMIT")
    rule_version: int
    threshold_id: str = Field(description="hash of the threshold rows that were used")
    map_version: str | None
    subject_kind: str
    subject: str
    vehicle_id: int | None
    driver_id: int | None
    operator_id: int | None
    region_code: str | None
    vehicle_class: str
    plate: str | None
    plate_colour: int | None
    opened: AwareDatetime
    closed: AwareDatetime | None
    last: AwareDatetime
    lon: float | None
    lat: float | None
    peak: float | None
    amount: float | None
    severity: Severity
    condition: Condition = Field(description="of the violation; independent of the state")
    provisional: bool = Field(description="judged live; the final day may correct it")
    found_by: str
    quality: str
    evidence_hash: str | None
    facts: dict[str, Any]
    state: State = Field(description="of the handling")
    revision: int = Field(description="counts every change of condition and state")
    result: str | None
    resolved_by: int | None
    confirmed_by: int | None
    assigned_to: int | None
    acknowledged_at: AwareDatetime | None
    handled_at: AwareDatetime | None
    resolved_at: AwareDatetime | None
    confirmed_at: AwareDatetime | None
    planned_for: AwareDatetime | None
    due_at: AwareDatetime | None
    supervised: bool


class AlertList(BaseModel):
    """Alerts, the newest first."""

    alerts: list[AlertSeen]


class AlertPoint(BaseModel):
    """Where an alert opened."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class AlertFeature(BaseModel):
    """An alert as a GeoJSON feature; geometry null when it has no place."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: AlertPoint | None
    properties: AlertSeen


class AlertFeatures(BaseModel):
    """Alerts as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[AlertFeature]


class ActionSeen(BaseModel):
    """A step that was taken; user_id null: the system."""

    action_id: int
    step: Step
    from_state: State
    to_state: State
    user_id: int | None
    actor: str
    payload: dict[str, Any]
    at: AwareDatetime


class AlertWhole(AlertSeen):
    """An alert with its steps, and those that may follow."""

    actions: list[ActionSeen]
    steps: list[Step] = Field(description="steps that fit its state; who may take them is a matter of rights")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Acknowledge(_Body):
    """Seen, somebody takes it on."""

    note: Note | None = None


class Handle(_Body):
    """Something was done about it; planned_for: it will be finished later."""

    action: Literal["text", "call", "dispatch", "command"]
    summary: Note | None = None
    command_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    number: Word | None = None
    planned_for: Instant | None = None


class Resolve(_Body):
    """What came of it; a severe alert needs an attachment."""

    result: Literal[
        "warned", "trained", "fined_by_operator", "stopped_driving", "terminal_repaired", "line_changed", "false_alarm", "other"
    ]
    note: Note
    attachments: list[Attachment] = Field(default=[], max_length=20)


class Confirm(_Body):
    """A second person agrees with the result."""

    note: Note | None = None


class Return(_Body):
    """It is not settled: do it again until `due`."""

    reason: Note
    due: Instant


class Supervise(_Body):
    """A supervision order; level 0 urgent, 1 normal."""

    order_id: Word
    due: Instant
    level: int = Field(default=1, ge=0, le=1)
    note: Note | None = None


class Appeal(_Body):
    """The operator or the driver disagrees."""

    grounds: Note
    attachments: list[Attachment] = Field(default=[], max_length=20)


class Decide(_Body):
    """On an appeal."""

    decision: Note


class Assign(_Body):
    """Whose matter it is."""

    user_id: int = Field(ge=1, le=2**31 - 1)


class Remark(_Body):
    """A remark."""

    note: Note


class Attach(_Body):
    """Further proofs."""

    attachments: list[Attachment] = Field(min_length=1, max_length=20)
    note: Note | None = None
