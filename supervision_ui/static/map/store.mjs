// Vehicles by row in typed arrays. Rows stay in place between keyframes, so a delta writes only what changed.

import { KEYFRAME, LEFT, OFFLINE, STATUS_MASK } from './frames.mjs';

export const VERTEX_BYTES = 12; // two float32 and four bytes: status, heading, visible, 0

const RADIANS = Math.PI / 180;

/** Web Mercator of a place, 0 to 1 from the north-west corner of the world. */
export function mercator(lon, lat) {
  const y = Math.log(Math.tan(Math.PI / 4 + (lat * RADIANS) / 2)) / RADIANS;
  return [(180 + lon) / 360, (180 - y) / 360];
}

export class Store {
  constructor() {
    this.size = 0;
    this.time = 0;
    this.origin = mercator(105, 35);
    this.rowOf = new Map();
    this.dictionary = new Dictionary();
    this.filter = { statuses: new Set(), classes: new Set(), text: '' };
    this.#allocate(1024);
  }

  #allocate(capacity) {
    const held = this.capacity ? this : null;
    this.capacity = capacity;
    const grown = (type, old) => {
      const column = new type(capacity);
      if (old) column.set(old);
      return column;
    };
    this.ids = grown(Uint32Array, held?.ids);
    this.lon = grown(Int32Array, held?.lon);
    this.lat = grown(Int32Array, held?.lat);
    this.heading = grown(Uint8Array, held?.heading);
    this.status = grown(Uint8Array, held?.status);
    this.speed = grown(Uint8Array, held?.speed);
    this.visible = grown(Uint8Array, held?.visible);
    const vertex = new ArrayBuffer(capacity * VERTEX_BYTES);
    if (held) new Uint8Array(vertex).set(this.vertexBytes);
    this.vertexFloats = new Float32Array(vertex);
    this.vertexBytes = new Uint8Array(vertex);
  }

  /** Apply a keyframe or delta; true when an id was not in the dictionary. */
  apply(frame) {
    this.time = frame.time;
    this.takenAt = performance.now();
    if (frame.kind === KEYFRAME) {
      this.size = 0;
      this.rowOf.clear();
      this.#recentre(frame);
    }
    let strangers = false;
    for (let i = 0; i < frame.n; i++) strangers = this.#write(frame, i) || strangers;
    return strangers;
  }

  #recentre(frame) {
    if (!frame.n) return;
    let [lon, lat] = [0, 0];
    for (let i = 0; i < frame.n; i++) {
      lon += frame.lon[i];
      lat += frame.lat[i];
    }
    this.origin = mercator(lon / frame.n / 1e7, lat / frame.n / 1e7);
  }

  #write(frame, i) {
    const id = frame.ids[i];
    const status = frame.status[i];
    let row = this.rowOf.get(id);
    if ((status & STATUS_MASK) === LEFT) {
      if (row !== undefined) this.#remove(row);
      return false;
    }
    if (row === undefined) {
      if (this.size === this.capacity) this.#allocate(this.capacity * 2);
      row = this.size++;
      this.ids[row] = id;
      this.rowOf.set(id, row);
    }
    this.lon[row] = frame.lon[i];
    this.lat[row] = frame.lat[i];
    this.heading[row] = frame.heading[i];
    this.status[row] = status;
    this.speed[row] = frame.speed[i];
    this.#place(row);
    this.#show(row);
    return this.dictionary.loaded && !this.dictionary.has(id);
  }

  #place(row) {
    const y = Math.log(Math.tan(Math.PI / 4 + this.lat[row] * 1e-7 * RADIANS * 0.5)) / RADIANS;
    this.vertexFloats[3 * row] = (180 + this.lon[row] * 1e-7) / 360 - this.origin[0];
    this.vertexFloats[3 * row + 1] = (180 - y) / 360 - this.origin[1];
    const at = VERTEX_BYTES * row + 8;
    this.vertexBytes[at] = this.status[row];
    this.vertexBytes[at + 1] = this.heading[row];
  }

  #show(row) {
    const shown = this.#matches(row) ? 1 : 0;
    this.visible[row] = shown;
    this.vertexBytes[VERTEX_BYTES * row + 10] = shown;
  }

  #remove(row) {
    const last = --this.size;
    this.rowOf.delete(this.ids[row]);
    if (row === last) return;
    for (const column of [this.ids, this.lon, this.lat, this.heading, this.status, this.speed]) column[row] = column[last];
    this.rowOf.set(this.ids[row], row);
    this.#place(row);
    this.#show(row);
  }

  #matches(row) {
    const { statuses, classes, text } = this.filter;
    if (statuses.size && !statuses.has(this.status[row] & STATUS_MASK)) return false;
    if (!classes.size && !text) return true;
    const id = this.ids[row];
    if (classes.size && !classes.has(this.dictionary.value(id, 'vehicle_class') ?? 'unknown')) return false;
    return !text || this.dictionary.plate(id).toUpperCase().includes(text);
  }

  /** Take a new filter: `statuses` of numbers, `classes` of words, `text` in capitals; empty lets all through. */
  setFilter(filter) {
    Object.assign(this.filter, filter);
    for (let row = 0; row < this.size; row++) this.#show(row);
  }

  /** Vehicles by status, unfiltered: {total, online, byStatus[5]}. */
  counts() {
    const byStatus = [0, 0, 0, 0, 0];
    for (let row = 0; row < this.size; row++) byStatus[this.status[row] & STATUS_MASK]++;
    return { total: this.size, online: this.size - byStatus[OFFLINE], byStatus };
  }

  /** Epoch ms by the server's clock, whatever the clock of this machine says. */
  now() {
    return this.time ? this.time + performance.now() - this.takenAt : Date.now();
  }

  place(row) {
    return [this.lon[row] / 1e7, this.lat[row] / 1e7];
  }

  /** [west, south, east, north] of all vehicles; null when there are none. */
  bounds() {
    if (!this.size) return null;
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let row = 0; row < this.size; row++) {
      const [lon, lat] = this.place(row);
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    }
    return box;
  }
}

/** What the registry says of vehicles, as columns; found by vehicle id. */
export class Dictionary {
  constructor() {
    this.loaded = false;
    this.columns = {};
    this.index = new Map();
  }

  load(columns) {
    this.columns = columns;
    this.index = new Map(columns.vehicle_id.map((id, i) => [id, i]));
    this.loaded = true;
  }

  has(id) {
    return this.index.has(id);
  }

  at(id) {
    const i = this.index.get(id);
    if (i === undefined) return null;
    return Object.fromEntries(Object.entries(this.columns).map(([name, column]) => [name, column[i]]));
  }

  /** One field of a vehicle; null when the vehicle or the field is unknown. */
  value(id, name) {
    const i = this.index.get(id);
    return i === undefined ? null : this.columns[name][i];
  }

  plate(id) {
    return this.value(id, 'plate') || `#${id}`;
  }
}
