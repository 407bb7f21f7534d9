// Alerts that stand: asked for when one is raised or cleared.

import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { clock, figureText, text } from './text.js';

let items = [];

/** Ask which alerts stand; what cannot be seen is none. */
export async function lookAlerts() {
  items = (await ask('GET', '/alerts').catch(() => null))?.items ?? [];
}

/** Draw them, the bad ones in the colour of what is bad. */
export function drawAlerts() {
  $('alerts').hidden = items.length === 0;
  keep($('alert-list'), items, (one) => one.id, () => make('li', {}, make('b'), ' ', make('span'), ' ', make('span', { className: 'quiet' })),
    (item, one) => {
      const [key, figure, since] = item.children;
      item.className = one.severity;
      write(key, one.key);
      write(figure, `${figureText(one.figure)} ${Math.round(one.value)} (≥ ${one.at})`);
      write(since, `${one.rule} · ${text('alert_since')} ${clock(one.raised_at)}`);
    });
}
