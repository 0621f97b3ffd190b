// A day on the map: raw fixes in grey under the matched way, gaps dashed, standstills, the chosen segment, the moving mark.

import { startOf } from './calendar.mjs';
import { ink } from './look.mjs';

const EMPTY = { type: 'FeatureCollection', features: [] };
const APART_MS = 120_000; // fixes farther apart than this are not joined by a line
const BELOW = 'vehicles';
const WIDTH = ['interpolate', ['linear'], ['zoom'], 8, 2, 12, 3.5, 16, 6];
const LINES = [
  // kind, ink, dashes
  ['on_road', 'track-on', null],
  ['off_road', 'track-off', [1.2, 0.9]],
  ['gap', 'track-gap', [2.2, 1.6]],
  ['ferry', 'track-ferry', [0.2, 1.8]],
];
export const MATCHED = LINES.map(([kind]) => `track-${kind}`);
const RAW = ['track-raw', 'track-fixes'];

export class TrackLayers {
  constructor(map) {
    this.map = map;
    this.shown = { raw: true, matched: true };
    this.clear();
  }

  clear() {
    this.data = { raw: EMPTY, fixes: EMPTY, way: EMPTY, stays: EMPTY, mark: EMPTY };
    this.chosen = -1;
    this.#fill();
  }

  /** Add sources and layers below the vehicles; call again after every change of style. */
  add() {
    const { map } = this;
    for (const [name, data] of Object.entries(this.data)) map.addSource(`track-${name}`, { type: 'geojson', data });
    const line = (id, source, paint, more = {}) => {
      const cap = paint['line-dasharray'] ? 'butt' : 'round';
      map.addLayer({ id, type: 'line', source: `track-${source}`, layout: { 'line-cap': cap, 'line-join': 'round' }, paint, ...more }, this.#below());
    };
    line('track-raw', 'raw', { 'line-color': ink('track-raw'), 'line-width': 1 });
    map.addLayer({ id: 'track-fixes', type: 'circle', source: 'track-fixes', minzoom: 10, paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 1, 14, 2.5, 17, 4], 'circle-color': ink('track-raw') } }, this.#below());
    line('track-casing', 'way', { 'line-color': ink('casing'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 4, 12, 6, 16, 9] });
    line('track-chosen', 'way', { 'line-color': ink('track-chosen'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 8, 12, 11, 16, 15], 'line-opacity': 0.75 });
    for (const [kind, colour, dashes] of LINES) {
      line(`track-${kind}`, 'way', { 'line-color': ink(colour), 'line-width': WIDTH, ...(dashes && { 'line-dasharray': dashes }) }, { filter: ['==', ['get', 'kind'], kind] });
    }
    const ring = { 'circle-color': ink('casing'), 'circle-stroke-color': ink('status-stopped'), 'circle-stroke-width': 2.5 };
    map.addLayer({ id: 'track-stays', type: 'circle', source: 'track-stays', paint: { ...ring, 'circle-radius': 5 } }, this.#below());
    const mark = { 'circle-color': ink('accent'), 'circle-stroke-color': ink('casing'), 'circle-stroke-width': 3, 'circle-radius': 9 };
    map.addLayer({ id: 'track-mark', type: 'circle', source: 'track-mark', paint: mark }, this.#below());
    this.show({});
    this.choose(this.chosen);
  }

  #below() {
    return this.map.getLayer(BELOW) ? BELOW : undefined;
  }

  #fill(...names) {
    for (const name of names.length ? names : Object.keys(this.data)) this.map?.getSource(`track-${name}`)?.setData(this.data[name]);
  }

  /** Draw a day: `track` columns of `/days/{day}/fixes`, `way` GeoJSON of `/days/{day}/way` (null: not computed), `stays` rows of the day. */
  draw(track, way, stays) {
    this.data.way = way ? { type: 'FeatureCollection', features: way.features.filter((one) => one.geometry?.type === 'LineString').map(flat) } : EMPTY;
    Object.assign(this.data, rawLines(track));
    this.data.stays = { type: 'FeatureCollection', features: stays.map((one) => point([one.lon, one.lat])) };
    this.data.mark = EMPTY;
    this.chosen = -1;
    this.#fill();
    this.choose(-1);
  }

  /** Switch layers: {raw, matched}, each true or false. */
  show(what) {
    Object.assign(this.shown, what);
    const visible = (ids, on) => ids.forEach((id) => this.map?.getLayer(id) && this.map.setLayoutProperty(id, 'visibility', on ? 'visible' : 'none'));
    visible(RAW, this.shown.raw);
    visible([...MATCHED, 'track-casing', 'track-chosen'], this.shown.matched);
  }

  choose(seq) {
    this.chosen = seq;
    if (this.map?.getLayer('track-chosen')) this.map.setFilter('track-chosen', ['==', ['get', 'seq'], seq]);
  }

  /** The moving mark at a place, null: none. */
  mark(place) {
    this.data.mark = place ? { type: 'FeatureCollection', features: [point(place)] } : EMPTY;
    this.#fill('mark');
  }

  /** Segment under a point of the map, CSS pixels; -1: none. */
  under({ x, y }) {
    if (!this.data.way.features.length || !this.shown.matched) return -1;
    const found = this.map.queryRenderedFeatures([[x - 5, y - 5], [x + 5, y + 5]], { layers: MATCHED });
    return found.length ? found[0].properties.seq : -1;
  }

  /** [west, south, east, north] of what is drawn, or of one segment; null: nothing. */
  bounds(seq = null) {
    const lines = this.data.way.features.filter((one) => seq === null || one.properties.seq === seq).map((one) => one.geometry.coordinates);
    const places = lines.length || seq !== null ? lines.flat() : this.data.fixes.features.map((one) => one.geometry.coordinates);
    if (!places.length) return null;
    return places.reduce(([w, s, e, n], [x, y]) => [Math.min(w, x), Math.min(s, y), Math.max(e, x), Math.max(n, y)], [180, 90, -180, -90]);
  }
}

const point = (coordinates) => ({ type: 'Feature', geometry: { type: 'Point', coordinates }, properties: {} });
const flat = (feature) => ({ type: 'Feature', geometry: feature.geometry, properties: { seq: feature.properties.seq, kind: feature.properties.kind } });

/** Fixes with a place as points, and joined by lines where they follow each other closely. */
function rawLines(track) {
  const runs = [];
  const fixes = [];
  let last = -Infinity;
  for (let i = 0; i < track.at_ms.length; i++) {
    if (!track.located[i]) continue;
    const place = [track.lon_e6[i] / 1e6, track.lat_e6[i] / 1e6];
    if (track.at_ms[i] - last > APART_MS) runs.push([]);
    runs.at(-1).push(place);
    fixes.push(point(place));
    last = track.at_ms[i];
  }
  const coordinates = runs.filter((run) => run.length > 1);
  const raw = { type: 'FeatureCollection', features: [{ type: 'Feature', geometry: { type: 'MultiLineString', coordinates }, properties: {} }] };
  return { raw, fixes: { type: 'FeatureCollection', features: fixes } };
}

/** The fixes with a place by time, for playback: {ms, lon, lat, speed}. */
export function timed(track) {
  const begin = startOf(track.day);
  return track.at_ms.flatMap((at, i) => (track.located[i] ? [{ ms: begin + at, lon: track.lon_e6[i] / 1e6, lat: track.lat_e6[i] / 1e6, speed: track.speed_kmh10[i] === null ? null : track.speed_kmh10[i] / 10 }] : []));
}
