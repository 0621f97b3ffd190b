"""Relations of banned turns: what they say, and which edges they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracking.network.model import ALL_PROFILES
from tracking.network.rules import profiles, table

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Restriction:
    """A turn relation. only: everything but this turn is banned; bits: profiles it binds; via_node -1: by via_ways."""

    relation_id: int
    only: bool
    bits: int
    from_ways: tuple[int, ...]
    via_node: int
    via_ways: tuple[int, ...]
    to_ways: tuple[int, ...]


def read_restriction(relation_id: int, tags: Tags, members: Sequence[tuple[str, int, str]]) -> Restriction | str:
    """The restriction of a relation; "" when it is another kind of relation, else why it is left out.

    Args:
        relation_id: of the relation.
        tags: of the relation.
        members: (type "n", "w" or "r", ref, role).
    """
    kind = tags.get("type", "")
    if kind != "restriction" and not kind.startswith("restriction:"):
        return ""
    words = _words(tags)
    if not words:
        conditional = any(key.endswith(":conditional") for key in tags)
        return "conditional" if conditional else "without a restriction for vehicles"
    kinds = {word.split("_")[0] for word, _ in words}
    if not kinds <= {"no", "only"}:
        return "malformed: neither no nor only"
    if len(kinds) > 1:
        return "malformed: no and only at once"
    bits = 0
    for _, bound in words:
        bits |= bound
    if not bits:
        return "for none of our profiles"
    return _members(relation_id, kinds == {"only"}, bits, members)


def _words(tags: Tags) -> list[tuple[str, int]]:
    """(value, bits it binds) of every restriction tag."""
    exempt = {word.strip() for word in tags.get("except", "").split(";")}
    found = []
    for key, value in tags.items():
        if key == "restriction":
            found.append((value, ALL_PROFILES & ~_bits(exempt)))
        elif key.startswith("restriction:") and not key.endswith(":conditional"):
            found.append((value, _bits({key.removeprefix("restriction:")}) & ~_bits(exempt)))
    return found


def _bits(words: set[str]) -> int:
    """Profiles that words of traffic mean."""
    if words & set(table("access")["words"]["everybody"]):
        return ALL_PROFILES
    return sum(profile.bit for profile in profiles() if words & profile.exempt)


def _members(relation_id: int, only: bool, bits: int, members: Sequence[tuple[str, int, str]]) -> Restriction | str:
    roles: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
    for kind, ref, role in members:
        if role in roles:
            roles[role].append((kind, ref))
    if not all(roles.values()):
        return "malformed: from, via or to is missing"
    if any(kind != "w" for role in ("from", "to") for kind, _ in roles[role]):
        return "malformed: from or to is no way"
    nodes = [ref for kind, ref in roles["via"] if kind == "n"]
    ways = [ref for kind, ref in roles["via"] if kind == "w"]
    if len(nodes) + len(ways) != len(roles["via"]) or (nodes and (ways or len(nodes) > 1)):
        return "malformed: via is neither one node nor ways"
    if only and (len(roles["from"]) > 1 or len(roles["to"]) > 1):
        return "malformed: only, with several ways"
    origin, target = (tuple(ref for _, ref in roles[role]) for role in ("from", "to"))
    return Restriction(relation_id, only, bits, origin, nodes[0] if nodes else -1, tuple(ways), target)
