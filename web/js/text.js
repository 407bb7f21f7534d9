// The language of the page, and how texts, times and durations are written in it.

import { TEXTS } from './texts.js';

let language = localStorage.getItem('language') === 'en' ? 'en' : 'zh';

/** Return a text by its key; a state, reason or outcome nobody translated is shown as it is. */
export const text = (key) => TEXTS[language][key] ?? key;
export const stateText = (state) => TEXTS[language].states[state] ?? state;
export const reasonText = (reason) => TEXTS[language].reasons[reason] ?? reason;
export const outcomeText = (outcome) => TEXTS[language].outcomes[outcome] ?? outcome;
export const roleText = (role) => TEXTS[language].roles[role] ?? role;
export const figureText = (figure) => TEXTS[language].figures[figure] ?? figure;
export const kindText = (kind) => text(`kind_${kind}`);
export const verbText = (verb) => TEXTS[language].verbs[verb] ?? verb;

export const isEnglish = () => language === 'en';

/** Write every fixed text of the document in the present language. */
export function translate() {
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-CN';
  document.title = `12345 ${text('title')}`;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text);
}

export function switchLanguage() {
  language = language === 'en' ? 'zh' : 'en';
  localStorage.setItem('language', language);
  translate();
}

/** Return seconds as 0:07, 12:34 or 1:02:03. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Return an instant as the wall clock here shows it. */
export function clock(instant) {
  return new Date(instant).toLocaleTimeString(language === 'en' ? 'en-GB' : 'zh-CN', { hour12: false });
}

/** Return an instant as date and time here. */
export function moment(instant) {
  return new Date(instant).toLocaleString(language === 'en' ? 'en-GB' : 'zh-CN', { hour12: false });
}
