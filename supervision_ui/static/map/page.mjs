// What happens on the monitor page: frames in, vehicles drawn, selection kept the same on map, list and card.

import { asked } from './address.mjs';
import { toLogin } from './asking.mjs';
import { Bubbles, BUBBLES_BELOW_ZOOM } from './bubbles.mjs';
import { Card } from './card.mjs';
import { Chooser } from './chooser.mjs';
import { ALARM, COUNTS, STATUS_MASK } from './frames.mjs';
import { VehicleList } from './list.mjs';
import { Liveness } from './liveness.mjs';
import { layerColours } from './look.mjs';
import { Past } from './past.mjs';
import { pick } from './pick.mjs';
import { PointsLayer } from './points_layer.mjs';
import { Roads } from './roads.mjs';
import { LiveSocket } from './socket.mjs';
import { Store } from './store.mjs';
import { Strip } from './strip.mjs';
import { Plates } from './symbols.mjs';

const HYSTERESIS = 0.2;
const REFETCH_MS = 2_000;

export class MapPage {
  constructor({ map, words, config, regions, restyle, banner, framed }) {
    Object.assign(this, { map, words, config, restyle, banner, framed });
    this.store = new Store();
    this.layer = new PointsLayer(this.store);
    this.frames = 0;
    this.selected = null;
    this.following = false;
    this.bubbling = false;
    this.alarmed = new Set();
    this.list = new VehicleList(this.store, words, (id) => this.select(id, true));
    this.strip = new Strip(words, (statuses) => this.refilter({ statuses }));
    this.card = new Card(this.store, words, { close: () => this.select(null), centre: () => this.centre(), follow: () => this.follow(), tracks: () => this.past.open(this.selected) });
    this.past = new Past(this);
    this.roads = new Roads(map, words);
    this.chooser = new Chooser(this.store, words, (id) => this.select(id));
    if (map) {
      this.plates = new Plates(map, this.store);
      this.bubbles = new Bubbles(map, words);
      this.bubbles.know(regions);
      this.#addLayers();
      this.#listen();
    }
  }

  #addLayers() {
    this.layer.update({ colours: layerColours() });
    this.map.addLayer(this.layer);
    this.roads.add();
    this.past.layers.add();
    this.plates.add();
    this.bubbles.add();
    this.#byZoom(true);
  }

  #listen() {
    const { map } = this;
    map.on('click', (event) => this.#clicked(event.point));
    map.on('zoom', () => this.#byZoom());
    map.on('moveend', () => this.plates.refresh());
    map.on('dragstart', () => this.following && this.card.card.querySelector('#card-follow').click());
    map.on('mousemove', (event) => this.#hover(event.point));
    window.addEventListener('fleetmap:theme', () => this.retheme());
  }

  open() {
    this.list.connect();
    window.addEventListener('fleetmap:filter', (event) => this.refilter(event.detail));
    if (window.fleetmapFilter) this.refilter(window.fleetmapFilter);
    this.fetchDictionary();
    this.liveness = new Liveness(this.words, { grey: () => this.#grey(), renew: () => this.socket.renew() });
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/positions`;
    this.socket = new LiveSocket(url, {
      frame: (frame) => this.take(frame),
      lost: () => this.liveness.lose(),
      dictionary: (etag) => etag !== this.etag && this.#refetch(),
      subscribed: (message) => message.dictionary !== this.etag && this.#refetch(),
      refused: (code) => this.banner(this.words.say('refused', { code })),
      login: toLogin,
    });
    this.socket.subscribe(this.config.topic, 'points');
    document.addEventListener('keydown', (event) => this.#key(event));
    this.wanted = asked(location.search);
    if (this.wanted.bad) this.banner(this.words.say('bad_parameter', { name: this.wanted.bad }));
  }

  take(frame) {
    this.frames++;
    this.liveness.frame(frame.time);
    if (frame.kind === COUNTS) {
      this.bubbles?.fromCounts(frame);
      const byStatus = frame.byStatus.map((column) => column.reduce((a, b) => a + b, 0));
      const total = byStatus.reduce((a, b) => a + b, 0);
      this.strip.show({ total, online: total - byStatus[2], byStatus }, frame.time);
      return;
    }
    if (this.store.apply(frame)) this.#refetch();
    this.show();
    this.#announce(frame);
    this.card.tick();
    if (this.following) this.centre(700);
    this.#frameOnce();
  }

  show() {
    const row = this.selected === null ? undefined : this.store.rowOf.get(this.selected);
    this.layer.update({ selected: row ?? -1, stale: 0 });
    if (this.bubbling) this.bubbles.fromStore(this.store);
    this.plates?.refresh();
    this.strip.show(this.store.counts(), this.store.time);
    this.list.refresh();
  }

  /** First vehicles: look where they are when no base map says where; open the card that the address asks for. */
  #frameOnce() {
    const { vehicle, day } = this.wanted;
    if (vehicle !== null && this.store.rowOf.has(vehicle)) {
      this.select(vehicle, true);
      if (day !== null) this.past.open(vehicle, day);
      this.wanted = { vehicle: null };
    }
    if (this.framed || !this.map || !this.store.size) return;
    this.framed = true;
    const [west, south, east, north] = this.store.bounds();
    this.map.fitBounds([[west, south], [east, north]], { padding: 60, maxZoom: 14, animate: false });
  }

  #announce(frame) {
    const fresh = [];
    for (let i = 0; i < frame.n; i++) {
      const alarm = (frame.status[i] & STATUS_MASK) === ALARM;
      if (alarm && !this.alarmed.has(frame.ids[i])) fresh.push(this.store.dictionary.plate(frame.ids[i]));
      if (alarm) this.alarmed.add(frame.ids[i]);
      else this.alarmed.delete(frame.ids[i]);
    }
    if (fresh.length) document.getElementById('announcer').textContent = this.words.say('announce_alarm', { plates: fresh.slice(0, 5).join(', ') });
  }

  refilter(filter) {
    this.store.setFilter(filter);
    if (this.store.time) this.show();
  }

  #byZoom(anew = false) {
    const zoom = this.map.getZoom();
    const edge = BUBBLES_BELOW_ZOOM + (this.bubbling ? HYSTERESIS : -HYSTERESIS);
    const bubbling = !this.config.all_points && zoom < edge;
    if (bubbling === this.bubbling && !anew) return;
    this.bubbling = bubbling;
    this.live(this.past.day === null);
    const many = this.store.size > this.config.points_limit || this.socket?.detail === 'counts';
    this.socket?.subscribe(this.config.topic, bubbling && many ? 'counts' : 'points');
    if (bubbling) this.bubbles.fromStore(this.store);
  }

  /** Show the vehicles of now, or hide them behind a day of the past. */
  live(on) {
    this.layer.update({ hidden: this.bubbling || !on });
    this.bubbles?.show(this.bubbling && on);
    this.plates?.show(on);
  }

  #clicked(point) {
    if (this.past.clicked(point)) return;
    if (this.bubbling) {
      const [bubble] = this.map.queryRenderedFeatures(point, { layers: ['bubbles'] });
      if (bubble) this.map.easeTo({ center: bubble.geometry.coordinates, zoom: BUBBLES_BELOW_ZOOM + 2 });
      return;
    }
    const rows = pick(this.map, this.store, point);
    if (rows.length > 1) this.chooser.open(rows, point);
    else {
      this.chooser.close();
      if (rows.length || !this.past.opened) this.select(rows.length ? this.store.ids[rows[0]] : null);
    }
  }

  #hover(point) {
    if (this.store.size > 20_000 || this.past.day !== null) return;
    this.map.getCanvas().style.cursor = !this.bubbling && pick(this.map, this.store, point).length ? 'pointer' : '';
  }

  #key(event) {
    if (event.key !== 'Escape' || this.selected === null || event.target.matches?.('input:not([type="range"], [type="checkbox"])')) return;
    if (this.past.opened) {
      this.past.tracks.back();
      return;
    }
    const held = this.card.card.contains(document.activeElement);
    this.select(null);
    if (held) document.getElementById('vehicle-list').focus();
  }

  select(id, look = false) {
    this.selected = id;
    this.following = false;
    if (id === null) this.card.close();
    else this.card.open(id);
    this.layer.update({ selected: id === null ? -1 : (this.store.rowOf.get(id) ?? -1) });
    this.list.select(id);
    this.past.follow(id);
    window.dash_clientside?.set_props?.('selected-vehicle', { data: id });
    const row = this.store.rowOf.get(id);
    if (!this.map || row === undefined) return;
    if (look && (this.bubbling || !this.map.getBounds().contains(this.store.place(row)))) this.centre();
    else if (this.card.covers(this.map.project(this.store.place(row)))) this.map.easeTo({ center: this.store.place(row), offset: this.card.aside() });
  }

  centre(duration = 500) {
    const row = this.store.rowOf.get(this.selected);
    if (!this.map || row === undefined) return;
    this.map.easeTo({ center: this.store.place(row), zoom: Math.max(this.map.getZoom(), 12), offset: this.card.aside(), duration });
  }

  follow() {
    this.following = !this.following;
    if (this.following) this.centre();
    return this.following;
  }

  #grey() {
    if (!this.layer.stale) this.layer.update({ stale: 1 });
    if (this.card.id !== null) this.card.refresh(); // its age goes on
  }

  #refetch() {
    this.refetching ??= setTimeout(() => {
      this.refetching = undefined;
      this.fetchDictionary();
    }, REFETCH_MS);
  }

  async fetchDictionary() {
    const answer = await fetch(`/api/v1/live/vehicles?topic=${encodeURIComponent(this.config.topic)}`);
    if (!answer.ok) return;
    this.etag = answer.headers.get('ETag');
    this.store.dictionary.load(await answer.json());
    this.refilter({});
  }

  retheme() {
    this.map.setStyle(this.restyle(), { diff: false });
    this.map.once('style.load', () => this.#addLayers());
  }

  /** What tests and benchmarks look at. */
  hook() {
    return { page: this, map: this.map, store: this.store, layer: this.layer };
  }
}
