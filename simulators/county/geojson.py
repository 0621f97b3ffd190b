"""The county's places and regions as GeoJSON (RFC 7946), for maps and imports."""

from __future__ import annotations

from typing import Any

from simulators.county.model import County


def places_geojson(county: County) -> dict[str, Any]:
    """Towns, villages, stations and borders as points."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
            "properties": {"name": place.name, "name_en": place.name_en, "kind": place.kind, "region_code": place.region_code},
        }
        for place in county.places
    ]
    return {"type": "FeatureCollection", "features": features}


def regions_geojson(county: County) -> dict[str, Any]:
    """Province, prefecture, county, towns; the first two without geometry."""
    features = [
        {
            "type": "Feature",
            "geometry": region.geometry(),
            "properties": {
                "region_code": region.region_code,
                "level": region.level,
                "name": region.name,
                "name_en": region.name_en,
                "parent_code": region.parent_code,
                "centre_lon": round(region.centre_lon, 6),
                "centre_lat": round(region.centre_lat, 6),
            },
        }
        for region in county.regions
    ]
    return {"type": "FeatureCollection", "features": features}
