// The hall as the document shows it: called whenever something changed, and each second for the clocks.

import { $, keep, make, write } from './dom.js';
import { clock, duration, moment, outcomeText, reasonText, stateText, text } from './text.js';

const seconds = (since, now) => (since ? duration((now - Date.parse(since)) / 1000) : '');

/** Draw everything; `may`: {listen, hangUp} says which buttons stand beside a call. */
export function draw(hall, session, may, on, now = Date.now()) {
  drawOwn(hall, session, now);
  drawPops(hall, now);
  drawQueues(hall, now);
  drawCalls(hall, session, may, on, now);
  drawAgents(hall, session, now);
  drawListening(hall, may, on, now);
}

function drawOwn(hall, session, now) {
  const self = session.agent ? hall.agents.get(session.agent) : null;
  $('own').hidden = !self;
  if (!self) return;
  paint($('own-state'), self.state);
  const planned = self.planned ? `${text('planned')} · ${reasonText(self.planned)}` : '';
  write($('own-reason'), planned || (self.reason ? reasonText(self.reason) : ''));
  write($('own-timer'), self.state === 'logged_out' ? '' : seconds(self.since, now));
  $('go-out').disabled = !['ready', 'not_ready', 'wrap_up'].includes(self.state);
  $('go-ready').disabled = self.state === 'ready';
}

function drawPops(hall, now) {
  keep($('pop-list'), hall.pops, (pop) => pop.leg, buildPop, (item, pop) => {
    const late = Date.parse(pop.expires_at) < now;
    item.classList.toggle('over', Boolean(pop.over) || late);
    write(item.querySelector('.over-why'), pop.over ? text('withdrawn') : '');
  });
}

function buildPop(pop) {
  const known = pop.recent_contacts ?? [];
  const line = [pop.queue, `${text('waited')} ${Math.round(pop.waited_s)} ${text('seconds')}`, pop.agent, clock(pop.at)];
  const item = make('li', {},
    make('p', {}, make('span', { className: 'number', text: pop.number || text('unknown_number') }), ' ',
      make('span', { className: 'badge', text: text(known.length ? 'repeat' : 'first_contact') }), ' ',
      make('span', { className: 'over-why quiet' })),
    make('p', { className: 'quiet', text: line.join(' · ') }));
  if (pop.cases?.length) item.append(make('p', { text: `${text('cases')}: ${pop.cases.join(', ')}` }));
  if (known.length) {
    const list = known.map((one) => `${moment(one.arrived_at)} ${outcomeText(one.outcome ?? '')}`.trim());
    item.append(make('p', { className: 'quiet', text: `${text('recent')}: ${list.join('；')}` }));
  }
  return item;
}

function drawQueues(hall, now) {
  $('queues').hidden = hall.queues.size === 0;
  keep($('queue-list'), [...hall.queues.values()], (queue) => queue.id, (queue) =>
    make('li', {}, make('b', { text: queue.name }), make('p', { className: 'figure' }), make('p', { className: 'quiet' })),
  (item, queue) => {
    const figures = hall.figures(queue, now);
    const [, waiting, rest] = item.children;
    write(waiting, `${figures.waiting} ${text('waiting_now')}`);
    waiting.classList.toggle('late', figures.longest !== null && figures.longest > 15);
    const longest = figures.longest === null ? '–' : duration(figures.longest);
    write(rest, `${text('longest')} ${longest} · ${text('serving')} ${figures.talking} · ${text('free')} ${figures.ready}`);
  });
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
    write(agent, live.map((leg) => leg.agent ?? leg.phone).join(', '));
    write(time, seconds(talking?.answered_at ?? call.queued_at ?? call.arrived_at, now));
    row.classList.toggle('mine', live.some((leg) => leg.agent && leg.agent === session.agent));
    const [listen, hangUp] = buttons.children;
    write(listen, text('listen'));
    write(hangUp, text('hang_up'));
    listen.hidden = !may.listen;
    listen.disabled = !talking;
    hangUp.hidden = !may.hangUp;
  });
}

function buildCall(call, on) {
  const listen = make('button', { type: 'button' });
  const hangUp = make('button', { type: 'button' });
  listen.addEventListener('click', () => on.listen(call.id));
  hangUp.addEventListener('click', () => on.hangUp(call.id));
  return make('tr', {}, make('td', { className: 'number' }), make('td'), make('td', {}, make('span')), make('td'),
    make('td', { className: 'figure' }), make('td', {}, listen, hangUp));
}

function drawAgents(hall, session, now) {
  const agents = [...hall.agents.values()];
  $('agents').hidden = agents.length < 2;
  write($('agent-count'), String(agents.filter((agent) => agent.state !== 'logged_out').length || ''));
  keep($('agent-rows'), agents, (agent) => agent.id, () =>
    make('tr', {}, make('td'), make('td', {}, make('span'), ' ', make('span', { className: 'quiet' })),
      make('td', { className: 'figure' }), make('td')),
  (row, agent) => {
    const [name, state, time, phone] = row.children;
    const out = agent.state === 'logged_out';
    write(name, agent.name ? `${agent.name} ${agent.id}` : agent.id);
    paint(state.firstChild, agent.state);
    write(state.lastChild, agent.reason && !out ? reasonText(agent.reason) : '');
    write(time, out ? '' : seconds(agent.since, now));
    write(phone, out ? '' : agent.phone);
    row.classList.toggle('mine', agent.id === session.agent);
  });
}

function drawListening(hall, may, on, now) {
  $('listening').hidden = !may.listen;
  keep($('listening-rows'), [...hall.listening.values()], (one) => one.id, (one) => {
    const stop = make('button', { type: 'button' });
    stop.addEventListener('click', () => on.stopListening(one.id));
    return make('tr', {}, make('td'), make('td'), make('td', { className: 'wide' }), make('td', { className: 'figure' }),
      make('td', {}, stop));
  }, (row, one) => {
    const [by, agent, purpose, time, buttons] = row.children;
    write(by, one.by ?? text('foreign'));
    write(agent, one.agent ?? '');
    write(purpose, one.purpose ?? '');
    write(time, one.started_at ? seconds(one.started_at, now) : text('preparing'));
    write(buttons.firstChild, text('stop'));
  });
}

function paint(element, state) {
  const name = `state ${state}`;
  if (element.className !== name) element.className = name;
  write(element, stateText(state));
}
