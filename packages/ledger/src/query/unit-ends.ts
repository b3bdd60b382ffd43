import type { StatementAccount, StatementResultAccount, CommitState } from './account.js';

/** Command tags of statements that change nothing themselves (PostgreSQL, "CommandComplete"): what they end is told by the others. */
const CONTROL: ReadonlySet<string> = new Set(['BEGIN', 'START TRANSACTION', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE']);
/** What counts of several ends, the strictest first: what may have come to be must not be hidden by what did not. */
const STRICTEST: readonly CommitState[] = ['committed', 'unknown', 'open', 'rolled-back', 'none'];

/**
 * How the transactions ended that one unit ran in. A unit of several statements can end some: its outcome says which statement ran where, and
 * the ends stand in entries before and behind it.
 */
export class UnitEnds {
  readonly #ends = new Map<number, CommitState>();
  /** Which statement ran where cannot be read any more: the list was erased. */
  resultsErased = false;
  /** What has no end will get none. */
  #rest: CommitState = 'open';

  /** A transaction of the unit's session ended while the unit was not settled. */
  ended(ordinal: number, end: CommitState): void {
    this.#ends.set(ordinal, end);
  }

  /** Nobody will say how the others ended. */
  lost(): void {
    this.#rest = 'unknown';
  }

  /** The unit is over, and so is every transaction that it is known to have run in. */
  isSettled(account: StatementAccount): boolean {
    return account.outcome.kind !== 'running' && ordinalsOf(account).every((ordinal) => this.#ends.has(ordinal));
  }

  /** The account with what is known of the ends. */
  applied(account: StatementAccount): StatementAccount {
    const { outcome, transaction } = account;
    if (transaction.end === 'none') return account;
    const end = this.#endOf(account);
    const ended = { ...account, transaction: { ordinal: transaction.ordinal, end } };
    if (outcome.kind !== 'done') return ended;
    const statements = outcome.statements.map((statement): StatementResultAccount => {
      const own = this.#at(statement.transaction ?? transaction.ordinal);
      return own === end ? statement : { ...statement, end: own };
    });
    return { ...ended, outcome: { ...outcome, statements } };
  }

  #at(ordinal: number): CommitState {
    return this.#ends.get(ordinal) ?? this.#rest;
  }

  #endOf(account: StatementAccount): CommitState {
    const ends = new Set(ordinalsOf(account).map((ordinal) => this.#at(ordinal)));
    const end = STRICTEST.find((state) => ends.has(state)) ?? 'unknown';
    if (end !== 'rolled-back' || !this.#isPartlyTold(account)) return end;
    return account.outcome.kind === 'running' && this.#rest === 'open' ? 'open' : 'unknown';
  }

  /** Statements of the unit may have run of which no entry says where: behind one that ended a transaction, in one that is not named. */
  #isPartlyTold({ facts, outcome }: StatementAccount): boolean {
    if (this.resultsErased) return true;
    if (facts.length === 1) return false;
    if (outcome.kind !== 'done') return true;
    return outcome.status === 'unknown' && outcome.statements.filter(({ command }) => command !== '').length < facts.length;
  }
}

/** The transactions in which the unit may have changed something. */
function ordinalsOf({ outcome, transaction }: StatementAccount): number[] {
  const completed = outcome.kind === 'done' ? outcome.statements.filter(({ command }) => command !== '') : [];
  const changing = completed.filter(({ command }) => !CONTROL.has(command));
  const ordinals = (changing.length > 0 ? changing : completed).map((statement) => statement.transaction ?? transaction.ordinal);
  return ordinals.length === 0 ? [transaction.ordinal] : [...new Set(ordinals)];
}
