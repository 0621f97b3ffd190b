// Days of Asia/Shanghai as 'YYYY-MM-DD', and how spans of time are written.

const DAY_MS = 86_400_000;
const OFFSET_MS = 8 * 3_600_000;

export const dayOf = (ms) => new Date(ms + OFFSET_MS).toISOString().slice(0, 10);
export const startOf = (day) => Date.parse(`${day}T00:00:00Z`) - OFFSET_MS;
export const shifted = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(startOf(text)) && shifted(text, 0) === text; // no 30 February

/** Weekday of a day in the language, short. */
export function weekday(day, language) {
  return new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' }).format(Date.parse(`${day}T00:00:00Z`));
}

/** 08:36–08:51. */
export function span(words, from, to) {
  return `${words.minute(Date.parse(from))}–${words.minute(Date.parse(to))}`;
}

/** 45 s, 12 min, 1 h 05 min. */
export function lasting(words, from, to) {
  const seconds = Math.round((Date.parse(to) - Date.parse(from)) / 1000);
  if (seconds < 90) return words.say('track_s', { n: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return words.say('track_min', { n: minutes });
  return words.say('track_h_min', { h: Math.floor(minutes / 60), min: String(minutes % 60).padStart(2, '0') });
}
