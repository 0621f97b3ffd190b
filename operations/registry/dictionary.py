"""The data dictionary: where each field of the rural transport platform guide is kept, and what every column of those tables means."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from operations.registry import dictionary_store as store
from operations.registry.entities import KINDS

FIELDS = Path(__file__).parent / "warehouse_fields.toml"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A field of the guide. at: "table.column" that keep it; why: what is missing when there is none."""

    section: str
    field: str
    at: tuple[str, ...]
    why: str


def guide() -> list[Mapped]:
    """Fields of the guide in its order, out of `warehouse_fields.toml`."""
    sections = tomllib.loads(FIELDS.read_text("utf-8"))["section"]
    return [
        Mapped(section["name"], said["field"], tuple(said.get("at", ())), said.get("why", ""))
        for section in sections
        for said in section["fields"]
    ]


def dictionary(conn: psycopg.Connection[Any]) -> str:
    """`docs/warehouse.md` of a migrated database."""
    mapped = guide()
    names = sorted(
        {place.split(".")[0] for one in mapped for place in one.at} | {kind.table for kind in KINDS.values()} | {"terminal_binding"}
    )
    lines = [
        "# Warehouse: data dictionary",
        "",
        "Generated from the schema by `cuntong registry dictionary > docs/warehouse.md`; do not edit. Times are UTC instants, places WGS-84,",
        "money integer fen. A personal field is three columns: sealed (AES-256-GCM), masked (as lists show it), index (equality).",
        "",
        "## Where the fields of the rural transport platform guide are kept",
    ]
    section = ""
    for one in mapped:
        if one.section != section:
            section = one.section
            lines += ["", f"### {section}", "", "| field | kept at |", "|---|---|"]
        lines.append(f"| {one.field} | {', '.join(f'`{place}`' for place in one.at) or f'missing: {one.why}'} |")
    lines += ["", "## Tables"]
    columns = store.columns(conn, names)
    for table, about in store.tables(conn, names):
        lines += ["", f"### {table}", "", *([about, ""] if about else []), "| column | type | null | meaning |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {kind} | {'yes' if null else ''} | {meaning} |" for of, name, kind, null, meaning in columns if of == table
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def nowhere(conn: psycopg.Connection[Any]) -> list[str]:
    """Places that the mapping names and the schema has not."""
    places = {place for one in guide() for place in one.at}
    found = {f"{table}.{name}" for table, name, *_ in store.columns(conn, sorted({place.split(".")[0] for place in places}))}
    return sorted(places - found)
