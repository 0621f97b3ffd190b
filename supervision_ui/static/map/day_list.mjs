// Days of a vehicle with their mileage, a month at a time.

import { ask, byId, make } from './asking.mjs';
import { dayOf, shifted, weekday } from './calendar.mjs';
import { bar, inferredShare, interval, standing } from './day_words.mjs';

const SHOWN = 31;

export class DayList {
  /** `on` has open(day) and note(key, values, again). */
  constructor(words, on) {
    Object.assign(this, { words, on });
    this.rows = byId('tracks-days');
    this.range = byId('tracks-range');
    byId('tracks-earlier').addEventListener('click', () => this.#move(-SHOWN));
    byId('tracks-later').addEventListener('click', () => this.#move(SHOWN));
  }

  /** Show the days of a vehicle up to `until`; now: epoch ms by the server's clock; quiet: say nothing of it. */
  async load(id, now, until = null, quiet = false) {
    this.id = id;
    this.today = dayOf(now);
    this.until = until && until < this.today ? until : this.today;
    const from = shifted(this.until, 1 - SHOWN);
    this.range.textContent = `${from} – ${this.until}`;
    byId('tracks-later').disabled = this.until >= this.today;
    if (!quiet) this.on.note('track_loading');
    this.rows.replaceChildren();
    const body = await ask(`vehicles/${id}/days?from=${from}&to=${this.until}`);
    if (id === this.id) this.#show(body, from, quiet);
  }

  #move(days) {
    const until = shifted(this.until, days);
    this.on.again(() => this.load(this.id, Date.parse(`${this.today}T00:00:00Z`), until > this.today ? this.today : until));
  }

  #show(body, from, quiet) {
    const { words } = this;
    const days = new Map(body.days.map((one) => [one.day, one]));
    const due = new Map(body.due.map((one) => [one.day, one]));
    this.days = [...days.keys()];
    const most = Math.max(...body.days.map((one) => one.matched_m), 1);
    const named = [...new Set([...days.keys(), ...due.keys()])].sort().reverse();
    this.rows.replaceChildren(...named.map((day) => make('li', '', days.has(day) ? this.#row(days.get(day), most, due.get(day)) : this.#waiting(day, due.get(day)))));
    const total = body.days.reduce((sum, one) => sum + one.matched_m, 0);
    if (quiet) return;
    if (!named.length) this.on.note('track_no_days', { from, to: this.until });
    else this.on.note('track_days_sum', { n: words.count(days.size), km: words.km(total) });
  }

  #row(figures, most, due) {
    const { words } = this;
    const share = inferredShare(figures);
    const said = [interval(words, figures.low_m, figures.high_m)];
    if (share) said.push(words.say('track_inferred_share', { n: share }));
    const flags = figures.flags.filter((flag) => flag !== 'NO_TIMETABLE').length;
    if (flags) said.push(words.say('track_flags', { n: flags }));
    const state = due ? words.say('track_recomputed') : standing(words, figures);
    const button = make(
      'button', 'ct-day',
      make('span', 'ct-day-date', figures.day.slice(5), make('small', '', weekday(figures.day, words.language))),
      make('span', 'ct-day-bar', bar(figures, most), make('small', 'ct-quiet', said.join(' · '))),
      make('span', 'ct-day-km', make('b', '', words.km(figures.matched_m)), ` ${words.say('unit_km')}`, make('small', 'ct-quiet', state)),
    );
    button.dataset.day = figures.day;
    button.addEventListener('click', () => this.on.open(figures.day));
    return button;
  }

  #waiting(day, due) {
    const { words } = this;
    const said = words.say(due.failed ? 'track_failed' : 'track_waiting');
    return make('p', 'ct-day ct-day-waiting', make('span', 'ct-day-date', day.slice(5), make('small', '', weekday(day, words.language))), make('span', 'ct-quiet', said));
  }

  /** The computed day before or after; undefined: none in the list. */
  beside(day, step) {
    const at = this.days?.indexOf(day) ?? -1;
    return at < 0 ? undefined : this.days[at + step];
  }
}
