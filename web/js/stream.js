// The event stream: says who we are, subscribes, sees gaps, comes back after a loss where it left off.

const NO_TOKEN = 4401;
const PING_MS = 20_000;
const SILENCE_MS = 45_000;

export class Stream {
  /**
   * `url`: the stream's address; `token()`: the present one;
   * `on`: {snapshot(message), event(message), link(up), expiring(), refused()}.
   */
  constructor(url, token, on) {
    this.url = url;
    this.token = token;
    this.on = on;
    this.seen = null;
    this.delay = 500;
    this.stopped = false;
    this.open();
  }

  open() {
    const socket = (this.socket = new WebSocket(this.url));
    socket.onopen = () => this.send({ op: 'hello', token: this.token() });
    socket.onmessage = (message) => socket === this.socket && this.take(JSON.parse(message.data));
    socket.onclose = (closed) => socket === this.socket && this.lost(closed.code);
    this.heard = Date.now();
    clearInterval(this.pulse);
    this.pulse = setInterval(() => this.check(), PING_MS);
  }

  close() {
    this.stopped = true;
    clearInterval(this.pulse);
    clearTimeout(this.again);
    this.socket.close();
  }

  /** Put a fresh token in the place of the one that will expire. */
  renew(token) {
    this.send({ op: 'token', token });
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A half-open connection looks healthy for minutes: ask, and give up on silence. */
  check() {
    if (Date.now() - this.heard > SILENCE_MS) {
      const silent = this.socket;
      this.lost(0);
      silent.close();
    } else this.send({ op: 'ping', id: String(Date.now()) });
  }

  take(message) {
    this.heard = Date.now();
    if (message.op === 'hello' && !this.subscribed) this.subscribe();
    else if (message.op === 'snapshot') {
      this.seen = { epoch: message.epoch, seq: message.seq };
      this.delay = 500;
      this.on.link(true);
      this.on.snapshot(message);
    } else if (message.op === 'event') this.event(message);
    else if (message.op === 'expiring') this.on.expiring();
    else if (message.op === 'error') console.warn('stream:', message.type, message.detail);
  }

  subscribe() {
    this.subscribed = true;
    this.send({ op: 'subscribe', ...(this.seen ? { resume_from: this.seen } : {}) });
    if (this.seen) this.on.link(true);
  }

  event(message) {
    const follows = this.seen && message.prev_epoch === this.seen.epoch && message.prev === this.seen.seq;
    if (!follows) {
      this.seen = null;
      this.send({ op: 'subscribe' });
      return;
    }
    this.seen = { epoch: message.epoch, seq: message.seq };
    this.delay = 500;
    this.on.event(message);
  }

  lost(code) {
    this.subscribed = false;
    if (this.stopped) return;
    this.on.link(false);
    clearInterval(this.pulse);
    if (code === NO_TOKEN) {
      this.stopped = true;
      this.on.refused();
      return;
    }
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), this.delay * (0.5 + Math.random()));
    this.delay = Math.min(this.delay * 2, 15_000);
  }
}
