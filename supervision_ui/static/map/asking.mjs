// Questions to the API: JSON or a reason in words' keys.

/** A refusal: `status` of HTTP (0: the server was not reached), `field` that the problem names, its sentence. */
export class Refusal extends Error {
  constructor(status, field = '', detail = '') {
    super(`${status} ${field}`);
    this.status = status;
    this.field = field;
    this.detail = detail;
  }
}

/** To the login page, and back here afterwards; not while the account leaves by itself. */
export function toLogin() {
  if ('leaving' in document.documentElement.dataset) return;
  location.assign(`/app/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Proof that a changing request comes from our own page. */
function csrf() {
  const found = document.cookie.match(/(?:^|; )_csrf_token=([^;]+)/);
  return found ? decodeURIComponent(found[1]) : '';
}

/** Body of an answer to what is sent; throws Refusal. */
export function tell(path, body, signal) {
  const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': csrf() };
  return ask(path, signal, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Body of an answer; throws Refusal. */
export async function ask(path, signal, options = {}) {
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, { signal, ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0);
  }
  if (answer.status === 401) toLogin();
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem.errors?.[0]?.field, problem.errors?.[0]?.message ?? problem.detail);
}

/** An element with a class and what is in it: texts or elements. */
export function make(tag, className = '', ...inside) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (tag === 'button') element.type = 'button';
  element.append(...inside.filter((one) => one !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** An input in the page's element `<id>-slot`. */
export function plant(id, attributes) {
  const input = Object.assign(document.createElement('input'), { id });
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  byId(`${id}-slot`).replaceChildren(input);
  return input;
}
