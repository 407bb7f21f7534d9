// Who is owed a call back: no event tells an agent of it, so it is asked for now and then.

import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { moment, text } from './text.js';

const SHOWN = 50;

let items = [];

/** Ask who is owed a call; what cannot be seen is none. */
export async function lookOwed() {
  const found = await ask('GET', '/callbacks').catch(() => null);
  items = (found?.items ?? []).slice(0, SHOWN);
}

/** Draw the list; whoever has a seat may dial. */
export function drawOwed(session, on) {
  $('owed').hidden = items.length === 0;
  write($('owed-count'), String(items.length));
  keep($('owed-rows'), items, (one) => one.id, (one) => {
    const button = make('button', { type: 'button' });
    button.addEventListener('click', () => on.callBack(one.id));
    return make('tr', {}, make('td', { className: 'number' }), make('td'), make('td'), make('td', { className: 'figure' }),
      make('td', {}, button));
  }, (row, one) => {
    const [number, kind, due, calls, buttons] = row.children;
    write(number, one.number);
    write(kind, text(`owed_${one.kind}`));
    write(due, one.waits ? text('owed_now') : moment(one.due_at));
    write(calls, `${one.contacts.length} / ${one.attempts}`);
    write(buttons.firstChild, one.agent ?? text(one.operation ? 'owed_rung' : 'call_back'));
    buttons.firstChild.disabled = Boolean(one.operation);
    buttons.firstChild.hidden = !session.agent && !one.operation;
  });
}
