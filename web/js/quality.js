// The reviewers' page: draw a sample, hear a talk, score it by a form beside it; agents see what was signed, and appeal.

import { $, keep, make, write } from './dom.js';
import { Player } from './player.js';
import { Problem, ask, forget, keepSession, logIn, logOut, session } from './rest.js';
import { isEnglish, switchLanguage, text, translate } from './text.js';

const REVIEWERS = ['supervisor', 'admin'];
const READERS = [...REVIEWERS, 'leader', 'auditor'];
const DAY_MS = 86_400_000;
const id = encodeURIComponent;

let player = null;
let forms = [];
let contact = null;
let review = null;
let form = null;

const is = (roles) => (session()?.roles ?? []).some((role) => roles.includes(role));

function explain(error) {
  if (!(error instanceof Problem)) return text('unreachable');
  if (error.type === 'wrong-credentials') return text('wrong');
  return error.status === 403 ? `${text('forbidden')} ${error.message}` : error.message;
}

async function attempt(work) {
  const notice = $('notice');
  try {
    await work();
    notice.hidden = true;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave();
    notice.hidden = false;
    write(notice, explain(error));
  }
}

function leave() {
  forget();
  player?.forget();
  contact = review = form = null;
  show();
}

/** Show who is there, and what they may do. */
function show() {
  const who = session();
  $('enter').hidden = Boolean(who);
  $('review').hidden = !who;
  $('log-out').hidden = !who;
  write($('who'), who ? [who.name || who.user, who.agent].filter(Boolean).join(' · ') : '');
  write($('language'), text('other_language'));
  $('samples').hidden = !is(REVIEWERS);
  $('averages').hidden = !is(READERS);
  $('player').hidden = !contact?.recordings?.length;
  $('form').hidden = !contact && !review;
  if (who) drawForm();
}

async function enter() {
  show();
  await attempt(async () => {
    forms = (await ask('GET', '/quality/forms')).items;
    await list();
  });
  show();
}

/** Ask for the reviews and the averages. */
async function list() {
  const { items } = await ask('GET', '/quality/reviews');
  keep($('review-rows'), items, (one) => one.review, (one) => {
    const button = make('button', { type: 'button' });
    button.addEventListener('click', () => attempt(() => openReview(one.review)));
    return make('tr', {}, make('td', { className: 'number' }), make('td'), make('td'), make('td', { className: 'figure' }),
      make('td', {}, button));
  }, (row, one) => {
    const [name, agent, state, score, buttons] = row.children;
    write(name, one.contact);
    write(agent, one.agent);
    write(state, text(`review_${one.state}`));
    write(score, one.score === null ? '—' : String(one.score));
    write(buttons.firstChild, text('open'));
  });
  if (!is(READERS)) return;
  const of = await Promise.all(['team', 'agent'].map((by) => ask('GET', `/quality/averages?by=${by}`)));
  const rows = of.flatMap((one, n) => Object.entries(one.items).map(([name, its]) => ({ key: `${n} ${name}`, name, ...its })));
  keep($('average-rows'), rows, (one) => one.key, () =>
    make('tr', {}, ...Array.from({ length: 5 }, () => make('td', { className: 'figure' }))),
  (row, one) => [one.name || '—', one.reviews, one.mean, one.lowest, one.highest].forEach((value, n) =>
    write(row.children[n], String(value))));
}

/** Draw a sample of whole days, here. */
async function draw(fields) {
  const from = new Date(`${fields.from.value}T00:00`);
  const to = new Date(new Date(`${fields.to.value}T00:00`).getTime() + DAY_MS);
  const sample = await ask('POST', '/quality/samples', {
    criteria: {
      from: from.toISOString(), to: to.toISOString(), agent: fields.agent.value.trim(), queue: fields.queue.value.trim(),
      dissatisfied: fields.dissatisfied.checked,
    },
    size: Number(fields.size.value), seed: fields.seed.value.trim(),
  });
  write($('drawn-said'), `${sample.contacts.length} / ${sample.among} · ${text('seed')} ${sample.seed}`);
  $('drawn').replaceChildren(...sample.contacts.map((name) => {
    const button = make('button', { type: 'button', className: 'small', text: name });
    button.addEventListener('click', () => attempt(() => openContact(name, sample.sample)));
    return button;
  }));
}

async function openContact(name, sample = '') {
  contact = { ...await ask('GET', `/contacts/${id(name)}`), sample };
  if (review?.contact !== name) review = form = null;
  write($('player-contact'), contact.contact);
  const options = contact.recordings.map((_, n) => make('option', { value: String(n + 1), text: String(n + 1) }));
  $('play').elements.n.replaceChildren(...options);
  show();
  if (options.length) await player.show(contact.contact, 1);
}

async function openReview(name) {
  review = await ask('GET', `/quality/reviews/${id(name)}`);
  form = null;
  await ofForm();
  contact = null;
  player.forget();
  show();
  fill();
  if (is(REVIEWERS) || is(['auditor'])) await openContact(review.contact);
}

/** Have the questions of the version that the review was begun by. */
async function ofForm() {
  const newest = forms.find((one) => one.id === review.form && one.version === review.version);
  form = newest ?? await ask('GET', `/quality/forms/${id(review.form)}?version=${review.version}`);
}

function mine() {
  return review?.state === 'draft' && review.reviewer === session()?.user;
}

function drawForm() {
  $('begin').hidden = Boolean(review) || !is(REVIEWERS) || !contact;
  $('answers').hidden = !review;
  $('write-buttons').hidden = !mine();
  const talked = [...new Set((contact?.legs ?? []).filter((leg) => leg.answered_at && leg.agent).map((leg) => leg.agent))];
  options($('begin').elements.agent, talked.map((one) => [one, one]));
  options($('begin').elements.form, forms.map((one) => [one.id, one.name]));
  $('appeal').hidden = review?.state !== 'signed' || review.agent !== session()?.agent;
  $('decide').hidden = review?.state !== 'appealed' || !is(REVIEWERS) || review.reviewer === session()?.user;
  write($('form-name'), review && form ? `${form.name} v${form.version}` : '');
  write($('form-state'), review ? text(`review_${review.state}`) : '');
  write($('form-score'), review?.score == null ? '' : String(review.score));
  write($('appeal-said'), review?.appeal ? `${text('appeal')}：${review.appeal}` : '');
  write($('decision-said'), review?.decision ? `${text(`review_${review.state}`)}（${review.decided_by}）：${review.decision}` : '');
}

function options(select, pairs) {
  const had = select.value;
  select.replaceChildren(...pairs.map(([value, label]) => make('option', { value, text: label })));
  if (pairs.some(([value]) => value === had)) select.value = had;
}

/** Put the questions there, with the answers that were given. */
function fill() {
  const fields = $('answers');
  fields.elements.comment.value = review.comment;
  fields.elements.comment.disabled = !mine();
  $('questions').replaceChildren(...form.questions.map((question) => {
    const said = isEnglish() && question.text_en ? question.text_en : question.text;
    const select = make('select', { name: `q-${question.id}` }, make('option', { value: '', text: '…' }));
    for (let points = question.points; points >= 0; points -= 1) {
      select.append(make('option', { value: String(points), text: String(points) }));
    }
    select.append(make('option', { value: 'none', text: text('not_applicable') }));
    const given = review.answers[question.id];
    select.value = given === undefined ? '' : given === null ? 'none' : String(given);
    select.disabled = !mine();
    const weight = `×${question.weight}${question.critical ? ` · ${text('critical')}` : ''}`;
    return make('li', {}, make('label', {}, make('span', { text: `${said} ` }),
      make('span', { className: 'quiet', text: weight }), select));
  }));
}

function answers() {
  const given = {};
  for (const question of form.questions) {
    const { value } = $('answers').elements[`q-${question.id}`];
    if (value) given[question.id] = value === 'none' ? null : Number(value);
  }
  return { answers: given, comment: $('answers').elements.comment.value };
}

const path = () => `/quality/reviews/${id(review.review)}`;

/** Do something with the review, and show what it has become. */
function become(work) {
  return attempt(async () => {
    review = await work();
    await ofForm();
    fill();
    await list();
    show();
  });
}

function submits(name, work) {
  $(name).addEventListener('submit', (submitted) => {
    submitted.preventDefault();
    work(submitted.target.elements, submitted);
  });
}

function bind() {
  player = new Player();
  submits('log-in', async (fields, { target }) => {
    const failure = target.querySelector('.failure');
    try {
      const made = await logIn(fields.user.value, fields.password.value, '');
      if (made.must) { location.href = './'; return; }  // the other page asks for what is missing
      keepSession(made);
      target.reset();
      write(failure, '');
      await enter();
    } catch (error) {
      if (error instanceof Problem && error.type === 'totp_required') location.href = './';
      else write(failure, explain(error));
    }
  });
  $('log-out').addEventListener('click', async () => { await logOut(); leave(); });
  $('language').addEventListener('click', () => { switchLanguage(); show(); if (review && form) fill(); if (session()) attempt(list); });
  $('list-again').addEventListener('click', () => attempt(list));
  submits('draw', (fields) => attempt(() => draw(fields)));
  submits('open-contact', (fields) => attempt(() => openContact(fields.contact.value.trim())));
  submits('play', ({ n, purpose }) => attempt(() => player.listen(contact.contact, n.value, purpose.value)));
  $('play').elements.n.addEventListener('change', () => attempt(() => player.show(contact.contact, $('play').elements.n.value)));
  submits('begin', (fields) => become(() => ask('POST', '/quality/reviews', {
    form: fields.form.value, contact: contact.contact, agent: fields.agent.value, sample: contact.sample,
  })));
  submits('answers', () => become(() => ask('PUT', path(), answers())));
  $('sign').addEventListener('click', () => become(async () => {
    await ask('PUT', path(), answers());
    return ask('POST', `${path()}/sign`);
  }));
  submits('appeal', ({ reason }) => become(() => ask('POST', `${path()}/appeal`, { reason: reason.value })));
  submits('decide', ({ reason }, { submitter }) =>
    become(() => ask('POST', `${path()}/decision`, { upheld: submitter?.value === 'uphold', reason: reason.value })));
}

translate();
bind();
if (session()) enter();
else show();
