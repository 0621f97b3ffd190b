// Whether the picture is of now: the badge, the notice over the map, the greyed layer, and a new connection when the old one is dumb.

const STALE_MS = 10_000;
const SILENT_MS = 30_000;

export class Liveness {
  /** `on` has grey() and renew(). */
  constructor(words, on) {
    this.time = 0;
    this.words = words;
    this.on = on;
    this.badge = document.getElementById('live-badge');
    this.notice = document.getElementById('lost-banner');
    this.lastFrame = this.renewed = performance.now();
    window.addEventListener('online', () => this.lost && this.on.renew());
    setInterval(() => this.#watch(), 1000);
  }

  get lost() {
    return this.badge.dataset.state === 'lost';
  }

  /** A frame of this time, epoch ms, came. */
  frame(time) {
    this.time = time;
    this.lastFrame = performance.now();
    if (this.badge.dataset.state !== 'live') this.#show('live');
  }

  /** The connection ended, or nothing comes over it. */
  lose() {
    if (!this.lost) this.#show('lost');
  }

  #show(state) {
    const { words, time } = this;
    const now = time ? time + performance.now() - this.lastFrame : Date.now(); // by the server's clock once it is known
    this.badge.dataset.state = document.body.dataset.live = state;
    this.badge.querySelector('.ct-badge-text').textContent = words.say(`${state}_since`, { time: words.time(now) });
    this.notice.textContent = time ? words.say('lost_old', { time: words.time(time) }) : words.say('lost_never');
    this.notice.hidden = state === 'live';
  }

  #watch() {
    const now = performance.now();
    if (now - this.lastFrame < STALE_MS) return;
    this.lose();
    this.on.grey();
    if (now - Math.max(this.lastFrame, this.renewed) < SILENT_MS) return;
    this.renewed = now;
    this.on.renew();
  }
}
