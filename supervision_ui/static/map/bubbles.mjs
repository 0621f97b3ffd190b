// County bubbles for the zoom at which single vehicles would only be a cloud.

import { ALARM, STATUS_MASK, WARNING } from './frames.mjs';
import { ink } from './look.mjs';

export const BUBBLES_BELOW_ZOOM = 8;

export class Bubbles {
  constructor(map, words) {
    this.map = map;
    this.words = words;
    this.regions = new Map();
    this.features = [];
  }

  /** Names and centres of regions. */
  know(regions) {
    for (const { properties } of regions.features) this.regions.set(Number(properties.region_code), properties);
  }

  add() {
    this.map.addSource('bubbles', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
    const size = ['interpolate', ['linear'], ['sqrt', ['get', 'total']], 1, 12, 20, 20, 100, 36];
    this.map.addLayer({
      id: 'bubbles',
      type: 'circle',
      source: 'bubbles',
      paint: {
        'circle-radius': size,
        'circle-color': ['interpolate', ['linear'], ['get', 'total'], 0, ink('bubble-low'), 500, ink('bubble-high')],
        'circle-stroke-color': ['case', ['>', ['get', 'alerts'], 0], ink('status-alarm'), ink('casing')],
        'circle-stroke-width': 2,
        'circle-opacity': 0.92,
      },
    });
    this.map.addLayer({
      id: 'bubble-counts',
      type: 'symbol',
      source: 'bubbles',
      layout: {
        'text-field': ['get', 'label'],
        'text-font': ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'],
        'text-size': 12,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': ink('bubble-label') },
    });
    this.map.addLayer({
      id: 'bubble-names',
      type: 'symbol',
      source: 'bubbles',
      layout: {
        'text-field': ['get', 'name'],
        'text-font': ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'],
        'text-size': 12,
        'text-anchor': 'top',
        'text-offset': [0, 2],
      },
      paint: { 'text-color': ink('label'), 'text-halo-color': ink('ground'), 'text-halo-width': 1.4 },
    });
  }

  show(visible) {
    for (const id of ['bubbles', 'bubble-counts', 'bubble-names']) {
      if (this.map.getLayer(id)) this.map.setLayoutProperty(id, 'visibility', visible ? 'visible' : 'none');
    }
  }

  /** From a counts frame. */
  fromCounts(frame) {
    const groups = new Map();
    for (let i = 0; i < frame.n; i++) {
      const byStatus = frame.byStatus.map((column) => column[i]);
      groups.set(frame.regions[i], { total: byStatus.reduce((a, b) => a + b, 0), alerts: byStatus[3] + byStatus[4] });
    }
    this.#draw(groups);
  }

  /** From single vehicles, by the region that the registry gives them; a region without a centre lies amid its vehicles. */
  fromStore(store) {
    const groups = new Map();
    for (let row = 0; row < store.size; row++) {
      if (!store.visible[row]) continue;
      const code = Number(store.dictionary.value(store.ids[row], 'region_code') ?? 0);
      const group = groups.get(code) ?? { total: 0, alerts: 0, lon: 0, lat: 0 };
      const status = store.status[row] & STATUS_MASK;
      const [lon, lat] = store.place(row);
      group.total++;
      group.alerts += status === WARNING || status === ALARM ? 1 : 0;
      group.lon += lon;
      group.lat += lat;
      groups.set(code, group);
    }
    this.#draw(groups);
  }

  #draw(groups) {
    this.features = [...groups].flatMap(([code, group]) => {
      const region = this.regions.get(code);
      const centre = region?.centre ?? (group.lon === undefined ? null : [group.lon / group.total, group.lat / group.total]);
      if (!centre) return [];
      const label = this.words.count(group.total);
      const name = (this.words.language.startsWith('zh') ? region?.name : (region?.name_en ?? region?.name)) ?? '';
      return [{ type: 'Feature', geometry: { type: 'Point', coordinates: centre }, properties: { ...group, code, label, name } }];
    });
    this.map.getSource('bubbles')?.setData({ type: 'FeatureCollection', features: this.features });
  }
}
