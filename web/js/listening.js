// Listening: who hears whom, who waits for a call or for leave, what one heard before and noted; and the agent's notice.

import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { duration, moment, text } from './text.js';

const MODES = ['listen', 'whisper', 'barge'];
const PHONE = 'hotline-phone';
const PAST_SHOWN = 20;
const id = encodeURIComponent;

let past = [];

/** Ask for one's own past sessions; who may not listen has none. */
export async function lookPast(who) {
  const found = await ask('GET', `/listening/sessions?limit=${PAST_SHOWN}&by=${id(who.user)}`).catch(() => null);
  past = (found?.items ?? []).filter((one) => one.ended_at);
}

/** What may be done: each asks the server; `acts` asks people first where there is something to say. */
export class Listening {
  constructor(acts, attempt, changed) {
    Object.assign(this, { acts, attempt, changed });
  }

  /** Listen to `{call}`, `{agent}` or `{queue}`; `whom`: as the dialog names it. */
  open(target, whom) {
    const dialog = $('listen');
    write($('listen-call'), whom);
    $('listen-mode').hidden = !target.call;
    this.acts.open(dialog, async ({ purpose, phone, mode }) => {
      const wish = { ...target, purpose: purpose.value, phone: phone.value };
      if (target.call) wish.mode = mode.value;
      await ask('POST', '/listening', wish);
      sessionStorage.setItem(PHONE, phone.value);
    });
    dialog.querySelector('input[name=phone]').value = sessionStorage.getItem(PHONE) ?? '';
  }

  stop(session) {
    this.attempt(() => ask('DELETE', `/listening/${id(session)}`));
  }

  switch(session, mode) {
    this.attempt(() => ask('PATCH', `/listening/${id(session)}`, { mode }));
  }

  approve(session) {
    this.attempt(() => ask('POST', `/listening/${id(session)}/approve`));
  }

  refuse(session, whom) {
    this.acts.oversee({ title: 'refuse', whom }, ({ reason }) =>
      ask('POST', `/listening/${id(session)}/refuse`, { reason: reason.value }));
  }

  note(session, before) {
    this.acts.open($('note'), ({ note }) => ask('PUT', `/listening/${id(session)}/note`, { note: note.value }));
    $('note').querySelector('textarea').value = before;
  }
}

/** Draw the panel, for who may listen or approve; `on`: a Listening. */
export function drawListening(hall, who, may, on, now) {
  $('listening').hidden = !may.listen;
  const sessions = [...hall.listening.values()];
  const asked = may.oversee ? sessions.filter((one) => one.stage === 'asked' && one.by !== who.user) : [];
  drawApprovals(asked, on, now);
  drawPast(on);
  keep($('listening-rows'), sessions.filter((one) => !asked.includes(one)), (one) => one.id,
    (one) => buildSession(one, on), (row, one) => drawSession(row, one, who, may, now));
}

function drawApprovals(asked, on, now) {
  $('approvals').hidden = asked.length === 0;
  keep($('approval-rows'), asked, (one) => one.id, (one) => {
    const approve = make('button', { type: 'button', className: 'small primary' });
    const refuse = make('button', { type: 'button', className: 'small' });
    approve.addEventListener('click', () => on.approve(one.id));
    refuse.addEventListener('click', () => on.refuse(one.id, `${one.by} · ${targetText(one)}`));
    return make('tr', {}, make('td'), make('td'), make('td', { className: 'wide' }), make('td', { className: 'figure' }),
      make('td', {}, approve, refuse));
  }, (row, one) => {
    const [by, target, purpose, left, buttons] = row.children;
    write(by, one.by);
    write(target, targetText(one));
    write(purpose, one.limit_s ? `${one.purpose} · ${text('at_most')} ${duration(one.limit_s)}` : one.purpose);
    write(left, one.until ? duration((Date.parse(one.until) - now) / 1000) : '');
    write(buttons.children[0], text('approve'));
    write(buttons.children[1], text('refuse'));
  });
}

function buildSession(one, on) {
  const mode = make('select', { 'aria-label': text('mode') }, ...MODES.map((name) => make('option', { value: name })));
  mode.addEventListener('change', () => { on.switch(one.id, mode.value); mode.blur(); });
  const note = make('button', { type: 'button', className: 'small' });
  const stop = make('button', { type: 'button', className: 'small grave' });
  note.addEventListener('click', () => on.note(one.id, note.dataset.note ?? ''));
  stop.addEventListener('click', () => on.stop(one.id));
  return make('tr', {}, make('td'), make('td'), make('td', {}, mode, make('span')), make('td', { className: 'wide' }),
    make('td', {}, make('span', { className: 'badge' })), make('td', { className: 'figure' }), make('td', {}, note, stop));
}

function drawSession(row, one, who, may, now) {
  const [by, target, mode, purpose, stage, time, buttons] = row.children;
  const own = one.by === who.user;
  row.classList.toggle('mine', own);
  write(by, one.by ?? text('foreign'));
  by.classList.toggle('failure', !one.by);
  write(target, targetText(one));
  const [choice, said] = mode.children;
  choice.hidden = !(own && one.stage === 'hearing');
  for (const option of choice.options) write(option, text(option.value));
  if (document.activeElement !== choice) choice.value = one.mode;
  write(said, choice.hidden ? text(one.mode) : '');
  write(purpose, one.purpose ?? '');
  write(stage.firstChild, text(`stage_${one.stage}`));
  const left = one.until && one.stage === 'hearing' ? ` / −${duration((Date.parse(one.until) - now) / 1000)}` : '';
  const since = one.heard_since ?? one.requested_at ?? one.at;
  write(time, since ? `${duration((now - Date.parse(since)) / 1000)}${left}` : '');
  buttons.children[0].dataset.note = one.note ?? '';
  write(buttons.children[0], text('note'));
  write(buttons.children[1], text(one.stage === 'asked' ? 'take_back' : 'stop'));
  buttons.children[0].hidden = !own;
  buttons.children[1].hidden = !own && !may.oversee;
}

function drawPast(on) {
  $('listened').hidden = past.length === 0;
  keep($('listened-rows'), past, (one) => one.session, (one) => {
    const button = make('button', { type: 'button', className: 'small' });
    button.addEventListener('click', () => on.note(one.session, button.dataset.note ?? ''));
    return make('tr', {}, make('td'), make('td'), make('td', { className: 'figure' }), make('td'),
      make('td', { className: 'wide' }), make('td', {}, button));
  }, (row, one) => {
    const [at, target, heard, end, note, buttons] = row.children;
    write(at, moment(one.requested_at ?? one.started_at));
    write(target, targetText({ scope: one.scope, target: one.followed, agent: one.agent, queue: one.queue }));
    const seconds = one.heard.reduce((sum, part) => sum + (Date.parse(part.ended_at ?? one.ended_at) - Date.parse(part.started_at)) / 1000, 0);
    write(heard, `${one.heard.length} · ${duration(seconds)}`);
    write(end, text(`end_${one.end}`));
    write(note, one.note);
    write(buttons.firstChild, text('note'));
    buttons.firstChild.dataset.note = one.note;
  });
}

/** Name what a session is for, and what of it is heard now. */
function targetText(one) {
  const of = { agent: `${text('agent')} ${one.target}`, queue: `${text('next_call')} ${one.target}` }[one.scope];
  const heard = one.stage === 'hearing' || !of ? [one.agent, one.queue].filter(Boolean).join(' · ') : '';
  return [of, one.scope === 'agent' ? '' : heard].filter(Boolean).join(' → ');
}

/** Tell an agent who listens to them, where the rules have them told. */
export function drawHeard(hall, who) {
  const heard = [...hall.listening.values()].filter((one) => who.agent && one.agent === who.agent && one.by !== who.user
    && one.told && one.stage === 'hearing');
  $('own-heard').hidden = heard.length === 0;
  write($('own-heard'), heard.map((one) => `${one.by} ${text('listens_to_you')} · ${text(one.mode)}`).join('；'));
}
