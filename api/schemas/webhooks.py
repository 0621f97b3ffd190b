"""Webhooks and what was sent to them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Topic = Annotated[str, StringConstraints(pattern=r"^(\*|(alert|job|registry|vehicle)\.(\*|[a-z_]{1,40}))$")]
"""`alert.opened`, `alert.*` or `*`."""

_Url = Annotated[str, StringConstraints(min_length=8, max_length=2_000, pattern=r"^https?://[!-~]+$")]
_Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\u0000]*$")]
DeliveryState = Literal["waiting", "delivered", "parked"]


class NewWebhook(BaseModel):
    """Where to send what."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"url": "https://example.org/hook", "topics": ["alert.*", "job.done"]}}
    )

    url: _Url
    topics: list[Topic] = Field(min_length=1, max_length=20)
    description: _Text = ""


class WebhookChange(BaseModel):
    """What to change; what is not given stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"active": False}})

    url: _Url | None = None
    topics: list[Topic] | None = Field(default=None, min_length=1, max_length=20)
    description: _Text | None = None
    active: bool | None = None


class WebhookSeen(BaseModel):
    """A webhook; waiting and parked: deliveries in these states."""

    webhook_id: int
    user_id: int
    url: str
    topics: list[str]
    description: str
    active: bool
    created: AwareDatetime
    changed: AwareDatetime
    waiting: int
    parked: int


class WebhookMade(WebhookSeen):
    """A webhook with its secret, which is told once."""

    secret: str


class WebhookList(BaseModel):
    """Webhooks, by number."""

    webhooks: list[WebhookSeen]


class DeliverySeen(BaseModel):
    """One event for one webhook; status: HTTP status of the last answer, null when there was none."""

    delivery_id: UUID
    topic: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None
    body: str
    created: AwareDatetime
    next: AwareDatetime | None = Field(description="of a waiting one, the next try")
    until: AwareDatetime = Field(description="tried until then, then parked")
    done: AwareDatetime | None


class DeliveryList(BaseModel):
    """Deliveries, the newest first."""

    deliveries: list[DeliverySeen]
