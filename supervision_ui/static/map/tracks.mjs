// The tracks panel: days of a vehicle, and one of them on the map. While it draws a day, live vehicles step back.

import { byId, Refusal } from './asking.mjs';
import { weekday } from './calendar.mjs';
import { DayList } from './day_list.mjs';
import { DayView } from './day_view.mjs';

export class Tracks {
  /** `on` has back(), close(), look(bounds), centre(place), past(day or null). */
  constructor(store, words, layers, on) {
    Object.assign(this, { store, words, layers, on });
    this.panel = byId('tracks-panel');
    this.title = byId('tracks-title');
    this.status = byId('tracks-note');
    this.list = new DayList(words, { open: (day) => this.showDay(day), note: (...said) => this.note(...said), again: (act) => this.#attempt(act) });
    this.day = new DayView(words, layers, { look: (bounds) => on.look(bounds), centre: (place) => on.centre(place), note: (...said) => this.note(...said) });
    const press = (id, act) => byId(id).addEventListener('click', act);
    press('tracks-back', () => this.back());
    press('tracks-close', () => this.close());
    press('tracks-before', () => this.#beside(-1));
    press('tracks-after', () => this.#beside(1));
    press('tracks-fold', () => this.#fold());
    press('tracks-again', () => this.retry?.());
    this.shownDay = null;
  }

  get opened() {
    return !this.panel.hidden;
  }

  /** Open the panel for a vehicle, on a day when one is given. */
  open(id, day = null) {
    this.id = id;
    this.panel.hidden = false;
    byId('tracks-plate').textContent = this.store.dictionary.plate(id);
    byId('tracks-plate').dataset.colour = this.store.dictionary.value(id, 'plate_colour') ?? '';
    if (day) this.showDay(day);
    else this.showList();
  }

  showList() {
    this.#leaveDay();
    this.#heading(this.words.say('track_title'));
    byId('tracks-list-view').hidden = false;
    byId('tracks-day-view').hidden = true;
    this.#attempt(() => this.list.load(this.id, this.store.now(), this.list.id === this.id ? this.list.until : null));
  }

  showDay(day) {
    this.shownDay = day;
    this.on.past(day);
    this.#heading(`${day} ${weekday(day, this.words.language)}`);
    byId('tracks-list-view').hidden = true;
    byId('tracks-day-view').hidden = false;
    this.#besides();
    this.note('track_loading');
    this.#attempt(async () => {
      await this.day.load(this.id, day);
      if (this.list.id !== this.id) await this.list.load(this.id, this.store.now(), null, true);
      this.#besides();
    });
  }

  #besides() {
    byId('tracks-before').disabled = !this.list.beside(this.shownDay, -1);
    byId('tracks-after').disabled = !this.list.beside(this.shownDay, 1);
  }

  #heading(text) {
    this.title.textContent = text;
    this.title.focus({ preventScroll: true });
    this.panel.querySelector('.ct-tracks-body').scrollTop = 0;
  }

  #leaveDay() {
    if (this.shownDay === null) return;
    this.shownDay = null;
    this.day.close();
    this.on.past(null);
  }

  /** One step back: from a day to the list, from the list to the card. */
  back() {
    if (this.shownDay !== null) return this.showList();
    this.close();
    return this.on.back();
  }

  close() {
    this.#leaveDay();
    this.panel.hidden = true;
    this.on.close();
  }

  #beside(step) {
    const day = this.list.beside(this.shownDay, step);
    if (day) this.showDay(day);
  }

  #fold() {
    const folded = this.panel.dataset.folded !== 'true';
    this.panel.dataset.folded = String(folded);
    byId('tracks-fold').setAttribute('aria-expanded', String(!folded));
  }

  /** Say how it stands; an empty key says nothing. */
  note(key, values = {}) {
    this.status.textContent = key ? this.words.say(key, values) : '';
    this.status.hidden = !key;
    byId('tracks-again').hidden = true;
  }

  async #attempt(act) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.panel.setAttribute('aria-busy', 'true');
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (turn !== this.turn) return;
      this.note(error.status === 404 ? 'track_no_vehicle' : error.status === 0 ? 'track_unreachable' : 'track_refused', { code: error.status });
      this.retry = () => this.#attempt(act);
      byId('tracks-again').hidden = error.status === 404;
    } finally {
      if (turn === this.turn) this.panel.setAttribute('aria-busy', 'false');
    }
  }
}
