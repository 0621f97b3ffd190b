// The accessible twin of the map: the same vehicles, filter and selection in a grid.

import { ALARM, MOVING, OFFLINE, STATUS_MASK, STOPPED, WARNING } from './frames.mjs';
import { STATUS_NAMES } from './look.mjs';

const GRID = 'vehicle-grid';
const MOST = 2000;
const EVERY_MS = 1000;
const BY_HAND = new Set(['rowClicked', 'spaceKey', 'checkboxSelected']);
const ORDER = [ALARM, WARNING, MOVING, STOPPED, OFFLINE];

export class VehicleList {
  constructor(store, words, onSelect) {
    this.store = store;
    this.words = words;
    this.onSelect = onSelect;
    this.selected = null;
    this.last = 0;
    this.note = document.getElementById('list-note');
    document.getElementById('list-export')?.addEventListener('click', () => this.exportCsv());
  }

  async connect() {
    while (!window.dash_ag_grid?.getApiAsync) await new Promise((resolve) => setTimeout(resolve, 50));
    this.api = await window.dash_ag_grid.getApiAsync(GRID);
    this.api.addEventListener('selectionChanged', (event) => this.#chosen(event.source));
    this.refresh(true);
  }

  /** The grid tells late, also what it was told itself: only a person's choice goes on; what contradicts the map's is put right. */
  #chosen(source) {
    const [row] = this.api.getSelectedRows();
    if (!row || row.id === this.selected) return;
    if (BY_HAND.has(source)) this.onSelect(row.id);
    else this.select(this.selected);
  }

  /** Rows of visible vehicles, the urgent first. */
  rows(most = MOST) {
    const { store } = this;
    const byStatus = new Map(ORDER.map((status) => [status, []]));
    for (let row = 0; row < store.size; row++) {
      if (store.visible[row]) byStatus.get(store.status[row] & STATUS_MASK)?.push(row);
    }
    return ORDER.flatMap((status) => byStatus.get(status)).slice(0, most);
  }

  #record(row) {
    const { store, words } = this;
    const status = store.status[row] & STATUS_MASK;
    return {
      id: store.ids[row],
      key: String(store.ids[row]),
      plate: store.dictionary.plate(store.ids[row]),
      status: words.say(`status_${STATUS_NAMES[status]}`),
      code: STATUS_NAMES[status],
      speed: store.speed[row] === 255 ? null : store.speed[row],
      heading: store.heading[row] === 255 ? null : store.heading[row] * 2,
      vehicle_class: words.say(`class_${store.dictionary.value(store.ids[row], 'vehicle_class') ?? 'unknown'}`),
    };
  }

  /** Show the store again, at most once a second unless `now`. */
  refresh(now = false) {
    if (!this.api || this.api.isDestroyed()) return;
    const wait = this.last + EVERY_MS - performance.now();
    if (!now && wait > 0) {
      this.timer ??= setTimeout(() => this.refresh(true), wait);
      return;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = performance.now();
    const all = this.rows(Infinity);
    this.api.setGridOption('rowData', all.slice(0, MOST).map((row) => this.#record(row)));
    this.note.textContent = this.words.say(all.length > MOST ? 'list_part' : 'list_all', {
      shown: this.words.count(Math.min(all.length, MOST)),
      total: this.words.count(all.length),
      time: this.words.time(this.store.time || Date.now()),
    });
  }

  /** Follow a selection made on the map; null clears it. */
  select(id) {
    this.selected = id;
    if (!this.api) return;
    this.api.deselectAll();
    const node = id === null ? undefined : this.api.getRowNode(String(id));
    if (node) {
      node.setSelected(true);
      this.api.ensureNodeVisible(node, 'middle');
    }
  }

  /** All visible vehicles, not only those the grid shows: UTF-8 with byte order mark. */
  exportCsv() {
    const { words, store } = this;
    const head = ['plate', 'status', 'speed', 'heading', 'lon', 'lat', 'class', 'time'].map((key) => words.say(`column_${key}`));
    const time = words.dateTime(store.time);
    const lines = this.rows(Infinity).map((row) => {
      const one = this.#record(row);
      const [lon, lat] = store.place(row);
      return [one.plate, one.status, one.speed ?? '', one.heading ?? '', lon.toFixed(6), lat.toFixed(6), one.vehicle_class, time];
    });
    const cell = (value) => `"${String(value).replace(/^[=+@\t\r-](?![\d.])/, "'$&").replaceAll('"', '""')}"`;
    const text = '\ufeff' + [head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
    link.download = `vehicles-${new Date(store.time).toISOString().slice(0, 19).replaceAll(':', '')}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}
