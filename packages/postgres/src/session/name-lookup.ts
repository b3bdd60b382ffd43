import type { Conversation } from './conversation.js';
import { type NameTable, type Portal, PREPARED_PROBE, type PreparedStatement } from './prepared.js';

interface NamedEntry {
  doubtful: boolean;
  readonly bytes: number;
}

/** What a message does to a name: at once, so that a failure takes it back, or when the server agrees. */
export interface NameChange {
  /** The server did not run the message. */
  undo(): void;
  /** The server has run it. */
  confirm(): void;
}

class Change<Entry extends NamedEntry> implements NameChange {
  readonly #names: NameTable<Entry>;
  readonly #name: string;
  readonly #entry: Entry | undefined;
  readonly #isLate: boolean;
  /** What the name stood for, and the unanswered change that made it so. */
  #before: Entry | undefined;
  #earlier: Change<Entry> | undefined;
  isVoid = false;
  isAnswered = false;

  constructor(names: NameTable<Entry>, name: string, entry: Entry | undefined, isLate: boolean) {
    this.#names = names;
    this.#name = name;
    this.#entry = entry;
    this.#isLate = isLate;
    if (isLate) return;
    this.#before = names.get(name);
    const by = names.changedBy(name);
    if (by instanceof Change) this.#earlier = by as Change<Entry>;
    names.set(name, entry, this);
  }

  get #replaced(): [Entry | undefined, Change<Entry> | undefined] {
    return [this.#before, this.#earlier];
  }

  undo(): void {
    if (this.#isLate) return;
    this.isVoid = true;
    // INVARIANT: a message behind this one, in a segment that the server runs, may have changed the name again by now.
    if (this.#names.changedBy(this.#name) !== this) return;
    let before = this.#before;
    let last = this.#earlier;
    while (last?.isVoid === true) [before, last] = last.#replaced;
    // Whoever put it in doubt meanwhile did not find it under its name.
    if (before !== undefined && this.#name !== '') before.doubtful = true;
    this.#names.set(this.#name, before, last?.isAnswered === true ? undefined : last);
  }

  confirm(): void {
    if (this.#isLate) this.#names.set(this.#name, this.#entry);
    this.isAnswered = true;
    this.#before = undefined;
    this.#earlier = undefined;
    if (this.#names.changedBy(this.#name) === this) this.#names.set(this.#name, this.#entry);
  }
}

/**
 * Finds what the names in the client's messages stand for on the server. A name is believed only when the server has confirmed it, or within
 * the Sync segment that made it, where nothing runs if it was not made; a name that SQL may have rebound is verified first.
 */
export class NameLookup {
  readonly #talk: Conversation;
  #verifying = false;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** The statement of this name; `'wait'` until it is certain; `undefined` when the protocol made none. */
  statement(name: string): PreparedStatement | 'wait' | undefined {
    const talk = this.#talk;
    const statement = talk.names.statements.get(name);
    if (statement === undefined) return this.#isBeingClosed(name) ? 'wait' : undefined;
    if (this.#uncertain(statement)) return 'wait';
    // In a failed transaction nothing can be asked, and nothing runs but its end.
    if (!statement.doubtful || talk.forecast.status === 'failed') return statement;
    this.#verify();
    return 'wait';
  }

  /** The portal of this name; `'wait'` until it is certain; `undefined` when the protocol made none or SQL may have replaced it. */
  portal(name: string): Portal | 'wait' | undefined {
    const portal = this.#talk.names.portals.get(name);
    if (portal === undefined || portal.doubtful) return undefined;
    return this.#uncertain(portal) ? 'wait' : portal;
  }

  #uncertain(entry: { readonly confirmed: boolean; readonly segment: number }): boolean {
    const talk = this.#talk;
    if (entry.confirmed || entry.segment === talk.segment || talk.expected.length === 0) return false;
    talk.needReplies();
    return true;
  }

  /** Whether the name is free shows when the Close of an earlier segment is answered. */
  #isBeingClosed(name: string): boolean {
    const talk = this.#talk;
    if (talk.expected.length === 0 || talk.names.statements.changedBy(name) === undefined) return false;
    talk.needReplies();
    return true;
  }

  #verify(): void {
    if (this.#verifying) return;
    this.#verifying = true;
    const { names } = this.#talk;
    this.#talk.inject(PREPARED_PROBE, (result) => {
      this.#verifying = false;
      // What could not be verified is forgotten: the client makes it again.
      if (result.kind === 'rows') names.statements.verified(new Set(result.rows.map((row) => row[0] ?? '')));
      else names.statements.clear();
    });
  }

  /** Puts `entry` in place of what the name stood for. Where only the server can tell whether that works, nothing follows before its answer. */
  rename<Entry extends NamedEntry>(names: NameTable<Entry>, name: string, entry: Entry): NameChange {
    const isLate = name !== '' && names.get(name) !== undefined;
    if (isLate) this.#talk.barrier = true;
    return new Change(names, name, entry, isLate);
  }

  /** Forgets a name. */
  remove<Entry extends NamedEntry>(names: NameTable<Entry>, name: string): NameChange | undefined {
    return names.get(name) === undefined && names.changedBy(name) === undefined ? undefined : new Change(names, name, undefined, false);
  }
}
