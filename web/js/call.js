// The agent's own call, what they are shown to dial, and what became of what they asked for.

import { $, keep, make, write } from './dom.js';
import { clock, duration, reasonText, roleText, stateText, text, verbText } from './text.js';

const OUTCOMES_SHOWN = 5;
const SERVICES = ['110', '119', '120', '122'];

// What may be done with one's own call: the word of its address, its key, when it is there, whether it asks to whom.
export const VERBS = [
  { word: 'hold', key: 'H', when: (now) => now.own.state === 'talking' && !now.party },
  { word: 'resume', key: 'H', when: (now) => now.own.state === 'held' && !now.party },
  { word: 'mute', key: 'M', when: (now) => !now.own.muted },
  { word: 'unmute', key: 'M', when: (now) => now.own.muted },
  { word: 'recording/pause', key: 'V', when: (now) => now.own.recording === 'recording' },
  { word: 'recording/resume', key: 'V', when: (now) => now.own.recording === 'paused', primary: true },
  { word: 'recording/start', key: 'G', when: (now) => now.call.record === 'on_demand' && !now.own.recording },
  { word: 'recording/stop', key: 'G', when: (now) => now.call.record === 'on_demand' && Boolean(now.own.recording) },
  { word: 'keypad', key: 'K', asks: true, when: () => true },
  { word: 'transfer', key: 'T', asks: true, when: (now) => !now.party && now.talking < 2 },
  { word: 'consult', key: 'C', asks: true, when: (now) => !now.party && now.talking < 2 && now.own.state === 'talking' },
  { word: 'three-way', key: 'J', asks: true, when: (now) => !now.party },
  { word: 'complete', key: 'O', when: (now) => now.party?.state === 'consulted', primary: true },
  { word: 'swap', key: 'S', when: (now) => now.party?.state === 'consulted' },
  { word: 'cancel', key: 'Q', when: (now) => Boolean(now.party) },
  { word: 'park', key: 'P', when: (now) => !now.party && now.talking < 2 },
  { word: 'confidential', key: 'B', when: (now) => !now.call.confidential },
  { word: 'label', key: 'G', when: () => true },
  { word: 'leave', key: 'L', when: (now) => now.talking > 1 },
  { word: 'hangup', key: 'X', grave: true, when: () => true },
];
const LABELS = {
  'three-way': 'three_way', cancel: 'cancel_consult', hangup: 'hang_up', 'recording/pause': 'pause_recording',
  'recording/resume': 'resume_recording', 'recording/start': 'start_recording', 'recording/stop': 'stop_recording',
};

/** Return what an agent talks on: {call, own, party, talking}, null where they talk on nothing. */
export function ownTalk(hall, agent) {
  const call = agent ? hall.callOf(agent) : null;
  const talks = (leg) => leg.state === 'talking' || leg.state === 'held';
  const own = call?.legs.find((leg) => leg.agent === agent && talks(leg));
  if (!own) return null;
  const party = call.legs.find((leg) => leg.role === 'consult' && leg.state !== 'ended' && !talks(leg));
  return { call, own, party, talking: call.legs.filter(talks).length };
}

/** Return the verb that a key stands for now. */
export function verbOf(hall, agent, key) {
  const now = ownTalk(hall, agent);
  return now && VERBS.find((verb) => verb.key === key && verb.when(now));
}

export function drawOwnCall(hall, session, on, at) {
  const call = session.agent ? hall.callOf(session.agent) : null;
  const now = ownTalk(hall, session.agent);
  $('own-call').hidden = !call;
  if (!call) return;
  const own = call.legs.find((leg) => leg.agent === session.agent && leg.state !== 'ended');
  write($('call-number'), call.number || text('unknown_number'));
  paint($('call-state'), own.state === 'held' ? 'holding' : own.state);
  $('call-muted').hidden = !own.muted;
  drawRecording($('call-recording'), now?.own.recording ?? '');
  $('call-confidential').hidden = !call.confidential;
  write($('call-timer'), duration((at - Date.parse(own.answered_at ?? own.offered_at)) / 1000));
  drawParties(call, session);
  const verbs = now ? VERBS.filter((verb) => verb.when(now)) : [];
  keep($('call-buttons'), verbs, (verb) => verb.word, (verb) => buildVerb(verb, on), (button, verb) =>
    write(button.firstChild, text(LABELS[verb.word] ?? verb.word)));
  drawEmergency(Boolean(now), on);
}

function drawRecording(badge, state) {
  badge.hidden = !state;
  badge.className = `badge record ${state}`;
  write(badge, state ? text(`recording_${state}`) : '');
}

function buildVerb(verb, on) {
  const button = make('button', { type: 'button', 'aria-keyshortcuts': `Alt+${verb.key}`, 'data-verb': verb.word },
    make('span'), ' ', make('kbd', { text: `Alt ${verb.key}` }));
  if (verb.primary) button.className = 'primary';
  if (verb.grave) button.className = 'grave';
  button.addEventListener('click', () => on.control(verb));
  return button;
}

function drawParties(call, session) {
  const others = call.legs.filter((leg) => leg.state !== 'ended' && leg.agent !== session.agent);
  keep($('party-list'), others, (leg) => leg.id, () =>
    make('li', {}, make('span', { className: 'badge' }), ' ', make('span', { className: 'number' }), ' ', make('span')),
  (item, leg) => {
    write(item.children[0], roleText(leg.role));
    write(item.children[1], leg.agent ?? leg.phone);
    paint(item.children[2], leg.state);
  });
}

function drawEmergency(may, on) {
  const place = $('call-emergency');
  place.hidden = !may;
  if (place.children.length > 1) return;
  for (const service of SERVICES) {
    const button = make('button', { type: 'button', className: 'grave', text: service, 'data-service': service });
    button.addEventListener('click', () => on.emergency(service));
    place.append(button);
  }
}

export function drawPreview(self, at) {
  const preview = self?.preview;
  $('preview').hidden = !preview;
  if (!preview) return;
  write($('preview-number'), preview.number);
  write($('preview-purpose'), preview.purpose ?? '');
  write($('preview-left'), duration((Date.parse(preview.until) - at) / 1000));
}

export function drawOutcomes(hall, session) {
  const ones = hall.operationsOf(session.user, session.agent).slice(0, OUTCOMES_SHOWN);
  $('outcomes').hidden = ones.length === 0;
  keep($('outcome-list'), ones, (one) => one.id, () => make('li', {}), (item, one) => {
    item.className = one.state;
    const target = one.target ? ` → ${one.target.to}` : '';
    const why = one.over ? `：${reasonText(one.over)}` : '';
    write(item, `${clock(one.at)} ${verbText(one.verb)}${target} · ${text(one.state)}${why}`);
  });
}

/** Draw the parked calls; `parked`: those that an agent was told of, a supervisor sees them in the hall. */
export function drawParked(hall, session, parked, on, at) {
  const live = [...hall.calls.values()].filter((call) => call.state === 'parked');
  const calls = hall.queues.size ? live : parked;
  $('parked').hidden = !session.agent && calls.length === 0;
  $('parked-refresh').hidden = hall.queues.size > 0;
  keep($('parked-rows'), calls, (call) => call.id, (call) => {
    const button = make('button', { type: 'button' });
    button.addEventListener('click', () => on.pickUp(call.id));
    return make('tr', {}, make('td', { className: 'number' }), make('td'), make('td', { className: 'figure' }),
      make('td', {}, button));
  }, (row, call) => {
    const [number, queue, time, buttons] = row.children;
    write(number, call.number || '—');
    write(queue, call.queue ?? '');
    write(time, duration((at - Date.parse(call.arrived_at)) / 1000));
    write(buttons.firstChild, text('pick_up'));
    buttons.firstChild.hidden = !session.agent;
  });
}

export function drawSurges(hall) {
  const surges = [...hall.surges.values()];
  $('surges').hidden = surges.length === 0;
  keep($('surge-rows'), surges, (one) => `${one.surge} ${one.key}`, () =>
    make('tr', {}, make('td'), make('td', { className: 'number' }), make('td', { className: 'figure' }), make('td')),
  (row, one) => {
    const [name, key, deflected, announce] = row.children;
    write(name, one.surge);
    write(key, one.key);
    write(deflected, String(one.deflected));
    write(announce, one.announce ?? '');
  });
}

function paint(element, state) {
  const name = `state ${state}`;
  if (element.className !== name) element.className = name;
  write(element, stateText(state));
}
