// What is going on, kept from a snapshot and the events after it. No document in here.

const POPS_KEPT = 50;
const OPERATIONS_KEPT = 200;

export class Hall {
  constructor() {
    this.agents = new Map();
    this.calls = new Map();
    this.queues = new Map();
    this.listening = new Map();
    this.surges = new Map();
    this.operations = new Map();
    this.dialled = new Map();
    this.pops = [];
  }

  /** Take a snapshot: everything before it is history; pops already shown stay. */
  restart(snapshot) {
    const byId = (items) => new Map(items.map((item) => [item.id, item]));
    this.agents = byId(snapshot.agents);
    this.calls = byId(snapshot.calls);
    this.queues = byId(snapshot.queues);
    this.listening = byId(snapshot.listening);
    this.surges = new Map((snapshot.surges ?? []).map((surge) => [surgeKey(surge), surge]));
  }

  /** Take a call as REST shows it: an agent is not told of legs that others called in, event by event. */
  refresh(call) {
    const muted = new Map((this.calls.get(call.id)?.legs ?? []).map((one) => [one.id, one.muted]));
    for (const one of call.legs) one.muted = muted.get(one.id) ?? false;
    this.calls.set(call.id, call);
  }

  /** Return the call that an agent talks on, or is to, null where there is none. */
  callOf(agent) {
    const alive = (call) => call.legs.some((one) => one.agent === agent && one.state !== 'ended');
    return [...this.calls.values()].find(alive) ?? null;
  }

  /** Return what a user, or their seat, has set going, the newest first. */
  operationsOf(user, agent) {
    return [...this.operations.values()].filter((one) => one.by === user || (agent && one.agent === agent)).reverse();
  }

  /** Take one event in. Kinds not named here change nothing that is shown. */
  take(message) {
    const event = message.event;
    STEPS[message.kind]?.(this, event, message);
  }

  /** Return a queue's figures as they are now. */
  figures(queue, now) {
    const calls = [...this.calls.values()].filter((call) => call.queue === queue.id);
    const waiting = calls.filter((call) => call.state === 'waiting' || call.state === 'offered');
    const since = waiting.map((call) => Date.parse(call.queued_at ?? call.arrived_at));
    const agents = [...this.agents.values()].filter((agent) => agent.queues.includes(queue.id));
    return {
      waiting: waiting.length,
      longest: since.length ? (now - Math.min(...since)) / 1000 : null,
      talking: calls.filter((call) => call.state === 'talking').length,
      parked: calls.filter((call) => call.state === 'parked').length,
      ready: agents.filter((agent) => agent.state === 'ready').length,
      staffed: agents.filter((agent) => agent.state !== 'logged_out').length,
    };
  }
}

function leg(call, event) {
  let found = call.legs.find((one) => one.id === event.leg);
  if (!found) {
    found = {
      id: event.leg, agent: event.agent, phone: event.phone, role: event.role ?? 'agent', held: false, muted: false,
      offered_at: event.occurred, answered_at: null,
    };
    call.legs.push(found);
  }
  return found;
}

function onLeg(state, legState, mark) {
  return (hall, event) => {
    const call = known(hall, event);
    const one = leg(call, event);
    one.state = legState;
    one.held = legState === 'held';
    if (mark) one[mark] = event.occurred;
    if (state) call.state = state;
  };
}

/** Return the event's call; an agent's page first hears of it when it is offered to them. */
function known(hall, event) {
  let call = hall.calls.get(event.call);
  if (!call) {
    call = {
      id: event.call, contact: event.contact, number: '', did: '', queue: event.queue, state: 'offered',
      direction: 'in', arrived_at: event.occurred, queued_at: null, legs: [], surveys: [], confidential: false,
    };
    hall.calls.set(call.id, call);
  }
  return call;
}

const OFFERED = onLeg(null, 'offered');
const ANSWERED = onLeg('talking', 'talking', 'answered_at');

/** Note how a leg is recorded, as Asterisk reported it; what is of no leg is of whoever talks. */
function recorded(state) {
  return (hall, event) => {
    for (const one of hall.calls.get(event.call)?.legs ?? []) {
      if (one.id === event.leg || !event.leg) one.recording = state;
    }
  };
}

/** Note how an operation ended; one that began before this page was opened is not known. */
function over(hall, event, state) {
  const operation = hall.operations.get(event.operation);
  if (operation) Object.assign(operation, { state, over: event.why ?? '' });
  return operation;
}

/** Return a number that was dialled whole as nobody sees more of it: 138****1234. */
const hidden = (number) => (/^\+?\d{10,}$/.test(number)
  ? number.slice(0, 3) + '*'.repeat(number.length - 7) + number.slice(-4) : number);

const heardOf = ({ contact, call, agent, queue }) => ({ contact, call, agent, queue });

/** Note what is now so of a listening session that is known. */
function changed(hall, event, now) {
  const session = hall.listening.get(event.session);
  if (session) Object.assign(session, now);
}

/** Keep what a citizen was asked on the call and on its pop: an agent's page has the call no more. */
function surveyed(hall, event, one) {
  const pops = hall.pops.filter((pop) => pop.contact === event.contact);
  const call = hall.calls.get(event.call);
  for (const place of call ? [call, ...pops] : pops) {
    place.surveys = [...(place.surveys ?? []).filter((other) => other.question !== one.question), one];
  }
}

const surgeKey = (surge) => `${surge.surge} ${surge.key}`;

const STEPS = {
  'contact.arrived': (hall, event) =>
    hall.calls.set(event.call, {
      id: event.call, contact: event.contact, number: event.number, did: event.did, queue: null, state: 'arrived',
      direction: event.direction, arrived_at: event.occurred, queued_at: null, legs: [], surveys: [],
      confidential: event.confidential,
    }),
  'contact.confidential': (hall, event) => {
    const call = hall.calls.get(event.call);
    if (call) Object.assign(call, { confidential: true, number: hidden(call.number) });
  },
  'contact.blocked': (hall, event) => {
    known(hall, event).state = 'left';
  },
  'call.queued': (hall, event) => {
    const call = known(hall, event);
    if (call.state !== 'offered') call.state = 'waiting';
    call.queue = event.queue;
    call.queued_at = call.queued_at ?? event.occurred;
    call.estimated_s = event.estimated_s;
    call.confidential = call.confidential || event.confidential;
    const queue = hall.queues.get(event.queue);
    if (queue) queue.estimated_s = event.estimated_s;
  },
  'call.left_queue': (hall, event) => {
    known(hall, event).state = 'left';
  },
  'call.parked': (hall, event) => {
    known(hall, event).state = 'parked';
  },
  'call.offered': (hall, event) => {
    OFFERED(hall, event);
    const call = hall.calls.get(event.call);
    if (call.state !== 'talking') call.state = 'offered'; // somebody is called in: the talk goes on
    if (event.role === 'outbound') call.queue = call.queue ?? event.queue;
    call.number = call.number || hall.dialled.get(event.leg) || '';
  },
  'call.ringing': onLeg(null, 'ringing'),
  'call.consulted': onLeg(null, 'consulted'),
  'call.answered': (hall, event) => {
    ANSWERED(hall, event);
    if (event.record) hall.calls.get(event.call).record = event.record;
  },
  'call.held': onLeg(null, 'held'),
  'call.resumed': onLeg(null, 'talking'),
  'leg.ended': (hall, event) => {
    const call = hall.calls.get(event.call);
    if (!call) return;
    leg(call, event).state = 'ended';
    if (call.legs.every((one) => one.state === 'ended')) {
      call.state = call.state === 'talking' ? 'served' : call.queued_at ? 'waiting' : 'arrived';
    }
    if (!hall.queues.size && hall.agents.has(event.agent)) hall.calls.delete(call.id); // an agent's own part is over
  },
  'survey.asked': (hall, event) => surveyed(hall, event, { question: event.question, key: '', satisfied: null }),
  'survey.answered': (hall, event) =>
    surveyed(hall, event, { question: event.question, key: event.key, satisfied: event.satisfied }),
  'contact.ended': (hall, event) => hall.calls.delete(event.call),
  'agent.state': (hall, event, message) => {
    const agent = hall.agents.get(event.agent);
    if (!agent) return;
    Object.assign(agent, { state: event.after, reason: event.reason, since: message.at, until: event.until });
    Object.assign(agent, { call: event.call, phone: event.phone, forced: event.forced, seat: event.seat });
    if (event.after === 'ready') agent.deaf = null; // a deaf seat is refused; whoever was away was not told of their phone
    if (['ready', 'not_ready', 'logged_out'].includes(event.after)) agent.planned = '';
  },
  'agent.planned': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    if (agent) agent.planned = event.reason;
  },
  'agent.wrap_up_extended': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    if (agent) agent.until = event.until;
  },
  'phone.changed': (hall, event) => {
    for (const agent of hall.agents.values()) {
      if (agent.phone === event.phone) agent.deaf = event.reachable ? null : 'deaf_phone';
    }
  },
  'desktop.changed': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    if (agent && agent.deaf !== 'deaf_phone') agent.deaf = event.connected ? null : 'deaf_desktop';
  },
  'queue.changed': (hall, event) => {
    const queue = hall.queues.get(event.queue);
    if (!queue) return;
    queue.open = event.open;
    if (event.calendar) Object.assign(queue, { opens_at: event.open ? null : event.until, closes_at: event.open ? event.until : null });
  },
  'surge.started': (hall, event) => hall.surges.set(surgeKey(event), { ...event, deflected: 0 }),
  'surge.ended': (hall, event) => hall.surges.delete(surgeKey(event)),
  'call.deflected': (hall, event) => {
    const did = hall.calls.get(event.call)?.did;
    const ones = [...hall.surges.values()].filter((one) => one.surge === event.surge);
    const surge = ones.length === 1 ? ones[0] : ones.find((one) => one.key === did);
    if (surge) surge.deflected += 1;
  },
  'operation.started': (hall, event, message) => {
    hall.operations.set(event.operation, { ...event, id: event.operation, at: message.at, state: 'pending', over: '' });
    if (hall.operations.size > OPERATIONS_KEPT) hall.operations.delete(hall.operations.keys().next().value);
  },
  'operation.done': (hall, event) => {
    const operation = over(hall, event, 'done');
    const call = operation && hall.calls.get(operation.call);
    const one = call?.legs.find((found) => found.id === operation.leg);
    if (one && operation.verb === 'mute') one.muted = true;
    if (one && operation.verb === 'unmute') one.muted = false;
  },
  'operation.failed': (hall, event) => over(hall, event, 'failed'),
  'preview.shown': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    const { operation, number, until, purpose, about } = event;
    if (agent) agent.preview = { operation, number, until, purpose, about };
  },
  'preview.ended': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    if (agent) agent.preview = null;
  },
  'call.dialled_out': (hall, event) => hall.dialled.set(event.leg, event.number),
  'call.dial_out_ended': (hall, event) => hall.dialled.delete(event.leg),
  screen_pop: (hall, event, message) => {
    if (hall.pops.some((pop) => pop.leg === event.leg)) return;
    hall.pops.unshift({ ...event, at: message.at, over: '' });
    hall.pops.length = Math.min(hall.pops.length, POPS_KEPT);
    const call = hall.calls.get(event.call);
    if (call) Object.assign(call, { number: event.number, confidential: call.confidential || event.confidential });
  },
  'screen_pop.withdrawn': (hall, event) => {
    const pop = hall.pops.find((one) => one.leg === event.leg);
    if (pop) pop.over = event.why;
  },
  'recording.started': recorded('recording'),
  'recording.resumed': recorded('recording'),
  'recording.paused': recorded('paused'),
  'recording.stopped': recorded(''),
  'listening.requested': (hall, event, message) => {
    const stage = event.approval ? 'asked' : event.scope === 'call' ? 'ringing' : 'waiting';
    const unheard = { stage, hearing: 0, approved_by: null, requested_at: message.at, started_at: null, heard_since: null };
    hall.listening.set(event.session, { ...event, id: event.session, ...unheard });
  },
  'listening.decided': (hall, event) => {
    const stage = hall.listening.get(event.session)?.scope === 'call' ? 'ringing' : 'waiting';
    if (event.approved) changed(hall, event, { stage, approved_by: event.approver, until: event.until });
  },
  'listening.ringing': (hall, event) => {
    changed(hall, event, { ...heardOf(event), stage: 'ringing' });
    if (!hall.listening.get(event.session)?.started_at) changed(hall, event, { until: null });
  },
  'listening.started': (hall, event) => {
    const known = hall.listening.get(event.session) ?? { ...event, id: event.session, purpose: '', scope: 'call', target: '' };
    const { mode, hearing, until, told } = event;
    hall.listening.set(event.session, Object.assign(known, heardOf(event), {
      stage: 'hearing', mode, hearing, until, told, heard_since: event.occurred, started_at: known.started_at ?? event.occurred,
    }));
  },
  'listening.mode': (hall, event) => changed(hall, event, { mode: event.mode }),
  'listening.waiting': (hall, event) =>
    changed(hall, event, { stage: 'waiting', mode: 'listen', heard_since: null, until: event.until }),
  'listening.stopping': (hall, event) => changed(hall, event, { stage: 'ending', until: event.until }),
  'listening.noted': (hall, event) => changed(hall, event, { note: event.note }),
  'listening.ended': (hall, event) => hall.listening.delete(event.session),
};
