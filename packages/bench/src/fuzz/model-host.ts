import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type {
  Admission,
  AdmittedStatement,
  EndReason,
  KillAnswer,
  Leg,
  LoginAnswer,
  MaskPlan,
  Outcome,
  OutputMask,
  RowAllowance,
  SessionHost,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { MOST_LIMITED, type ModelStatement, readModelText } from './model-text.js';
import { COLUMNS } from './server-frames.js';

/** Small limits, so that inputs reach them. */
export const sessionOptions = (cellType: WireSessionOptions['cellType']): WireSessionOptions => ({
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32),
  compilePattern: () => ({ test: () => false, replaceAll: (value) => value }),
  maxMessageBytes: 64 * 1024,
  maxStartupBytes: 8_192,
  maxQueuedBytes: 4_096,
  requireClientTls: false,
  cellType,
});

/** What the host has the gateway run by itself while a unit is pending. */
export const INJECTED_TEXT = 'select 1 planned';
/** What a COPY with masks is described by. */
export const DESCRIBE_TEXT = 'select 1 masked';

const MASK: OutputMask = { label: 'pii', function: { kind: 'redact', text: '[hidden]' }, sources: [] };
const MASKED_PLAN: MaskPlan = { outputs: Array.from({ length: COLUMNS }, () => MASK), byOrigin: new Map() };
const OPEN_PLAN: MaskPlan = { outputs: Array.from({ length: COLUMNS }, () => null), byOrigin: new Map() };

export const LOGIN_ACCEPTED: LoginAnswer = {
  kind: 'accept',
  principal: {
    subject: { kind: 'person', issuer: 'https://issuer.example', id: 'ada', groups: [], groupsComplete: true },
    actors: [],
    proof: { subject: 'token' },
    expiresAt: Number.MAX_SAFE_INTEGER,
  },
  server: { user: 'gateway', database: 'crm', password: undefined, tls: 'disable' },
};

/** What the host still owes the session. */
export interface Owed {
  login: boolean;
  connection: boolean;
  unit: Unit | undefined;
}

/** A unit that may run: asked for, and answered with leave. */
export interface Leave {
  readonly phase: Unit['phase'];
  readonly text: string;
  readonly values: readonly (Uint8Array | null)[];
}

/**
 * A host that answers by the words of a text and holds the session to its contract: nothing after the end, one end, one outcome for each
 * ticket, one unit at a time.
 */
export class ModelHost implements SessionHost {
  readonly canEncryptClient = false;
  readonly clientLegIsPrivate = true;
  readonly owed: Owed = { login: false, connection: false, unit: undefined };
  readonly leaves: Leave[] = [];
  readonly paused: Record<Leg, boolean> = { client: false, server: false };
  reason: EndReason | undefined;
  readonly #sends: (leg: Leg, bytes: Uint8Array) => void;
  readonly #wrong: (what: string) => void;
  readonly #open = new Set<number>();
  #tickets = 0;
  #random = 7;

  constructor(sends: (leg: Leg, bytes: Uint8Array) => void, wrong: (what: string) => void) {
    this.#sends = sends;
    this.#wrong = wrong;
  }

  /** Tickets without an outcome. */
  get openTickets(): number {
    return this.#open.size;
  }

  /** Answers the unit that waits, as its text says. */
  answerLater(session: WireSession): void {
    const { unit } = this.owed;
    if (unit === undefined) return;
    this.owed.unit = undefined;
    session.admitted(this.#answer(unit));
  }

  send(leg: Leg, bytes: Uint8Array): void {
    this.#alive('send');
    this.#sends(leg, bytes);
  }

  startTls(): void {
    this.#wrong('TLS was asked for where there is none');
  }

  authenticate(): void {
    this.#alive('authenticate');
    this.owed.login = true;
  }

  connectServer(): void {
    this.#alive('connectServer');
    this.owed.connection = true;
  }

  admit(unit: Unit): Admission | undefined {
    this.#alive('admit');
    if (this.owed.unit !== undefined) this.#wrong('a unit was asked for while another one is pending');
    const { flags } = readModelText(unit.text);
    if (!flags.has('later') && !flags.has('inject')) return this.#answer(unit);
    this.owed.unit = unit;
    return undefined;
  }

  abandon(): void {
    this.#alive('abandon');
    if (this.owed.unit === undefined) this.#wrong('a unit was given up that is not pending');
    this.owed.unit = undefined;
  }

  settle(outcome: Outcome): void {
    this.#alive('settle');
    if (!this.#open.delete(outcome.ticket)) this.#wrong(`ticket ${outcome.ticket} was settled twice, or never given`);
  }

  transactionEnded(): void {
    this.#alive('transactionEnded');
  }

  security(): void {
    this.#alive('security');
  }

  ready(): void {
    this.#alive('ready');
  }

  mayHear(): boolean {
    this.#alive('mayHear');
    return true;
  }

  cancelRequested(): void {
    this.#alive('cancelRequested');
  }

  killRequested(_id: number, _scope: 'query' | 'connection', done: (answer: KillAnswer) => void): void {
    this.#alive('killRequested');
    done('unknown');
  }

  pause(leg: Leg, paused: boolean): void {
    this.#alive('pause');
    this.paused[leg] = paused;
  }

  end(reason: EndReason): void {
    this.#alive('end');
    this.reason = reason;
    if (reason.kind === 'refused' && reason.refusal.code === 'internal-error')
      this.#wrong(`an exception in the session: ${reason.refusal.message}`);
    if (this.#open.size > 0) this.#wrong(`${this.#open.size} tickets have no outcome at the end`);
  }

  /** Different every time within an input, the same for every run of it. */
  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => (this.#random = (this.#random * 75 + 74) % 65_537) & 0xff);
  }

  #alive(call: string): void {
    if (this.reason !== undefined) this.#wrong(`${call} was called after the end`);
  }

  #answer(unit: Unit): Admission {
    const { statements, flags } = readModelText(unit.text);
    if (flags.has('refuse') || flags.has(`refuse-${unit.phase}`))
      return { kind: 'refuse', refusal: { code: 'policy-denied', message: 'not for you', rule: 'no' } };
    this.leaves.push({ phase: unit.phase, text: unit.text, values: unit.parameters.map(({ value }) => value && Uint8Array.from(value)) });
    const runs = unit.phase === 'query' || unit.phase === 'execute';
    if (runs) this.#open.add(++this.#tickets);
    return {
      kind: 'proceed',
      ticket: runs ? this.#tickets : 0,
      statements: statements.map(admittedStatement),
      cleanTexts: statements.some(({ clean }) => clean),
      decision: undefined,
    };
  }
}

function newAllowance(): RowAllowance {
  let remaining = MOST_LIMITED;
  return {
    get remaining() {
      return remaining;
    },
    take(rows) {
      if (rows > remaining) return false;
      remaining -= rows;
      return true;
    },
    refusal: () => ({ code: 'limit-exceeded', message: 'enough rows', rule: 'few' }),
  };
}

function admittedStatement(statement: ModelStatement): AdmittedStatement {
  const { verb, masked, planned } = statement;
  // What a policy cannot read costs questions to the server ever after: not for every text that a mutation has broken.
  const action = statement.action === 'unknown' && verb.length % 4 !== 0 ? 'select' : statement.action;
  return {
    plan: masked ? MASKED_PLAN : planned ? OPEN_PLAN : undefined,
    changesState: verb === 'set',
    changesSchema: false,
    hasEffects: verb === 'insert' || verb === 'copy-in',
    action,
    ...(statement.limited ? { returned: newAllowance(), affected: newAllowance() } : {}),
    mayCopy: action === 'copy' || action === 'unknown',
    ...(verb === 'copy-out' && masked ? { copy: { format: 'text', describe: DESCRIBE_TEXT } } : {}),
  };
}
