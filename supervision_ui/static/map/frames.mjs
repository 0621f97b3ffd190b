// Binary frames of the live socket, layout 1. Twin of api/live/frames.py; both read tests/vectors/frames/*.json.

export const KEYFRAME = 1;
export const DELTA = 2;
export const COUNTS = 3;
export const MOVING = 0;
export const STOPPED = 1;
export const OFFLINE = 2;
export const WARNING = 3;
export const ALARM = 4;
export const LEFT = 7;
export const STATUS_MASK = 0x07;
export const BACKFILLED = 0x08;
export const NO_GNSS = 0x10;
export const OPEN_ALERT = 0x20;
export const UNKNOWN = 255;

const MAGIC = 0x31534f50;
const LAYOUT = 1;
const HEADER = 24;

export class FrameError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Typed views of a frame: {kind, seq, time, n, ids, lon, lat, heading, status, speed} or, for counts, {regions, byStatus}. */
export function decode(buffer) {
  if (buffer.byteLength < HEADER) throw new FrameError('short_frame');
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new FrameError('bad_magic');
  if (view.getUint8(21) !== LAYOUT) throw new FrameError('bad_version');
  const kind = view.getUint8(20);
  if (kind < KEYFRAME || kind > COUNTS) throw new FrameError('bad_kind');
  const n = view.getUint32(16, true);
  const expected = HEADER + n * (kind === COUNTS ? 24 : 15);
  if (buffer.byteLength !== expected) throw new FrameError(buffer.byteLength < expected ? 'short_frame' : 'long_frame');
  const frame = { kind, n, seq: view.getUint32(4, true), time: view.getFloat64(8, true) };
  return kind === COUNTS ? withCounts(frame, buffer) : withVehicles(frame, buffer);
}

function withVehicles(frame, buffer) {
  const { n } = frame;
  const bytes = HEADER + 12 * n;
  frame.ids = new Uint32Array(buffer, HEADER, n);
  frame.lon = new Int32Array(buffer, HEADER + 4 * n, n);
  frame.lat = new Int32Array(buffer, HEADER + 8 * n, n);
  frame.heading = new Uint8Array(buffer, bytes, n);
  frame.status = new Uint8Array(buffer, bytes + n, n);
  frame.speed = new Uint8Array(buffer, bytes + 2 * n, n);
  return frame;
}

function withCounts(frame, buffer) {
  const { n } = frame;
  frame.regions = new Uint32Array(buffer, HEADER, n);
  frame.byStatus = [0, 1, 2, 3, 4].map((i) => new Uint32Array(buffer, HEADER + 4 * n * (i + 1), n));
  return frame;
}
