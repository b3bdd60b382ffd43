import type { Leg, WireSession } from '@sqlwarden/core';
import { postgresDialect } from '@sqlwarden/postgres';
import { password } from './client-frames.js';
import { EditedStream } from './edits.js';
import { ForwardCheck } from './forward-check.js';
import { POSTGRES_FRAMING } from './framing.js';
import { FrameStream, startupMessage } from './frames.js';
import type { Direction, Event, Input } from './input.js';
import { INJECTED_TEXT, LOGIN_ACCEPTED, ModelHost, sessionOptions } from './model-host.js';
import { ModelServer } from './model-server.js';
import { readModelText } from './model-text.js';
import { Random } from './random.js';
import * as reply from './server-frames.js';
import type { TrialResult } from './target.js';

const SESSION_OPTIONS = sessionOptions((column) => postgresDialect.cellType(column));
const LOGIN = [startupMessage({ user: 'ada', database: 'crm' }), password('token')];
const BACKEND_TYPES = new Set('RKZT123ntsIGHWAVNvSDCEdc');
/** What a session may send for each byte that it got, and besides. A refusal is longer than what it refuses; a probe than the byte that needs it. */
const MOST_AMPLIFICATION = 400;
const MOST_BYTES = 1 << 20;
const MOST_ROUNDS = 20_000;

/** Plays an input through a session of its own, from login to end. Never throws for what the session does. */
export function play(input: Input, direction: Direction, dictionary: Record<Direction, readonly Buffer[]>): TrialResult {
  return new Trial(input, direction, dictionary).run();
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
  readonly #toClient = new FrameStream(false);
  readonly #replies: Buffer[] = [];
  #serverGone = false;
  #clientGone = false;
  #frames = 0;
  #mutated = 0;
  #received = 0;
  #sent = 0;
  #wrong: string | undefined;
  #copyInSeen = false;
  #loginAsked = false;

  constructor(input: Input, direction: Direction, dictionary: Record<Direction, readonly Buffer[]>) {
    this.#input = input;
    this.#direction = direction;
    this.#random = new Random(input.pieces);
    this.#edited = new EditedStream(input.edits, dictionary[direction], POSTGRES_FRAMING);
    const wrong = (what: string): void => this.#found(what);
    this.#host = new ModelHost((leg, bytes) => this.#takes(leg, bytes), wrong);
    this.#check = new ForwardCheck(this.#host.leaves, wrong);
    const honest = direction === 'client';
    this.#server = new ModelServer({
      sends: (frame, refused) => this.#serverSends(frame, refused),
      // A server that is made to lie does not share the session's view of what its names stand for.
      binds: (name, text, values) => {
        if (honest && !this.#check.isOwn(name)) this.#check.spend('bind', text, values);
      },
      executes: (name, text, values) => {
        if (honest && !this.#check.isOwn(name)) this.#check.spend('execute', text, values);
      },
      takesCopyData: () => undefined,
      takes: (frame, message) => {
        this.#check.takes(frame, message);
        if (message.kind.startsWith('copy-') && !this.#copyInSeen) wrong(`${message.kind} was forwarded, and no COPY has begun`);
      },
      rejects: wrong,
      closes: () => {
        this.#serverGone = true;
      },
    });
    this.#session = postgresDialect.createSession(this.#host, SESSION_OPTIONS);
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
    let waiting: Buffer[] = [];
    for (const [index, frame] of [...LOGIN, ...program].entries()) {
      if (this.#over) break;
      for (const { at, event } of events) if (at + LOGIN.length === index) this.#befall(event);
      waiting.push(...(this.#direction === 'client' ? this.#counted(frame) : [frame]));
      // The login is a conversation, not a stream.
      if (index >= LOGIN.length && index % (pace + 1) !== 0) continue;
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
    // A message may end with the session, but nothing of the gateway's own may stand in its middle.
    if (this.#toClient.restText.includes('sqlwarden'))
      this.#found(`${this.#toClient.rest} bytes of half a message went to the client, with words of the gateway in it`);
    if (this.#server.restBytes > 0) this.#found(`${this.#server.restBytes} bytes of half a message went to the server`);
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
        this.#serverSends(reply.notification(), false);
        return undefined;
    }
  }

  /** Everything that was set going comes to its end. */
  #settleDown(): void {
    const { owed } = this.#host;
    for (let round = 0; round < MOST_ROUNDS && !this.#over; round += 1) {
      if (owed.login) {
        owed.login = false;
        this.#session.loginAnswered(LOGIN_ACCEPTED);
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
    if (leg === 'client') this.#check.clientSent(bytes);
    this.#session.receive(leg, Uint8Array.from(bytes));
  }

  #takes(leg: Leg, bytes: Uint8Array): void {
    this.#sent += bytes.length;
    if (leg === 'server') return this.#server.receive(bytes);
    const frames = this.#toClient.push(this.#loginAsked ? bytes : withoutDeclines(bytes));
    if (this.#toClient.broken) this.#found('bytes went to the client that are no messages');
    for (const { type, bytes: frame } of frames) {
      this.#loginAsked = true;
      if (!BACKEND_TYPES.has(type)) this.#found(`a message of type ${JSON.stringify(type)} went to the client`);
      if (this.#direction === 'client' && frame.includes(reply.MASKED_CANARY)) this.#found('a masked value went to the client');
      if (frame.includes(reply.REFUSED_CANARY)) this.#found('an answer to what was refused went to the client');
    }
  }

  #serverSends(frame: Buffer, refused: boolean): void {
    if (frame[0] === COPY_IN) this.#copyInSeen = true;
    if (this.#direction === 'client') {
      this.#replies.push(frame);
      return;
    }
    if (refused && this.#input.answersRefused) {
      this.#replies.push(...LIES.slice(this.#random.below(LIES.length)));
      return;
    }
    for (const edited of this.#counted(frame)) {
      if (edited.includes(COPY_IN)) this.#copyInSeen = true;
      this.#replies.push(edited);
    }
  }
}

/** The answers to SSLRequest and GSSENCRequest are one byte each, without a length ("SSL Session Encryption"). */
function withoutDeclines(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === DECLINE && bytes[at + 1] !== 0) at += 1;
  return bytes.subarray(at);
}

const DECLINE = 0x4e;
const COPY_IN = 0x47;
const LIES = [
  reply.parseComplete(),
  reply.rowDescription(0),
  reply.dataRow([reply.REFUSED_CANARY, reply.REFUSED_CANARY]),
  reply.complete(`SELECT ${reply.REFUSED_CANARY}`),
];
