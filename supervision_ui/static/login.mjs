// Sends the login form; the server answers with cookies.

const form = document.getElementById('login');
const words = JSON.parse(form.dataset.words);
const answer = document.getElementById('answer');

function destination() {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  return /^\/app\/(?![\\/])/.test(next) ? next : '/app/monitor';
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  answer.textContent = '';
  try {
    const body = JSON.stringify({ name: form.elements.name.value, password: form.elements.password.value });
    const response = await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    if (response.ok) {
      location.assign(destination());
      return;
    }
    if (response.status === 429) answer.textContent = words.login_locked.replace('{n}', response.headers.get('Retry-After'));
    else answer.textContent = response.status === 401 ? words.login_wrong : words.login_failed;
  } catch {
    answer.textContent = words.login_failed;
  }
  button.disabled = false;
  form.elements.password.select();
});

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    document.cookie = `cuntong_language=${button.dataset.language}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  });
}
