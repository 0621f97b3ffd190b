// Colours, words and numbers: everything a person reads or sees comes through here.

/** Colour of a custom property of the page's theme. */
export function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--ct-${name}`).trim();
}

/** (r, g, b) from 0 to 1 of a #rrggbb colour. */
export function rgb(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
}

export const STATUS_NAMES = ['moving', 'stopped', 'offline', 'warning', 'alarm'];

/** Colours of the vehicle layer in the present theme. */
export function layerColours() {
  return {
    status: new Float32Array(STATUS_NAMES.flatMap((name) => rgb(ink(`status-${name}`)))),
    casing: new Float32Array(rgb(ink('casing'))),
    stale: new Float32Array(rgb(ink('stale'))),
    halo: new Float32Array(rgb(ink('accent'))),
  };
}

export class Words {
  constructor(words, language) {
    this.words = words;
    this.language = language;
    const time = { timeZone: 'Asia/Shanghai', hourCycle: 'h23' };
    this.clock = new Intl.DateTimeFormat(language, { ...time, hour: '2-digit', minute: '2-digit', second: '2-digit' });
    this.moment = new Intl.DateTimeFormat('sv-SE', { ...time, dateStyle: 'short', timeStyle: 'medium' }); // 2026-11-22 08:00:00, in both languages
    this.hourMinute = new Intl.DateTimeFormat(language, { ...time, hour: '2-digit', minute: '2-digit' });
    this.number = new Intl.NumberFormat(language);
    this.kilometres = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  /** The catalogue's text with its {names} filled in. */
  say(key, values = {}) {
    const text = this.words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  /** Texts whose key starts with a prefix, by the rest of the key. */
  starting(prefix) {
    const found = Object.entries(this.words).filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(found.map(([key, text]) => [key.slice(prefix.length), text]));
  }

  time(ms) {
    return this.clock.format(ms);
  }

  /** 08:36 */
  minute(ms) {
    return this.hourMinute.format(ms);
  }

  /** Metres as kilometres with one decimal, without the unit. */
  km(metres) {
    return this.kilometres.format(metres / 1000);
  }

  dateTime(ms) {
    return this.moment.format(ms);
  }

  count(value) {
    return this.number.format(value);
  }

  age(seconds) {
    if (seconds < 90) return this.say('age_s', { n: Math.max(0, Math.round(seconds)) });
    if (seconds < 5400) return this.say('age_min', { n: Math.round(seconds / 60) });
    if (seconds < 172800) return this.say('age_h', { n: Math.round(seconds / 3600) });
    return this.say('age_d', { n: Math.round(seconds / 86400) });
  }

  speed(byte) {
    if (byte === 255) return '–';
    return byte === 254 ? '≥ 254' : String(byte);
  }

  heading(degrees) {
    if (degrees === null || degrees === undefined) return '–';
    const points = this.say('compass').split(' ');
    return `${points[Math.round(degrees / 45) % 8]} ${degrees}°`;
  }
}
