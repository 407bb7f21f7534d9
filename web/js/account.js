// Logging in, and one's own account: password, one-time codes, sessions. A log-in may ask for one of these first.

import { $, make, write } from './dom.js';
import { Problem, ask, keepSession, logIn } from './rest.js';
import { moment, text } from './text.js';

const PARTS = ['change-password', 'enrol', 'recovery', 'own-sessions'];

/** A session that is good for one thing only, and the password it was got with; null once that is done. */
let limited = null;
let tell = null;

/** `on`: {entered(), explain(error)}. */
export function bindAccount(on) {
  tell = on;
  $('log-in').addEventListener('submit', (submitted) => attempt(submitted, enter));
  $('change-password').addEventListener('submit', (submitted) => attempt(submitted, changePassword));
  $('enrol').addEventListener('submit', (submitted) => attempt(submitted, enrol));
  $('recovery-done').addEventListener('click', () => $('account').close());
  $('account-close').addEventListener('click', () => $('account').close());
  $('account').addEventListener('close', forgetForms);
  $('open-account').addEventListener('click', openAccount);
  offerProviders();
}

/** Offer to log in elsewhere; whoever has just come back from there is in. */
async function offerProviders() {
  const how = new URLSearchParams(location.search).get('log-in');
  if (how) history.replaceState(null, '', location.pathname);
  const { providers } = await ask('GET', '/config').catch(() => ({ providers: [] }));
  $('providers').hidden = providers.length === 0;
  $('providers').replaceChildren(...providers.map(({ id, name }) =>
    make('a', { className: 'button', href: `/api/v1/oidc/${encodeURIComponent(id)}/start`, text: name })));
  if (how === 'refused') resetLogIn(text('provider_refused'));
  if (how !== 'done') return;
  try {
    goOn(await ask('POST', '/oidc/session'), '');
  } catch (error) {
    resetLogIn(tell.explain(error));
  }
}

/** Put the log-in's form as it was before anybody had used it, with a word on why one is here again. */
export function resetLogIn(why) {
  $('log-in').reset();
  $('ask-code').hidden = true;
  write($('log-in').querySelector('.failure'), why);
}

async function attempt(submitted, work) {
  submitted.preventDefault();
  const form = submitted.target;
  const failure = form.querySelector('.failure');
  write(failure, '');
  try {
    await work(form);
  } catch (error) {
    write(failure, tell.explain(error));
  }
}

async function enter(form) {
  const { user, password, code } = form.elements;
  try {
    goOn(await logIn(user.value, password.value, code.value), password.value);
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== 'totp_required') throw error;
    $('ask-code').hidden = false;
    code.focus();
    write(form.querySelector('.failure'), text('code_wanted'));
  }
}

/** Enter with a session, or first do what it is good for only. */
function goOn(made, password) {
  resetLogIn('');
  limited = made.must ? { token: made.token, password } : null;
  if (!limited) {
    keepSession(made);
    if ($('account').open) $('account').close();
    tell.entered();
  } else if (made.must === 'change_password') openParts(['change-password'], 'must_change');
  else openParts(['enrol'], 'must_enrol');
}

function openParts(parts, why = '') {
  for (const part of PARTS) $(part).hidden = !parts.includes(part);
  const known = Boolean(limited);
  $('change-password').elements.old.closest('label').hidden = known;
  $('change-password').elements.old.required = !known;
  $('enrol-password').hidden = known;
  $('enrol-secret').hidden = true;
  write($('account-why'), why && text(why));
  if (!$('account').open) $('account').showModal();
  if (parts.includes('enrol') && known) attempt({ preventDefault() {}, target: $('enrol') }, begin);
}

async function openAccount() {
  limited = null;
  openParts(['change-password', 'enrol', 'own-sessions']);
  drawSessions();
}

function forgetForms() {
  limited = null;
  for (const form of document.querySelectorAll('#account form')) form.reset();
  for (const secret of ['totp-secret', 'recovery-codes']) $(secret).replaceChildren();
  $('totp-uri').removeAttribute('href');
}

async function changePassword(form) {
  const { old, new: fresh, again } = form.elements;
  if (fresh.value !== again.value) throw new Problem(422, { detail: text('differ') });
  const body = { old: limited ? limited.password : old.value, new: fresh.value };
  const made = await ask('PUT', '/me/password', body, limited?.token);
  goOn(made, fresh.value);
}

async function enrol(form) {
  if ($('enrol-secret').hidden) return begin(form);
  const made = await ask('PUT', '/me/totp', { code: form.elements.code.value }, limited?.token);
  limited = null;
  keepSession(made.session);  // the sessions from before are over, and with them the stream
  tell.entered();
  $('recovery-codes').replaceChildren(...made.recovery_codes.map((code) => make('li', {}, make('code', { text: code }))));
  for (const part of PARTS) $(part).hidden = part !== 'recovery';
  return null;
}

async function begin(form) {
  const password = limited ? limited.password : form.elements.password.value;
  const { secret, uri } = await ask('POST', '/me/totp', { password }, limited?.token);
  write($('totp-secret'), secret.match(/.{1,4}/g).join(' '));
  $('totp-uri').href = uri;
  $('enrol-password').hidden = true;
  $('enrol-secret').hidden = false;
  form.elements.code.focus();
}

async function drawSessions() {
  const { items } = await ask('GET', '/sessions').catch(() => ({ items: [] }));
  $('session-list').replaceChildren(...items.map((one) => {
    const what = [one.name || one.client.slice(0, 60), one.address, moment(one.used_at)].filter(Boolean).join(' · ');
    const end = make('button', { type: 'button', className: 'small', text: text('end_session') });
    end.addEventListener('click', () => ask('DELETE', `/sessions/${encodeURIComponent(one.id)}`).then(drawSessions, drawSessions));
    return make('li', {}, `${what} `, one.current ? make('span', { className: 'badge', text: text('this_one') }) : end);
  }));
}

