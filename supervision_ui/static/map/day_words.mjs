// A vehicle-day in words: figures, flags, rows of segments, trips, standstills and stops. Every figure with its unit.

import { lasting, span } from './calendar.mjs';
import { make } from './asking.mjs';

const PARTS = [['on_road', 'on_road_m'], ['off_road', 'off_road_m'], ['gap', 'inferred_m']];

/** The bar of a day: its three parts, each as wide as its share of `most` metres. */
export function bar(figures, most) {
  const parts = PARTS.map(([kind, name]) => {
    const part = make('span', `ct-part ct-part-${kind}`);
    part.style.width = `${(100 * figures[name]) / Math.max(most, 1)}%`;
    return part;
  });
  const whole = make('span', 'ct-bar', ...parts);
  whole.setAttribute('aria-hidden', 'true');
  return whole;
}

export const interval = (words, low, high) => words.say('track_interval', { low: words.km(low), high: words.km(high) });

/** Share of the mileage that was inferred, in whole per cent. */
export const inferredShare = (figures) => Math.round((100 * figures.inferred_m) / Math.max(figures.matched_m, 1));

/** 'Final' or 'Provisional', with what makes it one. */
export function standing(words, figures) {
  if (!figures.final) return words.say('track_provisional');
  return figures.revision > figures.final_revision ? words.say('track_changed_after_final') : words.say('track_final');
}

/** The figures of a day as a list of terms. */
export function dayFigures(words, { figures, compared }) {
  const km = (metres) => words.say('track_km', { km: words.km(metres) });
  const rows = PARTS.map(([kind, name]) => [words.say(`track_kind_${kind}`), km(figures[name]), kind]);
  if (figures.ferry_m) rows.push([words.say('track_kind_ferry'), km(figures.ferry_m), 'ferry']);
  const { odo_start_m: from, odo_end_m: to } = figures;
  rows.push([words.say('track_odometer'), from === null || to === null ? words.say('track_no_odometer') : km(to - from)]);
  rows.push([words.say('track_raw_sum'), km(figures.gps_raw_m)]);
  if (figures.flags.includes('SOURCES_DISAGREE')) rows.push([words.say('track_compared'), compareWords(words, compared)]);
  rows.push([words.say('track_records'), words.say('track_of', { part: words.count(figures.qualified_records), total: words.count(figures.records) })]);
  return rows.map(([term, said, kind]) => {
    const name = make('dt', '', ...(kind ? [swatch(kind)] : []), term);
    return make('div', '', name, make('dd', '', said));
  });
}

function compareWords(words, compared) {
  const said = [['matched', compared.matched_m], ['odometer', compared.odometer_m], ['raw', compared.raw_m]].filter(([, metres]) => metres !== null);
  return said.map(([source, metres]) => `${words.say(`track_source_${source}`)} ${words.say('track_km', { km: words.km(metres) })}`).join(' · ');
}

export function swatch(kind) {
  const line = make('span', `ct-swatch ct-swatch-${kind}`);
  line.setAttribute('aria-hidden', 'true');
  return line;
}

/** Flags in words; one without words is told as it is. */
export function flagWords(words, flags) {
  return flags.map((flag) => {
    const key = `track_flag_${flag.toLowerCase()}`;
    return make('li', '', words.words[key] ?? flag);
  });
}

/** One row of a list: a button with what it is, when, and how much. */
function row(symbol, what, when, much) {
  return make('button', 'ct-row', symbol, make('span', 'ct-row-what', what), make('span', 'ct-row-when', when), make('span', 'ct-row-much', much));
}

export function segmentRow(words, segment) {
  const much = segment.kind === 'still' ? lasting(words, segment.begins, segment.ends) : words.say('track_km', { km: words.km((segment.kind === 'ferry' ? segment.ferry_mm : segment.length_mm) / 1000) });
  const one = row(swatch(segment.kind), words.say(`track_kind_${segment.kind}`), span(words, segment.begins, segment.ends), much);
  one.setAttribute('aria-expanded', 'false');
  one.dataset.seq = segment.seq;
  return one;
}

const exact = (millimetres) => (millimetres / 1e6).toFixed(3);

/** What is behind a segment: source, length with interval, confidence, reason, duration. */
export function segmentDetail(words, segment) {
  const lines = [[words.say('track_duration'), lasting(words, segment.begins, segment.ends)]];
  if (segment.kind !== 'still') {
    lines.push([words.say('track_source'), words.say(`track_source_${segment.source}`)]);
    lines.push([words.say('track_length'), words.say('track_km', { km: exact(segment.length_mm) })]);
    lines.push([words.say('track_interval_term'), words.say('track_interval', { low: exact(segment.low_mm), high: exact(segment.high_mm) })]);
    lines.push([words.say('track_confidence'), `${Math.round(segment.confidence * 100)} %`]);
  }
  if (segment.reason !== 'none') lines.push([words.say('track_reason'), words.say(`track_reason_${segment.reason}`)]);
  const list = make('dl', 'ct-detail', ...lines.map(([term, said]) => make('div', '', make('dt', '', term), make('dd', '', said))));
  return list;
}

export function tripRow(words, trip, i) {
  return row(number(i), words.say('track_trip', { n: i + 1 }), span(words, trip.begins, trip.ends), words.say('track_km', { km: words.km(trip.length_mm / 1000) }));
}

export function stayRow(words, stay) {
  return row(make('span', 'ct-stay'), words.say('track_stay'), span(words, stay.begins, stay.ends), lasting(words, stay.begins, stay.ends));
}

export function passageRow(words, one) {
  const when = one.arrive ? span(words, one.arrive, one.depart ?? one.arrive) : words.say('track_quality_skipped');
  const what = words.say('track_passage', { line: one.line_id, run: one.run + 1, stop: one.stop_seq });
  return row(make('span', 'ct-stay'), what, when, one.arrive ? words.say(`track_quality_${one.quality}`) : '–');
}

function number(i) {
  return make('span', 'ct-number', String(i + 1));
}
