// What the map shows of the past: the tracks panel and its layers. While a day is drawn, live vehicles are not.

import { byId } from './asking.mjs';
import { TrackLayers } from './track_layers.mjs';
import { Tracks } from './tracks.mjs';

const EDGE = 48; // CSS pixels of map around what is looked at

export class Past {
  /** `page` is the map page: live(on) shows and hides vehicles, select(id) chooses one. */
  constructor(page) {
    this.page = page;
    this.layers = page.map ? new TrackLayers(page.map) : null;
    this.tracks = new Tracks(page.store, page.words, this.layers, {
      back: () => this.page.select(this.tracks.id),
      close: () => byId('card-tracks').focus(),
      look: (bounds) => this.#look(bounds),
      centre: (place) => this.page.map?.easeTo({ center: place, padding: this.#padding() }),
      past: (day) => this.#told(day),
    });
    this.day = null;
  }

  get opened() {
    return this.tracks.opened;
  }

  #told(day) {
    if (this.day === null && day !== null) this.before = byId('map-banner').textContent;
    this.day = day;
    this.page.live(day === null);
    this.page.banner(day === null ? this.before : this.page.words.say('track_past', { day }));
  }

  #padding() {
    const { panel } = this.tracks;
    const room = panel.parentElement;
    if (panel.offsetWidth > room.clientWidth * 0.8) return { top: EDGE + 24, left: EDGE / 2, right: EDGE, bottom: panel.offsetHeight + EDGE };
    return { top: EDGE + 16, left: panel.offsetLeft + panel.offsetWidth + EDGE, right: EDGE, bottom: EDGE };
  }

  #look([west, south, east, north]) {
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.page.map?.fitBounds([[west, south], [east, north]], { padding: this.#padding(), maxZoom: 15, duration: still ? 0 : 500, retainPadding: false });
  }

  /** Open the panel of a vehicle; on the day when one is given. */
  open(id, day = null) {
    this.tracks.open(id, day);
    if (window.matchMedia('(max-width: 760px)').matches) foldSources();
  }

  /** Another vehicle was chosen (null: none): the panel goes with it. */
  follow(id) {
    if (!this.opened || id === this.tracks.id) return;
    if (id === null) this.tracks.close();
    else this.tracks.open(id, this.day);
  }

  /** A click on the map; true when it is the past's. */
  clicked(point) {
    if (!this.layers || this.day === null) return false;
    const seq = this.layers.under(point);
    if (seq >= 0) this.tracks.day.choose(seq);
    return true;
  }
}

/** On a phone the sources of the map fold to their button, as they do when the map is dragged: the way needs the room. */
function foldSources() {
  const sources = document.querySelector('.maplibregl-ctrl-attrib');
  sources?.classList.remove('maplibregl-compact-show');
  sources?.removeAttribute('open');
}
