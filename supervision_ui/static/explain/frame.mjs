// One explained frame: verdict, anomalies, its bytes and the table that names them.

import { make } from '../map/asking.mjs';
import { pairs } from './hex.mjs';

const SHOWN_BYTES = 16;
const COLUMNS = ['offset', 'bytes', 'field', 'name', 'value', 'odd'];

export class FrameView {
  constructor(frame, number, words) {
    Object.assign(this, { frame, number, words, marked: -1 });
    this.rows = frame.rows.map((row, n) => this.#row(row, n));
    this.runs = frame.rows.map((row, n) => this.#run(row, n));
    const title = make('h2', '', make('span', 'ct-frame-number', words.say('explain_frame', { n: number })), frame.title);
    title.id = `frame-${number}`;
    this.element = make('article', 'ct-frame', make('header', '', title, this.#verdict(), this.#facts()), this.#anomalies(), this.#body());
    this.element.setAttribute('aria-labelledby', title.id);
    this.#listen();
  }

  #verdict() {
    const { frame, words } = this;
    const state = frame.dropped ? 'dropped' : frame.anomalies.length ? 'odd' : 'kept';
    const key = { dropped: 'explain_dropped', odd: 'explain_odd_kept', kept: 'explain_kept' }[state];
    const symbol = { dropped: 'ct-icon ct-icon-close', odd: 'ct-symbol ct-symbol-warning', kept: 'ct-icon ct-icon-kept' }[state];
    const verdict = make('span', 'ct-verdict', make('span', symbol), words.say(key));
    verdict.dataset.state = state;
    return verdict;
  }

  #facts() {
    const { header, rows, version } = this.frame;
    const { words } = this;
    const size = rows.reduce((sum, row) => sum + row.raw.length / 2, 0);
    const facts = [words.say('explain_length', { n: words.count(size) })];
    if (header) {
      facts.push(words.say('explain_read_as', { version }));
      facts.push(words.say('explain_terminal', { id: header.terminal_id }), words.say('explain_serial', { n: header.serial }));
    }
    return make('p', 'ct-frame-facts ct-quiet', facts.join(' · '));
  }

  #anomalies() {
    const { words } = this;
    const found = this.frame.anomalies;
    if (!found.length) return null;
    const list = make('ul', 'ct-anomalies', ...found.map((one) => this.#anomaly(one)));
    list.setAttribute('aria-label', words.say('explain_anomalies'));
    return list;
  }

  #anomaly(one) {
    const { words } = this;
    const place = [one.offset >= 0 ? words.say('explain_at', { offset: one.offset }) : '', one.field].filter(Boolean).join(' · ');
    const verdict = make('span', one.drop ? 'ct-odd-drop' : 'ct-odd-keep', words.say(one.drop ? 'explain_drops' : 'explain_keeps'));
    const parts = [make('b', '', words.say(`explain_code_${one.code}`)), verdict, make('span', 'ct-quiet', [place, one.detail].filter(Boolean).join(' · '))];
    return make('li', '', ...parts, make('code', 'ct-quiet', one.code));
  }

  #body() {
    const { words } = this;
    const bytes = make('div', 'ct-bytes', ...this.runs);
    bytes.tabIndex = 0;
    bytes.setAttribute('role', 'group');
    bytes.setAttribute('aria-label', words.say('explain_bytes'));
    this.bytes = bytes;
    const stay = make('div', 'ct-frame-stay', make('h3', '', words.say('explain_bytes')), bytes, this.#fits());
    return make('div', 'ct-frame-body', this.#table(), make('div', 'ct-frame-side', stay));
  }

  #fits() {
    const { words, frame } = this;
    const line = (key, names) =>
      make('div', '', make('dt', '', words.say(key)), make('dd', '', ...(names.length ? names.map((name) => make('span', 'ct-chip', name)) : [words.say('explain_no_version')])));
    return make('dl', 'ct-fits', line('explain_versions', frame.versions), line('explain_profiles', frame.profiles));
  }

  #table() {
    const { words } = this;
    const heads = COLUMNS.map((name) => {
      const head = make('th', `ct-col-${name}`, words.say(`explain_column_${name}`));
      head.scope = 'col';
      return head;
    });
    const caption = make('caption', '', make('span', 'ct-hidden', `${words.say('explain_map')}. `), words.say('explain_map_hint'));
    this.tbody = make('tbody', '', ...this.rows);
    if (this.rows.length) this.rows[0].tabIndex = 0;
    return make('table', 'ct-byte-map', caption, make('thead', '', make('tr', '', ...heads)), this.tbody);
  }

  #row(row, n) {
    const { words } = this;
    const all = pairs(row.raw);
    const shown = all.slice(0, SHOWN_BYTES).join(' ') + (all.length > SHOWN_BYTES ? ` ${words.say('explain_more', { n: words.count(all.length) })}` : '');
    const texts = [row.offset < 0 ? '' : String(row.offset), shown, row.path, row.name, row.value];
    const cells = texts.map((text, column) => make('td', `ct-col-${COLUMNS[column]}`, text));
    if (row.offset >= 0) cells[1].dataset.offset = words.say('explain_at', { offset: row.offset });
    const odd = make('td', 'ct-col-odd', row.anomalies.map((code) => words.say(`explain_code_${code}`)).join(', '));
    const element = make('tr', row.anomalies.length ? 'ct-odd' : '', ...cells, odd);
    element.tabIndex = -1;
    element.dataset.row = n;
    return element;
  }

  #run(row, n) {
    const run = make('span', 'ct-run', ...pairs(row.raw).map((pair) => make('span', '', pair)));
    if (row.offset < 0) run.classList.add('ct-run-delimiter');
    if (row.anomalies.length) run.classList.add('ct-odd');
    run.dataset.row = n;
    return run;
  }

  #listen() {
    const place = (event) => event.target.closest?.('[data-row]')?.dataset.row;
    this.element.addEventListener('mouseover', (event) => {
      const n = place(event);
      if (n !== undefined) this.mark(Number(n), this.bytes.contains(event.target));
    });
    this.element.addEventListener('mouseleave', () => this.mark(this.rows.indexOf(document.activeElement)));
    this.tbody.addEventListener('focusin', (event) => this.#focused(Number(place(event))));
    this.tbody.addEventListener('focusout', () => this.mark(-1));
    this.tbody.addEventListener('keydown', (event) => this.#key(event));
    this.bytes.addEventListener('click', (event) => {
      const n = place(event);
      if (n !== undefined) this.#go(Number(n));
    });
  }

  #focused(n) {
    this.tbody.querySelector('[tabindex="0"]').tabIndex = -1;
    this.rows[n].tabIndex = 0;
    this.mark(n);
  }

  #key(event) {
    const last = this.rows.length - 1;
    const at = this.rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#go(Math.max(0, Math.min(last, to)));
  }

  #go(n) {
    this.rows[n].focus({ preventScroll: true });
    this.rows[n].scrollIntoView({ block: 'nearest' });
  }

  /** Mark a row and its bytes; -1 marks none. */
  mark(n, pointed = false) {
    if (n === this.marked) return;
    for (const group of [this.rows, this.runs]) {
      group[this.marked]?.classList.remove('ct-marked');
      group[n]?.classList.add('ct-marked');
    }
    this.marked = n;
    const run = this.runs[n];
    if (!run || pointed) return;
    const [low, high] = [run.offsetTop - 8, run.offsetTop + run.offsetHeight + 8 - this.bytes.clientHeight];
    if (this.bytes.scrollTop > low) this.bytes.scrollTop = low;
    else if (this.bytes.scrollTop < high) this.bytes.scrollTop = Math.min(high, low);
  }
}
