// Playback of a day's fixes: a slider over time, a mark on the map, and the speed that was reported there.

import { byId, plant } from './asking.mjs';

const FRAME_MS = 100;
const APART_MS = 120_000;

export class Playback {
  /** `on` has mark(place or null). */
  constructor(words, on) {
    Object.assign(this, { words, on });
    this.room = byId('playback');
    this.slider = plant('playback-slider', { type: 'range', step: '1', 'aria-label': words.say('track_slider') });
    this.button = byId('playback-play');
    this.pace = byId('playback-pace');
    this.pace.value = '60';
    this.told = byId('playback-told');
    this.fixes = [];
    this.slider.addEventListener('input', () => this.#at(Number(this.slider.value)));
    this.button.addEventListener('click', () => (this.timer ? this.stop() : this.#play()));
  }

  /** Take the day's fixes, in time order: {ms, lon, lat, speed}. */
  load(fixes) {
    this.stop();
    this.fixes = fixes;
    this.room.hidden = fixes.length < 2;
    if (this.room.hidden) return this.on.mark(null);
    this.slider.min = String(Math.floor(fixes[0].ms / 1000));
    this.slider.max = String(Math.ceil(fixes.at(-1).ms / 1000));
    this.slider.value = this.slider.min;
    this.#at(Number(this.slider.min), false);
  }

  /** Jump to an instant, epoch ms. */
  seek(ms) {
    if (this.room.hidden) return;
    this.slider.value = String(Math.round(ms / 1000));
    this.#at(Number(this.slider.value));
  }

  #play() {
    if (this.slider.value === this.slider.max) this.slider.value = this.slider.min;
    this.#press(true);
    let last = performance.now();
    let at = Number(this.slider.value);
    this.timer = setInterval(() => {
      const now = performance.now();
      at += ((now - last) / 1000) * Number(this.pace.value);
      last = now;
      this.slider.value = String(Math.round(at));
      this.#at(Number(this.slider.value));
      if (at >= Number(this.slider.max)) this.stop();
    }, FRAME_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.#press(false);
  }

  #press(playing) {
    this.button.dataset.playing = String(playing);
    this.button.setAttribute('aria-label', this.words.say(playing ? 'track_pause' : 'track_play'));
    this.button.title = this.button.getAttribute('aria-label');
  }

  #at(second, mark = true) {
    const { words, fixes } = this;
    const ms = Math.min(Math.max(second * 1000, fixes[0].ms), fixes.at(-1).ms);
    const next = Math.max(fixes.findIndex((fix) => fix.ms >= ms), 1);
    const [a, b] = [fixes[next - 1], fixes[next]];
    const silent = b.ms - a.ms > APART_MS && ms > a.ms && ms < b.ms;
    const part = silent ? 0 : (ms - a.ms) / Math.max(b.ms - a.ms, 1);
    const driven = part < 0.5 ? a.speed : b.speed;
    const speed = words.say('speed_kmh', { speed: driven === null ? '–' : words.count(Math.round(driven)) });
    const told = silent ? words.say('track_silent', { from: words.minute(a.ms), to: words.minute(b.ms) }) : speed;
    this.told.replaceChildren(Object.assign(document.createElement('b'), { textContent: words.time(ms) }), ` ${told}`);
    this.slider.setAttribute('aria-valuetext', `${words.time(ms)}, ${told}`);
    if (mark) this.on.mark([a.lon + (b.lon - a.lon) * part, a.lat + (b.lat - a.lat) * part]);
  }
}
