// A recording: its waveform on a canvas, on which a click or the arrow keys seek, and its sound.

import { $, write } from './dom.js';
import { fetchBlob, ask } from './rest.js';
import { duration } from './text.js';

const STEP_S = 5;
const id = encodeURIComponent;

export class Player {
  constructor() {
    this.canvas = $('waveform');
    this.audio = $('audio');
    this.drawn = null;
    this.url = '';
    this.canvas.addEventListener('click', (click) => this.seek(click.offsetX / this.canvas.clientWidth));
    this.canvas.addEventListener('keydown', (key) => this.step(key));
    for (const kind of ['timeupdate', 'seeked', 'loadedmetadata']) this.audio.addEventListener(kind, () => this.draw());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  /** Show a recording's waveform; nothing of its sound is asked for. Throws Problem. */
  async show(contact, n) {
    this.forget();
    this.drawn = await ask('GET', `/contacts/${id(contact)}/recordings/${n}/waveform`);
    this.canvas.dataset.loaded = String(this.drawn.peaks[0].length);
    this.draw();
  }

  /** Fetch a recording's sound, which is audited, and play it. Throws Problem. */
  async listen(contact, n, purpose) {
    const blob = await fetchBlob(`/contacts/${id(contact)}/recordings/${n}?purpose=${id(purpose)}`);
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(blob);
    this.audio.src = this.url;
    await this.audio.play().catch(() => {}); // the browser may want another click
  }

  /** Let go of what was heard. */
  forget() {
    this.audio.pause();
    this.audio.removeAttribute('src');
    URL.revokeObjectURL(this.url);
    this.drawn = null;
    this.canvas.dataset.loaded = '0';
    this.draw();
  }

  seek(share) {
    if (!this.drawn || !this.url) return;
    this.audio.currentTime = Math.max(0, Math.min(1, share)) * this.drawn.duration_s;
    this.draw();
  }

  step(key) {
    const by = { ArrowLeft: -STEP_S, ArrowRight: STEP_S }[key.key];
    if (!by || !this.drawn) return;
    key.preventDefault();
    this.seek((this.audio.currentTime + by) / this.drawn.duration_s);
  }

  draw() {
    const { canvas, drawn, audio } = this;
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, canvas.width, canvas.height);
    write($('player-time'), '');
    if (!drawn) return;
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name);
    const at = (seconds) => (seconds / drawn.duration_s) * canvas.width;
    pen.fillStyle = colour('--line');
    for (const gap of drawn.gaps) {
      pen.fillRect(at(gap.from), 0, at((gap.to ?? drawn.duration_s) - gap.from), canvas.height);
    }
    const now = this.url ? audio.currentTime : 0;
    const lane = canvas.height / drawn.peaks.length;
    drawn.peaks.forEach((peaks, side) => {
      const middle = lane * (side + 0.5);
      const width = canvas.width / peaks.length;
      peaks.forEach((peak, part) => {
        pen.fillStyle = colour(part * width < at(now) ? '--accent' : side ? '--busy' : '--ready');
        const height = Math.max(1, (peak / 100) * lane);
        pen.fillRect(part * width, middle - height / 2, Math.max(1, width - 0.2), height);
      });
    });
    pen.fillStyle = colour('--ink');
    pen.fillRect(at(now), 0, 2, canvas.height);
    write($('player-time'), `${duration(now)} / ${duration(drawn.duration_s)}`);
    canvas.setAttribute('aria-valuemax', String(Math.round(drawn.duration_s)));
    canvas.setAttribute('aria-valuenow', String(Math.round(now)));
  }
}
