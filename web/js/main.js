// Joins the parts: who is logged in, the stream, the buttons.

import { bindAccount, resetLogIn } from './account.js';
import { Acts } from './acts.js';
import { ownTalk, verbOf } from './call.js';
import { $, write } from './dom.js';
import { Hall } from './hall.js';
import { lookOwed } from './owed.js';
import { draw } from './page.js';
import { Problem, ask, forget, logOut, refresh, session } from './rest.js';
import { Stream } from './stream.js';
import { switchLanguage, text, translate } from './text.js';

const LISTENERS = ['supervisor', 'leader'];
const OVERSEERS = ['supervisor', 'admin'];
const REFRESH_BEFORE_MS = 10 * 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LOOK_SOON_MS = 200;
const WATCH_MS = 15_000;

let hall = new Hall();
let stream = null;
let up = false;
let config = null;
let renewing = 0;
let pending = false;
let parked = [];
let looking = 0;

/** Draw once before the next frame, however much came in. */
function show() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    const who = session();
    $('enter').hidden = Boolean(who);
    $('desk').hidden = !who;
    $('log-out').hidden = !who;
    $('open-account').hidden = !who;
    write($('who'), who ? [who.name || who.user, who.agent].filter(Boolean).join(' · ') : '');
    $('link').className = who ? `badge ${up ? 'up' : 'down'}` : 'badge';
    write($('link'), who ? text(up ? 'up' : 'down') : '');
    write($('language'), text('other_language'));
    if (who) draw(hall, who, may(who), on, parked);
  });
}

function may(who) {
  const any = (roles) => who.roles.some((role) => roles.includes(role));
  return { listen: any(LISTENERS), oversee: any(OVERSEERS) };
}

async function enter() {
  try {
    config ??= await ask('GET', '/config');
  } catch (error) {
    say(error);
    setTimeout(enter, 3000);
    return;
  }
  hall = new Hall();
  parked = [];
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  stream?.close();
  stream = new Stream(`${scheme}://${location.hostname}:${config.stream_port}${config.stream_path}`, () => session()?.token, {
    snapshot: (message) => { hall.restart(message); say(null); look(); watch(); owed(); show(); },
    event: (message) => { hall.take(message); if (LOOKED_AFTER.includes(message.kind)) lookSoon(); if (message.kind === 'surge.started') watch(); show(); },
    link: (now) => { up = now; show(); },
    expiring: renew,
    refused: () => leave('expired'),
  });
  renewLater();
  show();
}

/** Renew the token in time, on the stream as well; a tab in the background may be late, then the stream asks. */
function renewLater() {
  clearTimeout(renewing);
  const left = Date.parse(session()?.expires_at) - Date.now();
  const wait = Math.max(5000, Math.min(left - REFRESH_BEFORE_MS, left / 2));
  renewing = setTimeout(renew, Math.min(wait, LONGEST_TIMER_MS));
}

async function renew() {
  clearTimeout(renewing);
  try {
    stream?.renew((await refresh()).token);
    renewLater();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave('expired');
    else renewing = setTimeout(renew, 15_000);
  }
}

function leave(why) {
  clearTimeout(renewing);
  stream?.close();
  stream = null;
  up = false;
  forget();
  resetLogIn(why ? text(why) : '');
  show();
}

function failure(form) {
  return form.querySelector('.failure');
}

/** Tell what was refused; null takes the last word back. */
function say(error) {
  const notice = $('notice');
  notice.hidden = !error;
  write(notice, error ? explain(error) : '');
}

function explain(error) {
  if (!(error instanceof Problem)) return text('unreachable');
  if (error.type === 'wrong-credentials') return text('wrong');
  if (error.status === 403) return text('forbidden');
  return error.message;
}

async function attempt(work) {
  try {
    await work();
    say(null);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave('expired');
    else say(error);
  }
}

const goTo = (state, reason = '') => attempt(() => ask('PUT', '/agents/me/state', { state, reason }));
const goReady = () => goTo('ready');
const goNotReady = () => goTo('not_ready', $('reason').value);

/** An agent is not told of legs that others called in, nor of parked calls: ask, after what may have changed them. */
const LOOKED_AFTER = ['operation.done', 'operation.failed', 'call.answered', 'leg.ended'];

function lookSoon() {
  clearTimeout(looking);
  looking = setTimeout(look, LOOK_SOON_MS);
}

async function look() {
  clearTimeout(looking);
  const who = session();
  if (!who?.agent || hall.queues.size) return;
  const found = await ask('GET', '/calls').catch(() => null);
  if (!found) return;
  parked = found.items.filter((call) => call.state === 'parked');
  for (const call of found.items) {
    if (call.id === hall.callOf(who.agent)?.id) hall.refresh(call);
  }
  show();
}

async function owed() {
  if (!session() || !up) return;
  await lookOwed();
  show();
}

function callBack(id) {
  attempt(async () => {
    await ask('POST', `/callbacks/${encodeURIComponent(id)}/dial`);
    await owed();
  });
}

/** Ask for what no event tells: the waits to be expected, and how many callers each burst has deflected. */
async function watch() {
  const who = session();
  if (!who || !hall.queues.size || !up) return;
  const [queues, surges] = await Promise.all(['/queues', '/surges'].map((path) => ask('GET', path).catch(() => null)));
  for (const queue of queues?.items ?? []) {
    const known = hall.queues.get(queue.id);
    if (!known) continue;
    const { estimated_s, open, opens_at, closes_at } = queue;
    Object.assign(known, { estimated_s, open, opens_at, closes_at });
  }
  for (const surge of surges?.items ?? []) hall.surges.set(`${surge.surge} ${surge.key}`, surge);
  show();
}

const acts = new Acts({
  hall: () => hall, own: () => ownTalk(hall, session()?.agent), attempt, explain, changed: () => { lookSoon(); show(); },
});

const on = {
  listen: openListen, stopListening, callBack,
  control: (verb) => acts.control(verb),
  emergency: (service) => acts.emergency(service),
  pickUp: (call) => acts.pickUp(call),
  force: (agent) => acts.force(agent),
  takeOver: (call) => acts.takeOver(call),
  release: (call) => acts.release(call),
  openQueue: (queue) => acts.openQueue(hall.queues.get(queue)),
};

function stopListening(id) {
  attempt(() => ask('DELETE', `/listening/${encodeURIComponent(id)}`));
}

function openListen(call) {
  const dialog = $('listen');
  const live = hall.calls.get(call);
  dialog.dataset.call = call;
  write($('listen-call'), [live?.number, live?.legs.map((leg) => leg.agent).filter(Boolean).at(-1)].filter(Boolean).join(' · '));
  const form = dialog.querySelector('form');
  write(failure(form), '');
  form.elements.phone.value ||= sessionStorage.getItem('hotline-phone') ?? '';
  dialog.showModal();
}

async function listen(submitted) {
  submitted.preventDefault();
  const dialog = $('listen');
  const form = submitted.target;
  const body = { call: dialog.dataset.call, purpose: form.elements.purpose.value, phone: form.elements.phone.value };
  try {
    await ask('POST', '/listening', body);
    sessionStorage.setItem('hotline-phone', body.phone);
    dialog.close();
  } catch (error) {
    write(failure(form), explain(error));
  }
}

const KEYS = {
  KeyR: goReady,
  KeyN: goNotReady,
  KeyW: () => { if (!$('own-wrap').hidden) acts.extend(); },
  KeyY: () => { if (!$('preview').hidden) acts.preview(true); },
  KeyD: () => { if (!$('dial-out').hidden) $('dial-out').elements.number.focus(); },
};

function bind() {
  bindAccount({ entered: enter, explain });
  $('log-out').addEventListener('click', async () => {
    await logOut();
    leave('');
  });
  $('language').addEventListener('click', () => { switchLanguage(); $('pop-list').replaceChildren(); show(); });
  $('go-ready').addEventListener('click', goReady);
  $('go-not-ready').addEventListener('click', goNotReady);
  $('go-out').addEventListener('click', () => goTo('logged_out'));
  $('listen-cancel').addEventListener('click', () => $('listen').close());
  $('listen').querySelector('form').addEventListener('submit', listen);
  document.addEventListener('keydown', (key) => {
    if (!key.altKey || $('own').hidden || $('desk').hidden) return;
    if (document.querySelector('dialog[open]')) return;
    const verb = verbOf(hall, session()?.agent, key.code.replace('Key', ''));
    const act = verb ? () => acts.control(verb) : KEYS[key.code];
    if (!act) return;
    key.preventDefault();
    act();
  });
  $('parked-refresh').addEventListener('click', look);
  setInterval(watch, WATCH_MS);
  setInterval(owed, WATCH_MS);
  setInterval(() => session() && show(), 1000);
}

translate();
bind();
if (session()) enter();
else show();
