"""Documents, JSON schema and readable values, all from the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from domain.units import SHANGHAI, instant
from protocols.definition import DOWN, UP, Definition, definition_of
from protocols.fields import VERSIONS, FieldSpec, Words
from protocols.gbt19056.layouts import NAMES, blocks
from protocols.jt808.extras import ExtraLayout
from protocols.jt808.extras.base import words_of
from protocols.jt808.parameters import parameter_layouts
from protocols.jt808.profile import PROFILES
from protocols.jt808.registry import messages
from protocols.kinds import Nested, Spec

LANGUAGES = ("en", "zh")
_MANY_LENGTHS = 12


def said(words: Words, language: str) -> str:
    """The word in a language."""
    return words[1] if language == "zh" and words[1] else words[0]


def field_words(name: str, spec: Spec) -> Words:
    """(English, 中文) of a field."""
    english = spec.en or name.replace("_", " ")
    return english, spec.zh or english


def readable(value: Any, spec: Spec | None, language: str) -> str:
    """A value as people read it: scaled, with its unit, names of values and of bits."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if spec is None or value is None:
        return "—" if value is None else str(value)
    if isinstance(spec, FieldSpec) and spec.kind.is_clock:
        return _clock(value, utc=getattr(spec.kind, "utc", False))
    if spec.bits is not None:
        width = 2 * getattr(getattr(spec, "kind", None), "size", 4)
        names = [said(words, language) for bit, words in spec.bits.items() if value >> bit & 1]
        unnamed = [f"bit {bit}" for bit in range(value.bit_length()) if value >> bit & 1 and bit not in spec.bits]
        return f"0x{value:0{width}X}" + (f" ({', '.join(names + unnamed)})" if value else "")
    if spec.names is not None:
        return f"{value} ({said(spec.names[value], language)})" if value in spec.names else str(value)
    if spec.scale != 1.0:
        decimals = len(f"{spec.scale:f}".rstrip("0").partition(".")[2])
        return _with_unit(f"{value * spec.scale:.{decimals}f}", spec.unit)
    return _with_unit(str(value), spec.unit)


def _with_unit(number: str, unit: str) -> str:
    return number + (unit if unit in ("°", "℃") else f" {unit}" if unit else "")


def _clock(t_ms: int, *, utc: bool) -> str:
    when = instant(t_ms)
    return when.strftime("%Y-%m-%d %H:%M:%SZ") if utc else when.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")


def markdown(message_id: int, profile: str = "standard") -> str:
    """Document of one message: a table per layout; RefusedError for an unknown id."""
    definition = definition_of(messages[message_id, profile])
    way = "platform → terminal" if definition.way is DOWN else "terminal → platform"
    return page(definition, f"0x{message_id:04X}", f"{way} · {_source(definition.source_clause)}")


def page(definition: Definition, number: str, origin: str) -> str:
    """Document of one definition: its number and names, where it comes from, what it is, and a table per layout."""
    lines = [f"# {number} {definition.en} {definition.zh}", "", origin]
    document = (definition.cls.__doc__ or "").strip()
    lines += ["", "\n".join(line.strip() for line in document.splitlines())]
    for versions, layout in _layouts(definition):
        lines += ["", f"## {', '.join(versions)}", ""]
        rows = list(rows_of(layout.slots))
        lines += table(HEAD, rows) if rows else ["No body."]
        for inner in _inside(layout, versions[-1]):
            lines += ["", f"### {inner.en} {inner.zh}", "", *table(HEAD, list(rows_of(inner.layout(versions[-1]).slots, editions=True)))]
    return "\n".join(lines) + "\n"


def _source(clause: str) -> str:
    """Where a message is described: of JT/T 808-2019 where the clause names no standard."""
    return clause if "/" in clause else f"JT/T 808-2019 {clause}"


HEAD = ("field", "type", "name", "名称", "unit, values")


def _inside(layout: Any, version: str) -> list[Definition]:
    """Structures inside a layout, outer ones first; messages, which have a document of their own, are left out."""
    found: list[Definition] = []
    for slot in layout.slots:
        for inner in map(definition_of, slot.kind.classes if slot.kind is not None else ()):
            if inner.message_id is None and inner not in found:
                found += [inner, *(deeper for deeper in _inside(inner.layout(version), version) if deeper not in found)]
    return found


def _layouts(definition: Definition) -> Iterator[tuple[list[str], Any]]:
    grouped: dict[int, tuple[list[str], Any]] = {}
    for version in VERSIONS:
        if version in definition.versions:
            layout = definition.layout(version)
            grouped.setdefault(id(layout), ([], layout))[0].append(version)
    yield from grouped.values()


def rows_of(slots: Any, *, editions: bool = False) -> Iterator[tuple[str, ...]]:
    """Rows of a table of fields; `editions` tells of fields that some editions lack."""
    for slot in slots:
        if slot.kind is not None:
            english, chinese = field_words(slot.name, slot.spec)
            yield f"`{slot.name}`", slot.kind.label(), english, chinese, _values(slot.spec, editions=editions)


def _values(spec: FieldSpec, *, editions: bool = False) -> str:
    parts = [f"only in {', '.join(spec.versions)}"] if editions and spec.versions != VERSIONS else []
    if spec.unit:
        parts.append(f"{spec.scale:g} {spec.unit}" if spec.scale != 1 else spec.unit)
    if spec.condition is not None:
        sign = {"equals": "=", "unlike": "≠", "bit": "bit"}[spec.condition.test]
        parts.append(f"only where {spec.condition.name} {sign} {spec.condition.value}")
    for word, table in (("", spec.names), ("bit ", spec.bits)):
        parts += [f"{word}{value} {words[0]} {words[1]}" for value, words in (table or {}).items()]
    return "; ".join(parts)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def extras_markdown(profile: str = "standard") -> str:
    """Document of the additional items of a position that a profile brings beside its parent's."""
    owner = PROFILES[profile]
    rows = [_extra_row(layout) for _, layout in sorted(owner.own_extras(PROFILES), key=lambda item: item[0])]
    head = ("id", "name", "类型 type", "name", "名称", "bytes", "unit, values")
    parents = f"\n\nBeside those of {owner.parents[0]}." if owner.parents else ""
    return f"# Additional items of a position, profile {profile}{parents}\n\n" + "\n".join(table(head, rows)) + "\n"


def _extra_row(layout: ExtraLayout) -> tuple[str, ...]:
    english, chinese = words_of(layout)
    kind = layout.spec.kind
    lengths = _lengths(layout.lengths) or ("any" if layout.step == 1 else f"multiples of {layout.step}")
    values = _values(layout.spec)
    if isinstance(kind, Nested):
        slots = definition_of(kind.of).layout(VERSIONS[-1]).slots
        values = "; ".join(f"{name} {label} {chinese_name}" for name, label, _, chinese_name, _ in rows_of(slots))
    return (
        f"0x{layout.item_id:02X}",
        f"`{layout.name}`",
        kind.label() if not isinstance(kind, Nested) else "structure",
        english,
        chinese,
        lengths,
        values,
    )


def _lengths(lengths: tuple[int, ...]) -> str:
    if len(lengths) > _MANY_LENGTHS:
        return f"{lengths[0]}, {lengths[1]}, … {lengths[-1]}"
    return ", ".join(map(str, lengths))


def recorder_markdown() -> str:
    """Document of the driving recorder's words and their data blocks."""
    lines = ["# Driving recorder 行驶记录仪, GB/T 19056-2012", ""]
    lines += ["Frame: head AA 75 down or 55 7A up, word, length u16, reserved byte, data block, XOR. FF stands for no value."]
    for word, (english, chinese) in sorted(NAMES.items()):
        lines += ["", f"## {word:02X} {english} {chinese}"]
        found = [(way, blocks.get((word, way))) for way in (DOWN, UP)]
        lines += ["", "No data block."] if all(block is None for _, block in found) else []
        for way, block in found:
            if block is not None:
                each = f", each record {block.unit} bytes" if block.unit else ""
                layout = block.definition.layout(VERSIONS[-1])
                lines += ["", f"{way}: {block.definition.en} {block.definition.zh}{each}", "", *table(HEAD, list(rows_of(layout.slots)))]
                for inner in _inside(layout, VERSIONS[-1]):
                    lines += ["", f"### {inner.en} {inner.zh}", "", *table(HEAD, list(rows_of(inner.layout(VERSIONS[-1]).slots)))]
    return "\n".join(lines) + "\n"


def parameters_markdown() -> str:
    """Document of the terminal parameters; a run of ids of one structure is one row."""
    rows: list[tuple[str, ...]] = []
    structures: dict[str, Definition] = {}
    for parameter_id in sorted(parameter_layouts):
        layout = parameter_layouts[parameter_id]
        row = (layout.name, layout.spec.kind.label(), *layout.words, _values(layout.spec))
        if rows and rows[-1][2:] == row[1:]:
            rows[-1] = (f"{rows[-1][0].partition(' ')[0]} to 0x{parameter_id:04X}", *rows[-1][1:])
        else:
            rows.append((f"0x{parameter_id:04X}", f"`{layout.name}`", *row[1:]))
        for inner in map(definition_of, layout.spec.kind.classes):
            structures |= {found.en: found for found in (inner, *_inside(inner.layout(VERSIONS[-1]), VERSIONS[-1]))}
    lines = ["# Terminal parameters", "", *table(("id", "name", "type", "name", "名称", "unit, values"), rows)]
    for inner in structures.values():
        lines += ["", f"## {inner.en} {inner.zh}", "", *table(HEAD, list(rows_of(inner.layout(VERSIONS[-1]).slots)))]
    return "\n".join(lines) + "\n"


def documents() -> dict[str, str]:
    """Every generated document by file name, an index among them."""
    ids = sorted(message_id for message_id, owner in messages if owner == "standard")
    made = {f"0x{message_id:04X}.md": markdown(message_id) for message_id in ids}
    made["additional-items.md"], made["driving-recorder.md"] = extras_markdown(), recorder_markdown()
    made["terminal-parameters.md"] = parameters_markdown()
    others = [name for name in sorted(PROFILES) if name != "standard" and PROFILES[name].own_extras(PROFILES)]
    made |= {f"additional-items-{name}.md": extras_markdown(name) for name in others}
    rows = []
    for message_id in ids:
        definition = definition_of(messages[message_id, "standard"])
        link = f"[0x{message_id:04X}](0x{message_id:04X}.md)"
        rows.append((link, definition.en, definition.zh, str(definition.way), ", ".join(definition.versions)))
    head = ("id", "English name", "中文", "direction", "editions")
    note = "Generated from the definitions by `cuntong explain --docs docs/protocols`; do not edit."
    links = ", ".join(f"[{name}](additional-items-{name}.md)" for name in others) + ". [Terminal parameters](terminal-parameters.md)"
    behind = f"[Additional items](additional-items.md), and those of profiles: {links}. [Driving recorder](driving-recorder.md)."
    made["README.md"] = "\n".join(["# JT/T 808 messages", "", note, "", *table(head, rows), "", behind]) + "\n"
    return made
