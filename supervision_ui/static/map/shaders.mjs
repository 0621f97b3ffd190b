// Shapes of the vehicle layer. Status is told by shape and by colour.

export const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_size;
uniform int u_pass;
uniform int u_selected;
in vec2 a_place;
in uvec4 a_look;
flat out int v_status;
flat out int v_chosen;
flat out vec2 v_turn;
flat out float v_size;
void main() {
  int status = int(a_look.x & 7u);
  bool chosen = gl_VertexID == u_selected;
  bool above = status >= 3 || chosen;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  if (a_look.z == 0u || (u_pass == 1) != above) return;
  float angle = float(a_look.y) * 2.0 * 0.017453292519943295;
  v_status = status == 0 && a_look.y == 255u ? 5 : status;
  v_chosen = chosen ? 1 : 0;
  v_turn = vec2(sin(angle), cos(angle));
  v_size = u_size * (status >= 3 ? 1.25 : 1.0) * (chosen ? 1.9 : 1.0);
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
  gl_PointSize = v_size;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 u_colours[6];
uniform vec3 u_casing;
uniform vec3 u_stale_ink;
uniform vec3 u_halo;
uniform float u_stale;
flat in int v_status;
flat in int v_chosen;
flat in vec2 v_turn;
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
float box(vec2 p, float half_side) {
  vec2 q = abs(p) - (half_side - 0.12);
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
  bool tiny = v_size < 10.0;
  float d;
  if (v_status == 0 && !tiny) d = arrow(vec2(q.x * v_turn.y - q.y * v_turn.x, q.x * v_turn.x + q.y * v_turn.y));
  else if (v_status == 1) d = box(q, tiny ? 0.72 : 0.58);
  else if (v_status == 2) d = abs(length(q) - 0.55) - max(0.14, 0.75 * scale);
  else if (v_status == 3) d = triangle(q);
  else if (v_status == 4) d = min(abs(length(q) - 0.68) - max(0.13, 0.8 * scale), length(q) - 0.3);
  else d = length(q) - (tiny ? 0.78 : 0.6);
  float ink = 1.0 - smoothstep(-0.5, 0.5, d / scale);
  float casing = 1.0 - smoothstep(0.5, 1.5, (d - scale * 0.6) / scale);
  vec3 base = mix(u_colours[v_status], u_stale_ink, u_stale);
  float alpha = max(ink, casing * 0.85);
  vec3 mixed = mix(u_casing, base, ink);
  if (v_chosen == 1) {
    float ring = abs(length(p) - 0.84) - 0.05;
    float halo = 1.0 - smoothstep(-0.5, 0.5, ring / pixel);
    float glow = (1.0 - smoothstep(0.84, 0.86, length(p))) * 0.16;
    mixed = mix(mixed, u_halo, max(halo, glow * (1.0 - alpha)));
    alpha = max(alpha, max(halo, glow));
  }
  if (alpha < 0.02) discard;
  colour = vec4(mixed * alpha, alpha);
}`;
