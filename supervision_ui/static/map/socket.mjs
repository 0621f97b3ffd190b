// The live socket: subscribes, watches for gaps, reconnects with growing pauses.

import { COUNTS, DELTA, decode } from './frames.mjs';

const PAUSES_S = [1, 2, 4, 8, 15, 30];

export class LiveSocket {
  /** `on` has frame(frame), lost(), dictionary(etag), subscribed(message), refused(code), login(). */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.topic = null;
    this.detail = 'points';
    this.attempt = 0;
    this.expected = null;
    this.bytes = 0;
    this.closed = false;
  }

  subscribe(topic, detail) {
    if (topic === this.topic && detail === this.detail && this.socket) return;
    this.topic = topic;
    this.detail = detail;
    if (!this.socket) this.#open();
    else if (this.socket.readyState === WebSocket.OPEN) this.#ask();
  }

  #ask() {
    this.expected = null;
    this.socket.send(JSON.stringify({ type: 'subscribe', topic: this.topic, detail: this.detail }));
  }

  #open() {
    clearTimeout(this.waiting);
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.#ask();
    this.socket.onmessage = (event) => this.#receive(event.data);
    this.socket.onclose = (event) => this.#lost(event.code);
  }

  #receive(data) {
    if (typeof data === 'string') {
      this.#note(JSON.parse(data));
      return;
    }
    this.bytes += data.byteLength;
    let frame;
    try {
      frame = decode(data);
    } catch (error) {
      this.on.refused(error.code ?? 'bad_frame');
      return;
    }
    if ((frame.kind === COUNTS) !== (this.detail === 'counts')) return;
    if (frame.kind === DELTA && frame.seq !== this.expected) {
      if (this.expected !== null) this.socket.send('{"type":"keyframe"}');
      this.expected = null;
      return;
    }
    this.expected = (frame.seq + 1) >>> 0;
    this.attempt = 0;
    this.on.frame(frame);
  }

  #note(message) {
    if (message.type === 'subscribed') this.on.subscribed(message);
    else if (message.type === 'dictionary') this.on.dictionary(message.etag);
    else if (message.type === 'error') this.on.refused(message.code);
  }

  async #lost(code) {
    this.socket = null;
    if (this.closed) return;
    this.on.lost();
    if (code === 4403) {
      this.on.refused('topic_out_of_scope');
      return;
    }
    // while the account leaves by itself there is nothing to renew; should leaving fail, the next try asks again
    if (code === 4401 && !('leaving' in document.documentElement.dataset) && !(await renewed())) {
      this.on.login();
      return;
    }
    const pause = PAUSES_S[Math.min(this.attempt++, PAUSES_S.length - 1)];
    this.waiting = setTimeout(() => this.#open(), pause * 1000 * (0.75 + Math.random() / 2));
  }

  /** Give the present connection up without waiting for its end, and connect at once. */
  renew() {
    if (this.closed || this.socket?.readyState === WebSocket.CONNECTING) return;
    this.#leave();
    this.#open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.waiting);
    this.#leave();
  }

  #leave() {
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }
}

/** Ask for a fresh login cookie; false when the login has ended. */
export async function renewed() {
  try {
    const answer = await fetch('/api/v1/session/refresh', { method: 'POST', headers: csrf() });
    return answer.status !== 401;
  } catch {
    return true; // no connection: try again later
  }
}

/** Header that proves a changing request comes from our own page. */
export function csrf() {
  const found = document.cookie.match(/(?:^|; )_csrf_token=([^;]+)/);
  return { 'X-CSRFToken': found ? decodeURIComponent(found[1]) : '' };
}
