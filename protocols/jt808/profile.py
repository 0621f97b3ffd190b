"""Vendor profiles as data: `profiles/*.toml`, checked when they are read.

An unknown key, an unknown kind or a value out of its set is a RefusedError that names file and line. A profile changes only
between frames.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from types import MappingProxyType
from typing import Any

from domain.errors import RefusedError
from protocols.jt808.extras import ExtraLayout, ItemTable, extra_layouts
from protocols.jt808.profile_rows import ProfileFile, item_layouts, over
from protocols.kinds.alarm_id import FORMS

_CHOICES: dict[str, tuple[Any, ...]] = {
    "version": ("auto", "2013", "2019"),
    "delimiter": ("7e", "e7", "ascii"),
    "charset": ("gbk", "utf-8", "auto"),
    "id_form": ("bcd", "imei48"),
    "before_auth": ("refuse", "accept"),
    "trust_length": (True, False),
    "fixed_tail": (True, False),
    "maker_id_0107": (5, 11),
    "maker_id_8108": (5, 11),
    "stream_sim_bytes": (6, 10),
    "alarm_id": tuple(FORMS),
    "rsa_padding": ("pkcs1v15", "none"),
    "rsa_scope": ("packet", "message"),
}
_LINE = re.compile(r"line (\d+)")
_MATCHES = ("maker", "model")
LAST_NUMBER = 255
ANSWERS = (0, 0x8001, 0x8004, 0x8109, 0x4401)
"""Ids of answers that a profile may choose; 0 for none."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one make of terminal speaks.

    Attributes:
        name: file name without its ending.
        number: what log records call it, 0 to 255; never given to another profile.
        parents: profiles it extends, nearest first.
        version: "auto", or the version whose header it always uses.
        delimiter: hexadecimal.
        charset: "gbk", "utf-8", or "auto" (see `protocols.kinds.text.decode_text`).
        utc_offset_min: device clock ahead of UTC, minutes.
        id_form: how the header's id is read.
        before_auth: "refuse" answers 1 to messages before authentication, "accept" takes them.
        trust_length: False keeps frames whose declared body length is wrong.
        fixed_tail: True where exactly 18 bytes behind the fixed fields of a position are an old tail and no items.
        maker_id_0107, maker_id_8108: bytes of the maker's id that are written in these messages in 2019.
        stream_sim_bytes: bytes of the terminal's number in stream packets of JT/T 1078.
        alarm_id: form of alarm identifiers, a key of `FORMS`.
        rsa_padding, rsa_scope: how bodies are encrypted, and whether each packet by itself or the message before it is cut.
        answers: id of the answer by id of the message, beyond the standard's.
        match: values of a registration that choose the profile: `maker`, `model`.
        extras: layouts of additional items by id, parents' included.
    """

    name: str
    parents: tuple[str, ...] = ()
    version: str = "auto"
    delimiter: str = "7e"
    charset: str = "gbk"
    utc_offset_min: int = 480
    id_form: str = "bcd"
    before_auth: str = "refuse"
    trust_length: bool = True
    fixed_tail: bool = False
    maker_id_0107: int = 11
    maker_id_8108: int = 5
    stream_sim_bytes: int = 6
    alarm_id: str = "su"
    rsa_padding: str = "pkcs1v15"
    rsa_scope: str = "packet"
    answers: Mapping[int, int] = field(default_factory=dict)
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extras: ItemTable = field(default_factory=ItemTable)
    number: int = 0

    @property
    def utc_offset_ms(self) -> int:
        """Device clock ahead of UTC, milliseconds."""
        return self.utc_offset_min * 60_000

    @property
    def reads_as_standard(self) -> bool:
        """True when the fixed fields and columns of its positions are read as the standard's: the batch path may take them."""
        return (self.delimiter, self.id_form, self.version, self.fixed_tail, self.utc_offset_min) == ("7e", "bcd", "auto", False, 480)

    def own_extras(self, profiles: Mapping[str, Profile]) -> list[tuple[int, ExtraLayout]]:
        """Items that a file of this profile brings: its parent does not know them, or lays them out otherwise."""
        inherited = profiles[self.parents[0]].extras if self.parents else {}
        return [(item_id, layout) for item_id, layout in self.extras.items() if inherited.get(item_id) is not layout]

    def fits(self, maker: str, model: str) -> bool:
        """True when `match` names the registration's maker or model."""
        return maker in self.match.get("maker", ()) or model in self.match.get("model", ())


def rows_of(file: ProfileFile) -> dict[str, Any]:
    """The TOML of a profile's file; RefusedError with file and line where it is none."""
    try:
        return tomllib.loads(file.source)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        line = _LINE.match(place)
        at = int(line.group(1)) if line else len(file.source.splitlines()) or 1
        raise RefusedError(f"{file.name}:{at}: {reason}: this is not TOML, mend the line", field=file.name) from error


def _check(file: ProfileFile, key: str, value: Any) -> None:
    if key in _CHOICES:
        if value not in _CHOICES[key] or isinstance(value, bool) != isinstance(_CHOICES[key][0], bool):
            file.wrong(key, f"{value!r} is none of {', '.join(map(str, _CHOICES[key]))}")
    elif key == "number":
        if not isinstance(value, int) or not 0 <= value <= LAST_NUMBER:
            file.wrong(key, f"0 to {LAST_NUMBER}")
    elif key != "utc_offset_min":
        file.wrong(key, "unknown key")
    elif not isinstance(value, int) or not -720 <= value <= 840:
        file.wrong(key, "minutes from -720 to 840")


def _answers(file: ProfileFile, rows: dict[str, Any]) -> dict[int, int]:
    found = {}
    for key, value in rows.items():
        try:
            message_id = int(key, 16)
        except ValueError:
            file.wrong(key, "answers are 0x0109 = 0x8109")
        if not isinstance(value, int) or value not in ANSWERS:
            file.wrong(key, f"{value!r} is none of {', '.join(f'0x{one:04X}' for one in ANSWERS)}, 0 for no answer")
        found[message_id] = value
    return found


def _match(file: ProfileFile, rows: dict[str, Any], parents: Mapping[str, Profile]) -> dict[str, tuple[str, ...]]:
    match = {key: tuple(values) for key, values in rows.items()}
    for key, values in match.items():
        if key not in _MATCHES:
            file.wrong(key, "match knows maker and model")
        for other in parents.values():
            for value in set(values) & set(other.match.get(key, ())):
                file.wrong(value, f"{key} chooses profile {other.name} too")
    return match


def parse_profile(name: str, source: str, parents: Mapping[str, Profile], path: str = "") -> Profile:
    """A profile from its text.

    Args:
        name: name of the profile.
        source: TOML text.
        parents: profiles that `extends` may name.
        path: what messages call the file; "" for its name.
    """
    file = ProfileFile(path or f"{name}.toml", source)
    rows = rows_of(file)
    extends = rows.pop("extends", "")
    if extends and extends not in parents:
        file.wrong("extends", f"no profile {extends!r}")
    base = parents[extends] if extends else Profile(name)
    chain = (extends, *base.parents) if extends else ()
    extras = {item_id: extra_layouts[item_id, owner] for item_id, owner in extra_layouts if owner == name}
    for item_id, layout in item_layouts(file, rows.pop("extra", [])).items():
        if item_id in extras:
            file.wrong(layout.name, f"item 0x{item_id:02X} stands twice")
        extras[item_id] = layout
    match = _match(file, rows.pop("match", {}), parents)
    answers = {**base.answers, **_answers(file, rows.pop("answers", {}))}
    for key, value in rows.items():
        _check(file, key, value)
    made = ItemTable({**base.extras, **{item_id: over(own, base.extras.get(item_id)) for item_id, own in extras.items()}})
    return replace(base, name=name, parents=chain, match=match, answers=answers, extras=made, **rows)


def read(sources: Mapping[str, tuple[str, str]], made: dict[str, Profile]) -> None:
    """Read profiles, parents before those that extend them.

    Args:
        sources: (file, TOML text) by name.
        made: profiles by name; the new ones are put in.
    """
    waiting = dict(sources)
    while waiting:
        ready = [name for name, (file, text) in waiting.items() if rows_of(ProfileFile(file, text)).get("extends", "") not in waiting]
        if not ready:
            raise RefusedError(f"profiles {', '.join(sorted(waiting))} extend each other", field="extends")
        for name in sorted(ready):
            file, text = waiting.pop(name)
            made[name] = parse_profile(name, text, made, file)
            for item_id, layout in made[name].own_extras(made):
                if (item_id, name) not in extra_layouts:
                    extra_layouts.add((item_id, name), layout)


def _shipped() -> dict[str, Profile]:
    entries = (entry for entry in (resources.files("protocols.jt808") / "profiles").iterdir() if entry.name.endswith(".toml"))
    made: dict[str, Profile] = {}
    read({entry.name.removesuffix(".toml"): (entry.name, entry.read_text("utf-8")) for entry in entries}, made)
    return made


_known = _shipped()

PROFILES: Mapping[str, Profile] = MappingProxyType(_known)
"""Profiles by name: the shipped ones, and those of `profile_folder.add`."""

STANDARD = PROFILES["standard"]
"""The standard's own layouts."""

_numbered = {profile.number: profile for profile in PROFILES.values()}

BY_NUMBER: Mapping[int, Profile] = MappingProxyType(_numbered)
"""The same by the number in log records."""


def adopt(made: Mapping[str, Profile]) -> None:
    """Let `PROFILES` and `BY_NUMBER` know these too."""
    _known.update(made)
    _numbered.update({profile.number: profile for profile in made.values()})
