"""A deterministic synthetic county: terrain, places, roads, regions."""

from simulators.county.assemble import build_county
from simulators.county.geojson import places_geojson, regions_geojson
from simulators.county.model import County, CountySettings, Place, Region

__all__ = ["County", "CountySettings", "Place", "Region", "build_county", "places_geojson", "regions_geojson"]
