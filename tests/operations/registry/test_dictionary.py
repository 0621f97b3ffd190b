"""The data dictionary is what the schema is, and no field of the guide is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from operations.registry.dictionary import dictionary, guide, nowhere
from operations.registry.dictionary_store import columns
from operations.registry.entities import KINDS

ROOT = Path(__file__).parents[3]

GUIDE = {
    "Passenger": "id name phone identity_card address emergency_contact wallet orders",
    "Driver": "licence_number licence_class years qualification_certificate status address phone",
    "Station": "village position keeper contact",
    "Transport operator": "organisation_code digital_certificate business_licence name type address legal_person scope capital currency "
    "founding_date registry contact dispatchers drivers",
    "Vehicle": "plate plate_colour approved_tonnage size colour scope type driver operating_permit",
    "Line": "stops first_departure last_departure departures where_the_buses_are_now",
    "Student": "class school address guardian head_teacher",
    "Dynamic": "tracks live_positions",
    "Business": "road_conditions vehicle_state payment wallet news dispatch customer_service freight passenger_orders",
}
"""Fields that the tables must have a place for, or a reason."""


def test_every_field_of_the_guide_is_kept_or_told_missing(conn: psycopg.Connection[Any]) -> None:
    for section, fields in GUIDE.items():
        mapped = {one.field.replace(" ", "_") for one in guide() if one.section.startswith(section)}
        assert set(fields.split()) <= mapped, section
    assert all(bool(one.at) != bool(one.why) for one in guide())
    assert {one.section.split()[0] for one in guide()} >= {"Base", "Logistics,", "Supervising", "Operations"}
    assert nowhere(conn) == []


def test_the_page_is_what_the_schema_is(conn: psycopg.Connection[Any]) -> None:
    assert (ROOT / "docs" / "warehouse.md").read_text("utf-8") == dictionary(conn), "cuntong registry dictionary > docs/warehouse.md"


def test_every_column_of_the_registry_says_what_it_means(conn: psycopg.Connection[Any]) -> None:
    silent = [f"{table}.{name}" for table, name, *_, about in columns(conn, [kind.table for kind in KINDS.values()]) if not about]
    assert silent == []
