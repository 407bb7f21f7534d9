// Supervisors plan leaders' duties: the list, the form, and the report of one.

import { $, keep, make, write } from './dom.js';
import { FIGURES, drawCalls, duties, leaderOf, stateOf, windowOf } from './duty.js';
import { ask } from './rest.js';
import { clock, outcomeText, text } from './text.js';

const id = encodeURIComponent;
const LISTS = ['areas', 'dids', 'queues', 'topics'];
const LINES = ['name', 'title', 'post', 'unit', 'notice', 'reason'];

export class DutyPlans {
  /** As Acts: `hall()`, `acts`: opens dialogs and asks why; `looked()`: asks for the list anew. */
  constructor({ hall, acts, attempt, looked }) {
    Object.assign(this, { hall, acts, attempt, looked });
    $('duty-new').addEventListener('click', () => this.plan(null));
    $('duty-report-close').addEventListener('click', () => $('duty-report').close());
    const { every, until } = $('duty-plan').querySelector('form').elements;
    every.addEventListener('change', () => { until.required = Boolean(every.value); });
  }

  /** Ask for a new session, or for what is to be changed of one. */
  plan(duty) {
    const form = $('duty-plan').querySelector('form');
    this.suggest();
    write($('duty-plan-title'), text(duty ? 'duty_change' : 'duty_new'));
    this.acts.open($('duty-plan'), async (fields) => {
      const body = bodyOf(fields, duty);
      if (duty) await ask('PUT', `/duty-sessions/${id(duty.id)}`, body);
      else await ask('POST', '/duty-sessions', ruled(body, fields));
      await this.looked();
    });
    $('duty-rule').hidden = Boolean(duty);
    form.elements.until.required = false;
    if (duty) fill(form.elements, duty);
  }

  suggest() {
    const agents = [...this.hall().agents.values()];
    const option = (agent) => make('option', { value: agent.id, label: agent.name || agent.id });
    $('known-seats').replaceChildren(...agents.map(option));
  }

  end(duty) {
    this.acts.oversee({ title: duty.state === 'on' ? 'duty_end' : 'duty_cancel', whom: leaderOf(duty) }, async ({ reason }) => {
      await ask('DELETE', `/duty-sessions/${id(duty.id)}?reason=${id(reason.value)}`);
      await this.looked();
    });
  }

  report(duty) {
    this.attempt(async () => {
      drawReport(await ask('GET', `/duty-sessions/${id(duty.id)}/report`));
      $('duty-report').showModal();
    });
  }
}

/** Return the texts of a list that stand with spaces or commas between. */
const listOf = (value) => value.split(/[\s,，]+/).filter(Boolean);

/** Return a plan as the form has it; an instant that was not touched keeps its seconds. */
function bodyOf(fields, duty) {
  const at = (name) => (duty && fields[name].value === wall(duty[name]) ? duty[name] : new Date(fields[name].value).toISOString());
  return {
    leader: fields.leader.value.trim(), aide: fields.aide.value.trim() || null,
    begin: at('begin'), end: at('end'),
    ring_s: Number(fields.ring_s.value),
    scope: Object.fromEntries(LISTS.map((name) => [name, listOf(fields[name].value)])),
    ...Object.fromEntries(LINES.map((name) => [name, fields[name].value.trim()])),
  };
}

function ruled(body, fields) {
  if (!fields.every.value) return body;
  const tz = Intl.DateTimeFormat().resolvedOptions().timeZone || 'Asia/Shanghai';
  return { ...body, rule: { every: fields.every.value, until: fields.until.value, tz } };
}

function fill(fields, duty) {
  for (const name of ['leader', 'aide', 'name', 'title', 'post', 'unit', 'notice', 'ring_s']) fields[name].value = duty[name] ?? '';
  for (const name of LISTS) fields[name].value = duty.scope[name].join(' ');
  for (const name of ['begin', 'end']) fields[name].value = wall(duty[name]);
}

/** Return an instant as a field of local date and time has it. */
function wall(instant) {
  const at = new Date(instant);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function drawPlans(may, on) {
  const items = duties();
  $('duties').hidden = !may.duties;
  $('duty-new').hidden = !may.oversee;
  keep($('duties-rows'), items, (one) => one.id, () => {
    const buttons = ['report', 'change', 'end'].map(() => make('button', { type: 'button', className: 'small' }));
    buttons[2].classList.add('grave');
    return make('tr', {}, make('td', { className: 'figure' }), make('td', { className: 'wide' }), make('td', { className: 'wide' }),
      make('td'), make('td', {}, make('span')), make('td', {}, ...buttons));
  }, (row, one) => {
    const [when, who, scope, aide, state, buttons] = row.children;
    const [report, change, end] = buttons.children;
    const open = ['planned', 'on'].includes(one.state);
    write(when, windowOf(one));
    write(who, [leaderOf(one), one.unit].filter(Boolean).join(' · '));
    write(scope, scopeText(one.scope));
    write(aide, one.aide ?? '—');
    state.firstChild.className = `state duty_${one.state}`;
    write(state.firstChild, stateOf(one) + (one.every ? ` · ${text(`every_${one.every}`)}` : ''));
    write(report, text('duty_report'));
    write(change, text('duty_change'));
    write(end, text(one.state === 'on' ? 'duty_end' : 'duty_cancel'));
    report.hidden = one.state === 'planned';
    change.hidden = end.hidden = !may.oversee || !open;
    report.onclick = () => on.dutyReport(one);
    change.onclick = () => on.dutyChange(one);
    end.onclick = () => on.dutyEnd(one);
  });
}

function scopeText(scope) {
  const named = LISTS.filter((name) => scope[name].length).map((name) => `${text(`scope_${name}`)} ${scope[name].join(' ')}`);
  return named.join('；') || text('scope_all');
}

function drawReport({ session, figures, calls, listened }) {
  write($('duty-report-title'), `${text('duty_report')} · ${leaderOf(session)}`);
  write($('duty-report-window'), `${windowOf(session)} · ${stateOf(session)}`);
  const closed = figures.closed === null ? text('case_unreported') : String(figures.closed);
  const told = [...FIGURES.map((name) => [text(`duty_${name}`), figures[name]]), [text('cases'), figures.cases],
    [text('case_closed'), closed], ...Object.entries(figures.outcomes).map(([name, count]) => [outcomeText(name), count])];
  keep($('duty-report-figures'), told, ([name]) => name, () =>
    make('li', {}, make('p', { className: 'figure' }), make('p', { className: 'quiet' })), (item, [name, count]) => {
    write(item.children[0], String(count));
    write(item.children[1], name);
  });
  drawCalls($('duty-report-rows'), calls);
  write($('duty-report-listened'), listened.length
    ? listened.map((one) => `${clock(one.started_at ?? one.requested_at)} ${one.by} → ${one.agent ?? ''} ${one.purpose}`).join('；')
    : text('duty_nobody_listened'));
}
