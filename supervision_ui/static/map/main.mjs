// The supervision map: wires socket, store, layers, list, card and strip on the page's elements.

import * as maplibregl from '/vendor/maplibre-gl/maplibre-gl.mjs';
import { knownRegions, offeredTiles, style } from './basemap.mjs';
import { Words } from './look.mjs';
import { MapPage } from './page.mjs';

function classicScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(url));
    document.head.append(script);
  });
}

function canDraw() {
  return Boolean(document.createElement('canvas').getContext('webgl2'));
}

function banner(text) {
  const place = document.getElementById('map-banner');
  place.textContent = text;
  place.hidden = !text;
}

function controls(map, words) {
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), 'bottom-right');
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), 'bottom-left');
  map.addControl(new maplibregl.AttributionControl({ compact: true, customAttribution: words.say('datum') }), 'bottom-left');
}

/** Start the map in its element; returns the page object. */
export async function start(element) {
  const config = JSON.parse(element.dataset.config);
  const words = new Words(JSON.parse(element.dataset.words), config.language);
  const [tiles, regions] = await Promise.all([offeredTiles(), knownRegions()]);
  if (!tiles) banner(words.say('no_basemap'));
  let map = null;
  const restyle = () => style(tiles, config.language);
  if (canDraw()) {
    await classicScript('/vendor/pmtiles/pmtiles.js');
    maplibregl.addProtocol('pmtiles', new window.pmtiles.Protocol().tile);
    map = new maplibregl.Map({
      container: element,
      style: restyle(),
      bounds: tiles?.bounds ?? [73.5, 18, 135.1, 53.6],
      fitBoundsOptions: { padding: 24 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 18,
      locale: words.starting('control_'),
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    controls(map, words);
    await new Promise((resolve) => map.once('load', resolve));
  } else banner(words.say('no_webgl'));
  const page = new MapPage({ map, words, config, regions, restyle, banner, framed: Boolean(tiles) });
  window.__fleetmap = page.hook();
  page.open();
  return page;
}
