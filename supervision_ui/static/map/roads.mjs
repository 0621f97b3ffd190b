// Road conditions: speeds measured on roads in one hour (or a whole day), as a layer with a legend.

import { ask, byId, make, plant, Refusal } from './asking.mjs';
import { isDay, shifted } from './calendar.mjs';
import { ink } from './look.mjs';

const EMPTY = { type: 'FeatureCollection', features: [] };
const FONT = ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'];
const SPEED_STEPS = [10, 20, 30, 45, 60]; // km/h
const SHARE_STEPS = [0.2, 0.4, 0.55, 0.7, 0.85];
const COLOURS = [1, 2, 3, 4, 5, 6].map((i) => `speed-${i}`);
const LABELS_FROM_ZOOM = 13;
const LAYERS = ['roads-casing', 'roads-speed', 'roads-figures'];

export class Roads {
  constructor(map, words) {
    Object.assign(this, { map, words });
    this.data = EMPTY;
    this.shown = false;
    this.hour = null; // null: the whole day
    this.panel = byId('roads-panel');
    this.switch = byId('roads-switch');
    this.note = byId('roads-note');
    this.measure = 'speed';
    const press = (id, act) => byId(id).addEventListener('click', act);
    press('roads-switch', () => this.toggle());
    press('roads-close', () => this.toggle(false));
    press('roads-before', () => this.#hours(shifted(this.day, -1)));
    press('roads-after', () => this.#hours(shifted(this.day, 1)));
    press('roads-again', () => (this.day ? this.#draw() : this.#hours(null)));
    const day = plant('roads-day', { type: 'text', inputmode: 'numeric', maxlength: '10', 'aria-label': words.say('roads_day') });
    day.addEventListener('change', () => (isDay(day.value.trim()) ? this.#hours(day.value.trim()) : this.#say('roads_bad_day')));
    byId('roads-hour').addEventListener('change', (event) => this.#choose(event.target.value));
    for (const name of ['speed', 'share']) {
      const choice = plant(`roads-by-${name}`, { type: 'radio', name: 'roads-by', ...(name === this.measure && { checked: '' }) });
      choice.addEventListener('change', () => this.#by(name));
    }
    map?.on('moveend', () => this.shown && this.day && this.#draw());
    map?.on('click', (event) => this.#told(event));
    this.#legend();
  }

  /** Switch the layer and its panel. */
  toggle(on = !this.shown) {
    this.shown = on;
    this.panel.hidden = !on;
    this.switch.setAttribute('aria-pressed', String(on));
    this.#visible();
    if (!on) return this.switch.focus();
    return this.day ? this.#draw() : this.#hours(null);
  }

  add() {
    const { map } = this;
    const above = ['road-names', 'vehicles'].find((id) => map.getLayer(id)); // names of roads stay readable
    const offset = ['interpolate', ['linear'], ['zoom'], 10, 1, 14, 3.5, 17, 7];
    const width = (more) => ['interpolate', ['linear'], ['zoom'], 8, 1.6 + more, 12, 3 + more, 16, 7 + more];
    const line = (id, paint) => map.addLayer({ id, type: 'line', source: 'roads-measured', layout: { 'line-cap': 'butt', 'line-join': 'round' }, paint: { ...paint, 'line-offset': offset } }, above);
    map.addSource('roads-measured', { type: 'geojson', data: this.data });
    line('roads-casing', { 'line-color': ink('speed-casing'), 'line-width': width(1.6) });
    line('roads-speed', { 'line-color': this.#colour(), 'line-width': width(0) });
    map.addLayer({
      id: 'roads-figures', type: 'symbol', source: 'roads-measured', minzoom: LABELS_FROM_ZOOM,
      layout: { 'symbol-placement': 'line-center', 'text-field': ['to-string', ['round', ['get', 'speed_kmh']]], 'text-font': FONT, 'text-size': 11, 'text-offset': [0, 0.9] },
      paint: { 'text-color': ink('label-strong'), 'text-halo-color': ink('ground'), 'text-halo-width': 1.6 },
    }, above);
    this.#visible();
  }

  #colour() {
    const [steps, value] = this.measure === 'speed' ? [SPEED_STEPS, ['get', 'speed_kmh']] : [SHARE_STEPS, ['get', 'ratio']];
    return ['step', value, ink(COLOURS[0]), ...steps.flatMap((step, i) => [step, ink(COLOURS[i + 1])])];
  }

  #visible() {
    for (const id of LAYERS) if (this.map?.getLayer(id)) this.map.setLayoutProperty(id, 'visibility', this.shown ? 'visible' : 'none');
  }

  #by(name) {
    this.measure = name;
    this.#legend();
    if (this.map?.getLayer('roads-speed')) this.map.setPaintProperty('roads-speed', 'line-color', this.#colour());
  }

  #legend() {
    const { words } = this;
    const speeds = this.measure === 'speed';
    const steps = speeds ? SPEED_STEPS : SHARE_STEPS.map((step) => Math.round(step * 100));
    const edges = COLOURS.map((_, i) => [i ? steps[i - 1] : null, i < steps.length ? steps[i] : null]);
    const text = ([from, to]) => (from === null ? `< ${to}` : to === null ? `≥ ${from}` : `${from}–${to}`);
    const rows = edges.map((edge, i) => {
      const colour = make('span', 'ct-ramp');
      colour.style.background = `var(--ct-${COLOURS[i]})`;
      return make('li', '', colour, text(edge));
    });
    byId('roads-legend').replaceChildren(...rows);
    byId('roads-unit').textContent = words.say(speeds ? 'roads_unit_speed' : 'roads_unit_share');
  }

  /** Ask for the hours of a day (null: the last that has any), then draw. */
  async #hours(day) {
    await this.#attempt(async () => {
      const body = await ask(`roads/hours${day ? `?day=${day}` : ''}`);
      this.day = body.day;
      byId('roads-form').hidden = !body.newest_day;
      if (!body.day) return this.#say('roads_none');
      byId('roads-day').value = body.day;
      byId('roads-after').disabled = body.day >= body.newest_day;
      const kept = body.hours.some((one) => one.hour === this.hour);
      if (!kept) this.hour = body.hours.length ? body.hours.reduce((most, one) => (one.traversals > most.traversals ? one : most)).hour : null;
      this.#options(body.hours);
      return this.#draw();
    });
  }

  #options(hours) {
    const { words } = this;
    const select = byId('roads-hour');
    const option = (value, text, off) => Object.assign(document.createElement('option'), { value, textContent: text, disabled: off });
    const two = (hour) => String(hour).padStart(2, '0');
    const busy = new Map(hours.map((one) => [one.hour, one]));
    const rows = Array.from({ length: 24 }, (_, hour) => {
      const one = busy.get(hour);
      const said = one ? words.say('roads_traversals', { n: words.count(one.traversals) }) : words.say('roads_nothing');
      return option(String(hour), `${two(hour)}:00–${two(hour + 1)}:00 · ${said}`, !one);
    });
    select.replaceChildren(option('', words.say('roads_whole_day'), !hours.length), ...rows);
    select.value = this.hour === null ? '' : String(this.hour);
  }

  #choose(value) {
    this.hour = value === '' ? null : Number(value);
    this.#draw();
  }

  /** Fetch what lies in view. */
  #draw() {
    if (!this.map || !this.shown) return undefined;
    return this.#attempt(async (signal) => {
      const box = this.map.getBounds();
      const bbox = [Math.max(box.getWest(), -180), Math.max(box.getSouth(), -85), Math.min(box.getEast(), 180), Math.min(box.getNorth(), 85)];
      const hour = this.hour === null ? '' : `&hour=${this.hour}`;
      const body = await ask(`roads/speeds?day=${this.day}${hour}&bbox=${bbox.map((side) => side.toFixed(5)).join(',')}`, signal);
      this.data = { type: 'FeatureCollection', features: body.features };
      this.map.getSource('roads-measured')?.setData(this.data);
      this.#summary(body);
    });
  }

  #summary(body) {
    const { words } = this;
    const to = body.ends.endsWith('16:00:00Z') ? '24:00' : words.minute(Date.parse(body.ends)); // midnight of Asia/Shanghai ends the day
    const when = { day: this.day.replaceAll('-', '\u2011'), from: words.minute(Date.parse(body.begins)), to };
    if (!body.features.length) return this.#say('roads_empty', when);
    const said = { n: words.count(body.features.length), ...when };
    return this.#say(body.limited_to ? 'roads_limited' : 'roads_shown', said);
  }

  #say(key, values = {}) {
    this.note.textContent = this.words.say(key, values);
    byId('roads-again').hidden = true;
  }

  /** Figures of the road that was clicked. */
  #told(event) {
    if (!this.shown || !this.map.getLayer('roads-speed')) return;
    const { x, y } = event.point;
    const found = this.map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ['roads-speed'] });
    const { words } = this;
    const lines = found.slice(0, 2).map(({ properties: one }) => {
      const name = (words.language.startsWith('zh') ? one.name : one.name_en || one.name) || words.say('roads_unnamed');
      return words.say('roads_told', { name, speed: words.count(Math.round(one.speed_kmh)), free: one.free_kmh, share: Math.round(one.ratio * 100), n: words.count(one.count) });
    });
    byId('roads-told').replaceChildren(...lines.map((line) => make('p', '', line)));
  }

  async #attempt(act) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.panel.setAttribute('aria-busy', 'true');
    this.#say('roads_loading');
    try {
      await act(asking.signal);
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (!(error instanceof Refusal)) throw error;
      this.#say(error.field === 'network' ? 'roads_no_network' : error.status === 0 ? 'track_unreachable' : 'track_refused', { code: error.status });
      byId('roads-again').hidden = false;
    } finally {
      if (asking === this.asking) this.panel.setAttribute('aria-busy', 'false');
    }
  }
}
