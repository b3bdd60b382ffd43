import { type Admission, type BoundParameter, outcomeOf, type Refusal, type SqlState, type Unit, type UnitPhase } from '@sqlwarden/core';
import type { Conversation } from './conversation.js';
import { newWork } from './expected-reply.js';

/** A unit whose admission was asked for. */
interface Asked {
  readonly unit: Unit;
  answer: Admission | undefined;
}

/**
 * Asks the host for one unit at a time, after the session's state is known and the transaction can be told. The answer belongs to the message
 * being handled, which is handled again from its beginning when an answer comes late.
 */
export class UnitAdmission {
  readonly #talk: Conversation;
  #asked: Asked | undefined;
  /** The unit that was answered last. */
  #answered: Asked | undefined;
  #probing = false;
  #probeFailure: Refusal | undefined;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** The host was asked and has not answered. */
  get pending(): boolean {
    return this.#asked !== undefined && this.#asked.answer === undefined;
  }

  /**
   * The host's answer, or `undefined` while it (or what must be known before it is asked) is waited for. `name`: of the statement at `prepare`,
   * of the portal at `bind`; empty where there is none. `renewal`: the token that stood in the text.
   */
  ask(
    phase: UnitPhase,
    text: string,
    parameterTypes: readonly number[],
    parameters: readonly BoundParameter[],
    earlier: Admission | undefined,
    name = '',
    renewal?: string,
  ): Admission | undefined {
    const talk = this.#talk;
    if (talk.forecast.gate && talk.expected.length > 0) {
      talk.needReplies();
      return undefined;
    }
    const state = this.#knownState();
    if (state === undefined) return this.#failedProbe();
    const asked = this.#asked;
    if (asked !== undefined) {
      if (asked.answer === undefined) return undefined;
      this.#asked = undefined;
      if (asked.unit.state === state) return this.#take(asked, asked.answer);
      // The state changed while the unit was held: what was decided was decided for another meaning of its names.
      this.#giveBack(asked.answer);
    }
    return this.#askHost({
      phase,
      text,
      renewal,
      parameterTypes,
      parameters,
      statementName: phase === 'prepare' && name !== '' ? name : undefined,
      portal: phase === 'bind' && name !== '' ? name : undefined,
      state,
      asserted: talk.asserted,
      transaction: talk.forecast.snapshot(),
      earlier,
    });
  }

  #askHost(unit: Unit): Admission | undefined {
    const asked: Asked = { unit, answer: undefined };
    this.#asked = asked;
    const answer = this.#talk.host.admit(unit) ?? asked.answer;
    if (answer === undefined) return undefined;
    this.#asked = undefined;
    return this.#take(asked, answer);
  }

  #take(asked: Asked, answer: Admission): Admission {
    asked.answer = answer;
    this.#answered = asked;
    if (answer.kind === 'proceed' && answer.cleanTexts) this.#talk.cleanSeen = true;
    return answer;
  }

  /** The message that the last answer was for has to wait once more: the answer is kept for it. */
  keep(): void {
    this.#asked = this.#answered;
  }

  /** A late answer of the host. */
  admitted(admission: Admission): void {
    if (this.#asked === undefined || this.#asked.answer !== undefined) return this.#giveBack(admission);
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
    else this.#giveBack(asked.answer);
  }

  /** Ends a ticket that was given for something that will not run. */
  #giveBack(admission: Admission): void {
    if (admission.kind !== 'proceed' || admission.ticket === 0) return;
    const work = newWork(admission.ticket, admission.statements, this.#talk.forecast.snapshot(), []);
    this.#talk.host.settle(outcomeOf(work, 'cancelled', false));
  }

  #failedProbe(): Admission | undefined {
    const refusal = this.#probeFailure;
    if (refusal === undefined) return undefined;
    this.#probeFailure = undefined;
    return { kind: 'refuse', refusal };
  }

  /** The state that the next unit runs in, or `undefined` while it is asked for (or could not be read). */
  #knownState(): SqlState | undefined {
    const talk = this.#talk;
    if (this.#probing) return undefined;
    // In a failed transaction nothing can be asked, and nothing runs but its end.
    if (!talk.stateStale || (talk.forecast.status === 'failed' && talk.state !== undefined)) return talk.state;
    if (this.#probeFailure === undefined) this.#probe();
    return undefined;
  }

  #probe(): void {
    const talk = this.#talk;
    this.#probing = true;
    talk.stateStale = false;
    talk.inject(talk.probe, (result) => {
      this.#probing = false;
      if (talk.observed(result)) return;
      talk.stateStale = true;
      this.#probeFailure = STATE_UNKNOWN;
    });
  }
}

const STATE_UNKNOWN: Refusal = { code: 'internal-error', message: 'the state of the session could not be read, try again' };
