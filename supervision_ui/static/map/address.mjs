// What the page's address asks for.

import { isDay } from './calendar.mjs';

/** `?vehicle=ID` opens its card, `&day=YYYY-MM-DD` its way on that day; bad: the name of a parameter that was not understood. */
export function asked(search) {
  const query = new URLSearchParams(search);
  const [vehicle, day] = [query.get('vehicle'), query.get('day')];
  const bad = vehicle !== null && !/^\d{1,10}$/.test(vehicle) ? 'vehicle' : day !== null && (vehicle === null || !isDay(day)) ? 'day' : null;
  return { vehicle: vehicle !== null && bad !== 'vehicle' ? Number(vehicle) : null, day: bad ? null : day, bad };
}
