"""`/api/v1/explain`: every byte of pasted frames with its name and value, as `cuntong explain` prints it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.asking import may
from api.schemas.explain import Asked, Explained, Profile, ProfileList
from domain.errors import RefusedError
from operations.identity import Principal
from protocols.explain import explain, parse_hex
from protocols.jt808.framing import DELIMITER
from protocols.jt808.profile import PROFILES, STANDARD

MOST_FRAMES = 100
Using = Annotated[Principal, Depends(may("explain:use"))]


def router() -> APIRouter:
    """Routes that explain; nothing of what is asked is kept."""
    routes = APIRouter(prefix="/api/v1/explain", tags=["explain"])

    @routes.post("")
    def explained(principal: Using, asked: Asked) -> Explained:
        """Explain at most 100 frames; 422 names what is not hexadecimal, no profile or no language."""
        if asked.profile not in PROFILES:
            raise RefusedError(f"no profile {asked.profile[:40]!r}, one of {', '.join(_names())}", field="profile")
        count = sum(1 for run in parse_hex(asked.hex).split(bytes((DELIMITER,))) if run)
        if count > MOST_FRAMES:
            raise RefusedError(f"{count} frames; at most {MOST_FRAMES} at a time", field="hex")
        return Explained.model_validate(explain(asked.hex, PROFILES[asked.profile], asked.language).as_json(asked.language))

    @routes.get("/profiles")
    def profiles(principal: Using) -> ProfileList:
        """Ways in which terminals speak."""
        rows = (PROFILES[name] for name in _names())
        return ProfileList(profiles=[Profile(name=p.name, parents=list(p.parents), version=p.version, charset=p.charset) for p in rows])

    return routes


def _names() -> list[str]:
    return sorted(PROFILES, key=lambda name: (name != STANDARD.name, name))
