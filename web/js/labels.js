// Labels of nuisance callers: what is proposed or in force, and the forms by which people propose and decide.

import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { kindText, moment, text } from './text.js';

const id = encodeURIComponent;

let items = [];

/** Ask what is proposed or in force; what cannot be seen is none. */
export async function lookLabels() {
  items = (await ask('GET', '/callers/labels').catch(() => null))?.items ?? [];
}

/** Draw the list. Who proposed a label does not decide on it; taking it back is everybody's who oversees. */
export function drawLabels(session, may, on) {
  $('labels').hidden = !may.labels;
  $('propose').hidden = !may.oversee;
  write($('label-count'), String(items.length || ''));
  keep($('label-rows'), items, (one) => one.id, (one) => buildLabel(one, on), (row, one) => {
    const [number, kind, reason, proposed, state, buttons] = row.children;
    write(number, one.number);
    write(kind, kindText(one.kind) + (one.tenant ? ` · ${one.tenant}` : ''));
    write(reason, one.reason);
    reason.title = one.evidence.join(' ');
    write(proposed, `${one.proposed_by} · ${moment(one.proposed_at)}`);
    state.firstChild.className = `badge ${one.approved_by ? 'down' : ''}`;
    write(state.firstChild, text(one.approved_by ? 'label_in_force' : 'label_proposed'));
    write(state.lastChild, `${text('label_until')} ${moment(one.until)}${one.approved_by ? ` · ${one.approved_by}` : ''}`);
    const [approve, refuse, revoke] = buttons.children;
    for (const [button, key] of [[approve, 'approve'], [refuse, 'refuse'], [revoke, 'revoke']]) write(button, text(key));
    approve.hidden = refuse.hidden = !may.oversee || Boolean(one.approved_by) || one.proposed_by === session.user;
    revoke.hidden = !may.oversee || (!one.approved_by && one.proposed_by !== session.user);
  });
}

function buildLabel(one, on) {
  const button = (word, grave) => {
    const made = make('button', { type: 'button', className: `small ${grave}`, 'data-act': word });
    made.addEventListener('click', () => on.label(word, items.find((item) => item.id === one.id) ?? one));
    return made;
  };
  return make('tr', {}, make('td', { className: 'number' }), make('td'), make('td', { className: 'wide' }), make('td'),
    make('td', {}, make('span'), ' ', make('span', { className: 'quiet' })),
    make('td', {}, button('approve', ''), button('refuse', ''), button('revoke', 'grave')));
}

/** Ask what is needed for an act on a label, and do it; `open` shows a dialog until its work is not refused. */
export function actOnLabel(word, label, open) {
  const path = `/callers/labels/${id(label.id)}/${word}`;
  const work = word === 'approve'
    ? ({ days }) => ask('POST', path, { days: days.value ? Number(days.value) : null })
    : ({ reason }) => ask('POST', path, { reason: reason.value });
  show(word, `${label.number} · ${kindText(label.kind)} · ${label.reason}`, open, work);
}

/** Propose a label for the caller of some contacts; one's own call names its contact. */
export function proposeLabel(contact, open) {
  show('propose', '', open, ({ contacts, kind, reason }) => ask('POST', '/callers/labels', {
    contacts: contacts.value.trim().split(/[\s,，、]+/), kind: kind.value, reason: reason.value,
  }));
  $('label').querySelector('[name=contacts]').value = contact;
}

/** Show the form with the fields that an act needs; the others are not asked for. */
function show(word, about, open, work) {
  const form = $('label').querySelector('form');
  const needs = { propose: ['contacts', 'kind', 'reason'], approve: ['days'] }[word] ?? ['reason'];
  for (const field of ['contacts', 'kind', 'reason', 'days']) {
    form.elements[field].disabled = !needs.includes(field);
    form.elements[field].closest('label').hidden = !needs.includes(field);
  }
  write($('label-title'), text(word === 'propose' ? 'propose_label' : word));
  write($('label-about'), about);
  open($('label'), work);
}
