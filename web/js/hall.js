// What is going on, kept from a snapshot and the events after it. No document in here.

const POPS_KEPT = 50;

export class Hall {
  constructor() {
    this.agents = new Map();
    this.calls = new Map();
    this.queues = new Map();
    this.listening = new Map();
    this.pops = [];
  }

  /** Take a snapshot: everything before it is history; pops already shown stay. */
  restart(snapshot) {
    const byId = (items) => new Map(items.map((item) => [item.id, item]));
    this.agents = byId(snapshot.agents);
    this.calls = byId(snapshot.calls);
    this.queues = byId(snapshot.queues);
    this.listening = byId(snapshot.listening);
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
      ready: agents.filter((agent) => agent.state === 'ready').length,
    };
  }
}

function leg(call, event) {
  let found = call.legs.find((one) => one.id === event.leg);
  if (!found) {
    found = { id: event.leg, agent: event.agent, phone: event.phone, offered_at: event.occurred, answered_at: null };
    call.legs.push(found);
  }
  return found;
}

function onLeg(state, legState, mark) {
  return (hall, event) => {
    const call = known(hall, event);
    const one = leg(call, event);
    one.state = legState;
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
      arrived_at: event.occurred, queued_at: null, legs: [],
    };
    hall.calls.set(call.id, call);
  }
  return call;
}

const STEPS = {
  'contact.arrived': (hall, event) =>
    hall.calls.set(event.call, {
      id: event.call, contact: event.contact, number: event.number, did: event.did, queue: null, state: 'arrived',
      arrived_at: event.occurred, queued_at: null, legs: [],
    }),
  'call.queued': (hall, event) => {
    const call = known(hall, event);
    call.state = 'waiting';
    call.queue = event.queue;
    call.queued_at = call.queued_at ?? event.occurred;
  },
  'call.left_queue': (hall, event) => {
    known(hall, event).state = 'left';
  },
  'call.offered': onLeg('offered', 'offered'),
  'call.ringing': onLeg(null, 'ringing'),
  'call.answered': onLeg('talking', 'talking', 'answered_at'),
  'call.held': onLeg(null, 'held'),
  'call.resumed': onLeg(null, 'talking'),
  'leg.ended': (hall, event) => {
    const call = hall.calls.get(event.call);
    if (!call) return;
    leg(call, event).state = 'ended';
    if (call.legs.every((one) => one.state === 'ended')) call.state = event.talked ? 'served' : 'waiting';
    if (hall.calls.size && !hall.queues.size) hall.calls.delete(call.id); // an agent's own part in it is over
  },
  'contact.ended': (hall, event) => hall.calls.delete(event.call),
  'agent.state': (hall, event, message) => {
    const agent = hall.agents.get(event.agent);
    if (!agent) return;
    Object.assign(agent, { state: event.after, reason: event.reason, since: message.at, until: event.until });
    Object.assign(agent, { call: event.call, phone: event.phone });
    if (['ready', 'not_ready', 'logged_out'].includes(event.after)) agent.planned = '';
  },
  'agent.planned': (hall, event) => {
    const agent = hall.agents.get(event.agent);
    if (agent) agent.planned = event.reason;
  },
  screen_pop: (hall, event, message) => {
    if (hall.pops.some((pop) => pop.leg === event.leg)) return;
    hall.pops.unshift({ ...event, at: message.at, over: '' });
    hall.pops.length = Math.min(hall.pops.length, POPS_KEPT);
    const call = hall.calls.get(event.call);
    if (call) call.number = event.number;
  },
  'screen_pop.withdrawn': (hall, event) => {
    const pop = hall.pops.find((one) => one.leg === event.leg);
    if (pop) pop.over = event.why;
  },
  'listening.requested': (hall, event) =>
    hall.listening.set(event.session, { ...event, id: event.session, started_at: null }),
  'listening.started': (hall, event) => {
    const session = hall.listening.get(event.session) ?? { ...event, id: event.session, purpose: '' };
    session.started_at = event.occurred;
    hall.listening.set(event.session, session);
  },
  'listening.ended': (hall, event) => hall.listening.delete(event.session),
};
