// The hall as the document shows it: called whenever something changed, and each second for the clocks.

import { drawAlerts } from './alerts.js';
import { drawOutcomes, drawOwnCall, drawParked, drawPreview, drawSurges } from './call.js';
import { $, keep, make, write } from './dom.js';
import { drawPost } from './duty.js';
import { drawPlans } from './duty_plan.js';
import { drawHeard, drawListening } from './listening.js';
import { drawLabels } from './labels.js';
import { drawOwed } from './owed.js';
import { clock, duration, moment, outcomeText, reasonText, stateText, text } from './text.js';

const FLAGS = { confidential: 'in_confidence', malicious: 'labelled', priority: 'priority' };

const seconds = (since, now) => (since ? duration((now - Date.parse(since)) / 1000) : '');

/** Draw everything; `may`: {listen, oversee} says which buttons stand beside calls, agents and queues. */
export function draw(hall, session, may, on, parked, now = Date.now()) {
  drawAlerts();
  drawOwn(hall, session, now);
  drawPost(hall, session, on, now);
  drawOwnCall(hall, session, on, now);
  drawOutcomes(hall, session);
  drawPops(hall, now);
  drawQueues(hall, may, on, now);
  drawParked(hall, session, parked, on, now);
  drawSurges(hall);
  drawOwed(session, on);
  drawLabels(session, may, on);
  drawCalls(hall, session, may, on, now);
  drawAgents(hall, session, may, on, now);
  drawPlans(may, on);
  drawListening(hall, session, may, on.listening, now);
  drawHeard(hall, session);
}

function drawOwn(hall, session, now) {
  const self = session.agent ? hall.agents.get(session.agent) : null;
  $('own').hidden = !self;
  drawPreview(self, now);
  if (!self) return;
  paint($('own-state'), self.state);
  const planned = self.planned ? `${text('planned')} · ${reasonText(self.planned)}` : '';
  const reason = self.reason ? reasonText(self.reason) + (self.forced ? text('forced') : '') : '';
  write($('own-reason'), planned || reason);
  const deaf = self.state !== 'logged_out' && self.deaf;
  $('own-deaf').hidden = !deaf;
  write($('own-deaf'), deaf ? reasonText(self.deaf) : '');
  $('own-wrap').hidden = !(self.state === 'wrap_up' && self.until);
  if (self.until) write($('own-left'), duration((Date.parse(self.until) - now) / 1000));
  write($('own-timer'), self.state === 'logged_out' ? '' : seconds(self.since, now));
  $('go-out').disabled = !['ready', 'not_ready', 'wrap_up'].includes(self.state);
  $('go-ready').disabled = self.state === 'ready';
  $('dial-out').hidden = !['ready', 'not_ready', 'wrap_up'].includes(self.state);
}

function drawPops(hall, now) {
  keep($('pop-list'), hall.pops, (pop) => pop.leg, buildPop, (item, pop) => {
    const late = Date.parse(pop.expires_at) < now;
    item.classList.toggle('over', Boolean(pop.over) || late);
    write(item.querySelector('.over-why'), pop.over ? text('withdrawn') : '');
    write(item.querySelector('.survey'), surveys(pop));
  });
}

function buildPop(pop) {
  const known = pop.recent_contacts ?? [];
  const line = [pop.queue, `${text('waited')} ${Math.round(pop.waited_s)} ${text('seconds')}`, pop.agent, clock(pop.at)];
  const item = make('li', {},
    make('p', {}, make('span', { className: 'number', text: pop.number || text('unknown_number') }), ' ',
      make('span', { className: 'badge', text: text(known.length ? 'repeat' : 'first_contact') }), ' ',
      ...flagged(pop), make('span', { className: 'over-why quiet' })),
    make('p', { className: 'quiet', text: line.join(' · ') }), make('p', { className: 'survey' }));
  if (pop.purpose) item.append(make('p', { text: `${text('purpose')}: ${pop.purpose}` }));
  if (pop.path?.length) item.append(make('p', { text: `${text('keyed')}: ${pop.path.join(' · ')}` }));
  if (pop.cases?.length) item.append(make('p', { text: `${text('cases')}: ${pop.cases.join(', ')}` }));
  if (known.length) {
    const list = known.map((one) => `${moment(one.arrived_at)} ${outcomeText(one.outcome ?? '')}`.trim());
    item.append(make('p', { className: 'quiet', text: `${text('recent')}: ${list.join('；')}` }));
  }
  return item;
}

/** Say what the citizen answered when they were asked how it was, or that they are being asked. */
function surveys(place) {
  const said = (one) => {
    if (!one.key) return text('survey_asked');
    const verdict = one.satisfied === null ? '' : text(one.satisfied ? 'satisfied' : 'dissatisfied');
    return [verdict, `${text('key_pressed')} ${one.key}`].filter(Boolean).join(' · ');
  };
  return (place.surveys ?? []).map((one) => `${text('survey')}${one.question === 'survey' ? '' : ` ${one.question}`}: ${said(one)}`).join('；');
}

/** Return a badge for each flag of a pop that has a name; `repeat` has its own. */
function flagged(pop) {
  const badge = (label) => [make('span', { className: 'badge', text: text(label) }), ' '];
  return Object.keys(FLAGS).filter((flag) => pop.flags?.[flag]).flatMap((flag) => badge(FLAGS[flag]));
}

function drawQueues(hall, may, on, now) {
  $('queues').hidden = hall.queues.size === 0;
  keep($('queue-list'), [...hall.queues.values()], (queue) => queue.id, (queue) => buildQueue(queue, on), (item, queue) => {
    const figures = hall.figures(queue, now);
    const [head, waiting, first, second, buttons] = item.children;
    item.classList.toggle('shut', !queue.open);
    head.lastChild.hidden = queue.open;
    write(head.lastChild, queue.opens_at ? `${text('off_hours')} · ${moment(queue.opens_at)} ${text('open_queue')}` : text('closed'));
    write(waiting, `${figures.waiting} ${text('waiting_now')}${queue.max_waiting ? ` / ${queue.max_waiting}` : ''}`);
    waiting.classList.toggle('late', figures.longest !== null && figures.longest > 15);
    const longest = figures.longest === null ? '–' : duration(figures.longest);
    const expected = figures.ready ? 0 : queue.estimated_s;
    const estimate = expected === null || expected === undefined ? text('unknown_wait') : `≈ ${duration(expected)}`;
    write(first, `${text('longest')} ${longest} · ${text('estimated')} ${estimate}`);
    write(second, `${text('staffed')} ${figures.staffed} · ${text('free')} ${figures.ready} · ${text('serving')} ${figures.talking}`
      + (figures.parked ? ` · ${text('parked_now')} ${figures.parked}` : ''));
    const [open, next] = buttons.children;
    open.hidden = !may.oversee;
    next.hidden = !may.listen;
    write(open, text(queue.open ? 'close_queue' : 'open_queue'));
    write(next, text('listen_next'));
  });
}

function buildQueue(queue, on) {
  const button = make('button', { type: 'button', className: 'small' });
  button.addEventListener('click', () => on.openQueue(queue.id));
  const next = make('button', { type: 'button', className: 'small' });
  next.addEventListener('click', () => on.listening.open({ queue: queue.id }, `${text('next_call')} ${queue.name || queue.id}`));
  return make('li', {}, make('p', {}, make('b', { text: queue.name }), ' ', make('span', { className: 'badge' })),
    make('p', { className: 'figure' }), make('p', { className: 'quiet' }), make('p', { className: 'quiet' }),
    make('p', { className: 'buttons' }, button, next));
}

function drawCalls(hall, session, may, on, now) {
  write($('call-count'), String(hall.calls.size || ''));
  const calls = [...hall.calls.values()].sort((one, other) => Date.parse(one.arrived_at) - Date.parse(other.arrived_at));
  keep($('call-rows'), calls, (call) => call.id, (call) => buildCall(call, on), (row, call) => {
    const live = call.legs.filter((leg) => leg.state !== 'ended');
    const talking = live.find((leg) => leg.state === 'talking' || leg.state === 'held');
    const [number, queue, state, agent, time, buttons] = row.children;
    write(number, call.number || '—');
    write(queue, call.queue ?? '');
    paint(state.firstChild, talking?.state === 'held' ? 'holding' : call.state);
    write(state.lastChild, surveys(call));
    write(agent, live.map((leg) => leg.agent ?? leg.phone).join(', '));
    write(time, seconds(talking?.answered_at ?? call.queued_at ?? call.arrived_at, now));
    row.classList.toggle('mine', live.some((leg) => leg.agent && leg.agent === session.agent));
    const [listen, takeOver, release, label] = buttons.children;
    write(listen, text('listen'));
    write(takeOver, text('take_over'));
    write(release, text('release'));
    write(label, text('label'));
    listen.hidden = !may.listen;
    takeOver.hidden = release.hidden = label.hidden = !may.oversee;
    listen.disabled = takeOver.disabled = !talking;
  });
}

function buildCall(call, on) {
  const listen = make('button', { type: 'button', className: 'small' });
  const takeOver = make('button', { type: 'button', className: 'small' });
  const release = make('button', { type: 'button', className: 'small grave' });
  const label = make('button', { type: 'button', className: 'small' });
  label.addEventListener('click', () => on.propose(call.contact));
  listen.addEventListener('click', () => on.listen(call.id));
  takeOver.addEventListener('click', () => on.takeOver(call.id));
  release.addEventListener('click', () => on.release(call.id));
  return make('tr', {}, make('td', { className: 'number' }), make('td'),
    make('td', {}, make('span'), make('span', { className: 'quiet survey' })), make('td'),
    make('td', { className: 'figure' }), make('td', {}, listen, takeOver, release, label));
}

function drawAgents(hall, session, may, on, now) {
  const agents = [...hall.agents.values()];
  $('agents').hidden = agents.every((agent) => agent.id === session.agent);
  write($('agent-count'), String(agents.filter((agent) => agent.state !== 'logged_out').length || ''));
  keep($('agent-rows'), agents, (agent) => agent.id, (agent) => buildAgent(agent, on), (row, agent) => {
    const [name, state, time, phone, buttons] = row.children;
    const out = agent.state === 'logged_out';
    write(name, agent.name && agent.name !== agent.id ? `${agent.name} ${agent.id}` : agent.id);
    paint(state.firstChild, agent.state);
    const reason = agent.reason && !out ? reasonText(agent.reason) + (agent.forced ? text('forced') : '') : '';
    write(state.lastChild, agent.planned ? `${text('planned')} · ${reasonText(agent.planned)}` : reason);
    write(time, out ? '' : seconds(agent.since, now));
    write(phone, out ? '' : agent.phone);
    row.classList.toggle('mine', agent.id === session.agent);
    const [force, listen] = buttons.children;
    force.hidden = !may.oversee || out || agent.id === session.agent;
    listen.hidden = !may.listen || out || agent.id === session.agent;
    write(force, text('force'));
    write(listen, text('listen'));
  });
}

function buildAgent(agent, on) {
  const force = make('button', { type: 'button', className: 'small' });
  const listen = make('button', { type: 'button', className: 'small' });
  force.addEventListener('click', () => on.force(agent.id));
  listen.addEventListener('click', () => on.listening.open({ agent: agent.id }, `${text('agent')} ${agent.id} ${agent.name}`));
  return make('tr', {}, make('td'), make('td', {}, make('span'), ' ', make('span', { className: 'quiet' })),
    make('td', { className: 'figure' }), make('td'), make('td', {}, force, listen));
}

function paint(element, state) {
  const name = `state ${state}`;
  if (element.className !== name) element.className = name;
  write(element, stateText(state));
}
