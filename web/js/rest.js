// The REST surface. The token stands in a header, never in an address, and dies with the tab.

const KEY = 'hotline-session';

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || String(status));
    this.status = status;
    this.type = body.type || '';
  }
}

/** Return who is logged in: {token, expires_at, user, roles, agent}, or null. */
export function session() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

/** Ask the server. Throws Problem for what it refuses, TypeError where it cannot be reached. */
export async function ask(method, path, body, token = session()?.token) {
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['Idempotency-Key'] = newKey();
  const answer = await fetch(`/api/v1${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store',
  });
  const content = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, content ?? {});
  return content;
}

/** Fetch what is no JSON. Throws Problem, TypeError. */
export async function fetchBlob(path) {
  const answer = await fetch(`/api/v1${path}`, {
    headers: { Authorization: `Bearer ${session()?.token ?? ''}` }, cache: 'no-store',
  });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  return answer.blob();
}

/** Get a session; it is kept by keepSession, once it is good for everything. */
export function logIn(user, password, code) {
  forget();
  return ask('POST', '/sessions', { user, password, code: code.replace(/\s/g, '') });
}

export function keepSession(made) {
  sessionStorage.setItem(KEY, JSON.stringify(made));
}

/** Get a fresh token in place of this one. */
export async function refresh() {
  const made = await ask('POST', '/sessions/refresh');
  sessionStorage.setItem(KEY, JSON.stringify({ ...session(), ...made }));
  return session();
}

export async function logOut() {
  try {
    await ask('DELETE', '/sessions');
  } catch {
    // gone already, or the server is away: the token is forgotten either way
  }
  forget();
}

// crypto.randomUUID exists only on secure pages; a hotline's intranet may be plain HTTP.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
