// The phone in the page: there where the phone of the agent's seat may be a browser.

import { $, keep, make, write } from './dom.js';
import { ask } from './rest.js';
import { text } from './text.js';

const METER_MS = 100;

let phone = null;
let microphones = [];
let metering = 0;

/** Be the phone of one's seat, where it may be a browser; `changed` is called when something is to be drawn. */
export async function plugIn(changed) {
  unplug();
  const own = await ask('GET', '/agents/me/phone').catch(() => null);
  const built = own?.account && await import('../built/softphone.js').catch(() => null);
  if (!built || phone) return;
  phone = new built.Softphone({ number: own.number, ...own.account }, changed);
  const look = async () => { microphones = await built.Softphone.microphones().catch(() => []); changed(); };
  navigator.mediaDevices?.addEventListener('devicechange', look);
  await look();
  phone.start();
  metering = setInterval(meter, METER_MS);
}

/** Be no phone any more. */
export function unplug() {
  clearInterval(metering);
  phone?.stop();
  phone = null;
}

export const phoneRings = () => phone?.state === 'ringing';
export const answer = () => phone?.answer();

export function drawPhone() {
  $('softphone').hidden = !phone;
  if (!phone) return;
  const { state, trouble } = phone;
  $('softphone').dataset.state = state;
  write($('phone-state'), text(`phone_${state}`));
  write($('phone-number'), phone.account.number);
  write($('phone-trouble'), trouble ? text(`trouble_${trouble}`).replace('trouble_', '') : '');
  $('phone-answer').hidden = state !== 'ringing';
  $('phone-hang-up').hidden = !['ringing', 'dialling', 'talking'].includes(state);
  $('phone-echo').hidden = state !== 'there';
  $('phone-levels').hidden = state !== 'talking';
  const options = [{ deviceId: '', label: text('microphone_usual') }, ...microphones.filter((one) => one.deviceId)];
  keep($('phone-microphone'), options, (one) => one.deviceId, (one) => make('option', { value: one.deviceId }),
    (option, one) => write(option, one.label || one.deviceId.slice(0, 8)));
}

function meter() {
  if (phone?.state !== 'talking') return;
  const { mine, theirs } = phone.levels;
  $('level-mine').value = mine;
  $('level-theirs').value = theirs;
}

/** Bind the buttons, once; who is talking is asked before the page, and with it the call, is gone. */
export function bindPhone() {
  window.addEventListener('beforeunload', (leaving) => { if (phone?.state === 'talking') leaving.preventDefault(); });
  $('phone-answer').addEventListener('click', answer);
  $('phone-hang-up').addEventListener('click', () => phone?.hangUp());
  $('phone-echo').addEventListener('click', () => phone?.testEcho());
  $('phone-microphone').addEventListener('change', (event) => phone?.use(event.target.value));
}
