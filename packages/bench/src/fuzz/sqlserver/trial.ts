import type { Leg, LoginAnswer, WireSession, WireSessionOptions } from '@sqlwarden/core';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { EditedStream } from '../edits.js';
import type { Framing } from '../framing.js';
import type { Direction, Event, Input } from '../input.js';
import { INJECTED_TEXT, LOGIN_ACCEPTED, ModelHost, sessionOptions } from '../model-host.js';
import { readModelText } from '../model-text.js';
import { Random } from '../random.js';
import { MASKED_CANARY, REFUSED_CANARY } from '../server-frames.js';
import type { TrialResult } from '../target.js';
import { ForwardCheck } from './forward-check.js';
import { ModelServer } from './model-server.js';
import { PacketStream } from './packets.js';
import { DICTIONARY } from './seeds.js';
import * as give from './replies.js';
import { login, prelogin } from './requests.js';

const OPTIONS: WireSessionOptions = { ...sessionOptions((column) => sqlserverDialect.cellType(column)), greeting: '16.0.1000' };
/** What a session may send for each byte that it got, and besides. A refusal is longer than what it refuses; a probe than the byte that needs it. */
const MOST_AMPLIFICATION = 400;
const MOST_BYTES = 1 << 20;
const MOST_ROUNDS = 20_000;
/** Without TLS, on a network that nobody else is on. */
const ACCEPTED: LoginAnswer =
  LOGIN_ACCEPTED.kind === 'accept' ? { ...LOGIN_ACCEPTED, server: { ...LOGIN_ACCEPTED.server, isPrivate: true } } : LOGIN_ACCEPTED;

/** Plays an input through a session of its own, from login to end. Never throws for what the session does. */
export function play(input: Input, direction: Direction, framing: Framing): TrialResult {
  return new Trial(input, direction, framing).run();
}

class Trial {
  readonly #input: Input;
  readonly #direction: Direction;
  readonly #host: ModelHost;
  readonly #server: ModelServer;
  readonly #check: ForwardCheck;
  readonly #edited: EditedStream;
  readonly #random: Random;
  readonly #session: WireSession;
  readonly #toClient = new PacketStream();
  readonly #replies: Buffer[] = [];
  #serverGone = false;
  #clientGone = false;
  #frames = 0;
  #mutated = 0;
  #received = 0;
  #sent = 0;
  #wrong: string | undefined;

  constructor(input: Input, direction: Direction, framing: Framing) {
    this.#input = input;
    this.#direction = direction;
    this.#random = new Random(input.pieces);
    this.#edited = new EditedStream(input.edits, DICTIONARY[direction], framing);
    const wrong = (what: string): void => this.#found(what);
    this.#host = new ModelHost((leg, bytes) => this.#takes(leg, bytes), wrong);
    this.#check = new ForwardCheck(this.#host.leaves, wrong, () => this.#server.probe);
    this.#server = new ModelServer(
      {
        sends: (packet) => this.#serverSends(packet),
        // A server that is made to lie does not share the session's view of what its ids stand for.
        takes: (request, statement) => {
          if (direction === 'client') this.#check.takes(request, statement);
        },
        rejects: (what) => {
          if (direction === 'client') wrong(what);
        },
      },
      input.variant,
      direction === 'server' && input.answersRefused,
    );
    this.#session = sqlserverDialect.createSession(this.#host, OPTIONS);
  }

  run(): TrialResult {
    try {
      this.#play();
    } catch (error) {
      this.#found(`the session threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    return { wrong: this.#wrong, frames: this.#frames, mutated: this.#mutated };
  }

  #found(what: string): void {
    this.#wrong ??= what;
  }

  get #over(): boolean {
    return this.#host.reason !== undefined;
  }

  // ---- the course of an input ----

  #play(): void {
    const { program, events, pace } = this.#input;
    const begin = [prelogin(), login(this.#input.variant)];
    let waiting: Buffer[] = [];
    for (const [index, frame] of [...begin, ...program].entries()) {
      if (this.#over) break;
      for (const { at, event } of events) if (at + begin.length === index) this.#befall(event);
      waiting.push(...(this.#direction === 'client' ? this.#counted(frame) : [frame]));
      // The login is a conversation, not a stream.
      if (index >= begin.length && index % (pace + 1) !== 0) continue;
      this.#clientSends(waiting);
      waiting = [];
      this.#settleDown();
    }
    if (this.#direction === 'client') waiting.push(...this.#edited.end());
    this.#clientSends(waiting);
    this.#settleDown();
    if (this.#direction === 'client' && this.#host.paused.client && !this.#over)
      this.#found('the client is not read any more, and nothing is under way');
    this.#finish();
  }

  #finish(): void {
    if (!this.#over && !this.#clientGone) this.#session.ended('client');
    if (!this.#over) this.#found('the session goes on without its client');
    if (this.#host.openTickets > 0) this.#found(`${this.#host.openTickets} tickets have no outcome`);
    if (this.#sent > MOST_BYTES + this.#received * MOST_AMPLIFICATION) this.#found(`${this.#received} bytes became ${this.#sent}`);
    // A packet may end with the session, but nothing of the gateway's own may stand in its middle.
    if (this.#toClient.restText.includes('sqlwarden'))
      this.#found(`${this.#toClient.rest} bytes of half a packet went to the client, with words of the gateway in it`);
    if (this.#server.restBytes > 0) this.#found(`${this.#server.restBytes} bytes of half a packet went to the server`);
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
        // What a server says before it ends a session.
        for (const packet of give.reply(
          give.failure(this.#input.variant, 6005, 'SHUTDOWN is in progress.'),
          give.done(this.#input.variant, give.DONE.error),
        ))
          this.#serverSends(packet);
        this.#serverGone = true;
        return undefined;
    }
  }

  /** Everything that was set going comes to its end. */
  #settleDown(): void {
    const { owed } = this.#host;
    for (let round = 0; round < MOST_ROUNDS && !this.#over; round += 1) {
      if (owed.login) {
        owed.login = false;
        this.#session.loginAnswered(ACCEPTED);
      } else if (owed.connection) {
        owed.connection = false;
        this.#session.serverConnected();
      } else if (this.#replies.length > 0) this.#deliver('server', this.#replies.splice(0));
      else if (this.#serverGone) this.#session.ended('server');
      else if (owed.unit !== undefined) this.#answerPending();
      else return;
    }
    if (!this.#over) this.#found('the session and its server never come to rest');
  }

  #answerPending(): void {
    const { unit } = this.#host.owed;
    if (unit !== undefined && readModelText(unit.text).flags.has('inject') && this.#random.chance(2))
      this.#session.inject(INJECTED_TEXT, () => undefined);
    if (this.#replies.length > 0 && this.#random.chance(2)) return;
    this.#host.answerLater(this.#session);
  }

  // ---- bytes ----

  #clientSends(frames: Buffer[]): void {
    if (frames.length > 0 && !this.#clientGone) this.#deliver('client', frames.splice(0));
  }

  #deliver(leg: Leg, frames: readonly Buffer[]): void {
    const { pieces } = this.#input;
    if (pieces === 0) for (const frame of frames) this.#give(leg, frame);
    else {
      const all = Buffer.concat(frames);
      for (let at = 0; at < all.length; ) {
        const size = pieces === 1 ? all.length : this.#random.chance(4) ? 1 : 1 + this.#random.below(all.length);
        this.#give(leg, all.subarray(at, at + size));
        at += size;
      }
    }
  }

  #give(leg: Leg, bytes: Uint8Array): void {
    if (this.#over) return;
    this.#received += bytes.length;
    this.#session.receive(leg, Uint8Array.from(bytes));
  }

  #takes(leg: Leg, bytes: Uint8Array): void {
    this.#sent += bytes.length;
    if (leg === 'server') return this.#server.receive(bytes);
    for (const { bytes: frame } of this.#toClient.push(bytes)) {
      if (this.#direction === 'client' && holds(frame, MASKED_CANARY)) this.#found('a masked value went to the client');
      if (holds(frame, REFUSED_CANARY)) this.#found('an answer to what nobody asked went to the client');
    }
  }

  #serverSends(frame: Buffer): void {
    // Who has said goodbye answers nothing more.
    if (this.#serverGone) return;
    this.#replies.push(...(this.#direction === 'client' ? [frame] : this.#counted(frame)));
  }
}

/** TDS has texts of UTF-16 in nearly all places. */
function holds(frame: Buffer, canary: string): boolean {
  return frame.includes(canary) || frame.includes(Buffer.from(canary, 'utf16le'));
}
