// The base map: our own roads and places from one PMTiles file; labels in the browser's own fonts.

import { ink } from './look.mjs';

const FONT = ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'];

const ROADS = [
  // layer, classes, least zoom, width at zoom 8, 12, 16
  ['road-track', ['track', 'service'], 13, [0.2, 0.5, 2.5]],
  ['road-minor', ['residential', 'living_street', 'unclassified'], 10, [0.2, 0.8, 5]],
  ['road-tertiary', ['tertiary'], 8, [0.4, 1.3, 7]],
  ['road-secondary', ['secondary'], 6, [0.6, 1.8, 9]],
  ['road-primary', ['primary'], 5, [0.8, 2.2, 10]],
  ['road-trunk', ['trunk'], 4, [1.1, 2.8, 12]],
  ['road-motorway', ['motorway'], 4, [1.5, 3.4, 14]],
];
const WARM = new Set(['road-motorway', 'road-trunk']);
const PLAIN_INK = { 'road-track': 'road-minor', 'road-minor': 'road-minor', 'road-tertiary': 'road', 'road-secondary': 'road', 'road-primary': 'road-major' };

const width = ([w8, w12, w16], more = 0) => ['interpolate', ['exponential', 1.5], ['zoom'], 8, w8 + more, 12, w12 + more, 16, w16 + more];

function roadLayers() {
  const of = (classes) => ['in', ['get', 'road_class'], ['literal', classes]];
  const base = (id, classes, minzoom) => ({ id, type: 'line', source: 'roads', 'source-layer': 'roads', minzoom, filter: of(classes), layout: { 'line-cap': 'round', 'line-join': 'round' } });
  const casings = ROADS.filter(([id]) => WARM.has(id)).map(([id, classes, zoom, w]) => ({
    ...base(`${id}-casing`, classes, Math.max(zoom, 7)),
    paint: { 'line-color': ink('road-casing'), 'line-width': width(w, 1.6) },
  }));
  const fills = ROADS.map(([id, classes, zoom, w]) => ({
    ...base(id, classes, zoom),
    paint: { 'line-color': ink(WARM.has(id) ? 'road-warm' : PLAIN_INK[id]), 'line-width': width(w) },
  }));
  return [...casings, ...fills];
}

const text = (size) => ({ 'text-font': FONT, 'text-size': size });
const label = (colour) => ({ 'text-color': colour, 'text-halo-color': ink('ground'), 'text-halo-width': 1.4 });

function labelLayers(language) {
  const name = language.startsWith('zh') ? ['get', 'name'] : ['coalesce', ['get', 'name_en'], ['get', 'name']];
  const place = (id, kinds, minzoom, size, lift) => ({
    id,
    type: 'symbol',
    source: 'roads',
    'source-layer': 'places',
    minzoom,
    filter: ['in', ['get', 'kind'], ['literal', kinds]],
    layout: { ...text(size), 'text-field': name, 'text-padding': 6, 'text-anchor': 'bottom', 'text-offset': [0, -lift] },
    paint: label(ink(size > 11 ? 'label' : 'label-quiet')),
  });
  return [
    {
      id: 'road-names',
      type: 'symbol',
      source: 'roads',
      'source-layer': 'roads',
      minzoom: 11,
      filter: ['has', 'name'],
      layout: { ...text(11), 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-field': ['coalesce', ['get', 'ref'], name] },
      paint: label(ink('label-quiet')),
    },
    place('villages', ['village', 'hamlet', 'stop'], 11, 11, 0.6),
    place('stations', ['station', 'border'], 12, 11, 0.6),
    place('towns', ['town'], 8, 13, 1.1),
    place('counties', ['county_town', 'city'], 4, 15, 1.7),
  ];
}

function regionLayers() {
  const outline = (id, levels, width, dash) => ({
    id,
    type: 'line',
    source: 'roads',
    'source-layer': 'regions',
    filter: ['in', ['get', 'level'], ['literal', levels]],
    paint: { 'line-color': ink('outline'), 'line-width': width, 'line-dasharray': dash, 'line-opacity': 0.8 },
  });
  const county = ['county', 'prefecture', 'province'];
  return [
    { id: 'region-fill', type: 'fill', source: 'roads', 'source-layer': 'regions', filter: ['in', ['get', 'level'], ['literal', county]], paint: { 'fill-color': ink('land') } },
    outline('region-towns', ['town'], 0.7, [2, 3]),
    outline('region-counties', county, 1.4, [5, 2, 1, 2]),
  ];
}

/** The whole style in the present theme; without a tiles file plain ground alone. */
export function style(tiles, language) {
  const sources = {};
  if (tiles) sources.roads = { type: 'vector', url: `pmtiles://${new URL(tiles.url, location.href).href}`, attribution: tiles.attribution };
  const ground = { id: 'ground', type: 'background', paint: { 'background-color': ink('ground') } };
  return { version: 8, sources, layers: tiles ? [ground, ...regionLayers(), ...roadLayers(), ...labelLayers(language)] : [ground] };
}

/** What the server offers as base map; null when none was built. */
export async function offeredTiles() {
  const answer = await fetch('/tiles/basemap.json');
  if (!answer.ok) throw new Error(`basemap.json ${answer.status}`);
  const tiles = await answer.json();
  return tiles.url ? tiles : null;
}

/** Names and centres of the regions that the person may see, as GeoJSON. */
export async function knownRegions() {
  const answer = await fetch('/api/v1/regions');
  return answer.ok ? answer.json() : { type: 'FeatureCollection', features: [] };
}
