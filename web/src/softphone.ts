// The agent's phone in the browser: SIP over WebSocket to Asterisk, audio over WebRTC. It rings, answers and hangs up;
// what else is done with a call goes over REST, as for a desk phone.

import { UA, WebSocketInterface } from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent } from 'jssip/lib/UA';

export interface Account {
  number: string;
  user: string;
  password: string;
  server: string;
}

export type State = 'away' | 'there' | 'ringing' | 'dialling' | 'talking';

const GATHER_MS = 400;
const RECOVER_S = { connection_recovery_min_interval: 1, connection_recovery_max_interval: 8 };
const MICROPHONE_KEY = 'hotline-microphone';
const ECHO_TEST = '*43';
const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Softphone {
  state: State = 'away';
  /** Why the last attempt to be there, or to talk, came to nothing. */
  trouble = '';
  readonly account: Account;
  private readonly ua: UA;
  private readonly audio = new Audio();
  private readonly ring = new Ring();
  private readonly changed: () => void;
  private session: RTCSession | null = null;
  private meter: Meter | null = null;

  constructor(account: Account, changed: () => void) {
    this.account = account;
    this.changed = changed;
    this.audio.autoplay = true;
    this.ua = new UA({
      sockets: [new WebSocketInterface(account.server)],
      uri: `sip:${account.user}@hotline.invalid`,
      authorization_user: account.user,
      password: account.password,
      register_expires: 120,
      session_timers: false,
      user_agent: 'Hotline',
      ...RECOVER_S,
    });
    this.ua.on('registered', () => this.become(this.session ? this.state : 'there', ''));
    this.ua.on('unregistered', () => this.become(this.session ? this.state : 'away'));
    this.ua.on('disconnected', () => this.become(this.session ? this.state : 'away', 'unreachable'));
    this.ua.on('registrationFailed', (event) => this.become('away', event.cause ?? 'refused'));
    this.ua.on('newRTCSession', (event: RTCSessionEvent) => this.take(event));
  }

  start(): void {
    this.ua.start();
  }

  stop(): void {
    this.ua.stop();
    this.ring.stop();
    this.meter?.close();
  }

  answer(): void {
    if (this.state === 'ringing') this.session?.answer(this.media());
  }

  hangUp(): void {
    if (this.session && !this.session.isEnded()) this.session.terminate();
  }

  /** Hear oneself: Asterisk sends back what the microphone says. */
  testEcho(): void {
    if (this.state === 'there') this.ua.call(`sip:${ECHO_TEST}@hotline.invalid`, this.media());
  }

  /** Return the microphones there are; their names are known once one was used. */
  static async microphones(): Promise<MediaDeviceInfo[]> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === 'audioinput');
  }

  get microphone(): string {
    return localStorage.getItem(MICROPHONE_KEY) ?? '';
  }

  /** Speak through another microphone, from now on and in the present call. */
  async use(deviceId: string): Promise<void> {
    localStorage.setItem(MICROPHONE_KEY, deviceId);
    const sender = this.session?.connection?.getSenders().find((one) => one.track?.kind === 'audio');
    if (!sender) return;
    const stream = await navigator.mediaDevices.getUserMedia(this.media().mediaConstraints);
    const track = stream.getAudioTracks()[0];
    if (!track) return;
    sender.track?.stop();
    await sender.replaceTrack(track);
    this.listen(track);
  }

  /** How loud the microphone and the other side are now, 0 to 1. */
  get levels(): { mine: number; theirs: number } {
    return this.meter?.levels ?? { mine: 0, theirs: 0 };
  }

  private media() {
    const chosen = this.microphone;
    const audio = chosen ? { ...CONSTRAINTS, deviceId: { ideal: chosen } } : CONSTRAINTS;
    return { mediaConstraints: { audio, video: false }, pcConfig: { iceServers: [] } };
  }

  private take({ session, originator, request }: RTCSessionEvent): void {
    if (this.session) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    const incoming = originator === 'remote';
    session.on('peerconnection', () => this.hear(session));
    if (session.connection) this.hear(session);
    session.on('icecandidate', ({ ready }) => { setTimeout(ready, GATHER_MS); });
    session.on('confirmed', () => this.talks(session));
    session.on('ended', () => this.over(''));
    session.on('failed', ({ cause }) => this.over(cause === 'Canceled' ? '' : cause));
    session.on('getusermediafailed', () => { this.trouble = 'microphone'; });
    this.become(incoming ? 'ringing' : 'dialling', '');
    if (!incoming) return;
    if (answersItself(request.getHeader('Alert-Info'), request.getHeader('Call-Info'))) this.answer();
    else this.ring.start();
  }

  private hear(session: RTCSession): void {
    session.connection?.addEventListener('track', ({ track, streams }) => {
      this.audio.srcObject = streams[0] ?? new MediaStream([track]);
      void this.audio.play().catch(() => { this.trouble = 'autoplay'; this.changed(); });
    });
  }

  private talks(session: RTCSession): void {
    const sender = session.connection?.getSenders().find((one) => one.track?.kind === 'audio');
    if (sender?.track) this.listen(sender.track);
    this.become('talking', '');
  }

  private listen(mine: MediaStreamTrack): void {
    this.meter?.close();
    const theirs = this.audio.srcObject instanceof MediaStream ? this.audio.srcObject : null;
    this.meter = new Meter(new MediaStream([mine]), theirs);
  }

  private over(why: string): void {
    const heard = this.trouble === 'microphone' ? this.trouble : why;
    this.session = null;
    this.audio.srcObject = null;
    this.meter?.close();
    this.meter = null;
    this.become(this.ua.isRegistered() ? 'there' : 'away', heard);
  }

  private become(state: State, trouble = this.trouble): void {
    if (state !== 'ringing') this.ring.stop();
    this.state = state;
    this.trouble = trouble;
    this.changed();
  }
}

/** Tell whether Asterisk asks the phone to answer by itself (extensions.conf, hotline-auto-answer). */
function answersItself(...headers: (string | undefined)[]): boolean {
  return headers.some((header) => /alert-autoanswer|answer-after=0/.test(header ?? ''));
}

/** The tone of a telephone that rings: 425 Hz, one second in five, as in China. */
class Ring {
  private context: AudioContext | null = null;
  private timer = 0;

  start(): void {
    this.stop();
    this.context = new AudioContext();
    this.sound();
    this.timer = window.setInterval(() => this.sound(), 5000);
  }

  stop(): void {
    window.clearInterval(this.timer);
    void this.context?.close();
    this.context = null;
  }

  private sound(): void {
    if (!this.context) return;
    const tone = this.context.createOscillator();
    const volume = this.context.createGain();
    tone.frequency.value = 425;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(this.context.destination);
    tone.start();
    tone.stop(this.context.currentTime + 1);
  }
}

/** How loud both sides are. */
class Meter {
  private readonly context = new AudioContext();
  private readonly mine: AnalyserNode;
  private readonly theirs: AnalyserNode | null;
  private readonly samples = new Uint8Array(256);

  constructor(mine: MediaStream, theirs: MediaStream | null) {
    this.mine = this.tap(mine);
    this.theirs = theirs ? this.tap(theirs) : null;
  }

  get levels(): { mine: number; theirs: number } {
    return { mine: this.loudness(this.mine), theirs: this.theirs ? this.loudness(this.theirs) : 0 };
  }

  close(): void {
    void this.context.close();
  }

  private tap(stream: MediaStream): AnalyserNode {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    this.context.createMediaStreamSource(stream).connect(analyser);
    return analyser;
  }

  private loudness(analyser: AnalyserNode): number {
    analyser.getByteTimeDomainData(this.samples);
    return Math.max(...this.samples.map((sample) => Math.abs(sample - 128))) / 128;
  }
}
