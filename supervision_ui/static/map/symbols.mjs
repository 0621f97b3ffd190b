// Plates beside the vehicles in view, from the zoom at which they can be read.

import { ink } from './look.mjs';

const MOST = 2000;
export const PLATES_FROM_ZOOM = 12;

export class Plates {
  constructor(map, store) {
    this.map = map;
    this.store = store;
    this.shown = 0;
    this.hidden = false;
  }

  /** Show the plates, or none. */
  show(on) {
    this.hidden = !on;
    this.refresh();
  }

  /** Add source and layer; call again after every change of style. */
  add() {
    const empty = { type: 'FeatureCollection', features: [] };
    this.map.addSource('plates', { type: 'geojson', data: empty });
    this.map.addLayer({
      id: 'plates',
      type: 'symbol',
      source: 'plates',
      minzoom: PLATES_FROM_ZOOM,
      layout: {
        'text-field': ['get', 'plate'],
        'text-font': ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'],
        'text-size': 12,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
        'text-radial-offset': 1.1,
        'text-padding': 2,
      },
      paint: { 'text-color': ink('label-strong'), 'text-halo-color': ink('ground'), 'text-halo-width': 1.6 },
    });
  }

  refresh() {
    const source = this.map.getSource('plates');
    if (!source) return;
    const near = !this.hidden && this.map.getZoom() >= PLATES_FROM_ZOOM - 0.2;
    if (!near && !this.shown) return;
    const features = near ? this.#inView() : [];
    this.shown = features.length;
    source.setData({ type: 'FeatureCollection', features });
  }

  #inView() {
    const { store } = this;
    const box = this.map.getBounds();
    const [west, east, south, north] = [box.getWest(), box.getEast(), box.getSouth(), box.getNorth()].map((degree) => degree * 1e7);
    const features = [];
    for (let row = 0; row < store.size && features.length < MOST; row++) {
      if (!store.visible[row] || store.lon[row] < west || store.lon[row] > east || store.lat[row] < south || store.lat[row] > north) continue;
      features.push({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: store.place(row) },
        properties: { plate: store.dictionary.plate(store.ids[row]) },
      });
    }
    return features;
  }
}
