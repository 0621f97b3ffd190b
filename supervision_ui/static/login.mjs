// Sends the login form; the server answers with cookies.

const form = document.getElementById('login');
const words = JSON.parse(form.dataset.words);
const answer = document.getElementById('answer');
const second = document.getElementById('second');
const other = document.getElementById('other');

function destination() {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  return /^\/app\/(?![\\/])/.test(next) ? next : '/app/monitor';
}

const failed = new URLSearchParams(location.search).get('error') ?? '';
if (failed) answer.textContent = words[`login_${failed}`] ?? words.login_failed;
if (other) other.href += `?next=${encodeURIComponent(destination())}`;

/** What went wrong, and the field to correct. */
function refused(status, code, retryAfter) {
  if (status === 429) return [words.login_locked.replace('{n}', retryAfter), 'password'];
  if (code !== 'second_factor') return [status === 401 ? words.login_wrong : words.login_failed, 'password'];
  const asked = second.hidden;
  second.hidden = false;
  return [asked ? words.login_code_needed : words.login_code_wrong, 'code'];
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  let field = 'password';
  button.disabled = true;
  answer.textContent = '';
  try {
    const body = JSON.stringify({ name: form.elements.name.value, password: form.elements.password.value, code: form.elements.code.value });
    const response = await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    if (response.ok) {
      location.assign(destination());
      return;
    }
    const problem = await response.json().catch(() => ({}));
    [answer.textContent, field] = refused(response.status, problem.code, response.headers.get('Retry-After'));
  } catch {
    answer.textContent = words.login_failed;
  }
  button.disabled = false;
  form.elements[field].focus();
  form.elements[field].select();
});

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    document.cookie = `cuntong_language=${button.dataset.language}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  });
}
