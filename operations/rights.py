"""Which role may do what. Which rows a person sees is the database's matter (`storage/scope.py`); this is about acts."""

from __future__ import annotations

from domain.errors import RefusedError
from storage.scope import COUNTRY

ROLES = (
    "regulator", "platform", "operator", "driver", "passenger", "shipper", "finance", "station", "tester", "guardian", "admin",
)  # fmt: skip
"""The five ends (supervision, platform, operator, driver, demand) and staff."""

_READ = frozenset((
    "vehicles:read", "positions:read", "days:read", "registry:read", "regions:read", "roads:read", "media:read", "geofences:read",
    "figures:read", "alerts:read", "explain:use", "monitor:use", "jobs:own", "exports:make", "feeds:read",
))  # fmt: skip
_ANYBODY = frozenset(("session:own", "keys:own", "regions:read", "notices:read"))

RIGHTS: dict[str, frozenset[str]] = {
    "regulator": _ANYBODY | _READ | {
        "commands:read", "commands:send", "alerts:work", "alerts:supervise", "registry:review", "registry:approve", "persons:read", "geofences:write",
        "platforms:read", "platforms:ask", "webhooks:own", "audit:read",
    },
    "platform": _ANYBODY | _READ | {
        "commands:read", "commands:send", "alerts:work", "registry:write", "registry:review", "persons:read", "persons:write", "geofences:write", "platforms:read",
        "platforms:ask", "webhooks:own",
    },
    "operator": _ANYBODY | _READ | {
        "commands:read", "commands:send", "alerts:work", "alerts:appeal", "registry:write", "geofences:write", "webhooks:own",
    },
    "driver": _ANYBODY | {"vehicles:read", "positions:read", "days:read", "registry:read", "alerts:read", "alerts:appeal", "feeds:read"},
    "passenger": _ANYBODY,
    "shipper": _ANYBODY,
    "guardian": _ANYBODY,
    "finance": _ANYBODY | {
        "vehicles:read", "positions:read", "days:read", "registry:read", "roads:read", "figures:read", "jobs:own", "exports:make",
        "audit:read",
    },
    "station": _ANYBODY | {"vehicles:read", "positions:read", "registry:read", "feeds:read"},
    "tester": _ANYBODY | _READ | {"commands:read"},
}  # fmt: skip
RIGHTS["admin"] = frozenset().union(*RIGHTS.values()) | {
    "users:manage", "platforms:manage", "audit:read", "regions:manage", "registry:write", "jobs:all", "webhooks:all", "health:read",
}  # fmt: skip

PERSONAL = "personal:unmask"
"""Seeing identity cards, phones and addresses in clear: given to an account by name, never with a role."""


def rights_of(role: str, *, unmask: bool = False) -> frozenset[str]:
    """What a role may do; `unmask` adds `PERSONAL`.

    Raises:
        RefusedError: no such role.
    """
    if role not in RIGHTS:
        raise RefusedError(f"no role {role!r}; there are {', '.join(ROLES)}", field="role")
    return RIGHTS[role] | {PERSONAL} if unmask else RIGHTS[role]


def within(region_code: str, root: str) -> bool:
    """A GB/T 2260 code lies in the subtree of another (100000: the whole country)."""
    return region_code.startswith("" if root == COUNTRY else root.removesuffix("00").removesuffix("00"))
