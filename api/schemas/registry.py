"""The registry: models of every kind, built from the one table of kinds (`operations/registry/entities.py`)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, create_model

from api.schemas.plain import Note
from operations.registry.kinds import Field as Said
from operations.registry.kinds import Kind
from operations.registry.values import FIRST_DAY, MOST_FEN

Standing = Literal["unregistered", "draft", "submitted", "returned", "reviewed", "active", "suspended", "expired", "revoked"]
_PLAIN: dict[str, Any] = {
    "integer": int, "day": date, "flag": bool, "colour": int, "money": int, "degrees": float, "link": int,
}  # fmt: skip


class Life(BaseModel):
    """Where an entity of the registry stands, and who brought it there (numbers of accounts)."""

    standing: Standing
    standing_reason: str | None = Field(description="why it was sent back, suspended, expired or revoked")
    standing_at: AwareDatetime
    edited_by: int | None
    submitted_by: int | None
    reviewed_by: int | None
    approved_by: int | None
    approved_at: AwareDatetime | None
    changed_at: AwareDatetime


class ActAsked(BaseModel):
    """A step of the life cycle."""

    model_config = ConfigDict(extra="forbid")

    reason: Note | None = Field(default=None, description="needed to return, suspend and revoke", examples=["年检过期"])


class Binding(BaseModel):
    """A terminal in a vehicle; bound_to null: still."""

    terminal_id: str
    vehicle_id: int
    plate: str | None
    plate_colour: int | None
    bound_from: AwareDatetime
    bound_to: AwareDatetime | None


class BindingList(BaseModel):
    """Which terminal rode in which vehicle and when, newest first."""

    bindings: list[Binding]


class BindingAsked(BaseModel):
    """The terminal that rides in the vehicle from now on."""

    model_config = ConfigDict(extra="forbid")

    terminal_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")] = Field(examples=["13912344329"])


class Assigned(BaseModel):
    """A driver of a vehicle; valid_to null: still."""

    vehicle_id: int
    driver_id: int
    name: str = Field(examples=["罗大勇"])
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None


class AssignedList(BaseModel):
    """Who drives or drove the vehicle, newest first."""

    drivers: list[Assigned]


class DriverAsked(BaseModel):
    """The driver who may drive the vehicle from now on."""

    model_config = ConfigDict(extra="forbid")

    driver_id: Annotated[int, Field(ge=1, le=2_147_483_647, examples=[5])]


class HistoryRow(BaseModel):
    """An act on an entity, out of the audit log."""

    seq: int = Field(description="number in the registry's stream of the audit log")
    at: datetime
    actor: str
    role: str
    action: str
    changes: dict[str, Any] = Field(
        description="before and after of each changed field; of a new entity its fields", examples=[{"seats": [19, 29]}]
    )


class HistoryList(BaseModel):
    """What was done to an entity, oldest first."""

    acts: list[HistoryRow]


class PersonalSeen(BaseModel):
    """Personal fields in clear, by field; null where nothing is known."""

    personal: dict[str, str | None] = Field(examples=[{"phone": "13812345678"}])


class EndingSeen(BaseModel):
    """Something that ends or has ended."""

    kind: str
    key: str
    name: str
    field: str = Field(examples=["inspection_valid_to"])
    ends_on: date
    standing: Standing


class EndingList(BaseModel):
    """The earliest first, at most 1,000."""

    ending: list[EndingSeen]


class BadRowSeen(BaseModel):
    """A row that cannot be taken; line 0: several together; column "": the row."""

    line: int
    column: str
    reason: str


class ImportReport(BaseModel):
    """Outcome of an import: all rows were written, or, with a single bad one, none."""

    kind: str
    written: bool
    rows: int
    made: int
    changed: int
    bound: int = Field(description="terminals that ride in another vehicle than before")
    faults: int = Field(description="how many faults there are; `bad` holds the first 1,000, the report as a file all")
    bad: list[BadRowSeen]


def seen(kind: Kind) -> type[BaseModel]:
    """Model of an entity as it is told."""
    fields: dict[str, Any] = {kind.key: (str if kind.word == "terminals" else int, Field(description="key"))}
    for said in kind.fields:
        if said.name != kind.key:
            about = said.zh + (", masked" if said.personal else ", fen" if said.type == "money" else "")
            fields[said.name] = (_PLAIN.get(said.type, str) | None, Field(description=about))
    for told in kind.told:
        fields[told.name] = (_PLAIN.get(told.type, str) | None, Field(description=f"{told.zh}: {told.about}"))
    return create_model(f"{_name(kind)}Seen", __base__=Life, __doc__=f"{kind.zh}.", **fields)


def list_of(kind: Kind, item: type[BaseModel]) -> type[BaseModel]:
    """Model of a page."""
    return create_model(f"{_name(kind)}List", __doc__=f"{kind.zh}, by key.", items=(list[item], ...))  # type: ignore[valid-type]


def wanted(kind: Kind, *, change: bool) -> type[BaseModel]:
    """Model of a new entity, or of a change: there every field may be missing, and null empties one."""
    fields: dict[str, Any] = {}
    for said in kind.fields:
        if change and said.name == kind.key:
            continue
        needed = said.required and said.default is None and not change
        told = _told(said)
        fields[said.name] = (told if needed else told | None, Field(default=... if needed else None, description=said.zh))
    if kind.word == "terminals" and not change:
        fields["vehicle_id"] = (
            Annotated[int, Field(ge=1, le=2**31 - 1)] | None,
            Field(default=None, description="vehicle that it rides in"),
        )
    name = f"{_name(kind)}{'Change' if change else 'Wanted'}"
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=f"{kind.zh}.", **fields)


def _told(said: Said) -> Any:
    if said.type == "choice":
        return Literal[tuple(said.choices)]
    if said.type == "day":
        return Annotated[date, Field(ge=FIRST_DAY)]
    if said.type == "degrees":
        most = 180 if said.name == "lon" else 90
        return Annotated[float, Field(ge=-most, le=most, allow_inf_nan=False)]
    if said.type == "flag":
        return bool
    if said.type in _PLAIN:
        most = {"integer": said.most, "money": MOST_FEN, "link": 2**31 - 1, "colour": 99}[said.type]
        least = {"integer": said.least, "link": 1}.get(said.type, 0)
        return Annotated[int, Field(ge=least, le=most)]
    return Annotated[str, StringConstraints(max_length=said.most, pattern=r"^[^\u0000]*$")]


def _name(kind: Kind) -> str:
    return {"permits": "Permit", "companies": "Company", "persons": "Person"}.get(kind.word, kind.table.capitalize()) + (
        "Stop" if kind.word == "stops" else ""
    )
