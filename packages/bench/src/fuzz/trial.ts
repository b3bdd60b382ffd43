import type { Leg, LoginAnswer, WireSession } from '@sqlwarden/core';
import { EditedStream } from './edits.js';
import type { Direction, Event, Input } from './input.js';
import { INJECTED_TEXT, ModelHost } from './model-host.js';
import { readModelText } from './model-text.js';
import { Random } from './random.js';
import type { Target, TrialResult } from './target.js';

/** What a session may send for each byte that it got, and besides. A refusal is longer than what it refuses; a probe than the byte that needs it. */
const MOST_AMPLIFICATION = 400;
const MOST_BYTES = 1 << 20;
const MOST_ROUNDS = 20_000;

/** One protocol's part in a trial: its client's login, its server, and whoever looks at all that passes. */
export interface Wire {
  /** Frames of the client's login, each answered before the next. */
  readonly login: readonly Buffer[];
  readonly loginAnswer: LoginAnswer;
  createSession(): WireSession;
  /** The server leg is open. */
  connected(): void;
  /** The server says something unasked. */
  notify(): void;
  /** Bytes of the client's that the session was given. */
  clientSent(bytes: Uint8Array): void;
  toServer(bytes: Uint8Array): void;
  toClient(bytes: Uint8Array): void;
  /** What is there of frames that have not ended. */
  rest(): { readonly toClient: { readonly bytes: number; readonly text: string }; readonly toServer: number };
}

/** What a {@link Wire} may do in its trial. */
export interface TrialCourse {
  readonly input: Input;
  readonly direction: Direction;
  readonly host: ModelHost;
  readonly random: Random;
  /** Something is wrong with the session. */
  found(what: string): void;
  /** The server answers with a frame, edited where its direction is fuzzed. Gives what will arrive of it. */
  serverSends(frame: Buffer): readonly Buffer[];
  /** The server answers with frames that are a lie already. */
  serverLies(frames: readonly Buffer[]): void;
  serverCloses(): void;
}

/** Plays an input through a session of its own, from login to end. Never throws for what the session does. */
export function play(
  input: Input,
  direction: Direction,
  target: Pick<Target, 'dictionary' | 'framing'>,
  makeWire: (course: TrialCourse) => Wire,
): TrialResult {
  return new Trial(input, direction, target, makeWire).run();
}

class Trial implements TrialCourse {
  readonly input: Input;
  readonly direction: Direction;
  readonly host: ModelHost;
  readonly random: Random;
  readonly #wire: Wire;
  readonly #edited: EditedStream;
  readonly #session: WireSession;
  readonly #replies: Buffer[] = [];
  #serverGone = false;
  #clientGone = false;
  #frames = 0;
  #mutated = 0;
  #received = 0;
  #sent = 0;
  #wrong: string | undefined;

  constructor(
    input: Input,
    direction: Direction,
    { dictionary, framing }: Pick<Target, 'dictionary' | 'framing'>,
    makeWire: (course: TrialCourse) => Wire,
  ) {
    this.input = input;
    this.direction = direction;
    this.random = new Random(input.pieces);
    this.#edited = new EditedStream(input.edits, dictionary[direction], framing);
    this.host = new ModelHost(
      (leg, bytes) => this.#takes(leg, bytes),
      (what) => this.found(what),
    );
    this.#wire = makeWire(this);
    this.#session = this.#wire.createSession();
  }

  run(): TrialResult {
    try {
      this.#play();
    } catch (error) {
      this.found(`the session threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    return { wrong: this.#wrong, frames: this.#frames, mutated: this.#mutated };
  }

  found(what: string): void {
    this.#wrong ??= what;
  }

  get #over(): boolean {
    return this.host.reason !== undefined;
  }

  // ---- the course of an input ----

  #play(): void {
    const { program, events, pace } = this.input;
    const { login } = this.#wire;
    let waiting: Buffer[] = [];
    for (const [index, frame] of [...login, ...program].entries()) {
      if (this.#over) break;
      for (const { at, event } of events) if (at + login.length === index) this.#befall(event);
      waiting.push(...(this.direction === 'client' ? this.#counted(frame) : [frame]));
      // The login is a conversation, not a stream.
      if (index >= login.length && index % (pace + 1) !== 0) continue;
      this.#clientSends(waiting);
      waiting = [];
      this.#settleDown();
    }
    if (this.direction === 'client') waiting.push(...this.#edited.end());
    this.#clientSends(waiting);
    this.#settleDown();
    if (this.direction === 'client' && this.host.paused.client && !this.#over)
      this.found('the client is not read any more, and nothing is under way');
    this.#finish();
  }

  #finish(): void {
    if (!this.#over && !this.#clientGone) this.#session.ended('client');
    if (!this.#over) this.found('the session goes on without its client');
    if (this.host.openTickets > 0) this.found(`${this.host.openTickets} tickets have no outcome`);
    if (this.#sent > MOST_BYTES + this.#received * MOST_AMPLIFICATION) this.found(`${this.#received} bytes became ${this.#sent}`);
    // A message may end with the session, but nothing of the gateway's own may stand in its middle.
    const { toClient, toServer } = this.#wire.rest();
    if (toClient.text.includes('sqlwarden'))
      this.found(`${toClient.bytes} bytes of half a message went to the client, with words of the gateway in it`);
    if (toServer > 0) this.found(`${toServer} bytes of half a message went to the server`);
  }

  #counted(frame: Buffer): Buffer[] {
    const before = this.#edited.mutated;
    const frames = this.#edited.push(frame);
    this.#frames += frames.length;
    this.#mutated += this.#edited.mutated - before;
    return frames;
  }

  #befall(event: Event): void {
    switch (event) {
      case 'notice':
        return this.#session.notice('a notice of the host', 'a hint');
      case 'terminate':
        return this.#session.terminate({ code: 'shutting-down', message: 'the gateway is shutting down' });
      case 'client-gone':
        this.#clientGone = true;
        return this.#session.ended('client');
      case 'server-gone':
        this.#serverGone = true;
        return undefined;
      case 'notification':
        return this.#wire.notify();
    }
  }

  /** Everything that was set going comes to its end. */
  #settleDown(): void {
    const { owed } = this.host;
    for (let round = 0; round < MOST_ROUNDS && !this.#over; round += 1) {
      if (owed.login) {
        owed.login = false;
        this.#session.loginAnswered(this.#wire.loginAnswer);
      } else if (owed.connection) {
        owed.connection = false;
        this.#session.serverConnected();
        this.#wire.connected();
      } else if (this.#replies.length > 0) this.#deliver('server', this.#replies.splice(0));
      else if (this.#serverGone) this.#session.ended('server');
      else if (owed.unit !== undefined) this.#answerPending();
      else return;
    }
    if (!this.#over) this.found('the session and its server never come to rest');
  }

  #answerPending(): void {
    const { unit } = this.host.owed;
    if (unit !== undefined && readModelText(unit.text).flags.has('inject') && this.random.chance(2))
      this.#session.inject(INJECTED_TEXT, () => undefined);
    if (this.#replies.length > 0 && this.random.chance(2)) return;
    this.host.answerLater(this.#session);
  }

  // ---- bytes ----

  #clientSends(frames: Buffer[]): void {
    if (frames.length > 0 && !this.#clientGone) this.#deliver('client', frames.splice(0));
  }

  #deliver(leg: Leg, frames: readonly Buffer[]): void {
    const { pieces } = this.input;
    if (pieces === 0) for (const frame of frames) this.#give(leg, frame);
    else {
      const all = Buffer.concat(frames);
      for (let at = 0; at < all.length; ) {
        const size = pieces === 1 ? all.length : this.random.chance(4) ? 1 : 1 + this.random.below(all.length);
        this.#give(leg, all.subarray(at, at + size));
        at += size;
      }
    }
  }

  #give(leg: Leg, bytes: Uint8Array): void {
    if (this.#over) return;
    this.#received += bytes.length;
    if (leg === 'client') this.#wire.clientSent(bytes);
    this.#session.receive(leg, Uint8Array.from(bytes));
  }

  #takes(leg: Leg, bytes: Uint8Array): void {
    this.#sent += bytes.length;
    if (leg === 'server') this.#wire.toServer(bytes);
    else this.#wire.toClient(bytes);
  }

  serverSends(frame: Buffer): readonly Buffer[] {
    // Who has said goodbye answers nothing more.
    if (this.#serverGone) return [];
    const frames = this.direction === 'client' ? [frame] : this.#counted(frame);
    this.#replies.push(...frames);
    return frames;
  }

  serverLies(frames: readonly Buffer[]): void {
    if (!this.#serverGone) this.#replies.push(...frames);
  }

  serverCloses(): void {
    this.#serverGone = true;
  }
}
