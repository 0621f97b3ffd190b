"""The life cycle of everything registered, as a table. The database keeps the same one (`registry_act`) and the four eyes, whoever writes."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import RefusedError

STANDINGS = ("unregistered", "draft", "submitted", "returned", "reviewed", "active", "suspended", "expired", "revoked")
"""unregistered: a terminal or vehicle that came by itself; active: approved."""


@dataclass(frozen=True, slots=True)
class Act:
    """A step that a person takes. right: what it needs; before: standings it leads from; after: where to; reason: must be said."""

    right: str
    before: tuple[str, ...]
    after: str
    reason: bool = False


ACTS = {
    "submit": Act("write", ("unregistered", "draft", "returned"), "submitted"),
    "withdraw": Act("write", ("submitted",), "draft"),
    "review": Act("registry:review", ("submitted",), "reviewed"),
    "return": Act("registry:review", ("submitted", "reviewed"), "returned", reason=True),
    "approve": Act("registry:approve", ("reviewed",), "active"),
    "suspend": Act("registry:approve", ("active",), "suspended", reason=True),
    "resume": Act("registry:approve", ("suspended",), "active"),
    "revoke": Act("registry:approve", ("draft", "returned", "unregistered", "active", "suspended", "expired"), "revoked", reason=True),
    "restore": Act("registry:approve", ("revoked",), "draft"),
}  # fmt: skip
"""Right "write" is that of the kind. Beside these the worker expires what is active or suspended, and an edit of what is active, suspended,
expired or unregistered makes it a draft again, which keeps its vehicles and terminals in service until a person revokes them."""

EDITED = ("unregistered", "draft", "returned", "active", "suspended", "expired")
"""Standings in which it may be edited."""


def act_of(name: str) -> Act:
    """Act by its name; RefusedError when there is none."""
    if name not in ACTS:
        raise RefusedError(f"no act {name!r}; there are {', '.join(ACTS)}", field="act")
    return ACTS[name]


def require(name: str, standing: str, reason: str | None) -> Act:
    """The act, when it may be taken now.

    Raises:
        RefusedError: kind "conflict": not from this standing; kind "invalid": it needs a reason.
    """
    act = act_of(name)
    if standing not in act.before:
        raise RefusedError(f"{name} leads from {', '.join(act.before)}; this one is {standing}", field="standing", kind="conflict")
    if act.reason and not (reason or "").strip():
        raise RefusedError(f"say the reason of {name}", field="reason")
    return act


def require_editable(standing: str) -> None:
    """RefusedError, kind "conflict", when it may not be edited now."""
    if standing not in EDITED:
        what = "restore it first" if standing == "revoked" else "withdraw or return it first"
        raise RefusedError(f"what is {standing} is not edited: {what}", field="standing", kind="conflict")
