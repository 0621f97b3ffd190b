"""Examples of the OpenAPI document, built from its schemas: one table tells what a field looks like, wherever it stands."""

from __future__ import annotations

from typing import Any

DEEPEST = 8

LOOKS: dict[str, Any] = {
    "vehicle_id": 17, "plate": "贵A12345", "plate_colour": 2, "vehicle_class": "rural_bus", "terminal_id": "13912344329", "operator_id": 3,
    "operator": "息烽县农村客运有限公司", "operator_en": "Xifeng Rural Passenger Transport", "region_code": "520122", "name": "Wang Fang",
    "name_en": "Xifeng County", "level": "county", "parent_code": "520100", "county_code": "520122", "line_id": 201, "code": "missing",
    "state": "registered", "lon": 106.740407, "lat": 27.090479, "speed_kmh": 46.5, "heading_deg": 92, "odometer_m": 50123400,
    "day": "2026-09-10", "first": "2026-09-01", "last": "2026-09-10", "matched_m": 187420, "low_m": 186900, "high_m": 187960,
    "length_mm": 4182500, "revision": 2, "final_revision": 1, "message_id": 33536, "command_id": 4711, "action": "insert",
    "stream": "registry", "actor": "wang.fang", "address": "10.20.30.40", "trace_id": "5f0c6a1be2d94d10", "object": "vehicle 17",
    "password": "correct horse 808", "role": "regulator", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "hex": "7E0002000001391234432900007A7E", "time": "2026-09-10T07:15:30+08:00", "begins": "2026-09-10T07:15:30+08:00",
    "ends": "2026-09-10T08:40:00+08:00", "map_version": "c0ffee5eed12", "type": "Feature",
    "coordinates": [106.740407, 27.090479], "limit_kmh": 60, "reason": "", "href": "/api/v1/vehicles/17/media/9f86d081",
}  # fmt: skip
"""Field or property: what it looks like. A value is taken only where the schema allows its type."""

_FORMATS = {
    "date": "2026-09-10", "date-time": "2026-09-10T07:15:30+08:00", "time": "07:15:30", "uuid": "0f6c3c5e-6b1d-4c1e-9a55-3f3b0f9f0b61",
    "uri": "https://example.org/hook", "binary": "", "email": "wang.fang@example.org",
}  # fmt: skip
_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None, "array": [], "object": {}}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,),
}  # fmt: skip


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows.

    Args:
        schema: JSON schema of OpenAPI 3.1; schemas: of `components`, for references.
        name: of the field, looked up in `LOOKS`.
    """
    if "$ref" in schema:
        return example_of(schemas.get(str(schema["$ref"]).rpartition("/")[2], {}), schemas, name, depth)
    for word in ("example", "const", "default"):
        if schema.get(word) is not None:
            return schema[word]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return example_of(schema[word][0], schemas, name, depth)
    return _of_type(schema, schemas, name, depth)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" and schema.get("properties"):
        if depth >= DEEPEST:
            return {}
        return {field: example_of(said, schemas, field, depth + 1) for field, said in schema["properties"].items()}
    if kind == "array" and schema.get("prefixItems"):
        return [example_of(said, schemas, "", depth + 1) for said in schema["prefixItems"]]
    if kind == "array" and isinstance(schema.get("items"), dict) and depth < DEEPEST and name not in LOOKS:
        return [example_of(schema["items"], schemas, name.removesuffix("s"), depth + 1)] * max(1, schema.get("minItems", 1))
    looks = LOOKS.get(name)
    if looks is not None and "pattern" not in schema and "format" not in schema and _fits(looks, kind, schema):
        return looks
    return _plain(kind, schema)


def _fits(looks: Any, kind: str, schema: dict[str, Any]) -> bool:
    if kind not in _TYPES or not isinstance(looks, _TYPES[kind]) or (isinstance(looks, bool) and kind != "boolean"):
        return False
    if isinstance(looks, int | float):
        return bool(schema.get("minimum", looks) <= looks <= schema.get("maximum", looks))
    return not isinstance(looks, str) or schema.get("minLength", 0) <= len(looks) <= schema.get("maxLength", len(looks))


def _plain(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "string" and "format" in schema:
        return _FORMATS.get(schema["format"], "text")
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", _PLAIN[kind] - 1) + 1 if "exclusiveMinimum" in schema else None)
        value = _PLAIN[kind] if least is None else max(least, _PLAIN[kind])
        return min(value, schema.get("maximum", value))
    if kind == "string":
        return _PLAIN["string"].ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 100)]
    return _PLAIN.get(kind)
