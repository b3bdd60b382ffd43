/** A connection with bytes to send. */
export interface TurnMember {
  /** Sends what is pending on both legs. */
  sendPending(): void;
  /** What is pending towards the server may not be sent, because it could not be recorded: the connection ends. */
  notRecorded(): void;
  /** Among what is pending towards the server is a unit whose record may not be written yet. */
  readonly isUnrecorded: boolean;
}

/**
 * What all connections send in one turn of the event loop. The ledger is written once for all of them, before any byte goes to a server:
 * INVARIANT: nothing that is not recorded is forwarded.
 */
export class Turn {
  readonly #flushLedger: () => void;
  readonly #onTrouble: (error: Error) => void;
  #members: TurnMember[] = [];
  #isScheduled = false;
  readonly #end = (): void => this.end();

  /** `flushLedger`: throws when it could not write everything that was appended. */
  constructor(flushLedger: () => void, onTrouble: (error: Error) => void) {
    this.#flushLedger = flushLedger;
    this.#onTrouble = onTrouble;
  }

  /** Sends at the end of this turn. To be called once per turn for a member. */
  add(member: TurnMember): void {
    this.#members.push(member);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After the events of all sockets that are ready now, and before any other is waited for.
    setImmediate(this.#end);
  }

  /** Writes the ledger. False when that failed. */
  record(): boolean {
    try {
      this.#flushLedger();
      return true;
    } catch (error) {
      this.#onTrouble(error as Error);
      return false;
    }
  }

  end(): void {
    this.#isScheduled = false;
    const members = this.#members;
    if (members.length === 0) return;
    this.#members = [];
    const isRecorded = !members.some((member) => member.isUnrecorded) || this.record();
    for (const member of members) {
      if (!isRecorded && member.isUnrecorded) member.notRecorded();
      else member.sendPending();
    }
  }
}
