// Joins the parts: who is logged in, the stream, the buttons.

import { bindAccount, resetLogIn } from './account.js';
import { Acts } from './acts.js';
import { lookAlerts } from './alerts.js';
import { ownTalk, verbOf } from './call.js';
import { $, write } from './dom.js';
import { lookDuties } from './duty.js';
import { DutyPlans } from './duty_plan.js';
import { Hall } from './hall.js';
import { Listening, lookPast } from './listening.js';
import { lookLabels } from './labels.js';
import { lookOwed } from './owed.js';
import { draw } from './page.js';
import { answer, bindPhone, drawPhone, phoneRings, plugIn, unplug } from './phone.js';
import { Problem, ask, forget, logOut, refresh, session } from './rest.js';
import { Stream } from './stream.js';
import { switchLanguage, text, translate } from './text.js';
import { bindWrap, drawWrap } from './wrap.js';

const LISTENERS = ['supervisor', 'leader', 'admin'];
const PAST_AFTER_MS = 2500;
const OVERSEERS = ['supervisor', 'admin'];
const SEE_DUTIES = [...OVERSEERS, 'leader', 'analyst', 'auditor'];
const ALERTED = [...OVERSEERS, 'leader', 'analyst'];
const LABEL_READERS = [...OVERSEERS, 'leader', 'auditor'];
const REFRESH_BEFORE_MS = 10 * 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LOOK_SOON_MS = 200;
const WATCH_MS = 15_000;
const DUTIES_SOON_MS = 1500;

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
    drawPhone();
    if (who) drawWrap(hall, who);
  });
}

function may(who) {
  const any = (roles) => who.roles.some((role) => roles.includes(role));
  return {
    listen: any(LISTENERS), oversee: any(OVERSEERS), duties: any(SEE_DUTIES), labels: any(LABEL_READERS), alerts: any(ALERTED),
  };
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
    snapshot: (message) => {
      hall.restart(message);
      say(null);
      for (const one of [look, watch, owed, labels, alerts, lookAtDuties, listened]) one();
      show();
    },
    event: (message) => { hall.take(message); follow(message.kind); show(); },
    link: (now) => { up = now; show(); },
    expiring: renew,
    refused: () => leave('expired'),
  });
  renewLater();
  if (session()?.agent) plugIn(show);
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
  unplug();
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

/** Ask for what an event of this kind may have changed and does not tell. */
function follow(kind) {
  if (LOOKED_AFTER.includes(kind)) lookSoon();
  if (kind === 'surge.started') watch();
  if (kind.startsWith('caller.label')) labels();
  if (kind.startsWith('alert.')) alerts();
  if (DUTY_CHANGES.test(kind)) dutiesSoon();
  if (ENDED.includes(kind)) listenedSoon();
}

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

/** What becomes of one's own sessions stands in the database a little after the event. */
const ENDED = ['listening.ended', 'listening.noted'];
let listenedLater = 0;

function listenedSoon() {
  clearTimeout(listenedLater);
  listenedLater = setTimeout(listened, PAST_AFTER_MS);
}

async function listened() {
  const who = session();
  if (!who || !may(who).listen || !up) return;
  await lookPast(who);
  show();
}

async function owed() {
  if (!session() || !up) return;
  await lookOwed();
  show();
}

/** What changes a duty post; what is kept of a contact is there a moment later. */
const DUTY_CHANGES = /^(duty\.|call\.answered|leg\.ended|contact\.(ended|linked))/;
let dutiesAt = 0;

function dutiesSoon() {
  clearTimeout(dutiesAt);
  dutiesAt = setTimeout(lookAtDuties, DUTIES_SOON_MS);
}

async function lookAtDuties() {
  const who = session();
  if (!who || !up) return;
  await lookDuties(who);
  show();
}

async function alerts() {
  const who = session();
  if (!who || !may(who).alerts || !up) return;
  await lookAlerts();
  show();
}

async function labels() {
  const who = session();
  if (!who || !may(who).labels || !up) return;
  await lookLabels();
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

const plans = new DutyPlans({ hall: () => hall, acts, attempt, looked: lookAtDuties });
const listening = new Listening(acts, attempt, show);

function toAide(call, verb, aide) {
  attempt(() => ask('POST', `/calls/${encodeURIComponent(call)}/${verb}`, { target: { kind: 'agent', to: aide } }));
}

const on = {
  toAide,
  dutyReport: (duty) => plans.report(duty),
  dutyChange: (duty) => plans.plan(duty),
  dutyEnd: (duty) => plans.end(duty),
  listen: (call) => listening.open({ call }, acts.describe(call)),
  listening, callBack,
  control: (verb) => acts.control(verb),
  emergency: (service) => acts.emergency(service),
  pickUp: (call) => acts.pickUp(call),
  force: (agent) => acts.force(agent),
  takeOver: (call) => acts.takeOver(call),
  release: (call) => acts.release(call),
  propose: (contact) => acts.propose(contact),
  label: (word, label) => acts.label(word, label),
  openQueue: (queue) => acts.openQueue(hall.queues.get(queue)),
};

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
  document.addEventListener('keydown', (key) => {
    if (!key.altKey || $('own').hidden || $('desk').hidden) return;
    if (document.querySelector('dialog[open]')) return;
    const verb = verbOf(hall, session()?.agent, key.code.replace('Key', ''));
    const act = key.code === 'KeyA' && phoneRings() ? answer : verb ? () => acts.control(verb) : KEYS[key.code];
    if (!act) return;
    key.preventDefault();
    act();
  });
  bindPhone();
  bindWrap(attempt, show);
  $('parked-refresh').addEventListener('click', look);
  setInterval(watch, WATCH_MS);
  $('duty-ready').addEventListener('click', goReady);
  $('duty-rest').addEventListener('click', () => goTo('not_ready', 'break'));
  setInterval(owed, WATCH_MS);
  setInterval(lookAtDuties, WATCH_MS);
  setInterval(labels, WATCH_MS);
  setInterval(alerts, WATCH_MS);
  setInterval(() => session() && show(), 1000);
}

translate();
bind();
if (session()) enter();
else show();
