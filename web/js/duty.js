// The leader's duty post: the own session, who answered whom in it, and the aide beside.

import { ownTalk } from './call.js';
import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { clock, duration, moment, outcomeText, reasonText, stateText, text } from './text.js';

const AHEAD_MS = 12 * 3600_000;
const BEFORE_MS = 24 * 3600_000;
const HISTORY_SHOWN = 50;
const OVER = ['over', 'by_hand', 'cancelled', 'missed'];

let items = [];
let post = null;
let report = null;

export const duties = () => items;

/** Ask which sessions there are; of the own one that goes on, or comes next, what came of it. */
export async function lookDuties(session, now = Date.now()) {
  const since = new Date(now - BEFORE_MS).toISOString();
  const found = await ask('GET', `/duty-sessions?from=${encodeURIComponent(since)}`).catch(() => null);
  items = found?.items ?? [];
  const own = items.filter((one) => session.agent && [one.leader, one.aide].includes(session.agent)
    && Date.parse(one.begin) < now + AHEAD_MS).reverse();
  post = own.find((one) => one.state === 'on') ?? own.find((one) => one.state === 'planned')
    ?? own.filter((one) => OVER.includes(one.state)).at(-1) ?? null;
  report = post && await ask('GET', `/duty-sessions/${encodeURIComponent(post.id)}/report`).catch(() => null);
}

/** Return a leader as people say it: 市长 张三. */
export const leaderOf = (duty) => [duty.title, duty.name || duty.leader].filter(Boolean).join(' ');

/** Return how a session stands, in words. */
export const stateOf = (duty) => text(duty.state === 'missed' ? 'duty_missed_window' : `duty_${duty.state}`);

/** Return a window in local time, its day once. */
export function windowOf(duty) {
  const [begin, end] = [duty.begin, duty.end].map((at) => toMinutes(moment(at)));
  const day = (whole) => whole.slice(0, whole.indexOf(' '));
  return `${begin} – ${day(begin) === day(end) ? toMinutes(clock(duty.end)) : end}`;
}

const toMinutes = (written) => written.replace(/(\d\d:\d\d):\d\d/, '$1');

export function drawPost(hall, session, on, now) {
  $('duty-post').hidden = !post;
  if (!post) return;
  const leads = post.leader === session.agent;
  write($('duty-who'), [leaderOf(post), post.post, post.unit].filter(Boolean).join(' · '));
  paint($('duty-state'), `duty_${post.state}`, stateOf(post));
  write($('duty-window'), windowOf(post));
  write($('duty-left'), post.state === 'on' ? `${text('duty_left')} ${duration((Date.parse(post.end) - now) / 1000)}` : '');
  write($('duty-notice'), post.notice);
  drawSeat($('duty-leader-seat'), hall.agents.get(post.leader));
  drawSeat($('duty-aide-seat'), hall.agents.get(post.aide));
  $('duty-aide').hidden = !post.aide;
  $('duty-leader').hidden = $('duty-leader-seat').hidden;
  drawHands(hall, session, leads, on);
  drawFigures(report?.figures);
  drawHistory(report?.calls ?? []);
}

function drawSeat(element, agent) {
  element.hidden = !agent;
  if (!agent) return;
  const reason = agent.reason && agent.state === 'not_ready' ? `（${reasonText(agent.reason)}）` : '';
  paint(element, agent.state, stateText(agent.state) + reason);
}

/** The leader's two ways to the aide, where there is a talk to hand over; ready and not ready where there is none. */
function drawHands(hall, session, leads, on) {
  const self = hall.agents.get(session.agent);
  const talk = leads && post.aide ? ownTalk(hall, session.agent) : null;
  const alone = talk && !talk.party && talk.talking < 2;
  $('duty-ready').hidden = !leads || !self || !['not_ready', 'wrap_up', 'logged_out'].includes(self.state);
  $('duty-rest').hidden = !leads || self?.state !== 'ready';
  $('duty-hand-over').hidden = !alone;
  $('duty-three-way').hidden = !alone;
  const joined = ownTalk(hall, session.agent);
  const beside = !leads && post.state === 'on' && self?.state === 'ready' && !joined && leadersTalk();
  $('duty-join').hidden = !beside;
  $('duty-join').onclick = () => on.toAide(beside.call, 'three-way', post.aide);
  $('duty-missed').hidden = !(leads && self?.state === 'not_ready' && self.reason === 'rona');
  $('duty-hand-over').onclick = () => on.toAide(talk.call.id, 'transfer', post.aide);
  $('duty-three-way').onclick = () => on.toAide(talk.call.id, 'three-way', post.aide);
}

/** Return the contact that the leader talks in, as far as is kept: an aide is not told of others' calls. */
const leadersTalk = () => report?.calls.find((call) => call.answered_by === 'leader' && !call.ended_at && !call.handed_over);

export const FIGURES = ['signals', 'answered', 'by_leader', 'by_aide', 'by_agents', 'handed_over', 'missed'];

function drawFigures(figures) {
  keep($('duty-figures'), figures ? FIGURES : [], (name) => name, () =>
    make('li', {}, make('p', { className: 'figure' }), make('p', { className: 'quiet' })), (item, name) => {
    write(item.children[0], String(figures[name]));
    write(item.children[1], text(`duty_${name}`));
  });
}

function drawHistory(calls) {
  drawCalls($('duty-rows'), calls.slice(-HISTORY_SHOWN).reverse());
}

/** Draw a session's contacts into rows: when, who answered, the cases, how it ended. */
export function drawCalls(place, calls) {
  keep(place, calls, (call) => call.contact, () =>
    make('tr', {}, make('td'), make('td'), make('td', { className: 'wide' }), make('td')), (row, call) => {
    const [at, who, cases, outcome] = row.children;
    write(at, clock(call.called_at));
    write(who, whoAnswered(call));
    write(cases, call.cases.map(caseText).join('；'));
    write(outcome, call.outcome ? outcomeText(call.outcome) : text('duty_live'));
  });
}

function whoAnswered(call) {
  const by = call.answered_by ? text(`answered_by_${call.answered_by}`) : text('answered_by_nobody');
  const beside = [call.handed_over && text('duty_handed_over'), call.aide_joined && text('duty_aide_joined'),
    call.missed && text('duty_missed_one')].filter(Boolean);
  return [by, ...beside].join(' · ');
}

function caseText(one) {
  const closed = one.closed === null ? text('case_unknown') : text(one.closed ? 'case_closed' : 'case_open');
  return `${one.case_no}（${[one.category, closed].filter(Boolean).join('，')}）`;
}

function paint(element, state, says) {
  const name = `state ${state}`;
  if (element.className !== name) element.className = name;
  write(element, says);
}
