// The few things done to the document. Text only ever goes in as text: nothing here parses HTML.

export const $ = (id) => document.getElementById(id);

/** Return a new element with a class, a text and children. */
export function make(tag, { className = '', text = '', ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set a text only where it differs: a selection or a reader's place in it survives. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Keep one child of `parent` per item, in order; children that stay keep the focus. */
export function keep(parent, items, key, build, update) {
  const had = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    let child = had.get(id);
    if (child) had.delete(id);
    else {
      child = build(item);
      child.dataset.key = id;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of had.values()) child.remove();
  parent.parentElement.closest('section')?.classList.toggle('none', items.length === 0);
}
