// All vehicles from one buffer: first the many, then alarms, warnings and the chosen vehicle above them.

import { STATUS_MASK, WARNING } from './frames.mjs';
import { DOT_FRAGMENT, DOT_VERTEX, SHAPE_FRAGMENT, SHAPE_VERTEX } from './shaders.mjs';
import { VERTEX_BYTES } from './store.mjs';

const SIZES = [[7, 7], [10, 11], [12, 18], [15, 24], [18, 30]];
const DOTS_BELOW = 10; // CSS pixels
const CROWD = 10_000;
const UNIFORMS = ['u_matrix', 'u_size', 'u_above', 'u_selected', 'u_colours', 'u_casing', 'u_stale_ink', 'u_halo', 'u_stale'];

/** Size of a symbol in CSS pixels by zoom; smaller where a crowd is seen from afar. */
export function symbolSize(zoom, vehicles = 0) {
  const crowded = vehicles > CROWD && zoom < 10 ? Math.max(0.6, 1 - 0.3 * Math.log10(vehicles / CROWD)) : 1;
  if (zoom <= SIZES[0][0]) return SIZES[0][1] * crowded;
  for (let i = 1; i < SIZES.length; i++) {
    const [[z0, s0], [z1, s1]] = [SIZES[i - 1], SIZES[i]];
    if (zoom <= z1) return (s0 + ((s1 - s0) * (zoom - z0)) / (z1 - z0)) * crowded;
  }
  return SIZES.at(-1)[1];
}

export class PointsLayer {
  constructor(store) {
    this.id = 'vehicles';
    this.type = 'custom';
    this.renderingMode = '2d';
    this.store = store;
    this.hidden = false;
    this.selected = -1;
    this.stale = 0;
    this.colours = null;
    this.drawn = 0;
    this.dirty = true;
  }

  onAdd(map, gl) {
    this.map = map;
    this.shapes = new Program(gl, SHAPE_VERTEX, SHAPE_FRAGMENT);
    this.dots = new Program(gl, DOT_VERTEX, DOT_FRAGMENT);
    this.buffer = gl.createBuffer();
    this.above = gl.createBuffer();
    for (const program of [this.shapes, this.dots]) program.bind(gl, this.buffer, this.above);
    this.room = 0;
    this.dirty = true;
  }

  onRemove(map, gl) {
    for (const program of [this.shapes, this.dots]) program.remove(gl);
    gl.deleteBuffer(this.buffer);
    gl.deleteBuffer(this.above);
  }

  /** Draw the store again; `look` may carry selected (row), stale (0 or 1), colours, hidden. */
  update(look = {}) {
    Object.assign(this, look);
    this.dirty = true;
    this.map?.triggerRepaint();
  }

  #upload(gl) {
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const bytes = this.store.vertexBytes;
    if (bytes.byteLength !== this.room) {
      this.room = bytes.byteLength;
      gl.bufferData(gl.ARRAY_BUFFER, bytes, gl.DYNAMIC_DRAW);
    } else {
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, bytes, 0, this.store.size * VERTEX_BYTES);
    }
    const rows = this.#rowsAbove();
    this.aboveCount = rows.length;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.above);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
    this.dirty = false;
  }

  #rowsAbove() {
    const { status, visible, size } = this.store;
    const rows = [];
    for (let row = 0; row < size; row++) {
      if (visible[row] && ((status[row] & STATUS_MASK) >= WARNING || row === this.selected)) rows.push(row);
    }
    return Uint32Array.from(rows);
  }

  #matrix(main) {
    const [x, y] = this.store.origin;
    const moved = Float64Array.from(main);
    for (let i = 0; i < 4; i++) moved[12 + i] += main[i] * x + main[4 + i] * y;
    return Float32Array.from(moved);
  }

  render(gl, args) {
    this.drawn = this.store.time;
    if (this.hidden || !this.store.size || !this.colours) return;
    if (this.dirty) this.#upload(gl);
    const matrix = this.#matrix(args.defaultProjectionData.mainMatrix);
    const size = symbolSize(this.map.getZoom(), this.store.size);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const many = size < DOTS_BELOW ? this.dots : this.shapes;
    many.use(gl, this, { matrix, size, above: 0 });
    gl.drawArrays(gl.POINTS, 0, this.store.size);
    if (this.aboveCount) {
      this.shapes.use(gl, this, { matrix, size: Math.max(size, DOTS_BELOW), above: 1 });
      gl.drawElements(gl.POINTS, this.aboveCount, gl.UNSIGNED_INT, 0);
    }
    gl.bindVertexArray(null);
  }
}

class Program {
  constructor(gl, vertex, fragment) {
    this.program = link(gl, vertex, fragment);
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.vao = gl.createVertexArray();
  }

  bind(gl, buffer, above) {
    gl.bindVertexArray(this.vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, above);
    const place = gl.getAttribLocation(this.program, 'a_place');
    const look = gl.getAttribLocation(this.program, 'a_look');
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 2, gl.FLOAT, false, VERTEX_BYTES, 0);
    gl.enableVertexAttribArray(look);
    gl.vertexAttribIPointer(look, 4, gl.UNSIGNED_BYTE, VERTEX_BYTES, 8);
    gl.bindVertexArray(null);
  }

  use(gl, layer, { matrix, size, above }) {
    const { at } = this;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.vao);
    gl.uniformMatrix4fv(at.u_matrix, false, matrix);
    gl.uniform1f(at.u_size, size * layer.map.getPixelRatio());
    gl.uniform1i(at.u_above, above);
    gl.uniform1i(at.u_selected, layer.selected);
    gl.uniform3fv(at.u_colours, layer.colours.status);
    gl.uniform3fv(at.u_casing, layer.colours.casing);
    gl.uniform3fv(at.u_stale_ink, layer.colours.stale);
    gl.uniform3fv(at.u_halo, layer.colours.halo);
    gl.uniform1f(at.u_stale, layer.stale);
  }

  remove(gl) {
    gl.deleteProgram(this.program);
    gl.deleteVertexArray(this.vao);
  }
}

function link(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
