// All vehicles in two draws of one buffer: alarms, warnings and the chosen vehicle lie above the others.

import { VERTEX, FRAGMENT } from './shaders.mjs';
import { VERTEX_BYTES } from './store.mjs';

const UNIFORMS = ['u_matrix', 'u_size', 'u_pass', 'u_selected', 'u_colours', 'u_casing', 'u_stale_ink', 'u_halo', 'u_stale'];

/** Size of a symbol in CSS pixels by zoom. */
export function symbolSize(zoom) {
  const stops = [[7, 7], [10, 11], [12, 18], [15, 24], [18, 30]];
  if (zoom <= stops[0][0]) return stops[0][1];
  for (let i = 1; i < stops.length; i++) {
    const [[z0, s0], [z1, s1]] = [stops[i - 1], stops[i]];
    if (zoom <= z1) return s0 + ((s1 - s0) * (zoom - z0)) / (z1 - z0);
  }
  return stops.at(-1)[1];
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
    this.program = link(gl);
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.buffer = gl.createBuffer();
    this.vao = gl.createVertexArray();
    this.room = 0;
    this.dirty = true;
    gl.bindVertexArray(this.vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const place = gl.getAttribLocation(this.program, 'a_place');
    const look = gl.getAttribLocation(this.program, 'a_look');
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 2, gl.FLOAT, false, VERTEX_BYTES, 0);
    gl.enableVertexAttribArray(look);
    gl.vertexAttribIPointer(look, 4, gl.UNSIGNED_BYTE, VERTEX_BYTES, 8);
    gl.bindVertexArray(null);
  }

  onRemove(map, gl) {
    gl.deleteProgram(this.program);
    gl.deleteBuffer(this.buffer);
    gl.deleteVertexArray(this.vao);
  }

  /** Draw the store again; `look` may carry selected (row), stale (0 or 1), colours, hidden. */
  update(look = {}) {
    Object.assign(this, look);
    this.dirty = true;
    this.map?.triggerRepaint();
  }

  #upload(gl) {
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const bytes = this.store.vertexBytes;
    if (bytes.byteLength !== this.room) {
      this.room = bytes.byteLength;
      gl.bufferData(gl.ARRAY_BUFFER, bytes, gl.DYNAMIC_DRAW);
    } else {
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, bytes, 0, this.store.size * VERTEX_BYTES);
    }
    this.dirty = false;
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
    gl.useProgram(this.program);
    gl.bindVertexArray(this.vao);
    if (this.dirty) this.#upload(gl);
    gl.uniformMatrix4fv(this.at.u_matrix, false, this.#matrix(args.defaultProjectionData.mainMatrix));
    gl.uniform1f(this.at.u_size, symbolSize(this.map.getZoom()) * this.map.getPixelRatio());
    gl.uniform1i(this.at.u_selected, this.selected);
    gl.uniform3fv(this.at.u_colours, this.colours.status);
    gl.uniform3fv(this.at.u_casing, this.colours.casing);
    gl.uniform3fv(this.at.u_stale_ink, this.colours.stale);
    gl.uniform3fv(this.at.u_halo, this.colours.halo);
    gl.uniform1f(this.at.u_stale, this.stale);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const pass of [0, 1]) {
      gl.uniform1i(this.at.u_pass, pass);
      gl.drawArrays(gl.POINTS, 0, this.store.size);
    }
    gl.bindVertexArray(null);
  }
}

function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
