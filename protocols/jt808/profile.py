"""Vendor profiles as data: `profiles/*.toml`, checked when they are read.

An unknown key, an unknown kind or a value out of its set is a RefusedError that names file and line. A profile changes only
between frames.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, NoReturn

from domain.errors import RefusedError
from protocols import fields
from protocols.jt808.extras import ExtraLayout, extra_layouts

_CHOICES: dict[str, tuple[Any, ...]] = {
    "version": ("auto", "2013", "2019"),
    "delimiter": ("7e",),
    "charset": ("gbk", "utf-8", "auto"),
    "id_form": ("bcd",),
    "before_auth": ("refuse", "accept"),
    "trust_length": (True, False),
}
_EXTRA_KEYS = {"id", "name", "en", "zh", "kind", "scale", "unit", "lengths"}
_EXTRA_KINDS = {"u8": fields.u8, "u16": fields.u16, "u32": fields.u32, "i16": fields.i16, "raw": fields.raw, "text": fields.text,
                "sign_magnitude": fields.sign_magnitude}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """How one make of terminal speaks.

    Attributes:
        name: file name without its ending.
        parents: profiles it extends, nearest first.
        version: "auto", or the version whose header it always uses.
        delimiter: hexadecimal.
        charset: "gbk", "utf-8", or "auto" (see `protocols.kinds.text.decode_text`).
        utc_offset_min: device clock ahead of UTC, minutes.
        id_form: how the header's id is read.
        before_auth: "refuse" answers 1 to messages before authentication, "accept" takes them.
        trust_length: False keeps frames whose declared body length is wrong.
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
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extras: Mapping[int, ExtraLayout] = field(default_factory=dict)

    @property
    def utc_offset_ms(self) -> int:
        """Device clock ahead of UTC, milliseconds."""
        return self.utc_offset_min * 60_000

    def fits(self, maker: str, model: str) -> bool:
        """True when `match` names the registration's maker or model."""
        return maker in self.match.get("maker", ()) or model in self.match.get("model", ())


def _wrong(file: str, source: str, key: str, reason: str) -> NoReturn:
    line = next((n for n, text in enumerate(source.splitlines(), 1) if key in text), 1)
    raise RefusedError(f"{file}:{line}: {key}: {reason}", field=key)


def _extra(file: str, source: str, row: dict[str, Any]) -> ExtraLayout:
    for key in row:
        if key not in _EXTRA_KEYS:
            _wrong(file, source, key, "unknown key of an extra")
    for key in ("id", "name", "kind"):
        if key not in row:
            _wrong(file, source, "extra", f"an extra needs {key}")
    if row["kind"] not in _EXTRA_KINDS:
        _wrong(file, source, row["kind"], f"unknown kind, one of {', '.join(sorted(_EXTRA_KINDS))}")
    words = {key: row[key] for key in ("en", "zh", "unit", "scale") if key in row}
    return ExtraLayout(row["id"], row["name"], _EXTRA_KINDS[row["kind"]](**words), tuple(row.get("lengths", ())))


def _rows(file: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise RefusedError(f"{file}: {error}", field=file) from error


def _extras(file: str, source: str, rows: list[dict[str, Any]]) -> dict[int, ExtraLayout]:
    layouts: dict[int, ExtraLayout] = {}
    for row in rows:
        layout = _extra(file, source, row)
        if layout.item_id in layouts:
            _wrong(file, source, layout.name, f"item 0x{layout.item_id:02X} stands twice")
        layouts[layout.item_id] = layout
    return layouts


def _check(file: str, source: str, key: str, value: Any) -> None:
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            _wrong(file, source, key, f"{value!r} is none of {', '.join(map(str, _CHOICES[key]))}")
    elif key != "utc_offset_min":
        _wrong(file, source, key, "unknown key")
    elif not isinstance(value, int) or not -720 <= value <= 840:
        _wrong(file, source, key, "minutes from -720 to 840")


def parse_profile(name: str, source: str, parents: Mapping[str, Profile]) -> Profile:
    """A profile from its text.

    Args:
        name: name of the profile.
        source: TOML text.
        parents: profiles that `extends` may name.
    """
    file = f"{name}.toml"
    rows = _rows(file, source)
    extends = rows.pop("extends", "")
    if extends and extends not in parents:
        _wrong(file, source, "extends", f"no profile {extends!r}")
    base = parents[extends] if extends else Profile(name)
    chain = (extends, *base.parents) if extends else ()
    extras = dict(base.extras)
    extras |= {item_id: extra_layouts[item_id, owner] for item_id, owner in extra_layouts if owner == name}
    extras |= _extras(file, source, rows.pop("extra", []))
    match = {key: tuple(values) for key, values in rows.pop("match", {}).items()}
    for key in match:
        if key not in ("maker", "model"):
            _wrong(file, source, key, "match knows maker and model")
    for key, value in rows.items():
        _check(file, source, key, value)
    return replace(base, name=name, parents=chain, match=match, extras=MappingProxyType(extras), **rows)


def _load() -> dict[str, Profile]:
    sources = {
        entry.name.removesuffix(".toml"): entry.read_text("utf-8")
        for entry in (resources.files("protocols.jt808") / "profiles").iterdir()
        if entry.name.endswith(".toml")
    }
    made: dict[str, Profile] = {}
    waiting = dict(sources)
    while waiting:
        ready = [name for name, text in waiting.items() if tomllib.loads(text).get("extends", "") in {"", *made}]
        for name in sorted(ready):
            made[name] = parse_profile(name, waiting.pop(name), made)
        if not ready:
            raise RefusedError(f"profiles {', '.join(sorted(waiting))} extend nothing that exists", field="extends")
    return made


PROFILES: Mapping[str, Profile] = MappingProxyType(_load())
"""Shipped profiles by name."""

STANDARD = PROFILES["standard"]
"""The standard's own layouts."""
