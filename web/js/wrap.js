// What the agent notes of a contact: during the talk and in the wrap-up after it.

import { $, write } from './dom.js';
import { ask } from './rest.js';
import { text } from './text.js';

const NOTED_IN = ['talking', 'holding', 'wrap_up'];

let contact = null;
let saved = false;

/** Draw the form; what was begun for one contact is not taken for the next. */
export function drawWrap(hall, session) {
  const self = session.agent ? hall.agents.get(session.agent) : null;
  const notes = Boolean(self) && NOTED_IN.includes(self.state);
  const present = notes ? hall.callOf(session.agent)?.contact ?? contact : null;
  const form = $('wrap');
  if (present !== contact) {
    contact = present;
    saved = false;
    form.reset();
  }
  form.hidden = !contact;
  write($('wrap-saved'), saved ? text('saved') : '');
}

/** Bind the form, once; `attempt` does something and says what was refused. */
export function bindWrap(attempt, changed) {
  const form = $('wrap');
  form.addEventListener('input', () => { saved = false; changed(); });
  form.elements.note.addEventListener('keydown', (key) => {
    if (key.key === 'Enter' && key.ctrlKey) form.requestSubmit();
  });
  form.addEventListener('submit', (submitted) => {
    submitted.preventDefault();
    const [about, code, note] = [contact, form.elements.code.value, form.elements.note.value.trim()];
    attempt(async () => {
      await ask('PUT', `/contacts/${encodeURIComponent(about)}/wrap-up`, { code, note });
      saved = about === contact;
      changed();
    });
  });
}
