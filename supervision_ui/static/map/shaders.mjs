// Shapes of the vehicle layer. Status is told by shape and by colour. Small symbols have a shader of their own: a hundred thousand
// of them cost a third of what the full shapes cost, and at that size nobody sees an arrow.

const VERTEX_HEAD = `#version 300 es
uniform mat4 u_matrix;
uniform float u_size;
uniform int u_above;
uniform int u_selected;
uniform vec3 u_colours[5];
uniform vec3 u_stale_ink;
uniform float u_stale;
in vec2 a_place;
in uvec4 a_look;
flat out vec3 v_ink;
flat out float v_size;
bool left_out(int status, bool chosen) {
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  return a_look.z == 0u || status > 4 || (u_above == 1) != (status >= 3 || chosen);
}
void put(int status, float size) {
  v_ink = mix(u_colours[status], u_stale_ink, u_stale);
  v_size = size;
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
  gl_PointSize = size;
}`;

export const SHAPE_VERTEX = `${VERTEX_HEAD}
flat out int v_shape;
flat out int v_chosen;
flat out vec2 v_turn;
void main() {
  int status = int(a_look.x & 7u);
  bool chosen = gl_VertexID == u_selected;
  if (left_out(status, chosen)) return;
  float angle = float(a_look.y) * 2.0 * 0.017453292519943295;
  v_shape = status == 0 && a_look.y == 255u ? 5 : status;
  v_chosen = chosen ? 1 : 0;
  v_turn = vec2(sin(angle), cos(angle));
  put(status, u_size * (status >= 3 ? 1.25 : 1.0) * (chosen ? 1.9 : 1.0));
}`;

export const SHAPE_FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 u_casing;
uniform vec3 u_halo;
flat in int v_shape;
flat in int v_chosen;
flat in vec2 v_turn;
flat in vec3 v_ink;
flat in float v_size;
out vec4 colour;

float edge(vec2 p, vec2 a, vec2 b) {
  vec2 ap = p - a, ab = b - a;
  return length(ap - ab * clamp(dot(ap, ab) / dot(ab, ab), 0.0, 1.0));
}
float side(vec2 p, vec2 a, vec2 b) { return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x); }

// signed distances, negative inside; p runs from -1 to 1, y up
float arrow(vec2 p) {
  p.x = abs(p.x);
  vec2 tip = vec2(0.0, 0.86), wing = vec2(0.56, -0.72), notch = vec2(0.0, -0.42);
  float d = min(edge(p, tip, wing), edge(p, wing, notch));
  return side(p, tip, wing) < 0.0 && side(p, wing, notch) < 0.0 ? -d : d;
}
float box(vec2 p) {
  vec2 q = abs(p) - 0.46;
  return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - 0.12;
}
float triangle(vec2 p) {
  p.x = abs(p.x);
  vec2 top = vec2(0.0, 0.74), foot = vec2(0.78, -0.58), base = vec2(0.0, -0.58);
  float d = min(edge(p, top, foot), edge(p, foot, base));
  return side(p, top, foot) < 0.0 && p.y > -0.58 ? -d : d;
}

void main() {
  vec2 p = vec2(gl_PointCoord.x, 1.0 - gl_PointCoord.y) * 2.0 - 1.0;
  float pixel = 2.0 / v_size;
  float zoomed = v_chosen == 1 ? 1.9 : 1.0;
  vec2 q = p * zoomed * 1.12;
  float scale = pixel * zoomed * 1.12;
  float d;
  if (v_shape == 0) d = arrow(vec2(q.x * v_turn.y - q.y * v_turn.x, q.x * v_turn.x + q.y * v_turn.y));
  else if (v_shape == 1) d = box(q);
  else if (v_shape == 2) d = abs(length(q) - 0.55) - max(0.14, 0.75 * scale);
  else if (v_shape == 3) d = triangle(q);
  else if (v_shape == 4) d = min(abs(length(q) - 0.68) - max(0.13, 0.8 * scale), length(q) - 0.3);
  else d = length(q) - 0.6;
  float ink = 1.0 - smoothstep(-0.5, 0.5, d / scale);
  float alpha = max(ink, 0.85 * (1.0 - smoothstep(0.5, 1.5, d / scale - 0.6)));
  vec3 mixed = mix(u_casing, v_ink, ink);
  if (v_chosen == 1) {
    float ring = abs(length(p) - 0.84) - 0.05;
    float halo = 1.0 - smoothstep(-0.5, 0.5, ring / pixel);
    float glow = (1.0 - smoothstep(0.84, 0.86, length(p))) * 0.16;
    mixed = mix(mixed, u_halo, max(halo, glow * (1.0 - alpha)));
    alpha = max(alpha, max(halo, glow));
  }
  colour = vec4(mixed * alpha, alpha);
}`;

export const DOT_VERTEX = `${VERTEX_HEAD}
flat out float v_square;
flat out float v_hole;
void main() {
  int status = int(a_look.x & 7u);
  if (left_out(status, gl_VertexID == u_selected)) return;
  v_square = status == 1 ? 1.0 : 0.0;
  v_hole = status == 2 ? 0.36 : -1.0;
  put(status, u_size);
}`;

// radius 1 is the casing's rim, 0.76 the ink's; distances in pixels by v_size / 2
export const DOT_FRAGMENT = `#version 300 es
precision mediump float;
uniform vec3 u_casing;
flat in vec3 v_ink;
flat in float v_size;
flat in float v_square;
flat in float v_hole;
out vec4 colour;
void main() {
  vec2 p = abs(gl_PointCoord * 2.0 - 1.0);
  float r = mix(length(p), max(p.x, p.y) * 1.1, v_square);
  float sharp = v_size * 0.5;
  float ink = clamp((0.76 - r) * sharp + 0.5, 0.0, 1.0) * clamp((r - v_hole) * sharp + 0.5, 0.0, 1.0);
  float alpha = clamp((1.0 - r) * sharp, 0.0, 1.0);
  colour = vec4(mix(u_casing, v_ink, ink) * alpha, alpha);
}`;
