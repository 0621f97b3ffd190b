// The explaining page: what is pasted goes to the API, its answer becomes one view a frame.

import { byId, tell } from '../map/asking.mjs';
import { Words } from '../map/look.mjs';
import { FrameView } from './frame.mjs';
import { digits, problem } from './hex.mjs';

const IN_ADDRESS = 2000; // digits; longer ones stay out of the address

class ExplainPage {
  constructor(element) {
    this.config = JSON.parse(element.dataset.config);
    this.words = new Words(JSON.parse(element.dataset.words), this.config.language);
    this.form = byId('explain-form');
    this.text = byId('explain-hex');
    this.profile = byId('explain-profile');
    this.views = [];
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.explain();
    });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.profile.addEventListener('change', () => this.views.length && this.explain());
    byId('explain-example').addEventListener('click', () => {
      this.text.value = this.config.example;
      this.explain();
    });
    byId('explain-clear').addEventListener('click', () => this.#clear());
    document.querySelector('.ct-skip').addEventListener('click', (event) => {
      event.preventDefault(); // a change of the address after ours would make Dash lay the page out anew
      byId('explain-result').focus();
    });
  }

  /** `?hex=…&profile=…` fills the form and explains at once. */
  open(search) {
    const query = new URLSearchParams(search);
    const [hex, profile] = [query.get('hex'), query.get('profile')];
    const known = profile === null || [...this.profile.options].some((option) => option.value === profile);
    if (profile !== null && known) this.profile.value = profile;
    if (hex) {
      this.text.value = hex;
      this.explain(known ? '' : this.words.say('explain_bad_profile', { name: profile }));
    } else if (!known) this.#say(this.words.say('explain_bad_profile', { name: profile }));
  }

  async explain(notice = '') {
    const wrong = problem(this.text.value);
    this.#say(wrong ? this.words.say(wrong.key, wrong.values) : notice, Boolean(wrong));
    if (wrong) {
      this.#show([], this.words.say('explain_none'));
      this.text.focus();
      if (wrong.at !== undefined) this.text.setSelectionRange(wrong.at, wrong.at + wrong.values.found.length);
      return;
    }
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    byId('explain-summary').textContent = this.words.say('explain_waiting');
    const body = { hex: this.text.value, profile: this.profile.value, language: this.config.api_language };
    try {
      this.#answered((await tell('explain', body, asking.signal)).frames);
    } catch (error) {
      if (error.name !== 'AbortError') this.#failed(error);
    }
  }

  #answered(frames) {
    const dropped = frames.filter((frame) => frame.dropped).length;
    const key = frames.length === 1 ? 'explain_count_one' : 'explain_count';
    this.#show(frames, this.words.say(key, { n: this.words.count(frames.length), dropped: this.words.count(dropped) }));
    const hex = digits(this.text.value);
    const query = new URLSearchParams({ hex, profile: this.profile.value });
    history.replaceState(history.state, '', hex.length <= IN_ADDRESS ? `?${query}` : location.pathname);
  }

  #failed(error) {
    this.#show([], this.words.say('explain_none'));
    if (error.status === undefined) throw error;
    const key = error.status === 0 || error.status >= 500 ? 'explain_failed' : error.field === 'body.hex' ? 'explain_too_long' : 'explain_refused';
    this.#say(this.words.say(key, { detail: error.detail || error.status }), error.field.endsWith('hex'));
  }

  #show(frames, summary) {
    this.views = frames.map((frame, n) => new FrameView(frame, n + 1, this.words));
    byId('explain-frames').replaceChildren(...this.views.map((view) => view.element));
    byId('explain-summary').textContent = summary;
  }

  #say(text, invalid = false) {
    const place = byId('explain-problem');
    place.textContent = text;
    place.hidden = !text;
    this.text.toggleAttribute('aria-invalid', invalid);
    if (invalid) this.text.setAttribute('aria-invalid', 'true');
  }

  #clear() {
    this.asking?.abort();
    this.text.value = '';
    this.#say('');
    this.#show([], this.words.say('explain_none'));
    history.replaceState(history.state, '', location.pathname);
    this.text.focus();
  }
}

/** Start the page in its element. */
export function start(element) {
  const page = new ExplainPage(element);
  window.__explain = page;
  page.open(location.search);
  return page;
}
