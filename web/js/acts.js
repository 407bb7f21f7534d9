// What people do here: each is a request, some ask a question first. What comes of it comes back on the stream.

import { $, make, write } from './dom.js';
import { actOnLabel, proposeLabel } from './labels.js';
import { ask } from './rest.js';
import { stateText, text } from './text.js';

const EXTENSION_S = 30;
const PHONE = 'hotline-phone';
const id = encodeURIComponent;

export class Acts {
  /** `hall()`: the hall now; `own()`: the call the agent talks on; `attempt(work)`: does it and says what was refused. */
  constructor({ hall, own, attempt, explain, changed }) {
    Object.assign(this, { hall, own, attempt, explain, changed });
    this.queues = null;
    this.bind();
  }

  bind() {
    for (const dialog of document.querySelectorAll('dialog')) {
      dialog.querySelector('.cancel')?.addEventListener('click', () => dialog.close());
    }
    const keypad = $('keypad');
    const digits = keypad.querySelector('input');
    for (const key of '123456789*0#') {
      const button = make('button', { type: 'button', text: key });
      button.addEventListener('click', () => { digits.value += key; digits.focus(); });
      keypad.querySelector('.keys').append(button);
    }
    const target = $('target').querySelector('form').elements;
    target.kind.addEventListener('change', () => this.suggest(target.kind.value));
    $('dial-out').addEventListener('submit', (submitted) => {
      submitted.preventDefault();
      this.dialOut(submitted.target);
    });
    $('preview-dial').addEventListener('click', () => this.preview(true));
    $('preview-decline').addEventListener('click', () => this.preview(false));
    $('extend').addEventListener('click', () => this.extend());
    $('propose').addEventListener('click', () => this.propose());
  }

  /** Do with one's own call what a verb of call.js says. */
  control(verb) {
    const call = this.own()?.call;
    if (!call) return;
    if (verb.word === 'keypad') {
      this.open($('keypad'), ({ digits }) => ask('POST', `/calls/${id(call.id)}/dtmf`, { digits: digits.value }));
    } else if (verb.word === 'confidential') {
      this.attempt(() => ask('PUT', `/contacts/${id(call.contact)}/confidential`));
    } else if (verb.word === 'label') {
      this.propose(call.contact);
    } else if (verb.asks) this.openTarget(call, verb);
    else this.attempt(() => ask('POST', `/calls/${id(call.id)}/${verb.word}`));
  }

  openTarget(call, verb) {
    const dialog = $('target');
    const kinds = dialog.querySelector('select');
    for (const option of kinds.options) option.disabled = option.value === 'queue' && verb.word !== 'transfer';
    write($('target-title'), text(verb.word.replace('-', '_')));
    this.open(dialog, ({ kind, to }) => ask('POST', `/calls/${id(call.id)}/${verb.word}`, {
      target: { kind: kind.value, to: to.value.trim() },
    }));
    this.suggest(kinds.value);
  }

  /** Offer what may be named; to whom outside is for the agent to know. */
  async suggest(kind) {
    const list = $('known-targets');
    list.replaceChildren();
    if (kind === 'queue') this.queues ??= (await ask('GET', '/queues').catch(() => null))?.items ?? null;
    const colleagues = kind === 'agent' ? (await ask('GET', '/agents/me/colleagues').catch(() => null))?.items ?? [] : [];
    for (const one of kind === 'queue' ? (this.queues ?? []) : colleagues) {
      const label = [one.name || one.id, kind === 'agent' && stateText(one.state)].filter(Boolean).join(' · ');
      list.append(make('option', { value: one.id, label }));
    }
  }

  emergency(service) {
    const call = this.own()?.call;
    if (call) this.attempt(() => ask('POST', `/calls/${id(call.id)}/emergency`, { service }));
  }

  pickUp(call) {
    this.attempt(() => ask('POST', `/calls/${id(call)}/pickup`));
  }

  dialOut(form) {
    const { number, purpose } = form.elements;
    this.attempt(async () => {
      await ask('POST', '/calls', { number: number.value.trim(), purpose: purpose.value });
      form.reset();
    });
  }

  preview(dial) {
    this.attempt(() => ask('POST', '/agents/me/preview', { dial }));
  }

  extend() {
    this.attempt(() => ask('POST', '/agents/me/wrap-up-extension', { seconds: EXTENSION_S }));
  }

  force(agent) {
    this.oversee({ title: 'force', whom: agent, state: true }, ({ state, reason }) =>
      ask('PUT', `/agents/${id(agent)}/state`, { state: state.value, reason: reason.value }));
  }

  takeOver(call) {
    this.oversee({ title: 'take_over', whom: this.describe(call), phone: true }, async ({ phone, reason }) => {
      await ask('POST', `/calls/${id(call)}/take-over`, { phone: phone.value, reason: reason.value });
      sessionStorage.setItem(PHONE, phone.value);
    });
  }

  release(call) {
    this.oversee({ title: 'release', whom: this.describe(call) }, ({ reason }) =>
      ask('POST', `/calls/${id(call)}/hangup`, { reason: reason.value }));
  }

  openQueue(queue) {
    const open = !queue.open;
    this.oversee({ title: open ? 'open_queue' : 'close_queue', whom: queue.name }, async ({ reason }) => {
      await ask('PUT', `/queues/${id(queue.id)}/open`, { open, reason: reason.value });
    });
  }

  propose(contact = '') {
    proposeLabel(contact, (dialog, work) => this.open(dialog, work));
  }

  label(word, label) {
    actOnLabel(word, label, (dialog, work) => this.open(dialog, work));
  }

  describe(call) {
    const live = this.hall().calls.get(call);
    return [live?.number, live?.legs.map((leg) => leg.agent).filter(Boolean).at(-1)].filter(Boolean).join(' · ');
  }

  /** Ask a supervisor why, and for what the act needs beside. */
  oversee({ title, whom, state = false, phone = false }, work) {
    $('oversee-state').hidden = !state;
    $('oversee-phone').hidden = !phone;
    write($('oversee-title'), text(title));
    write($('oversee-whom'), whom);
    const field = $('oversee').querySelector('input[name=phone]');
    field.required = phone;
    this.open($('oversee'), work);
    field.value = sessionStorage.getItem(PHONE) ?? '';
  }

  /** Show a dialog that is asked again until its work is not refused. */
  open(dialog, work) {
    const form = dialog.querySelector('form');
    const failure = form.querySelector('.failure');
    form.reset();
    write(failure, '');
    form.onsubmit = async (submitted) => {
      submitted.preventDefault();
      try {
        await work(form.elements);
        dialog.close();
        this.changed();
      } catch (error) {
        write(failure, this.explain(error));
      }
    };
    dialog.showModal();
  }
}
