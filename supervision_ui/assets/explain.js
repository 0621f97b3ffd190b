// Loader of the explaining page. Dash loads this folder as classic scripts; the page's own script is ES modules under /static/explain/.
(() => {
  'use strict';

  let started = null;
  const look = () => {
    const element = document.getElementById('explain');
    if (!element || element === started) return;
    started = element;
    import('/static/explain/main.mjs').then((module) => module.start(element)).catch((error) => console.error(error));
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
})();
