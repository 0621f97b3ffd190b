// One day of a vehicle: its figures, what they rest on, and its way on the map.

import { ask, byId, make, plant } from './asking.mjs';
import { weekday } from './calendar.mjs';
import { bar, dayFigures, flagWords, passageRow, segmentDetail, segmentRow, standing, stayRow, tripRow } from './day_words.mjs';
import { Playback } from './playback.mjs';
import { timed } from './track_layers.mjs';

const TABS = ['segments', 'trips', 'stays', 'passages'];

export class DayView {
  /** `on` has look(bounds), centre(place), note(key, values). */
  constructor(words, layers, on) {
    Object.assign(this, { words, layers, on });
    this.playback = new Playback(words, { mark: (place) => layers?.mark(place) });
    for (const name of ['raw', 'matched']) {
      const box = plant(`tracks-show-${name}`, { type: 'checkbox', checked: '' });
      box.addEventListener('change', () => layers?.show({ [name]: box.checked }));
    }
    for (const name of TABS) byId(`tracks-tab-${name}`).addEventListener('click', () => this.#tab(name));
    byId('tracks-tabs').addEventListener('keydown', (event) => this.#key(event));
    this.rows = byId('tracks-rows');
  }

  /** Fetch and show a day; throws Refusal. A day that is not computed yet shows its fixes alone. */
  async load(id, day) {
    this.close();
    this.key = `${id} ${day}`;
    const { key } = this;
    const [track, { days }] = await Promise.all([ask(`vehicles/${id}/days/${day}/fixes`), ask(`vehicles/${id}/days?from=${day}&to=${day}`)]);
    const computed = days.length ? [ask(`vehicles/${id}/days/${day}`), ask(`vehicles/${id}/days/${day}/way`)] : [null, null];
    const [detail, way] = await Promise.all(computed);
    if (key !== this.key) return;
    this.detail = detail;
    this.layers?.draw(track, way, detail?.stays ?? []);
    this.playback.load(timed(track));
    byId('tracks-computed').hidden = !detail;
    if (detail) this.#figures(detail, day);
    this.#note(detail, track);
    const bounds = this.layers?.bounds();
    if (bounds) this.on.look(bounds);
  }

  close() {
    this.key = null;
    this.detail = null;
    this.playback.load([]);
    this.layers?.clear();
    byId('tracks-computed').hidden = true;
  }

  #note(detail, track) {
    const { words } = this;
    const values = { n: words.count(track.total), shown: words.count(track.at_ms.length) };
    if (!detail) this.on.note(track.total ? 'track_not_computed' : 'track_nothing', values);
    else if (track.thinned) this.on.note('track_thinned', values);
    else this.on.note('');
  }

  #figures(detail, day) {
    const { words } = this;
    const { figures } = detail;
    byId('tracks-km').replaceChildren(make('b', '', words.km(figures.matched_m)), ` ${words.say('unit_km')}`);
    byId('tracks-interval').textContent = words.say('track_interval_sure', { low: words.km(figures.low_m), high: words.km(figures.high_m) });
    byId('tracks-bar').replaceChildren(bar(figures, figures.matched_m));
    byId('tracks-figures').replaceChildren(...dayFigures(words, detail));
    byId('tracks-flags').replaceChildren(...flagWords(words, figures.flags));
    byId('tracks-state').textContent = words.say('track_computed', { state: standing(words, figures), n: figures.revision, time: words.dateTime(Date.parse(figures.computed_at)) });
    for (const name of TABS) {
      byId(`tracks-tab-${name}`).hidden = !detail[name].length && name !== 'segments';
      byId(`tracks-count-${name}`).textContent = words.count(detail[name].length);
    }
    byId('tracks-tabs').setAttribute('aria-label', `${day} ${weekday(day, words.language)}`);
    this.#tab('segments');
  }

  #tab(name) {
    for (const one of TABS) {
      byId(`tracks-tab-${one}`).setAttribute('aria-selected', String(one === name));
      byId(`tracks-tab-${one}`).tabIndex = one === name ? 0 : -1;
    }
    byId('tracks-rows-panel').setAttribute('aria-labelledby', `tracks-tab-${name}`);
    this.rows.replaceChildren(...this.#rows(name).map((row) => make('li', '', row)));
  }

  #rows(name) {
    const { words, detail } = this;
    const pressed = (row, act) => {
      row.addEventListener('click', act);
      return row;
    };
    if (name === 'segments') return detail.segments.map((one) => pressed(segmentRow(words, one), () => this.choose(one.seq, true)));
    if (name === 'trips') return detail.trips.map((one, i) => pressed(tripRow(words, one, i), () => this.#go(one, [one.from_lon, one.from_lat])));
    if (name === 'stays') return detail.stays.map((one) => pressed(stayRow(words, one), () => this.#go(one, [one.lon, one.lat])));
    return detail.passages.map((one) => pressed(passageRow(words, one), () => one.arrive && this.playback.seek(Date.parse(one.arrive))));
  }

  #go(one, place) {
    this.playback.seek(Date.parse(one.begins));
    this.on.centre(place);
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = TABS.map((name) => byId(`tracks-tab-${name}`)).filter((tab) => !tab.hidden);
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  }

  /** Choose a segment by its number: its row opens, its line shines; again closes it. `look`: move the map there. */
  choose(seq, look = false) {
    if (byId('tracks-tab-segments').getAttribute('aria-selected') !== 'true') this.#tab('segments');
    const again = this.layers?.chosen === seq || this.open === seq;
    for (const row of this.rows.querySelectorAll('.ct-row')) {
      const chosen = !again && Number(row.dataset.seq) === seq;
      row.setAttribute('aria-expanded', String(chosen));
      row.parentElement.querySelector('.ct-detail')?.remove();
      if (!chosen) continue;
      row.after(segmentDetail(this.words, this.detail.segments[seq]));
      row.parentElement.scrollIntoView({ block: 'nearest' });
      this.playback.seek(Date.parse(this.detail.segments[seq].begins));
    }
    this.open = again ? null : seq;
    this.layers?.choose(again ? -1 : seq);
    const bounds = !again && look ? this.layers?.bounds(seq) : null;
    if (bounds) this.on.look(bounds);
  }
}
