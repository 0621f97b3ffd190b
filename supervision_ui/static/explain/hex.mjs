// Hexadecimal as people paste it.

const IGNORED = /0[xX]|[\s,;:_-]/g;

/** Digits of a text without what is ignored. */
export function digits(text) {
  return text.replace(IGNORED, '');
}

/** What is wrong with a text before it is sent: `key` of the words, their `values`, `at` of the bad character; null when nothing is. */
export function problem(text) {
  const blanked = text.replace(IGNORED, (found) => ' '.repeat(found.length));
  const at = blanked.search(/[^0-9a-fA-F ]/);
  if (at >= 0) return { key: 'explain_not_hex', values: { place: at + 1, found: String.fromCodePoint(text.codePointAt(at)) }, at };
  const count = digits(text).length;
  if (count === 0 || /^(7e)*$/i.test(digits(text))) return { key: 'explain_empty', values: {} };
  return count % 2 ? { key: 'explain_odd', values: { n: count } } : null;
}

/** Two digits a byte. */
export function pairs(raw) {
  return raw.match(/../g) ?? [];
}
