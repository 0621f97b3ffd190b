// The vehicle card: the last report of the chosen vehicle, with the time and unit of every figure.

import { STATUS_MASK } from './frames.mjs';
import { STATUS_NAMES } from './look.mjs';

export class Card {
  constructor(store, words, on) {
    this.store = store;
    this.words = words;
    this.card = document.getElementById('vehicle-card');
    this.id = null;
    this.report = null;
    const press = (name, act) => document.getElementById(name)?.addEventListener('click', act);
    press('card-close', () => on.close());
    press('card-centre', () => on.centre());
    press('card-follow', () => this.#follow(on));
    press('card-tracks', () => on.tracks());
  }

  #follow(on) {
    const following = on.follow();
    document.getElementById('card-follow').setAttribute('aria-pressed', String(following));
  }

  #set(name, text) {
    const field = document.getElementById(`card-${name}`);
    if (field) field.textContent = text;
  }

  open(id) {
    this.id = id;
    this.report = null;
    this.card.hidden = false;
    document.getElementById('card-follow').setAttribute('aria-pressed', 'false');
    this.refresh();
    this.#fetch(id);
  }

  close() {
    this.id = null;
    this.card.hidden = true;
  }

  async #fetch(id) {
    const answer = await fetch(`/api/v1/vehicles/${id}/card`);
    if (!answer.ok || id !== this.id) return;
    this.report = await answer.json();
    this.refresh();
  }

  /** True when a point of the map, CSS pixels, lies under the open card. */
  covers({ x, y }) {
    const { card } = this;
    return !card.hidden && x > card.offsetLeft - 8 && x < card.offsetLeft + card.offsetWidth + 8 && y > card.offsetTop - 8 && y < card.offsetTop + card.offsetHeight + 8;
  }

  /** How far from the middle of the map the middle of its uncovered part lies, CSS pixels: [right, down]. */
  aside() {
    const { card } = this;
    const room = card.parentElement;
    if (card.hidden) return [0, 0];
    if (card.offsetWidth > room.clientWidth * 0.8) return [0, -card.offsetHeight / 2];
    return card.offsetLeft + card.offsetWidth > room.clientWidth / 2 - 48 ? [(card.offsetLeft + card.offsetWidth) / 2, 0] : [0, 0];
  }

  /** New frame: what it carries at once, the rest of the card by asking again. */
  tick() {
    if (this.id === null) return;
    this.refresh();
    this.#fetch(this.id);
  }

  refresh() {
    const { words, store } = this;
    const row = store.rowOf.get(this.id);
    this.#set('plate', store.dictionary.plate(this.id));
    const status = row === undefined ? 'offline' : STATUS_NAMES[store.status[row] & STATUS_MASK];
    this.card.dataset.status = status;
    this.#set('status', words.say(`status_${status}`));
    const place = row === undefined ? null : store.place(row);
    this.#set('speed', row === undefined ? '–' : words.speed(store.speed[row]));
    this.#set('heading', row === undefined || store.heading[row] === 255 ? '–' : words.heading(store.heading[row] * 2));
    this.#set('place', place ? `${place[1].toFixed(5)}, ${place[0].toFixed(5)}` : '–');
    this.#registry();
  }

  #registry() {
    const { words, report, store } = this;
    const said = (value) => value ?? '–';
    const entry = this.store.dictionary.at(this.id);
    const colour = entry?.plate_colour;
    const plate = document.getElementById('card-plate');
    plate.dataset.colour = colour ?? '';
    this.#set('plate-colour', colour === null || colour === undefined ? '' : words.say(`plate_${colour}`));
    this.#set('class', words.say(`class_${entry?.vehicle_class ?? 'unknown'}`));
    const chinese = words.language.startsWith('zh');
    this.#set('operator', said(chinese ? report?.operator : (report?.operator_en ?? report?.operator)));
    this.#set('region', said((chinese ? null : report?.region?.name_en) ?? report?.region?.name));
    this.#set('terminal', said(report?.terminal_id));
    const fix = report?.fix;
    this.#set('time', fix ? words.dateTime(Date.parse(fix.time)) : '–');
    this.#set('age', fix ? words.age((store.now() - Date.parse(fix.time)) / 1000) : '');
    const metres = fix?.odometer_m;
    this.#set('odometer', metres === null || metres === undefined ? '–' : words.kilometres.format(metres / 1000));
    const alarms = fix?.alarms ?? [];
    this.#set('alarms', alarms.map((bit) => words.say(`alarm_${bit}`)).join(', '));
    document.getElementById('card-alarm-row').hidden = !alarms.length;
  }
}
