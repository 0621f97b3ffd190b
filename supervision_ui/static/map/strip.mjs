// The status strip: counts of the whole topic, each also a filter.

import { OFFLINE } from './frames.mjs';
import { STATUS_NAMES } from './look.mjs';

export class Strip {
  constructor(words, onFilter) {
    this.words = words;
    this.tiles = new Map([...document.querySelectorAll('.ct-tile')].map((tile) => [tile.dataset.status, tile]));
    this.asOf = document.getElementById('strip-time');
    this.chosen = new Set();
    for (const [name, tile] of this.tiles) tile.addEventListener('click', () => this.#toggle(name, onFilter));
  }

  #toggle(name, onFilter) {
    if (name === 'online') {
      const on = STATUS_NAMES.every((status, i) => (i === OFFLINE) !== this.chosen.has(status));
      this.chosen = on ? new Set() : new Set(STATUS_NAMES.filter((_, i) => i !== OFFLINE));
    } else if (name === 'total') this.chosen.clear();
    else if (!this.chosen.delete(name)) this.chosen.add(name);
    this.#press();
    onFilter(new Set([...this.chosen].map((status) => STATUS_NAMES.indexOf(status))));
  }

  #press() {
    const online = this.chosen.size === 4 && !this.chosen.has('offline');
    for (const [name, tile] of this.tiles) {
      const pressed = name === 'total' ? !this.chosen.size : name === 'online' ? online : this.chosen.has(name);
      tile.setAttribute('aria-pressed', String(pressed));
    }
  }

  show({ total, online, byStatus }, time) {
    const values = { total, online };
    STATUS_NAMES.forEach((name, i) => (values[name] = byStatus[i]));
    for (const [name, tile] of this.tiles) tile.querySelector('.ct-tile-count').textContent = this.words.count(values[name] ?? 0);
    this.asOf.textContent = this.words.say('as_of', { time: this.words.time(time) });
  }
}
