// Several vehicles under one click: a list to choose from, by mouse or keyboard.

import { STATUS_MASK } from './frames.mjs';
import { STATUS_NAMES } from './look.mjs';

const MOST = 50;

export class Chooser {
  constructor(store, words, onSelect) {
    this.store = store;
    this.words = words;
    this.onSelect = onSelect;
    this.panel = document.getElementById('map-chooser');
    this.panel.addEventListener('keydown', (event) => this.#key(event));
  }

  open(rows, point) {
    const { words } = this;
    const head = document.createElement('p');
    head.textContent = words.say(rows.length > MOST ? 'here_part' : 'here_are', { n: words.count(rows.length), shown: MOST });
    this.panel.replaceChildren(head, ...rows.slice(0, MOST).map((row) => this.#button(row)));
    this.panel.hidden = false;
    const room = this.panel.parentElement;
    this.panel.style.left = `${Math.max(8, Math.min(point.x + 12, room.clientWidth - this.panel.offsetWidth - 8))}px`;
    this.panel.style.top = `${Math.max(8, Math.min(point.y + 12, room.clientHeight - this.panel.offsetHeight - 8))}px`;
    this.panel.querySelector('button').focus();
  }

  #button(row) {
    const id = this.store.ids[row];
    const button = document.createElement('button');
    button.type = 'button';
    const symbol = document.createElement('span');
    symbol.className = `ct-symbol ct-symbol-${STATUS_NAMES[this.store.status[row] & STATUS_MASK]}`;
    const plate = document.createElement('span');
    plate.textContent = this.store.dictionary.plate(id);
    const speed = document.createElement('span');
    speed.className = 'ct-quiet';
    speed.textContent = this.words.say('speed_kmh', { speed: this.words.speed(this.store.speed[row]) });
    button.append(symbol, plate, speed);
    button.addEventListener('click', () => {
      this.close();
      this.onSelect(id);
    });
    return button;
  }

  #key(event) {
    if (event.key === 'Escape') this.close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.panel.querySelectorAll('button')];
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
  }

  close() {
    this.panel.hidden = true;
  }
}
