import type { Admission, BoundParameter, Refusal, Unit, UnitPhase } from '@sqlwarden/core';
import { outcomeOf } from '@sqlwarden/core';
import type { Conversation } from './conversation.js';
import { newWork } from './expected-reply.js';
import type { SessionRole } from './session-role.js';
import { STATE_PROBE } from './sql-state.js';

/** A unit whose admission was asked for. */
interface Asked {
  readonly unit: Unit;
  answer: Admission | undefined;
}

/** What a unit is, besides what the session knows itself. */
export interface UnitText {
  readonly text: string;
  /** The token that stood in the text. */
  readonly renewal?: string | undefined;
  readonly parameterTypes?: readonly number[];
  readonly parameters?: readonly BoundParameter[];
  readonly earlier?: Admission | undefined;
}

const NO_TYPES: readonly number[] = Object.freeze([]);
const NO_PARAMETERS: readonly BoundParameter[] = Object.freeze([]);

/**
 * Asks the host for one unit at a time, after the session's state is known. The answer belongs to the message being handled, which is handled again
 * when an answer comes late.
 */
export class UnitAdmission {
  readonly #talk: Conversation;
  #asked: Asked | undefined;
  #probeFailure: Refusal | undefined;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** The host was asked and has not answered. */
  get pending(): boolean {
    return this.#asked !== undefined && this.#asked.answer === undefined;
  }

  /** `ready` when the state is known; `wait` while it is asked for; a refusal when it could not be read. Only while no reply is expected. */
  readiness(): 'ready' | 'wait' | Refusal {
    const talk = this.#talk;
    const failure = this.#probeFailure;
    this.#probeFailure = undefined;
    if (failure !== undefined) return failure;
    if (talk.transactions.isDoubtful) {
      this.#askTransaction();
      return 'wait';
    }
    if (!talk.stateStale && talk.state !== undefined) return 'ready';
    if (talk.roleLost && talk.role !== undefined) this.#takeRole(talk.role);
    else this.#probe();
    return 'wait';
  }

  /** The host's answer, or `undefined` while it is waited for. Only when {@link readiness} is `ready`. */
  ask(phase: UnitPhase, what: UnitText): Admission | undefined {
    const asked = this.#asked;
    if (asked !== undefined) {
      const { answer } = asked;
      if (answer === undefined) return undefined;
      this.#asked = undefined;
      if (asked.unit.state === this.#talk.state) return answer;
      // The state changed while the unit was held: what was decided was decided for another meaning of its names.
      this.giveBack(answer);
    }
    const talk = this.#talk;
    const { state } = talk;
    if (state === undefined) return undefined;
    return this.#askHost({
      phase,
      text: what.text,
      renewal: what.renewal,
      parameterTypes: what.parameterTypes ?? NO_TYPES,
      parameters: what.parameters ?? NO_PARAMETERS,
      state,
      asserted: talk.asserted,
      transaction: talk.transactions.snapshot(),
      earlier: what.earlier,
    });
  }

  #askHost(unit: Unit): Admission | undefined {
    const asked: Asked = { unit, answer: undefined };
    this.#asked = asked;
    const answer = this.#talk.host.admit(unit) ?? asked.answer;
    if (answer === undefined) return undefined;
    this.#asked = undefined;
    return answer;
  }

  /** A late answer of the host. */
  admitted(admission: Admission): void {
    if (this.#asked === undefined || this.#asked.answer !== undefined) return this.giveBack(admission);
    this.#asked.answer = admission;
  }

  /** The message being handled will not be forwarded: the host is told to stop, or its answer is given back. */
  abandon(): void {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#probeFailure = undefined;
    if (asked === undefined) return;
    // INVARIANT: what the host is asked next must not be answered with what it was asked before.
    if (asked.answer === undefined) this.#talk.host.abandon();
    else this.giveBack(asked.answer);
  }

  /** Ends a ticket that was given for something that will not run. */
  giveBack(admission: Admission): void {
    if (admission.kind !== 'proceed' || admission.ticket === 0) return;
    const work = newWork(admission.ticket, admission.statements, this.#talk.transactions.snapshot(), []);
    this.#talk.host.settle(outcomeOf(work, 'cancelled', false));
  }

  #askTransaction(): void {
    const { transactions } = this.#talk;
    this.#talk.inject('SELECT @@TRANCOUNT', (result) => {
      const count = result.kind === 'rows' ? result.rows[0]?.[0] : undefined;
      if (typeof count === 'string' && /^\d+$/.test(count)) transactions.observed(count !== '0');
      else this.#probeFailure = STATE_UNKNOWN;
    });
  }

  #takeRole(role: SessionRole): void {
    this.#talk.inject(role.statement, (result) => {
      if (result.kind === 'rows' && role.taken(result.rows)) this.#talk.roleLost = false;
      else this.#probeFailure = STATE_UNKNOWN;
    });
  }

  #probe(): void {
    const talk = this.#talk;
    talk.stateStale = false;
    talk.own.batch(
      STATE_PROBE,
      (result) => {
        if (talk.observed(result)) return;
        talk.stateStale = true;
        this.#probeFailure = STATE_UNKNOWN;
      },
      { isProbe: true },
    );
  }
}

const STATE_UNKNOWN: Refusal = {
  code: 'internal-error',
  message:
    'the state of the session could not be read (SET NOEXEC, PARSEONLY, FMTONLY or SHOWPLAN_… ON keeps it from being read), connect again',
};
