// Loader of the supervision map. Dash loads this folder as classic scripts; the map itself is ES modules under /static/map/.
(() => {
  'use strict';

  const remember = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  };

  const dress = (theme) => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.mantineColorScheme = theme;
  };

  // no theme chosen: go with the system, also when it changes
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    dress(system.matches ? 'dark' : 'light');
    window.dispatchEvent(new CustomEvent('fleetmap:theme'));
  };
  if (document.documentElement.dataset.theme === 'auto') {
    follow();
    system.addEventListener('change', follow);
  }

  let started = null;
  const look = () => {
    const element = document.getElementById('fleet-map');
    if (!element || element === started) return;
    started = element;
    import('/static/map/main.mjs')
      .then((module) => module.start(element))
      .catch((error) => {
        const banner = document.getElementById('map-banner');
        banner.textContent = String(error);
        banner.hidden = false;
        console.error(error);
      });
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

  // the account's way out hangs on no framework: it works as soon as the button is there
  const leave = async (button) => {
    const found = document.cookie.match(/(?:^|; )_csrf_token=([^;]+)/);
    const headers = { 'X-CSRFToken': found ? decodeURIComponent(found[1]) : '' };
    button.disabled = true;
    document.documentElement.dataset.leaving = '';
    try {
      const answer = await fetch('/api/v1/session', { method: 'DELETE', headers });
      if (!answer.ok && answer.status !== 401) throw new Error(answer.statusText);
      window.location.assign('/app/login');
    } catch {
      delete document.documentElement.dataset.leaving;
      button.disabled = false;
      const banner = document.querySelector('[data-banner]');
      banner.textContent = button.dataset.failed;
      banner.hidden = false;
    }
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('#logout');
    if (button) leave(button);
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.fleetmap = {
    filter(text, classes) {
      window.fleetmapFilter = { text: (text || '').trim().toUpperCase(), classes: new Set(classes || []) };
      window.dispatchEvent(new CustomEvent('fleetmap:filter', { detail: window.fleetmapFilter }));
      return window.dash_clientside.no_update;
    },
    theme(presses) {
      if (!presses) return window.dash_clientside.no_update;
      const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
      system.removeEventListener('change', follow);
      remember('cuntong_theme', theme);
      dress(theme);
      window.dispatchEvent(new CustomEvent('fleetmap:theme'));
      return theme;
    },
    language(chosen) {
      if (chosen && chosen !== document.documentElement.lang) {
        remember('cuntong_language', chosen);
        window.location.reload();
      }
      return window.dash_clientside.no_update;
    },
    view(chosen) {
      document.body.dataset.view = chosen || 'map';
      window.dispatchEvent(new Event('resize'));
      return window.dash_clientside.no_update;
    },
  };
})();
